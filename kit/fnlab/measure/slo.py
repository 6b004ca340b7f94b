"""Service level objectives: how many requests were good enough, and how fast the allowance for bad ones is spent."""

from dataclasses import dataclass, fields
from math import inf, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from fnlab.errors import BadValue
from fnlab.measure.bins import bin_of, edges_of
from fnlab.measure.student import normal_z, require_confidence
from fnlab.trace import Status, Trace
from fnlab.trace.table import Column
from fnlab.units import require, short_duration

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Attainment:
    """How a trace stands against "this share of all requests within this latency".

    Attributes
    ----------
    latency_s, share : float
        The objective.
    requests, good : int
        All of them, and those that ended well within the latency. Throttled, dropped and failed ones are not good.
    attained : float
        ``good / requests``; NaN without requests.
    low, high, confidence : float
        Interval for the attained share by E. B. Wilson, "Probable inference, the law of succession, and statistical
        inference", Journal of the American Statistical Association 22 (1927). It takes requests as independent.
    budget : float
        The error budget: how many bad requests the objective allows.
    """

    latency_s: float
    share: float
    requests: int
    good: int
    attained: float
    low: float
    high: float
    confidence: float
    budget: float

    @property
    def met(self) -> bool:
        """Whether the attained share reaches the objective; without requests it does."""
        return not self.attained < self.share

    @property
    def bad(self) -> int:
        """Requests that were not good."""
        return self.requests - self.good

    @property
    def burn(self) -> float:
        """Bad requests as a multiple of the error budget: above 1, it is overspent."""
        return float(_burn(np.array([self.bad]), np.array([self.requests]), self.share)[0])

    def __repr__(self) -> str:
        if not self.requests:
            return "Attainment(no requests)"
        return (
            f"Attainment({self.attained:.3%} of {self.requests:,} within {short_duration(self.latency_s)}, "
            f"{self.confidence:.0%} from {self.low:.3%} to {self.high:.3%}; objective {self.share:.6g} "
            f"{'met' if self.met else 'missed'}, {self.burn:.1%} of the error budget spent)"
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class AttainmentTimeline:
    """The same bin by bin. Each array has one entry a bin, for the requests that arrived in it.

    Attributes
    ----------
    start_s, width_s : ndarray
        Where each bin begins and how long it is.
    requests, good : ndarray of int
        As in :class:`Attainment`.
    attained : ndarray
        ``good / requests``; NaN in a bin without requests.
    burn : ndarray
        The share of bad requests as a multiple of the share the objective allows; at 1 throughout, the budget lasts
        exactly to the end. 0 in a bin without requests.
    budget_left : ndarray
        Share of the whole window's error budget that is left after the bin; below 0 it is overspent.
    """

    start_s: Column
    width_s: Column
    requests: Column
    good: Column
    attained: Column
    burn: Column
    budget_left: Column

    @property
    def frame(self) -> "pd.DataFrame":
        """The same as a DataFrame, one row a bin."""
        import pandas as pd

        return pd.DataFrame({field.name: getattr(self, field.name) for field in fields(self)})


def slo(trace: Trace, *, latency_s: float, share: float, confidence: float = 0.95) -> Attainment:
    """Say how many requests were served well within `latency_s`, against an objective.

    Parameters
    ----------
    trace : Trace
        What happened.
    latency_s : float
        From arrival to end, this long is still good.
    share : float
        The share of requests that shall be good, above 0 and at most 1.
    confidence : float
        Of the interval.

    Raises
    ------
    BadValue
        If a parameter breaks its rule.

    Examples
    --------
    >>> from fnlab.trace import Recorder, Status
    >>> recorder = Recorder(memory_mib=128)
    >>> for at in range(9):
    ...     recorder.invocation(arrival_s=at, start_s=at, end_s=at + 0.5, init_s=0, status=Status.OK, instance=0)
    >>> recorder.refused(9.0)
    >>> found = slo(recorder.trace(10.0), latency_s=1, share=0.95)
    >>> found.attained, found.met, round(found.burn, 3)
    (0.9, False, 2.0)
    """
    require_confidence(confidence)
    good = _good(trace, latency_s, share)
    count, well = len(good), int(good.sum())
    low, high = _wilson(well, count, normal_z(confidence)) if count else (0.0, 1.0)
    return Attainment(
        latency_s=float(latency_s),
        share=float(share),
        requests=count,
        good=well,
        attained=well / count if count else nan,
        low=low,
        high=high,
        confidence=confidence,
        budget=(1 - share) * count,
    )


def slo_timeline(trace: Trace, *, latency_s: float, share: float, bin_s: float) -> AttainmentTimeline:
    """Say the same in bins of `bin_s` seconds; see :func:`slo` and :func:`~fnlab.measure.timeline`."""
    good = _good(trace, latency_s, share)
    edges = edges_of(trace.duration_s, bin_s)
    count = len(edges) - 1
    at = bin_of(trace["arrival_s"], edges)
    requests, well = (np.bincount(where, minlength=count)[:count] for where in (at, at[good]))
    bad = requests - well
    spent = _burn(np.cumsum(bad), np.full(count, len(good)), share)
    return AttainmentTimeline(
        start_s=edges[:-1],
        width_s=np.diff(edges),
        requests=requests,
        good=well,
        attained=np.divide(well, requests, out=np.full(count, nan), where=requests > 0),
        burn=_burn(bad, requests, share),
        budget_left=1 - spent,
    )


def _good(trace: Trace, latency_s: float, share: float) -> Column:
    """Mark the requests that ended well and in time."""
    require("latency_s", latency_s, above=0)
    require("share", share, above=0)
    if share > 1:
        raise BadValue(f"share must be at most 1; got {share!r}.")
    good: Column = (trace["status"] == Status.OK) & (trace.latency_s <= latency_s)
    return good


def _burn(bad: Column, requests: Column, share: float) -> Column:
    """Bad requests as a multiple of those allowed; with none allowed, 0 or infinite."""
    allowed = (1 - share) * requests
    none = np.where(bad > 0, inf, 0.0)
    burned: Column = np.divide(bad, allowed, out=none, where=allowed > 0)
    return burned


def _wilson(good: int, count: int, z: float) -> tuple[float, float]:
    share = good / count
    middle = share + z**2 / (2 * count)
    half = z * sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    whole = 1 + z**2 / count
    return max((middle - half) / whole, 0.0), min((middle + half) / whole, 1.0)
