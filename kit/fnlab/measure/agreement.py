"""A prediction beside what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isnan
from typing import TYPE_CHECKING

from fnlab.measure.distance import gaps, ks_distance
from fnlab.measure.steps import steps
from fnlab.measure.times import durations_s
from fnlab.measure.totals import Summary, say_s, summary
from fnlab.trace import Trace
from fnlab.units import require

if TYPE_CHECKING:
    import pandas as pd

#: What is laid side by side, by its name in a :class:`~fnlab.measure.Summary`; the counts first.
_COUNTS = {"cold_starts": "cold starts", "throttled": "throttled"}
_SECONDS = {
    "instance_s": "instance time",
    "busy_s": "busy time",
    "latency_p50_s": "latency p50",
    "latency_p95_s": "latency p95",
    "latency_p99_s": "latency p99",
}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How close a predicted trace came to a measured one.

    Errors are shares of the measured value: 0.1 is ten percent off. When nothing was measured the error is 0 if
    nothing was predicted either, and infinite otherwise.

    Attributes
    ----------
    predicted, measured : Summary
        The totals of both.
    largest_instances_gap : int
        By how many the two numbers of instances differ at most, at one moment that both windows have.
    mean_instances_gap : float
        By how many they differ on average over that time.
    latency_distance : float
        Largest gap between the two distributions of latency, from 0 to 1; see
        :func:`fnlab.measure.distance.ks_distance`.
    """

    predicted: Summary
    measured: Summary
    largest_instances_gap: int
    mean_instances_gap: float
    latency_distance: float

    @property
    def predicted_cold_starts(self) -> int:
        """``predicted.cold_starts``."""
        return self.predicted.cold_starts

    @property
    def measured_cold_starts(self) -> int:
        """``measured.cold_starts``."""
        return self.measured.cold_starts

    @property
    def predicted_instance_s(self) -> float:
        """``predicted.instance_s``."""
        return self.predicted.instance_s

    @property
    def measured_instance_s(self) -> float:
        """``measured.instance_s``."""
        return self.measured.instance_s

    @property
    def predicted_latency_p50_s(self) -> float:
        """``predicted.latency_p50_s``."""
        return self.predicted.latency_p50_s

    @property
    def measured_latency_p50_s(self) -> float:
        """``measured.latency_p50_s``."""
        return self.measured.latency_p50_s

    @property
    def errors(self) -> Mapping[str, float]:
        """Relative error of each number: cold starts, throttles, instance and busy time, latency percentiles."""
        return {
            name: _error(getattr(self.predicted, name), getattr(self.measured, name)) for name in (*_COUNTS, *_SECONDS)
        }

    @property
    def cold_starts_error(self) -> float:
        """Relative error of the number of cold starts."""
        return self.errors["cold_starts"]

    @property
    def instance_s_error(self) -> float:
        """Relative error of the instance time."""
        return self.errors["instance_s"]

    @property
    def frame(self) -> "pd.DataFrame":
        """One row a number: what was predicted, what was measured, and the relative error."""
        import pandas as pd

        errors = self.errors
        rows = {name: (getattr(self.predicted, name), getattr(self.measured, name), errors[name]) for name in errors}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["predicted", "measured", "error"])

    def within(self, share: float) -> bool:
        """Say whether cold starts and instance time are both at most `share` off."""
        require("share", share, at_least=0)
        return max(self.cold_starts_error, self.instance_s_error) <= share

    def __repr__(self) -> str:
        return (
            f"Agreement(cold starts {self.predicted.cold_starts:,} predicted, {self.measured.cold_starts:,} measured, "
            f"{self.cold_starts_error:.1%} off; instance time {self.instance_s_error:.1%} off)"
        )

    def _repr_html_(self) -> str:
        head = "<tr><th></th><th>predicted</th><th>measured</th><th>off by</th></tr>"
        body = "".join(
            f"<tr><th style='text-align:left'>{title}</th><td>{self._said(self.predicted, name)}</td>"
            f"<td>{self._said(self.measured, name)}</td><td>{_percent(self.errors[name])}</td></tr>"
            for name, title in (_COUNTS | _SECONDS).items()
        )
        apart = (
            f"<tr><th style='text-align:left'>instances apart</th><td colspan='3'>{self.mean_instances_gap:.3g} on "
            f"average, {self.largest_instances_gap:,} at most</td></tr>"
            "<tr><th style='text-align:left'>latencies apart (0 to 1)</th>"
            f"<td colspan='3'>{self.latency_distance:.3f}</td></tr>"
        )
        return f"<table><caption>Prediction and measurement</caption>{head}{body}{apart}</table>"

    @staticmethod
    def _said(totals: Summary, name: str) -> str:
        value = getattr(totals, name)
        return f"{value:,}" if name in _COUNTS else say_s(value)


def compare_traces(predicted: Trace, measured: Trace) -> Agreement:
    """Lay a predicted trace beside a measured one.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> recorders = Recorder(memory_mib=128), Recorder(memory_mib=128)
    >>> for recorder, stops_s in zip(recorders, (9.0, 10.0)):
    ...     recorder.stopped(recorder.created(0.0), stops_s)
    >>> found = compare_traces(*(recorder.trace(20.0) for recorder in recorders))
    >>> found.instance_s_error, found.largest_instances_gap, found.mean_instances_gap
    (0.1, 1, 0.05)
    """
    largest, mean = gaps(steps(predicted), steps(measured))
    return Agreement(
        predicted=summary(predicted),
        measured=summary(measured),
        largest_instances_gap=largest,
        mean_instances_gap=mean,
        latency_distance=ks_distance(durations_s(predicted), durations_s(measured)),
    )


def _error(predicted: float, measured: float) -> float:
    if predicted == measured or (isnan(predicted) and isnan(measured)):
        return 0.0
    return abs(predicted - measured) / measured if measured and not isnan(predicted + measured) else inf


def _percent(error: float) -> str:
    return "∞" if error == inf else f"{error:.1%}"
