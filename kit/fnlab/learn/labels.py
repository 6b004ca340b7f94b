"""Classes by their place: most frameworks learn whole numbers from 0 on, whatever the classes are called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes that occur in the training rows, in ascending order.

    Examples
    --------
    >>> labels = Labels.of(np.array(["cat", "ant", "cat"]))
    >>> labels.positions(np.array(["ant", "cat"])).tolist(), labels.at(np.array([1, 0])).tolist()
    ([0, 1], ['cat', 'ant'])
    """

    classes: Array

    @staticmethod
    def of(y: Array) -> "Labels":
        """Take the classes from targets."""
        return Labels(np.unique(y))

    def positions(self, y: Array) -> Array:
        """Give the place of each target, which must be one of the classes."""
        return np.searchsorted(self.classes, y).astype(np.int64)

    def at(self, positions: Array) -> Array:
        """Give the class at each place."""
        found: Array = self.classes[positions]
        return found


def learns_positions(estimator: object) -> bool:
    """Say whether an estimator must be given places in place of classes: xgboost, also inside a pipeline or search.

    It is told by the names of the classes, so that xgboost need not be installed.
    """
    get_params: Callable[[], dict[str, Any]] = getattr(estimator, "get_params", dict)
    return any(_is_from("xgboost", part) for part in (estimator, *get_params().values()))


def _is_from(package: str, value: object) -> bool:
    return any(kind.__module__.partition(".")[0] == package for kind in type(value).__mro__)
