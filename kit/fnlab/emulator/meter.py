"""Counts what the platform does, in memory that does not grow with the number of requests."""

from collections import Counter
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
        place = next((place for place, bound in enumerate(BUCKETS_S) if seconds <= bound), len(BUCKETS_S))
        self.counts[place] += 1
        self.sum_s += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Give the counts as Prometheus has them: of each bound, all that is not above it."""
        below, found = 0, []
        for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, float(below)))
        return found


class Meter:
    """Counts requests as they end. What it holds grows with functions and versions, never with requests."""

    def __init__(self) -> None:
        self.invocations: Counter[tuple[Key, Status]] = Counter()
        self.throttles: Counter[tuple[Key, str]] = Counter()
        self.cold_starts: Counter[Key] = Counter()
        self.billed_s: Counter[Key] = Counter()
        self.cpu_s: Counter[Key] = Counter()
        self.durations: dict[Key, Histogram] = {}
        self.inits: dict[Key, Histogram] = {}

    def note(self, function: str, report: Report) -> None:
        """Count a request that has ended, however it did."""
        key = Key(function, version_name(report))
        self.invocations[key, report.status] += 1
        if report.status is Status.THROTTLED:
            self.throttles[key, report.reason] += 1
            return
        self.durations.setdefault(key, Histogram()).note(report.duration_s)
        # A Counter's values may be any numbers; its type says otherwise.
        self.billed_s[key] += report.billed_s  # type: ignore[assignment]
        self.cpu_s[key] += report.cpu_s  # type: ignore[assignment]
        if report.init_s:
            self.cold_starts[key] += 1
            self.inits.setdefault(key, Histogram()).note(report.init_s)

    def forget(self, function: str) -> None:
        """Drop the numbers of a function that is gone."""
        for counts in (self.invocations, self.throttles):
            for pair in [pair for pair in counts if pair[0].function == function]:
                del counts[pair]
        for numbers in (self.cold_starts, self.billed_s, self.cpu_s, self.durations, self.inits):
            for key in [key for key in numbers if key.function == function]:
                del numbers[key]


def version_name(report: Report) -> str:
    """Call a report's version as callers do."""
    return str(report.version or "$LATEST")
