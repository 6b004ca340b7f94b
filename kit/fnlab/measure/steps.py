"""Exact step functions of time: how many instances or requests there were at each moment."""

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from fnlab.errors import BadValue
from fnlab.measure.times import wait_s
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.units import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

#: What can be counted over time, see :func:`steps`.
Counted = Literal["instances", "busy", "idle", "starting", "running", "waiting"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Steps:
    """A whole number that changes at moments: ``level[k]`` holds from ``times_s[k]`` up to ``times_s[k + 1]``.

    It unpacks into its two arrays: ``times_s, level = steps(trace)``.

    Attributes
    ----------
    of : str
        What is counted.
    times_s : ndarray of float
        The first is 0, and they increase.
    level : ndarray of int
        As long as `times_s`; the last holds until the window closes.
    duration_s : float
        Where the window closes.
    """

    of: str
    times_s: Column
    level: Column
    duration_s: float

    def __iter__(self) -> "Iterator[Column]":
        return iter((self.times_s, self.level))

    @property
    def width_s(self) -> Column:
        """How long each level held."""
        return np.diff(self.times_s, append=self.duration_s)

    @property
    def mean(self) -> float:
        """Mean over time; NaN when the window has no length."""
        return float(self.level @ self.width_s) / self.duration_s if self.duration_s else nan

    @property
    def peak(self) -> int:
        """The highest level."""
        return int(self.level.max())

    @property
    def shares(self) -> Column:
        """Share of the time spent at each level: entry n is for level n, from 0 to the peak; they add up to 1."""
        spent: Column = np.bincount(self.level, weights=self.width_s) / (self.duration_s or 1)
        return spent

    @property
    def frame(self) -> "pd.DataFrame":
        """The two arrays as a DataFrame, one row a change."""
        import pandas as pd

        return pd.DataFrame({"time_s": self.times_s, self.of: self.level})

    def at(self, times_s: Column | float) -> Column:
        """Give the level at moments of the window; at a change, the level from then on."""
        moments = np.asarray(times_s, dtype="f8")
        if moments.size and not (moments.min() >= 0 and moments.max() <= self.duration_s):
            raise BadValue(f"a moment must lie from 0 to {self.duration_s:g} s; got {times_s!r}.")
        found: Column = self.level[np.searchsorted(self.times_s, moments, side="right") - 1]
        return found

    def means(self, edges_s: Column) -> Column:
        """Mean over time between each edge and the next.

        Parameters
        ----------
        edges_s : ndarray
            At least two increasing moments of the window.
        """
        edges = np.asarray(edges_s, dtype="f8")
        inside = len(edges) > 1 and edges[0] >= 0 and edges[-1] <= self.duration_s
        if not (inside and (np.diff(edges) > 0).all()):
            raise BadValue(f"edges must be at least two increasing moments from 0 to {self.duration_s:g} s.")
        area = np.concatenate([[0.0], np.cumsum(self.level * self.width_s)])
        until = np.append(self.times_s, self.duration_s)
        mean: Column = np.diff(np.interp(edges, until, area)) / np.diff(edges)
        return mean

    def __repr__(self) -> str:
        return f"Steps({self.of}: mean {self.mean:.4g}, peak {self.peak:,}; {short_duration(self.duration_s)})"


def steps(trace: Trace, of: Counted = "instances") -> Steps:
    """Count exactly, as a step function of time, what there was at each moment of the window.

    Parameters
    ----------
    trace : Trace
        What happened.
    of : str
        ``"instances"``: they exist, from their creation up to, not including, their stop.
        ``"busy"``: instances with at least one request, which runs or waits for their init.
        ``"starting"``: instances whose init goes on, whoever waits for it.
        ``"idle"``: instances that exist and neither start nor have a request.
        ``"running"``: requests in the handler, which are more than the busy instances where an instance takes several.
        ``"waiting"``: requests that have arrived and are neither running nor bound to an instance's init.

    Raises
    ------
    BadValue
        If `of` is none of these.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> recorder = Recorder(memory_mib=128)
    >>> recorder.stopped(recorder.created(0.0), 15.0)
    >>> times_s, alive = steps(recorder.trace(20.0))
    >>> times_s.tolist(), alive.tolist()
    ([0.0, 15.0], [1, 0])
    """
    ups, downs = changes(trace, of)
    inside = [points[points < trace.duration_s].clip(min=0) for points in (ups, downs)]
    times = np.concatenate([[0.0], *inside])
    change = np.concatenate([[0], np.ones(len(inside[0]), dtype="i8"), -np.ones(len(inside[1]), dtype="i8")])
    order = np.argsort(times, kind="stable")
    times, level = times[order], np.cumsum(change[order])
    last = np.append(times[1:] > times[:-1], True)  # of several changes at one moment, what they come to
    return Steps(of=of, times_s=times[last], level=level[last], duration_s=trace.duration_s)


def changes(trace: Trace, of: Counted) -> tuple[Column, Column]:
    """Give the moments at which the number goes up by one, and those at which it goes down by one, in no order."""
    created_s, until_s = trace.instance_columns["created_s"], trace.alive_until_s
    until_s = np.maximum(until_s, created_s)
    served = trace.served
    match of:
        case "instances":
            return created_s, until_s
        case "starting":
            return created_s, _ready_s(trace, until_s)
        case "running":
            return trace["start_s"][served], trace["end_s"][served]
        case "waiting":
            waited = wait_s(trace)
            long = waited > 0
            arrival_s = trace["arrival_s"][long]
            return arrival_s, arrival_s + waited[long]
        case "busy":
            return _occupied(trace, starting=False)
        case "idle":
            began_s, ended_s = _occupied(trace, starting=True)
            return np.concatenate([created_s, ended_s]), np.concatenate([until_s, began_s])
    raise BadValue(f"of must be one of {', '.join(get_args(Counted))}; got {of!r}.")


def _ready_s(trace: Trace, until_s: Column) -> Column:
    ready: Column = np.fmin(trace.instance_columns["ready_s"], until_s)
    return np.maximum(ready, trace.instance_columns["created_s"])


def _occupied(trace: Trace, *, starting: bool) -> tuple[Column, Column]:
    """Give the pieces of time in which an instance had a request or, if asked, was starting; none of them overlap."""
    served = trace.served
    instance = trace["instance"][served]
    created_s = trace.instance_columns["created_s"]
    until_s = np.maximum(trace.alive_until_s, created_s)
    # Floating point may put the begin of a request's init before its instance's own.
    from_s = _ready_s(trace, until_s) if starting else created_s
    began_s = np.clip((trace["start_s"] - trace["init_s"])[served], from_s[instance], until_s[instance])
    ended_s = np.clip(trace["end_s"][served], began_s, until_s[instance])
    if starting:
        instance = np.concatenate([np.arange(len(created_s)), instance])
        began_s, ended_s = np.concatenate([created_s, began_s]), np.concatenate([from_s, ended_s])
    return _united(instance, began_s, ended_s)


def _united(instance: Column, began_s: Column, ended_s: Column) -> tuple[Column, Column]:
    """Unite the pieces of each instance that overlap."""
    highest = int(instance.max(initial=0))
    order = np.argsort(instance.astype(np.min_scalar_type(highest)), kind="stable")  # few instances sort in linear time
    who, begins, ends = instance[order], began_s[order], ended_s[order]
    if not ((who[1:] == who[:-1]) & (begins[1:] < ends[:-1])).any():
        return begins, ends  # one after the other already
    who = np.concatenate([instance, instance])
    at = np.concatenate([began_s, ended_s])
    change = np.repeat(np.array([1, -1]), len(instance))
    order = np.lexsort((-change, at, who))
    opened = np.cumsum(change[order])  # back at 0 where an instance's pieces end, so the next one begins afresh
    at, change = at[order], change[order]
    return at[(opened == 1) & (change == 1)], at[opened == 0]
