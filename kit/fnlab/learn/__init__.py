"""Train a model on a dataset and measure it on rows it has not seen.

:func:`train` takes any scikit-learn classifier or regressor and gives a :class:`Trained`: the fitted copy, its
metrics, and which data it saw. scikit-learn itself is imported only when it is needed.
"""

from fnlab.datasets.encoding import TextEncoding
from fnlab.learn.curves import Curve
from fnlab.learn.metrics import ClassifierMetrics, Metrics, RegressorMetrics
from fnlab.learn.training import Trained, train

__all__ = ["ClassifierMetrics", "Curve", "Metrics", "RegressorMetrics", "TextEncoding", "Trained", "train"]
