"""A trace over time in bins: the load, and the instances that followed it."""

from dataclasses import dataclass, fields
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from fnlab.measure.steps import changes, steps
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
        Width of a bin; the last one is shorter when the window is not a whole number of bins, and so is the first when
        the bins are aligned to a moment.
    start_s, width_s : ndarray
        Where each bin begins and how long it is.
    arrivals_per_h, served_per_h, throttled_per_h : ndarray
        Invocations that arrived in the bin, those of them that reached an instance, and those that were throttled.
    cold_starts : ndarray of int
        Invocations that arrived in the bin and waited for a new instance.
    instances : ndarray
        Time-mean of the instances alive in the bin: ``instances @ width_s`` is the trace's instance time.
    peak_instances : ndarray of int
        Most instances alive at any one moment of the bin.
    busy : ndarray
        Time-mean of the instances that had a request, which ran or waited for their init.
    billed_s : ndarray
        Billed seconds of the invocations that arrived in the bin.
    """

    bin_s: float
    start_s: Column
    width_s: Column
    arrivals_per_h: Column
    served_per_h: Column
    throttled_per_h: Column
    cold_starts: Column
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


def timeline(trace: Trace, *, bin_s: float, edge_at_s: float = 0.0) -> Timeline:
    """Put a trace in bins of `bin_s` seconds, one of which begins at `edge_at_s`.

    An instance is alive from the moment it is created up to, not including, the moment it stops. What lies outside
    the window does not count; an invocation that arrived outside it counts in the nearest bin.

    Raises
    ------
    BadValue
        If `bin_s` is not above 0, or `edge_at_s` is below 0.

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
    edges = edges_of(trace.duration_s, bin_s, edge_at_s)
    count = len(edges) - 1
    width_s = np.diff(edges)
    peak = _peaks(trace, edges)
    alive = _time_mean(*changes(trace, "instances"), edges)
    at = bin_of(trace["arrival_s"], edges)
    served = trace.served
    return Timeline(
        bin_s=float(bin_s),
        start_s=edges[:-1],
        width_s=width_s,
        arrivals_per_h=_count(at, count) * S_PER_H / width_s,
        served_per_h=_count(at[served], count) * S_PER_H / width_s,
        throttled_per_h=_count(at[trace["status"] == Status.THROTTLED], count) * S_PER_H / width_s,
        cold_starts=_count(at[trace.cold], count),
        instances=np.minimum(alive, peak),  # a mean is never above the peak, except by rounding
        peak_instances=peak,
        busy=_time_mean(*changes(trace, "busy"), edges),
        billed_s=np.bincount(at, weights=trace["billed_s"], minlength=count) if count else np.zeros(0),
    )


def edges_of(duration_s: float, bin_s: float, edge_at_s: float = 0.0) -> Column:
    """Give where the bins begin and, last, where the window closes."""
    require("bin_s", bin_s, above=0)
    require("edge_at_s", edge_at_s, at_least=0)
    first_s = edge_at_s % bin_s
    if min(first_s, bin_s - first_s) <= _BIN_SLACK * bin_s:
        first_s = 0.0
    count = max(ceil((duration_s - first_s) / bin_s - _BIN_SLACK), 0)
    edges = np.append(first_s + np.arange(count) * bin_s, duration_s)
    return np.concatenate([[0.0], edges]) if edges[0] > 0 else edges


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


def _time_mean(ups_s: Column, downs_s: Column, edges: Column) -> Column:
    """Average over each bin a number that goes up and down by one at these moments."""
    if len(edges) < 2:
        return np.zeros(0)
    up, down = ups_s.clip(edges[0], edges[-1]), downs_s.clip(edges[0], edges[-1])
    mean: Column = ((_time_since(up, edges) - _time_since(down, edges)) / np.diff(edges)).clip(min=0)
    return mean


def _time_since(points_s: Column, edges: Column) -> Column:
    """Sum, for each bin, the part of it that lies after each point."""
    count = len(edges) - 1
    at = bin_of(points_s, edges)
    part = np.bincount(at, weights=edges[at + 1] - points_s, minlength=count)
    earlier = np.concatenate([[0], np.bincount(at, minlength=count).cumsum()[:-1]])
    after: Column = part + earlier * np.diff(edges)
    return after


def bin_of(points_s: Column, edges: Column) -> Column:
    """Give the bin in which each moment lies, the nearest for one outside the window."""
    return (np.searchsorted(edges, points_s, side="right") - 1).clip(0, max(len(edges) - 2, 0))


def _count(at: Column, count: int) -> Column:
    return np.bincount(at, minlength=count) if count else np.zeros(0)
