"""A workload against real processes: work takes its real time, idle time passes quickly."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from fnlab.emulator.client import Deployed
from fnlab.emulator.clock import ReplayClock
from fnlab.emulator.report import Report
from fnlab.emulator.supervision.supervisor import Supervisor
from fnlab.emulator.target import to_json
from fnlab.errors import BadValue
from fnlab.functions import Function, Limits
from fnlab.trace import Trace
from fnlab.units import require
from fnlab.workload import Workload

#: Shorter sleeps are saved up: an event loop cannot sleep for less with any precision.
_SHORTEST_SLEEP_S = 0.002


def replay(
    deployed: Deployed,
    workload: Workload,
    *,
    events: Sequence[Any],
    speed: float = 3600,
    function: Function | None = None,
    on_progress: Callable[[int, Report], None] | None = None,
) -> Trace:
    """Send a workload to a function's own, new instances and record what happens.

    Every start, request and stop is real. While any instance starts or serves, the clock runs with the wall; while
    none does, it passes `speed` times faster, and instances whose keep-alive ends are really stopped. So the times in
    the trace are true times, and a day that holds one minute of work takes a minute and a bit.

    Parameters
    ----------
    deployed : Deployed
        The function; its own instances are left alone.
    workload : Workload
        When requests come.
    events : sequence
        What they ask: the n-th request sends ``events[n % len(events)]``.
    speed : float
        How many times faster than the wall idle time passes.
    function : Function, optional
        Other settings to replay under, for instance ``deployed.function.with_scaling(keep_alive_s=120)``.
    on_progress : callable, optional
        Called with the number of each request and its report.

    Returns
    -------
    Trace
        From 0 to the workload's duration, in platform time.
    """
    require("speed", speed, above=0)
    if not len(events):
        raise BadValue("a replay needs at least one event to send; got none.")
    chosen = function or deployed.function
    bodies = [to_json(event, limits=Limits.of(chosen.limits)) for event in events]
    player = _Player(deployed, chosen, workload, bodies=bodies, speed=speed, on_progress=on_progress)
    return deployed.emulator.run(player.play())


class _Player:
    def __init__(
        self,
        deployed: Deployed,
        function: Function,
        workload: Workload,
        *,
        bodies: list[bytes],
        speed: float,
        on_progress: Callable[[int, Report], None] | None,
    ) -> None:
        self.home = deployed.emulator.home
        self.function, self.version = function, deployed.version
        self.workload, self.bodies, self.speed = workload, bodies, speed
        self.on_progress = on_progress
        self.clock = ReplayClock()
        self.done = 0
        self.owed_s = 0.0

    async def play(self) -> Trace:
        self.supervisor = Supervisor(
            self.function, version=self.version, home=self.home, clock=self.clock, on_report=self._note
        )
        try:
            await self.supervisor.nursery.warm()  # no request pays for that
            await self.supervisor.quiet.wait()  # a promised minimum is up before the first request
            for number, at_s in enumerate(self.workload.arrivals_s.tolist()):
                await self._advance(at_s)
                self.supervisor.submit(self.bodies[number % len(self.bodies)])
            await self._advance(self.workload.duration_s, through=True)
            await self.supervisor.quiet.wait()
            return self.supervisor.trace(self.workload.duration_s)
        finally:
            await self.supervisor.close()

    async def _advance(self, to_s: float, *, through: bool = False) -> None:
        """Let platform time pass until `to_s`; an expiry at that very moment happens only if `through`."""
        while (now_s := self.clock.now_s()) < to_s or (through and self._due(to_s)):
            if not self.supervisor.quiet.is_set():
                await self._work(to_s - now_s)
                continue
            due_s = self.supervisor.scheduler.wake_at()
            expires = due_s is not None and (due_s < to_s or (through and due_s == to_s))
            target_s = due_s if expires and due_s is not None else to_s
            await self._idle(target_s - now_s)
            self.clock.jump(target_s)
            if expires:
                self.supervisor.wake()

    def _due(self, to_s: float) -> bool:
        due_s = self.supervisor.scheduler.wake_at()
        return due_s is not None and due_s <= to_s

    async def _work(self, at_most_s: float) -> None:
        """Wait while somebody works, but not past the next arrival."""
        waiting = asyncio.ensure_future(self.supervisor.quiet.wait())
        await asyncio.wait([waiting], timeout=max(0.0, at_most_s))
        waiting.cancel()

    async def _idle(self, platform_s: float) -> None:
        """Sleep through idle time at the replay's speed."""
        self.owed_s += max(0.0, platform_s) / self.speed
        if self.owed_s >= _SHORTEST_SLEEP_S:
            began_s = time.monotonic()
            await asyncio.sleep(self.owed_s)
            self.owed_s -= time.monotonic() - began_s

    def _note(self, report: Report) -> None:
        if self.on_progress is not None:
            self.on_progress(self.done, report)
        self.done += 1
