"""One function's way through the queue: takes what is due, when there is room, and sleeps in between."""

import asyncio
from collections.abc import Awaitable, Callable

from fnlab.emulator.queue.events import Event, Events

#: Of events that are given up untried, so many at a time; the loop serves others in between.
_BATCH = 100
_PAUSE_S = 1.0  # before another look when the store or the platform failed


class Lane:
    """A function's pump. It works on the event loop's callbacks and holds no state that the store does not have.

    Parameters
    ----------
    function : str
        Whose events.
    events : Events
        The queue.
    begin : callable
        Makes a due event ready for its attempt and writes that down; None if it is not to be tried any more.
    attempt : callable
        Makes the attempt and writes down how it ended.
    in_flight : callable
        How many attempts may be under way at once. 0: none ever, and `begin` gives the events up.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        function: str,
        *,
        events: Events,
        begin: Callable[[Event, float], Event | None],
        attempt: Callable[[Event], Awaitable[None]],
        in_flight: Callable[[str], int],
        clock: Callable[[], float],
    ) -> None:
        self._function, self._events = function, events
        self._begin, self._attempt = begin, attempt
        self._in_flight, self._clock = in_flight, clock
        self._loop = asyncio.get_running_loop()
        self._attempts: set[asyncio.Task[None]] = set()
        self._woken: asyncio.Handle | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Look for due events soon; many calls before that are one."""
        if self._woken is None:
            self._woken = self._loop.call_soon(self._pump)

    async def close(self) -> None:
        """Begin nothing any more and leave what is under way: the store says that it was."""
        for handle in (self._woken, self._alarm):
            if handle is not None:
                handle.cancel()
        attempts = list(self._attempts)
        self._attempts.clear()
        for task in attempts:
            task.remove_done_callback(self._on_done)
            task.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)

    def _pump(self) -> None:
        self._woken = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        try:
            next_s = self._begin_due()
        except Exception as error:
            self._complain("could not be begun and wait", error)
            next_s = self._clock() + _PAUSE_S
        if next_s is not None:
            self._alarm = self._loop.call_later(max(0.0, next_s - self._clock()), self.wake)

    def _begin_due(self) -> float | None:
        """Begin what is due, as far as there is room; say when to look again, if not at the end of an attempt."""
        now_s = self._clock()
        if not (room := self._room()):
            return None
        due = self._events.due(self._function, now_s, limit=room)
        with self._events.together():
            begun = [self._begin(event, now_s) for event in due]
        for event in begun:
            if event is not None:
                task = self._loop.create_task(self._run(event))
                self._attempts.add(task)
                task.add_done_callback(self._on_done)
        return now_s if due else self._events.next_due_s(self._function)

    def _room(self) -> int:
        most = self._in_flight(self._function)
        return max(0, most - len(self._attempts)) if most else _BATCH

    async def _run(self, event: Event) -> None:
        await self._attempt(event)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._attempts.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._complain("could not be brought to their end and are tried again at the next start", error)
        self.wake()

    def _complain(self, what: str, error: BaseException) -> None:
        message = f"asynchronous events of {self._function!r} {what}"
        self._loop.call_exception_handler({"message": message, "exception": error})
