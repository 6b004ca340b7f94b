"""Arrival processes: when requests come."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any

import numpy as np

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import S_PER_DAY, S_PER_H, S_PER_MIN, require, short_duration

#: More requests than this are refused before memory is asked for: their times alone would fill 8 GB.
MOST_REQUESTS = 1_000_000_000

#: A window this close above a whole number of bins has that number: floating point, not time, put it there.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Workload:
    """Requests and when they come.

    Parameters
    ----------
    arrivals_s : ndarray of shape (n_requests,)
        Seconds since the window opened, in order, each inside the window.
    duration_s : float
        Length of the window.
    name : str
        What to call it in print.
    """

    arrivals_s: Column
    duration_s: float
    name: str = "workload"

    def __post_init__(self) -> None:
        arrivals = np.ascontiguousarray(self.arrivals_s, dtype="f8")
        require("duration_s", self.duration_s, above=0)
        if arrivals.ndim != 1 or (np.diff(arrivals) < 0).any():
            raise BadValue(f"arrivals_s must be one row of times in order; got {self.arrivals_s!r}.")
        if arrivals.size and not (arrivals[0] >= 0 and arrivals[-1] <= self.duration_s):
            raise BadValue(
                f"arrivals_s must lie from 0 to duration_s={self.duration_s:g}; "
                f"got times from {arrivals[0]:g} to {arrivals[-1]:g}."
            )
        object.__setattr__(self, "arrivals_s", arrivals)

    def __len__(self) -> int:
        return len(self.arrivals_s)

    def between(self, start_s: float, end_s: float) -> "Workload":
        """Cut a stretch out; its window opens at `start_s`."""
        if not 0 <= start_s < end_s <= self.duration_s:
            raise BadValue(
                f"a stretch must lie from 0 to duration_s={self.duration_s:g}; got {start_s:g} to {end_s:g}."
            )
        inside = (self.arrivals_s >= start_s) & (self.arrivals_s < end_s)
        return Workload(self.arrivals_s[inside] - start_s, end_s - start_s, self.name)

    def counts(self, bin_s: float = S_PER_MIN) -> Column:
        """Count arrivals bin by bin, whole minutes by default; :func:`~fnlab.workload.from_counts` is the way back."""
        require("bin_s", bin_s, above=0)
        bins = max(1, ceil(self.duration_s / bin_s * (1 - _ROUNDING)))
        feasible(bins)
        before: Column = np.searchsorted(self.arrivals_s, np.arange(bins) * bin_s)
        return np.diff(before, append=len(self))

    def per_hour(self, bin_s: float = S_PER_H) -> Column:
        """Count arrivals bin by bin, as a rate per hour."""
        rates: Column = self.counts(bin_s) * (S_PER_H / bin_s)
        return rates

    @staticmethod
    def merged(workloads: "Sequence[Workload]", *, name: str = "merged") -> "Workload":
        """Let several workloads come together; the window is the longest of theirs.

        Examples
        --------
        >>> Workload.merged([burst(2, at_s=5), burst(1, at_s=1)]).arrivals_s.tolist()
        [1.0, 5.0, 5.0]
        """
        if not workloads:
            raise BadValue("a merged workload needs at least one workload; got none.")
        arrivals_s = np.sort(np.concatenate([workload.arrivals_s for workload in workloads]), kind="stable")
        return Workload(arrivals_s, max(workload.duration_s for workload in workloads), name)

    def scaled(self, factor: float, *, seed: int = 0) -> "Workload":
        """Let `factor` times as many requests come, in the same rhythm.

        Each request becomes as many as the factor's whole part, and one more by chance, with the fraction as
        probability; below 1 that is thinning. The first of them keeps its time. The others come at random moments
        before the request that came next (the last one's before the window closes), so the copies are no bursts.

        Examples
        --------
        >>> len(burst(1_000).scaled(0.3, seed=1)), len(burst(1_000).scaled(3))
        (303, 3000)
        """
        require("factor", factor, at_least=0)
        feasible(factor * len(self))
        rng = generator(seed)
        times = int(factor) + (rng.random(len(self)) < factor % 1)
        room_s = np.diff(self.arrivals_s, append=self.duration_s)
        first = np.repeat(self.arrivals_s, np.minimum(times, 1))
        extra = np.maximum(times - 1, 0)
        copies = np.repeat(self.arrivals_s, extra) + np.repeat(room_s, extra) * rng.random(int(extra.sum()))
        arrivals_s = np.sort(np.concatenate([first, np.minimum(copies, self.duration_s)]))
        return Workload(arrivals_s, self.duration_s, self.name)

    def repeated(self, times: int) -> "Workload":
        """Let it come again and again, each time in the window after.

        Examples
        --------
        >>> burst(1, at_s=5).repeated(3).arrivals_s.tolist()
        [5.0, 65.0, 125.0]
        """
        require("times", times, at_least=1)
        feasible(times * len(self))
        starts_s = np.arange(int(times)) * self.duration_s
        window_s = int(times) * self.duration_s
        return Workload(np.minimum((starts_s[:, None] + self.arrivals_s).ravel(), window_s), window_s, self.name)

    def __repr__(self) -> str:
        return f"Workload({self.name!r}, {len(self):,} requests in {short_duration(self.duration_s)})"

    def _repr_html_(self) -> str:
        busiest = self.per_hour().max(initial=0)
        rows = {
            "requests": f"{len(self):,}",
            "window": short_duration(self.duration_s),
            "busiest hour": f"{busiest:,.0f} requests",
        }
        return facts(f"Workload {self.name}", rows)


def feasible(requests: float) -> None:
    """Refuse a workload that no machine could hold.

    Raises
    ------
    BadValue
        If more than :data:`MOST_REQUESTS` are expected.
    """
    if not requests <= MOST_REQUESTS:
        raise BadValue(
            f"a workload may hold at most {MOST_REQUESTS:,} requests; about {requests:.3g} are asked for: "
            "lower the rate or shorten the window."
        )


def generator(*seed: int) -> np.random.Generator:
    """Make the generator of a seed, or of a seed and the number of a part that shall have its own.

    Raises
    ------
    BadValue
        If it is no whole number from 0.
    """
    try:
        return np.random.default_rng(seed[0] if len(seed) == 1 else list(seed))
    except (TypeError, ValueError):
        raise BadValue(f"seed must be a whole number from 0; got {seed[0]!r}.") from None


def curves() -> Mapping[str, Mapping[str, Any]]:
    """The known curves of a day, with title, source and the 24 hourly counts."""
    return _curves()


def day(peak_per_hour: float = 800, *, curve: str = "elasticity", seed: int = 0) -> Workload:
    """Draw a day of page views that follows one of the book's two figures.

    The counts of the 24 hours are the curve's, scaled so that the busiest hour has `peak_per_hour`; the moments
    within an hour are random (a Poisson process, given its hourly counts).

    Parameters
    ----------
    peak_per_hour : float
        Page views in the busiest hour.
    curve : str
        ``"elasticity"`` (Figure 1-4) or ``"cost"`` (Figure 1-5). Both are fnlab's own drawings that satisfy the
        numbers in the book's text.
    seed : int
        Same seed, same day.

    Examples
    --------
    >>> day(peak_per_hour=1210, curve="cost")
    Workload('day', 16,640 requests in 24 h)
    """
    require("peak_per_hour", peak_per_hour, at_least=0)
    shape = np.array(curve_per_hour(curve), dtype="f8")
    feasible(shape.sum() * (peak_per_hour / shape.max()))
    counts = np.rint(shape * (peak_per_hour / shape.max())).astype(int)
    hours = np.repeat(np.arange(len(counts)), counts)
    moments = generator(seed).random(len(hours))
    return Workload(np.sort((hours + moments) * S_PER_H), S_PER_DAY, "day")


def curve_per_hour(curve: str) -> list[float]:
    """Give the page views in each of the 24 hours of one of the book's two figures.

    Raises
    ------
    BadValue
        If there is no such curve.
    """
    if curve not in _curves():
        raise BadValue(f"curve must be one of {', '.join(_curves())}; got {curve!r}.")
    return list(_curves()[curve]["per_hour"])


def poisson(rate_per_s: float, *, hours: float = 24, seed: int = 0) -> Workload:
    """Draw requests that know nothing of each other: a Poisson process.

    Examples
    --------
    >>> len(poisson(0.01, hours=24, seed=1))
    865
    """
    require("rate_per_s", rate_per_s, at_least=0)
    require("hours", hours, above=0)
    duration_s = hours * S_PER_H
    feasible(rate_per_s * duration_s)
    rng = generator(seed)
    count = rng.poisson(rate_per_s * duration_s)
    return Workload(np.sort(rng.random(count) * duration_s), duration_s, "poisson")


def burst(count: int, *, at_s: float = 0, duration_s: float = 60) -> Workload:
    """Let `count` requests come at the same moment.

    Examples
    --------
    >>> burst(3, at_s=5).arrivals_s.tolist()
    [5.0, 5.0, 5.0]
    """
    require("count", count, at_least=0)
    feasible(count)
    return Workload(np.full(int(count), float(at_s)), duration_s, "burst")


@cache
def _curves() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("fnlab.workload") / "curves.toml").read_text(encoding="utf-8"))
