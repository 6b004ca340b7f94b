"""What machines must be able to serve: the busiest hour of a trace, and how soon it must be answered."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fnlab.errors import BadValue
from fnlab.measure.queueing import waits_longer
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.units import S_PER_H, require, short_duration

#: Share of requests that must meet the objective, unless told otherwise; left out, the objective is the trace's own
#: latency at that share.
SHARE = 0.95
#: An execution this close to the objective is within it: floating point, not time, put it there.
_SLACK_S = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Demand:
    """What machines must be able to serve.

    Attributes
    ----------
    arrivals_per_s : float
        In the busiest clock hour; over the whole window where that is shorter.
    service_s : ndarray, shape (n,)
        Execution times of the trace, without init.
    memory_mib : int
        Memory of the largest instance.
    slo_s, share : float
        At least this share of requests must be answered within this time.
    """

    arrivals_per_s: float
    service_s: Column
    memory_mib: int
    slo_s: float
    share: float

    @staticmethod
    def of(trace: Trace, *, slo_s: float | None = None, slo_share: float = SHARE) -> "Demand":
        """Read the demand from a trace.

        Parameters
        ----------
        slo_s : float
            Left out, the latency that `slo_share` of the trace's own requests did not exceed.
        slo_share : float
            Above 0 and below 1.

        Raises
        ------
        BadValue
            If the objective is not a time above 0 and a share below 1, or execution alone takes longer too often.
        """
        require("slo_share", slo_share, above=0)
        if slo_share >= 1:
            raise BadValue(
                f"slo_share must be below 1, for no finite number of machines answers all; got {slo_share!r}."
            )
        served, cold_only = trace.served, (trace["end_s"] <= trace["start_s"]) & trace.cold
        latency_s, service_s = trace.latency_s[served], (trace["end_s"] - trace["start_s"])[served & ~cold_only]
        if slo_s is None:
            # Where cold starts are recorded as a whole, execution alone may be what takes longest.
            slo_s = max((_at_share(each, slo_share) for each in (latency_s, service_s) if len(each)), default=1.0)
        else:
            require("slo_s", slo_s, above=0)
        window_s = min(trace.duration_s, S_PER_H)
        hours = np.bincount((trace["arrival_s"] // S_PER_H).astype("i8"), minlength=1)
        memory = [int(column.max(initial=0)) for column in (trace["memory_mib"], trace.instance_columns["memory_mib"])]
        demand = Demand(
            arrivals_per_s=int(hours.max()) / window_s if window_s else 0.0,
            service_s=service_s,
            memory_mib=max(memory),
            slo_s=slo_s,
            share=slo_share,
        )
        demand._check()
        return demand

    def __repr__(self) -> str:
        return (
            f"Demand({self.arrivals_per_s:.4g}/s of {short_duration(self.mean_service_s)}, {self.share:.2%} within "
            f"{short_duration(self.slo_s)})"
        )

    @cached_property
    def mean_service_s(self) -> float:
        """Mean execution time; 0 when nothing ran."""
        return float(self.service_s.mean()) if len(self.service_s) else 0.0

    @property
    def has_work(self) -> bool:
        """Whether anything comes, and takes time."""
        return self.arrivals_per_s > 0 and self.mean_service_s > 0

    @cached_property
    def _slack_s(self) -> Column:
        """How long each request that runs within the objective may wait."""
        slack_s: Column = self.slo_s - self.service_s
        return slack_s[slack_s >= -_SLACK_S].clip(min=0)

    def reached(self, workers: int, load: float = 1.0) -> float:
        """Share of requests that are answered in time by so many workers, at a multiple of the arrivals.

        The wait is that of M/M/c, ``P(W > t) = C(c, a) exp(-(c mu - lambda) t)``, independent of the request's own
        execution time, which is the trace's: the mean of ``P(W <= slo - s)`` over all execution times s.
        """
        mean_s, rate = self.mean_service_s, self.arrivals_per_s * load
        if not self.has_work:
            return 1.0
        if workers <= rate * mean_s:
            return 0.0
        waits = waits_longer(workers, arrivals_per_s=rate, service_s=mean_s, than_s=0.0)
        late = waits * float(np.exp(-(workers / mean_s - rate) * self._slack_s).sum())
        return (len(self._slack_s) - late) / len(self.service_s)

    def _check(self) -> None:
        alone = len(self._slack_s) / len(self.service_s) if len(self.service_s) else 1.0
        if alone < self.share:
            raise BadValue(
                f"slo_s must leave time for the execution itself: {self.share:.2%} of requests within "
                f"{short_duration(self.slo_s)} cannot be met when only {alone:.2%} run that short; give a longer slo_s."
            )


def _at_share(times_s: Column, share: float) -> float:
    return float(np.quantile(times_s, share, method="higher"))
