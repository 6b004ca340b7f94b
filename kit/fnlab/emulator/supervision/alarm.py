"""Rings when something is due by platform time."""

import asyncio
from collections.abc import Callable

from fnlab.emulator.clock import Clock


class Alarm:
    """One timer on the event loop for the earliest thing that is due.

    Parameters
    ----------
    clock : Clock
        Platform time.
    ring : callable
        Called when the time has come, or may have: platform time may have stood still meanwhile.
    """

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock, self._ring = clock, ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = float("inf")

    def is_late_for(self, due_s: float | None) -> bool:
        """Whether something is due before it will ring."""
        return due_s is not None and due_s < self._due_s

    def set(self, due_s: float | None) -> None:
        """Ring at this time, unless it rings before."""
        if due_s is None or due_s >= self._due_s:
            return
        self.stop()
        self._due_s = due_s
        self._timer = self._loop.call_later(max(0.0, due_s - self._clock.now_s()), self._on_time)

    def stop(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
        self._due_s = float("inf")

    def _on_time(self) -> None:
        self._due_s = float("inf")
        self._ring()
