"""What is known of the past of each version, whether it runs now or not."""

import threading
from collections import deque
from dataclasses import dataclass, field

from fnlab.emulator.clock import Clock
from fnlab.emulator.home import Home
from fnlab.emulator.meter import Meter
from fnlab.emulator.report import Report
from fnlab.emulator.state.records import Version
from fnlab.trace import Recorder, Trace

#: How many reports are remembered for each version, as long as their answers take no more than so many bytes.
REMEMBERED, REMEMBERED_BYTES = 2_000, 32 * 1024 * 1024


@dataclass
class History:
    """The past of one version."""

    function: str
    meter: Meter
    recorder: Recorder
    began_s: float
    reports: deque[Report] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    calls: int = 0
    _bytes: int = 0  # of the answers in the reports

    def note(self, report: Report) -> None:
        """Remember a finished call, and forget the oldest where it gets too much."""
        self.calls += 1
        self.meter.note(self.function, report)
        self._bytes += len(report.body)
        if len(self.reports) == REMEMBERED:
            self._bytes -= len(self.reports[0].body)
        self.reports.append(report)
        while self._bytes > REMEMBERED_BYTES and len(self.reports) > 1:
            self._bytes -= len(self.reports.popleft().body)


class Histories:
    """The past of all versions.

    Parameters
    ----------
    home : Home
        Where older rows of traces go.
    clock : Clock
        Platform time.
    meter : Meter
        Counts what has ended.
    lock : RLock
        Held while anything is looked at: callers' own threads write rows.
    """

    def __init__(self, home: Home, *, clock: Clock, meter: Meter, lock: "threading.RLock") -> None:
        self._home, self._clock, self._meter, self._lock = home, clock, meter, lock
        self._by_version: dict[tuple[str, int], History] = {}

    def of(self, version: Version) -> History:
        """Give what is remembered of a version."""
        name, number = key = version.function.name, version.number
        with self._lock:
            if key not in self._by_version:
                spill = self._home.rows_path(name, number)
                recorder = Recorder(memory_mib=version.function.memory_mib, version=number, spill=spill)
                self._by_version[key] = History(name, self._meter, recorder, began_s=self._clock.now_s())
            return self._by_version[key]

    def trace(self, name: str | None = None) -> Trace:
        """Tell what has happened since the platform began, to one function or to all of them."""
        with self._lock:
            now_s = self._clock.now_s()
            chosen = [history for (function, _), history in self._by_version.items() if name in (None, function)]
            return Trace.merged([history.recorder.trace(now_s) for history in chosen], now_s)

    def calls(self, name: str) -> int:
        """Count the requests to a function that have ended."""
        return sum(history.calls for (function, _), history in self._by_version.items() if function == name)

    def forget(self, name: str) -> None:
        """Drop what is known of a function that is gone."""
        self._meter.forget(name)
        for key in [key for key in self._by_version if key[0] == name]:
            del self._by_version[key]
