"""When instances were at work: overlapping intervals of an instance merged into one."""

from typing import Any

import numpy as np

Column = np.ndarray[tuple[int], np.dtype[Any]]

#: Instance numbers below this fit 16 bits, which numpy sorts in linear time.
_SHORT = 1 << 16


def active_periods(instance: Column, begin_s: Column, end_s: Column) -> tuple[Column, Column, Column]:
    """Merge the intervals of each instance that overlap or touch.

    An instance that serves several requests at once is busy as long as any of them runs, not as long as all together.

    Parameters
    ----------
    instance : ndarray of int, shape (n,)
        Whose interval it is, at least 0.
    begin_s, end_s : ndarray of float, shape (n,)
        In any order; no interval ends before it begins.

    Returns
    -------
    tuple of three ndarrays, shape (m,), m <= n
        Instance, begin and end of each period, by instance and time.

    Examples
    --------
    >>> _, begin_s, end_s = active_periods(np.array([0, 0, 1]), np.array([0.0, 1.0, 1.0]), np.array([3.0, 2.0, 2.0]))
    >>> (end_s - begin_s).tolist()
    [3.0, 1.0]
    """
    order = _order(instance, begin_s)
    instance, begin_s, end_s = instance[order], begin_s[order], end_s[order]
    same = instance[1:] == instance[:-1]
    if not (same & (begin_s[1:] <= end_s[:-1])).any():
        return instance, begin_s, end_s
    # Complex numbers compare by their real part first, so the latest end so far starts again with each instance.
    both = np.empty(len(instance), dtype="c16")
    both.real, both.imag = instance, end_s
    latest_s = np.maximum.accumulate(both).imag
    first = np.flatnonzero(np.append(True, ~same | (begin_s[1:] > latest_s[:-1])))
    last = np.append(first[1:], len(instance)) - 1
    return instance[first], begin_s[first], latest_s[last]


def _order(instance: Column, begin_s: Column) -> Column:
    """Sort by instance and begin; rows that arrived in order need no sorting by time."""
    short = instance.astype("u2") if len(instance) and instance.max() < _SHORT else instance
    order: Column = np.argsort(short, kind="stable")
    sorted_by, begin_s_by = instance[order], begin_s[order]
    if ((sorted_by[1:] == sorted_by[:-1]) & (begin_s_by[1:] < begin_s_by[:-1])).any():
        order = np.lexsort((begin_s, instance))
    return order
