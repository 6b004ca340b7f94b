"""Train a model on a dataset and measure it on rows it has not seen.

:func:`train` takes an estimator with the methods of scikit-learn, or a network of torch, keras or paddle, and gives a
:class:`Trained`: the fitted copy, its metrics, and which data it saw. scikit-learn and the frameworks are imported only
when they are needed. This package imports nothing until it is asked for a name, for a model's cold start passes through
it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fnlab.datasets.encoding import TextEncoding
    from fnlab.learn.curves import Curve
    from fnlab.learn.metrics import ClassifierMetrics, Metrics, RegressorMetrics
    from fnlab.learn.trained import Trained
    from fnlab.learn.training import train

__all__ = ["ClassifierMetrics", "Curve", "Metrics", "RegressorMetrics", "TextEncoding", "Trained", "train"]

_HOMES = {
    "ClassifierMetrics": "fnlab.learn.metrics",
    "Curve": "fnlab.learn.curves",
    "Metrics": "fnlab.learn.metrics",
    "RegressorMetrics": "fnlab.learn.metrics",
    "TextEncoding": "fnlab.datasets.encoding",
    "Trained": "fnlab.learn.trained",
    "train": "fnlab.learn.training",
}

#: Modules that are used by their names, as in ``fl.learn.networks.outputs``.
_MODULES = ("curves", "metrics", "networks", "scratch")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
