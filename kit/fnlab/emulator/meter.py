"""Counts what the platform does, in memory that does not grow with the number of requests."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from fnlab.emulator.report import Report
from fnlab.trace import Status

#: Upper bounds of the histograms: from a warm call of a small function to the longest that a provider allows at once.
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)


class Key(NamedTuple):
    """Whose numbers they are."""

    function: str
    version: str


@dataclass(slots=True)
class Histogram:
    """How often a time fell into each bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    sum_s: float = 0.0

    def note(self, seconds: float) -> None:
        """Count a time."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.sum_s += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Give the counts as Prometheus has them: of each bound, all that is not above it."""
        below, found = 0, []
        for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, float(below)))
        return found


@dataclass(slots=True)
class _Numbers:
    """Those of one version: every request adds to them, so they are found by one look and added to in place."""

    key: Key
    ends: dict[Status, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    cold_starts: int = 0
    billed_s: float = 0.0
    cpu_s: float = 0.0
    durations: Histogram = field(default_factory=Histogram)
    inits: Histogram = field(default_factory=Histogram)

    def note(self, report: Report) -> None:
        status = report.status
        self.ends[status] = self.ends.get(status, 0) + 1
        if status is Status.THROTTLED:
            self.reasons[report.reason] = self.reasons.get(report.reason, 0) + 1
            return
        durations = self.durations  # written out here, because every request comes by
        durations.counts[bisect_left(BUCKETS_S, report.duration_s)] += 1
        durations.sum_s += report.duration_s
        self.billed_s += report.billed_s
        self.cpu_s += report.cpu_s
        if report.init_s:
            self.cold_starts += 1
            self.inits.note(report.init_s)

    @property
    def has_run(self) -> bool:
        return any(status is not Status.THROTTLED for status in self.ends)


class Meter:
    """Counts requests as they end. What it holds grows with functions and versions, never with requests."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], _Numbers] = {}

    def note(self, function: str, report: Report) -> None:
        """Count a request that has ended, however it did."""
        numbers = self._numbers.get((function, report.version))
        if numbers is None:
            numbers = self._numbers[function, report.version] = _Numbers(Key(function, version_name(report)))
        numbers.note(report)

    @property
    def invocations(self) -> dict[tuple[Key, Status], int]:
        """Requests that have ended, by how they did."""
        return {(each.key, status): count for each in self._all() for status, count in each.ends.items()}

    @property
    def throttles(self) -> dict[tuple[Key, str], int]:
        """Requests that were refused, by the reason."""
        return {(each.key, reason): count for each in self._all() for reason, count in each.reasons.items()}

    @property
    def cold_starts(self) -> dict[Key, int]:
        """Requests that waited for a new instance."""
        return {each.key: each.cold_starts for each in self._all() if each.cold_starts}

    @property
    def billed_s(self) -> dict[Key, float]:
        """Time that a provider would bill."""
        return {each.key: each.billed_s for each in self._all() if each.has_run}

    @property
    def cpu_s(self) -> dict[Key, float]:
        """CPU time that handlers used."""
        return {each.key: each.cpu_s for each in self._all() if each.has_run}

    @property
    def durations(self) -> dict[Key, Histogram]:
        """Time from the handler's begin to its end."""
        return {each.key: each.durations for each in self._all() if each.has_run}

    @property
    def inits(self) -> dict[Key, Histogram]:
        """Time that cold requests waited for their instance."""
        return {each.key: each.inits for each in self._all() if each.cold_starts}

    def forget(self, function: str) -> None:
        """Drop the numbers of a function that is gone."""
        for key in [key for key in self._numbers if key[0] == function]:
            del self._numbers[key]

    def _all(self) -> list[_Numbers]:
        return list(self._numbers.values())


def version_name(report: Report) -> str:
    """Call a report's version as callers do."""
    return str(report.version or "$LATEST")
