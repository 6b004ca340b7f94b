"""How far apart two traces are: two samples of times, and two step functions."""

import numpy as np

from fnlab.measure.steps import Steps
from fnlab.trace.table import Column


def ks_distance(one: Column, other: Column) -> float:
    """Give the largest gap between the shares of two samples that are at most some value.

    That is the two-sample statistic of Kolmogorov and Smirnov: 0 for equal samples, 1 for samples that do not overlap.
    Two empty samples are equal; an empty one and another do not overlap.

    Examples
    --------
    >>> ks_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    if not len(one) or not len(other):
        return float(len(one) != len(other))
    one, other = np.sort(one), np.sort(other)
    every = np.concatenate([one, other])
    shares = (np.searchsorted(sample, every, side="right") / len(sample) for sample in (one, other))
    return float(np.abs(np.subtract(*shares)).max())


def gaps(one: Steps, other: Steps) -> tuple[int, float]:
    """Give the largest and the time-mean absolute difference of two step functions, where both have a window.

    Examples
    --------
    >>> two = [Steps(of="idle", times_s=np.array([0.0]), level=np.array([n]), duration_s=9.0) for n in (1, 3)]
    >>> gaps(*two)
    (2, 2.0)
    """
    duration_s = min(one.duration_s, other.duration_s)
    times_s = np.unique(np.concatenate([one.times_s, other.times_s]))
    times_s = times_s[(times_s < duration_s) | (times_s == 0)]
    gap = np.abs(one.at(times_s) - other.at(times_s))
    mean = float(gap @ np.diff(times_s, append=duration_s)) / duration_s if duration_s else 0.0
    return int(gap.max()), mean
