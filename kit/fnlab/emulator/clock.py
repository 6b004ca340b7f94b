"""Platform time: the wall's, or a replay's."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the platform began."""

    def now_s(self) -> float:
        """Read the time."""

    def note_working(self, working: bool) -> None:
        """Hear whether any instance is starting or serving."""


class WallClock:
    """Time as everybody knows it, from 0 at creation."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()

    def now_s(self) -> float:
        """Read the time."""
        return time.monotonic() - self._began_s

    def note_working(self, working: bool) -> None:
        """Go on: the wall's clock does not care."""


class ReplayClock:
    """Runs with the wall while somebody works, stands still in between, and can then be moved on.

    So a day in which a function works for a minute takes a minute, yet every start, every request and every keep-alive
    has its true length.
    """

    def __init__(self) -> None:
        self._at_s = 0.0
        self._running_since_s: float | None = None

    def now_s(self) -> float:
        """Read the time."""
        if self._running_since_s is None:
            return self._at_s
        return self._at_s + time.monotonic() - self._running_since_s

    def note_working(self, working: bool) -> None:
        """Run while somebody works, stand still otherwise."""
        if working and self._running_since_s is None:
            self._running_since_s = time.monotonic()
        elif not working and self._running_since_s is not None:
            self._at_s = self.now_s()
            self._running_since_s = None

    def jump(self, to_s: float) -> None:
        """Move a standing clock on; a running one moves by itself."""
        if self._running_since_s is None:
            self._at_s = max(self._at_s, to_s)
