"""Train a model on a dataset and measure it on rows it has not seen.

:func:`train` takes an estimator with the methods of scikit-learn, or a network of torch, keras or paddle, and gives a
:class:`Trained`: the fitted copy, its metrics, and which data it saw. scikit-learn and the frameworks are imported only
when they are needed.
"""

from fnlab.datasets.encoding import TextEncoding
from fnlab.learn.curves import Curve
from fnlab.learn.metrics import ClassifierMetrics, Metrics, RegressorMetrics
from fnlab.learn.trained import Trained
from fnlab.learn.training import train

__all__ = ["ClassifierMetrics", "Curve", "Metrics", "RegressorMetrics", "TextEncoding", "Trained", "train"]
