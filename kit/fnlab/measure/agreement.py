"""A prediction beside what was measured."""

from dataclasses import dataclass
from math import inf, isnan

from fnlab.measure.totals import summary
from fnlab.trace import Trace
from fnlab.units import require, short_duration


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How close a predicted trace came to a measured one.

    Errors are shares of the measured value: 0.1 is ten percent off. When nothing was measured the error is 0 if
    nothing was predicted either, and infinite otherwise.
    """

    predicted_cold_starts: int
    measured_cold_starts: int
    predicted_instance_s: float
    measured_instance_s: float
    predicted_latency_p50_s: float
    measured_latency_p50_s: float

    @property
    def cold_starts_error(self) -> float:
        """Relative error of the number of cold starts."""
        return _error(self.predicted_cold_starts, self.measured_cold_starts)

    @property
    def instance_s_error(self) -> float:
        """Relative error of the instance time."""
        return _error(self.predicted_instance_s, self.measured_instance_s)

    def within(self, share: float) -> bool:
        """Say whether cold starts and instance time are both at most `share` off."""
        require("share", share, at_least=0)
        return max(self.cold_starts_error, self.instance_s_error) <= share

    def __repr__(self) -> str:
        return (
            f"Agreement(cold starts {self.predicted_cold_starts:,} predicted, {self.measured_cold_starts:,} measured, "
            f"{self.cold_starts_error:.1%} off; instance time {self.instance_s_error:.1%} off)"
        )

    def _repr_html_(self) -> str:
        rows = (
            (
                "cold starts",
                f"{self.predicted_cold_starts:,}",
                f"{self.measured_cold_starts:,}",
                self.cold_starts_error,
            ),
            ("instance time", _say(self.predicted_instance_s), _say(self.measured_instance_s), self.instance_s_error),
            ("latency p50", _say(self.predicted_latency_p50_s), _say(self.measured_latency_p50_s), None),
        )
        head = "<tr><th></th><th>predicted</th><th>measured</th><th>off by</th></tr>"
        body = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td>{predicted}</td><td>{measured}</td>"
            f"<td>{'' if error is None else format(error, '.1%')}</td></tr>"
            for name, predicted, measured, error in rows
        )
        return f"<table><caption>Prediction and measurement</caption>{head}{body}</table>"


def compare_traces(predicted: Trace, measured: Trace) -> Agreement:
    """Lay a predicted trace beside a measured one."""
    ours, theirs = summary(predicted), summary(measured)
    return Agreement(
        predicted_cold_starts=ours.cold_starts,
        measured_cold_starts=theirs.cold_starts,
        predicted_instance_s=ours.instance_s,
        measured_instance_s=theirs.instance_s,
        predicted_latency_p50_s=ours.latency_p50_s,
        measured_latency_p50_s=theirs.latency_p50_s,
    )


def _error(predicted: float, measured: float) -> float:
    if predicted == measured:
        return 0.0
    return abs(predicted - measured) / measured if measured else inf


def _say(seconds: float) -> str:
    return "none" if isnan(seconds) else short_duration(seconds)
