"""A trace in some twenty numbers."""

from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from fnlab.display import facts
from fnlab.measure.steps import changes, steps
from fnlab.measure.times import durations_s, wait_s
from fnlab.trace import Status, Trace
from fnlab.trace.table import Column
from fnlab.units import short_duration


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The totals of a trace. Latency and service time are those of the invocations that reached an instance.

    Attributes
    ----------
    invocations, cold_starts, throttled, errors : int
        Counts; `invocations` includes those that were throttled, `errors` those that ended neither well nor throttled.
    cold_share : float
        Cold starts as a share of the served invocations.
    instance_s, busy_s : float
        Seconds that instances existed, and seconds in which they had a request, which ran or waited for their init.
        Requests that share an instance at one moment make it busy once.
    utilisation : float
        ``busy_s / instance_s``; 0 when no instance existed.
    peak_instances : int
        Most instances alive at one moment.
    latency_p50_s, latency_p95_s, latency_p99_s : float
        From arrival to end; NaN when none was served.
    mean_service_s : float
        From the handler's begin to its end; NaN when none was served.
    mean_init_s : float
        Of the cold starts; NaN when there was none.
    mean_wait_s : float
        From arrival to start, without the init; NaN when none was served.
    """

    invocations: int
    cold_starts: int
    cold_share: float
    throttled: int
    errors: int
    instance_s: float
    busy_s: float
    utilisation: float
    peak_instances: int
    latency_p50_s: float
    latency_p95_s: float
    latency_p99_s: float
    mean_service_s: float
    mean_init_s: float
    mean_wait_s: float

    def __repr__(self) -> str:
        return (
            f"Summary({self.invocations:,} invocations, {self.cold_share:.2%} cold, {self.throttled:,} throttled; "
            f"p50 {say_s(self.latency_p50_s)}, p99 {say_s(self.latency_p99_s)}; "
            f"instances busy {self.utilisation:.1%} of {short_duration(self.instance_s)})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "invocations": f"{self.invocations:,}",
            "cold starts": f"{self.cold_starts:,} ({self.cold_share:.2%})",
            "throttled": f"{self.throttled:,}",
            "errors": f"{self.errors:,}",
            "latency p50": say_s(self.latency_p50_s),
            "latency p95": say_s(self.latency_p95_s),
            "latency p99": say_s(self.latency_p99_s),
            "mean service time": say_s(self.mean_service_s),
            "mean init": say_s(self.mean_init_s),
            "mean wait": say_s(self.mean_wait_s),
            "most instances at once": f"{self.peak_instances:,}",
            "instance time": short_duration(self.instance_s),
            "busy": f"{short_duration(self.busy_s)} ({self.utilisation:.1%})",
        }
        return facts("Summary", rows)


def summary(trace: Trace) -> Summary:
    """Add a trace up."""
    latency_s = durations_s(trace, "latency")
    p50, p95, p99 = np.percentile(latency_s, [50, 95, 99]).tolist() if len(latency_s) else (nan, nan, nan)
    busy = busy_s(trace)
    bad = (trace["status"] != Status.OK) & (trace["status"] != Status.THROTTLED)
    return Summary(
        invocations=len(trace),
        cold_starts=trace.cold_starts,
        cold_share=trace.cold_share,
        throttled=trace.throttled,
        errors=int(bad.sum()),
        instance_s=trace.instance_s,
        busy_s=busy,
        utilisation=busy / trace.instance_s if trace.instance_s else 0.0,
        peak_instances=steps(trace).peak,
        latency_p50_s=p50,
        latency_p95_s=p95,
        latency_p99_s=p99,
        mean_service_s=_mean(durations_s(trace, "service")),
        mean_init_s=_mean(durations_s(trace, "init")),
        mean_wait_s=_mean(wait_s(trace)[trace.served]),
    )


def busy_s(trace: Trace) -> float:
    """Seconds of the window in which instances had a request; each instance counts once at a time."""
    began_s, ended_s = (points.clip(0, trace.duration_s) for points in changes(trace, "busy"))
    return float((ended_s - began_s).sum())


def say_s(seconds: float) -> str:
    """Write a duration, or that there is none."""
    return "none" if isnan(seconds) else short_duration(seconds)


def _mean(seconds: Column) -> float:
    return float(seconds.mean()) if len(seconds) else nan
