"""Two futures of one past: a run, and the same run with another choice from some moment on."""

from dataclasses import dataclass

import numpy as np

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.measure.bins import Timeline, timeline
from fnlab.measure.totals import Summary, say_s, summary
from fnlab.trace import Trace
from fnlab.units import require

#: A window is drawn in about so many bins, when nobody says how long they are.
_BINS = 96


@dataclass(frozen=True, eq=False, kw_only=True)
class Futures:
    """Two traces that are the same up to a moment.

    Attributes
    ----------
    at_s : float
        Where they part.
    one, other : Timeline
        Both in the same bins, one of which begins at `at_s`.
    one_after, other_after : Summary
        The totals of what came after it.
    """

    at_s: float
    one: Timeline
    other: Timeline
    one_after: Summary
    other_after: Summary

    def __repr__(self) -> str:
        one, other = self.one_after, self.other_after
        return (
            f"Futures(after {say_s(self.at_s)}: {one.cold_starts:,} or {other.cold_starts:,} cold starts, "
            f"{say_s(one.instance_s)} or {say_s(other.instance_s)} of instance time)"
        )

    def _repr_html_(self) -> str:
        one, other = self.one_after, self.other_after
        return facts(
            f"Two futures from {say_s(self.at_s)} on",
            {
                "cold starts": f"{one.cold_starts:,} or {other.cold_starts:,}",
                "throttled": f"{one.throttled:,} or {other.throttled:,}",
                "instance time": f"{say_s(one.instance_s)} or {say_s(other.instance_s)}",
                "latency p95": f"{say_s(one.latency_p95_s)} or {say_s(other.latency_p95_s)}",
            },
        )


def futures(one: Trace, other: Trace, *, at_s: float, bin_s: float | None = None) -> Futures:
    """Lay two traces side by side that share their past up to `at_s`.

    Parameters
    ----------
    one, other : Trace
        Of one window; every invocation that ended before `at_s` is in both.
    at_s : float
        Where they part.
    bin_s : float, optional
        Width of the bins; left out, a ninety-sixth of the window, which is a quarter of an hour of a day.

    Raises
    ------
    BadValue
        If the windows differ in length, `at_s` is not inside them, or the pasts differ.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> recorders = Recorder(memory_mib=128), Recorder(memory_mib=128)
    >>> for recorder, stops_s in zip(recorders, (60.0, 90.0)):
    ...     recorder.stopped(recorder.created(0.0), stops_s)
    >>> futures(*(recorder.trace(100.0) for recorder in recorders), at_s=50)
    Futures(after 50 s: 0 or 0 cold starts, 10 s or 40 s of instance time)
    """
    if one.duration_s != other.duration_s:
        raise BadValue(f"two futures must have one window; got {one.duration_s:g} s and {other.duration_s:g} s.")
    require("at_s", at_s, at_least=0)
    if at_s > one.duration_s:
        raise BadValue(f"at_s must lie within the window of {one.duration_s:g} s; got {at_s!r}.")
    _require_one_past(one, other, at_s)
    width_s = one.duration_s / _BINS if bin_s is None else bin_s
    lines = [timeline(trace, bin_s=width_s, edge_at_s=at_s) for trace in (one, other)]
    after = [summary(trace.window(at_s, trace.duration_s)) for trace in (one, other)]
    return Futures(at_s=float(at_s), one=lines[0], other=lines[1], one_after=after[0], other_after=after[1])


def _require_one_past(one: Trace, other: Trace, at_s: float) -> None:
    """Compare the invocations that ended before the moment, and the instances that had come or gone by then."""
    ended = [
        {name: trace[name][trace["end_s"] < at_s] for name in ("arrival_s", "start_s", "end_s")}
        for trace in (one, other)
    ]
    came_and_went = [
        {name: np.sort(trace.instance_columns[name][trace.instance_columns[name] < at_s])
         for name in ("created_s", "stopped_s")}
        for trace in (one, other)
    ]  # fmt: skip
    for what, (ours, theirs) in (("invocations", ended), ("instances", came_and_went)):
        if not all(np.array_equal(ours[name], theirs[name]) for name in ours):
            raise BadValue(f"two futures must share their past; before at_s={at_s:g} their {what} differ.")
