"""A trace over time: the exact number of instances, and the same in bins beside the load."""

from dataclasses import dataclass, fields
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from fnlab.trace import Status, Trace
from fnlab.trace.table import Column
from fnlab.units import S_PER_H, require, short_duration

if TYPE_CHECKING:
    import pandas as pd

#: A window this little longer than a whole number of bins (in bins) has no further bin: floating point put it there.
_BIN_SLACK = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Timeline:
    """A trace in bins. Each array has one entry a bin.

    Attributes
    ----------
    bin_s : float
        Width of a bin; the last one is shorter when the window is not a whole number of bins.
    start_s, width_s : ndarray
        Where each bin begins and how long it is.
    arrivals_per_h, served_per_h, throttled_per_h : ndarray
        Invocations that arrived in the bin, those of them that reached an instance, and those that were throttled.
    instances : ndarray
        Time-mean of the instances alive in the bin: ``instances @ width_s`` is the trace's instance time.
    peak_instances : ndarray of int
        Most instances alive at any one moment of the bin.
    busy : ndarray
        Time-mean of the instances that were starting for a request or running one.
    billed_s : ndarray
        Billed seconds of the invocations that arrived in the bin.
    """

    bin_s: float
    start_s: Column
    width_s: Column
    arrivals_per_h: Column
    served_per_h: Column
    throttled_per_h: Column
    instances: Column
    peak_instances: Column
    busy: Column
    billed_s: Column

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def billed_share(self) -> Column:
        """Part of all billed seconds that falls on each bin; 0 everywhere when nothing was billed."""
        total = self.billed_s.sum()
        share: Column = self.billed_s / total if total else np.zeros(len(self))
        return share

    @property
    def frame(self) -> "pd.DataFrame":
        """The same as a DataFrame, one row a bin."""
        import pandas as pd

        return pd.DataFrame({field.name: getattr(self, field.name) for field in fields(self) if field.name != "bin_s"})

    def __repr__(self) -> str:
        peak = int(self.peak_instances.max()) if len(self) else 0
        return f"Timeline({len(self)} bins of {short_duration(self.bin_s)}; at most {peak:,} instances)"


def timeline(trace: Trace, *, bin_s: float) -> Timeline:
    """Put a trace in bins of `bin_s` seconds.

    An instance is alive from the moment it is created up to, not including, the moment it stops. What lies outside
    the window does not count; an invocation that arrived outside it counts in the nearest bin.

    Raises
    ------
    BadValue
        If `bin_s` is not above 0.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> recorder = Recorder(memory_mib=128)
    >>> recorder.created(0.0)
    0
    >>> recorder.stopped(0, 15.0)
    >>> timeline(recorder.trace(20.0), bin_s=10).instances
    array([1. , 0.5])
    """
    require("bin_s", bin_s, above=0)
    count = ceil(trace.duration_s / bin_s - _BIN_SLACK)
    edges = np.minimum(np.arange(count + 1) * bin_s, trace.duration_s)
    edges[count:] = trace.duration_s
    width_s = np.diff(edges)
    peak = _peaks(trace, edges)
    alive = _time_mean(trace.instance_columns["created_s"], trace.alive_until_s, edges)
    at = _bin_of(trace["arrival_s"], edges)
    served = trace.served
    return Timeline(
        bin_s=float(bin_s),
        start_s=edges[:-1],
        width_s=width_s,
        arrivals_per_h=_count(at, count) * S_PER_H / width_s,
        served_per_h=_count(at[served], count) * S_PER_H / width_s,
        throttled_per_h=_count(at[trace["status"] == Status.THROTTLED], count) * S_PER_H / width_s,
        instances=np.minimum(alive, peak),  # a mean is never above the peak, except by rounding
        peak_instances=peak,
        busy=_time_mean((trace["start_s"] - trace["init_s"])[served], trace["end_s"][served], edges),
        billed_s=np.bincount(at, weights=trace["billed_s"], minlength=count) if count else np.zeros(0),
    )


def steps(trace: Trace) -> tuple[Column, Column]:
    """Give the exact number of instances alive, as a step function.

    Returns
    -------
    times_s, alive : ndarray of float, ndarray of int
        ``alive[k]`` instances exist from ``times_s[k]`` until ``times_s[k + 1]``, the last until the window closes.
        The first time is 0, and the times increase.
    """
    began = trace.instance_columns["created_s"].clip(min=0)
    until = np.maximum(trace.alive_until_s, began)
    times = np.concatenate([[0.0], began, until])
    changes = np.concatenate([[0], np.ones(len(began), dtype="i8"), -np.ones(len(until), dtype="i8")])
    inside = (times < trace.duration_s) | (times == 0)
    times_s, which = np.unique(times[inside], return_inverse=True)
    return times_s, np.bincount(which, weights=changes[inside]).cumsum().astype("i8")


def _peaks(trace: Trace, edges: Column) -> Column:
    """Take the largest step that touches each bin."""
    if len(edges) < 2:
        return np.zeros(0, dtype="i8")
    times_s, alive = steps(trace)
    first = np.searchsorted(times_s, edges[:-1], side="right") - 1
    last = np.searchsorted(times_s, edges[1:], side="left")
    pairs = np.column_stack([first, last]).ravel()
    peaks: Column = np.maximum.reduceat(np.append(alive, 0), pairs)[::2]  # the 0 makes room for the last index
    return peaks


def _time_mean(began_s: Column, until_s: Column, edges: Column) -> Column:
    """Average over each bin how many of the intervals are open."""
    if len(edges) < 2:
        return np.zeros(0)
    began = began_s.clip(edges[0], edges[-1])
    until = np.maximum(until_s, began).clip(edges[0], edges[-1])
    mean: Column = ((_time_since(began, edges) - _time_since(until, edges)) / np.diff(edges)).clip(min=0)
    return mean


def _time_since(points_s: Column, edges: Column) -> Column:
    """Sum, for each bin, the part of it that lies after each point."""
    count = len(edges) - 1
    at = _bin_of(points_s, edges)
    part = np.bincount(at, weights=edges[at + 1] - points_s, minlength=count)
    earlier = np.concatenate([[0], np.bincount(at, minlength=count).cumsum()[:-1]])
    after: Column = part + earlier * np.diff(edges)
    return after


def _bin_of(points_s: Column, edges: Column) -> Column:
    return (np.searchsorted(edges, points_s, side="right") - 1).clip(0, max(len(edges) - 2, 0))


def _count(at: Column, count: int) -> Column:
    return np.bincount(at, minlength=count) if count else np.zeros(0)
