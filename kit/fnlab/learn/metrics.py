"""How good a model is on rows it has not seen."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from fnlab.errors import BadValue

Array = np.ndarray[Any, np.dtype[Any]]

#: Quantile of the normal distribution that leaves 2.5 % on either side.
_Z_95 = 1.959963984540054


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassifierMetrics:
    """How often a classifier is right.

    Attributes
    ----------
    accuracy : float
        Share of the rows whose class was found.
    interval : tuple of (float, float)
        95 % Wilson interval of the accuracy, see :func:`wilson_interval`.
    labels : tuple
        The classes that were true or predicted, in the order of the arrays below.
    confusion : ndarray of int, shape (classes, classes)
        Rows are the truth, columns the prediction.
    recall, precision : ndarray, shape (classes,)
        Of the rows of a class, the share that was found; of the rows called so, the share that is right. NaN
        where there is no such row.
    """

    accuracy: float
    interval: tuple[float, float]
    labels: tuple[Any, ...]
    confusion: Array
    recall: Array
    precision: Array

    def __repr__(self) -> str:
        low, high = self.interval
        return f"accuracy {self.accuracy:.3f} (95 % interval {low:.3f} to {high:.3f}, {self.confusion.sum():,} rows)"


@dataclass(frozen=True, kw_only=True)
class RegressorMetrics:
    """How far off a regressor is.

    Attributes
    ----------
    r2 : float
        Share of the target's variance that is explained: 1 is perfect, 0 is no better than the mean. NaN when all
        targets are equal.
    mean_absolute_error : float
        Mean distance from the truth, in the target's own unit.
    interval : tuple of (float, float)
        95 % interval of the mean absolute error, see :func:`bootstrap_interval`.
    """

    r2: float
    mean_absolute_error: float
    interval: tuple[float, float]

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"r2 {self.r2:.3f}, mean absolute error {self.mean_absolute_error:.3g} "
            f"(95 % interval {low:.3g} to {high:.3g})"
        )


Metrics = ClassifierMetrics | RegressorMetrics


def wilson_interval(right: int, *, rows: int) -> tuple[float, float]:
    """Give the 95 % interval of a share: the shares that `right` out of `rows` does not contradict.

    Source: E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22, pages 209 to 212. With p = right / rows, n = rows and z = 1.96::

        (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n)

    Raises
    ------
    BadValue
        Unless 0 <= right <= rows and rows is above 0.

    Examples
    --------
    >>> low, high = wilson_interval(90, rows=100)
    >>> round(low, 4), round(high, 4)
    (0.8256, 0.9448)
    """
    if not 0 <= right <= rows or rows == 0:
        raise BadValue(f"right must be from 0 to rows, and rows above 0; got {right!r} and {rows!r}.")
    share, z2 = right / rows, _Z_95**2
    middle = share + z2 / (2 * rows)
    half = _Z_95 * sqrt(share * (1 - share) / rows + z2 / (4 * rows**2))
    return max(0.0, (middle - half) / (1 + z2 / rows)), min(1.0, (middle + half) / (1 + z2 / rows))


def bootstrap_interval(values: Array, *, resamples: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Give the 95 % interval of a mean: where the means of samples lie that are drawn from the values themselves.

    Source: B. Efron and R. J. Tibshirani (1993), "An introduction to the bootstrap", chapter 13, the percentile
    interval: the 2.5 % and 97.5 % quantiles of the means of `resamples` samples, each drawn with replacement and as
    large as `values`.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        For instance the absolute errors of a regressor.
    resamples : int
        How many samples.
    seed : int
        Same seed, same interval.

    Examples
    --------
    >>> low, high = bootstrap_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    >>> low < 3.5 < high
    True
    """
    random = np.random.default_rng(seed)
    means = [values[random.integers(len(values), size=len(values))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def classifier_metrics(truth: Array, predicted: Array) -> ClassifierMetrics:
    """Compare predicted classes with the true ones.

    Examples
    --------
    >>> classifier_metrics(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])).confusion.tolist()
    [[1, 1], [0, 2]]
    """
    labels = np.union1d(truth, predicted)
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (np.searchsorted(labels, truth), np.searchsorted(labels, predicted)), 1)
    right = confusion.diagonal()
    return ClassifierMetrics(
        accuracy=float(right.sum() / len(truth)),
        interval=wilson_interval(int(right.sum()), rows=len(truth)),
        labels=tuple(labels.tolist()),
        confusion=confusion,
        recall=_share(right, confusion.sum(axis=1)),
        precision=_share(right, confusion.sum(axis=0)),
    )


def regressor_metrics(truth: Array, predicted: Array) -> RegressorMetrics:
    """Compare predicted numbers with the true ones.

    Examples
    --------
    >>> regressor_metrics(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    r2 0.500, mean absolute error 0.333 (95 % interval 0 to 1)
    """
    distances = np.abs(truth - predicted)
    spread = float(((truth - truth.mean(axis=0)) ** 2).sum())
    missed = float(((truth - predicted) ** 2).sum())
    return RegressorMetrics(
        r2=1 - missed / spread if spread else float("nan"),
        mean_absolute_error=float(distances.mean()),
        interval=bootstrap_interval(distances),
    )


def _share(part: Array, whole: Array) -> Array:
    share: Array = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return share
