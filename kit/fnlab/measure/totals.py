"""A trace in a dozen numbers."""

from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from fnlab.display import facts
from fnlab.trace import Trace
from fnlab.units import short_duration


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The totals of a trace. Latency and service time are those of the invocations that reached an instance.

    Attributes
    ----------
    invocations, cold_starts, throttled : int
        Counts; `invocations` includes those that were throttled.
    cold_share : float
        Cold starts as a share of the served invocations.
    instance_s, busy_s : float
        Seconds that instances existed, and seconds they spent starting for a request or running one.
    utilisation : float
        ``busy_s / instance_s``; 0 when no instance existed.
    latency_p50_s, latency_p95_s, latency_p99_s : float
        From arrival to end; NaN when none was served.
    mean_service_s : float
        From the handler's begin to its end; NaN when none was served.
    """

    invocations: int
    cold_starts: int
    cold_share: float
    throttled: int
    instance_s: float
    busy_s: float
    utilisation: float
    latency_p50_s: float
    latency_p95_s: float
    latency_p99_s: float
    mean_service_s: float

    def __repr__(self) -> str:
        return (
            f"Summary({self.invocations:,} invocations, {self.cold_share:.2%} cold, {self.throttled:,} throttled; "
            f"p50 {_say(self.latency_p50_s)}, p99 {_say(self.latency_p99_s)}; "
            f"instances busy {self.utilisation:.1%} of {short_duration(self.instance_s)})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "invocations": f"{self.invocations:,}",
            "cold starts": f"{self.cold_starts:,} ({self.cold_share:.2%})",
            "throttled": f"{self.throttled:,}",
            "latency p50": _say(self.latency_p50_s),
            "latency p95": _say(self.latency_p95_s),
            "latency p99": _say(self.latency_p99_s),
            "mean service time": _say(self.mean_service_s),
            "instance time": short_duration(self.instance_s),
            "busy": f"{short_duration(self.busy_s)} ({self.utilisation:.1%})",
        }
        return facts("Summary", rows)


def summary(trace: Trace) -> Summary:
    """Add a trace up."""
    served = trace.served
    latency_s = trace.latency_s[served]
    service_s = (trace["end_s"] - trace["start_s"])[served]
    p50, p95, p99 = np.percentile(latency_s, [50, 95, 99]).tolist() if len(latency_s) else (nan, nan, nan)
    return Summary(
        invocations=len(trace),
        cold_starts=trace.cold_starts,
        cold_share=trace.cold_share,
        throttled=trace.throttled,
        instance_s=trace.instance_s,
        busy_s=trace.busy_s,
        utilisation=trace.busy_s / trace.instance_s if trace.instance_s else 0.0,
        latency_p50_s=p50,
        latency_p95_s=p95,
        latency_p99_s=p99,
        mean_service_s=float(service_s.mean()) if len(service_s) else nan,
    )


def _say(seconds: float) -> str:
    return "none" if isnan(seconds) else short_duration(seconds)
