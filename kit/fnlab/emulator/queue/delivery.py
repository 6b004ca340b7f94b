"""The asynchronous queue: accepted events are tried until they succeed or are given up, also after a restart.

Everything is written down before it is said or done. An event is in the store before its sender hears of it, an
attempt before it begins, and an end together with what is sent on. So each event is tried at least once. One whose
attempt was interrupted by the death of the process is tried again, however many attempts it had.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from fnlab.emulator.queue import destinations
from fnlab.emulator.queue.events import ENDED, UNSENT, WAITING, Event, Events, State, new_event
from fnlab.emulator.queue.intake import Intake
from fnlab.emulator.queue.lane import Lane
from fnlab.emulator.queue.mailbox import Mailbox
from fnlab.emulator.queue.outbox import Outbox
from fnlab.emulator.state.store import Store
from fnlab.errors import EmulatorClosed, EventNotFound, FunctionNotFound, NotFound
from fnlab.functions import AsyncPolicy
from fnlab.functions.quota import Backoff
from fnlab.scheduler.retry import Condition, Ending, GivenUp, Retry, Succeeded, after_attempt, is_too_old
from fnlab.trace import Status

#: Ended events that are kept of each function, for whoever asks how they ended.
KEPT_EVENTS = 1000
_AT_A_TIME = 500  # events that are read to be given up together
_FORGET_EVERY = 100  # ends; to look for too many at each one would cost more than it frees


class Answer(Protocol):
    """What is needed of a :class:`~fnlab.emulator.report.Report`."""

    @property
    def status(self) -> Status:
        """How it ended."""

    @property
    def version(self) -> int:
        """Which version ran."""

    @property
    def body(self) -> bytes:
        """The answer or the error."""


class Invoke(Protocol):
    """Call a function and wait for its end; what the function does wrong is in the answer and raises nothing."""

    def __call__(
        self, function: str, qualifier: str, payload: bytes, *, request_id: str, meta: Mapping[str, Any]
    ) -> Awaitable[Answer]:
        """Call it."""


class Delivery:
    """The queue of all functions, on the running event loop. Call :meth:`resume` once at the start.

    Parameters
    ----------
    store : Store
        Where events and mail are kept; opened on the loop's thread.
    invoke : Invoke
        Calls a function. :class:`~fnlab.errors.NotFound` from it makes an event invalid. Any other exception is
        trouble of the platform: the event is tried again later and the attempt does not count.
    cancel : callable
        Ends the request of this id, which is being served; `invoke` then returns or raises.
    policy_of : callable
        A function's and qualifier's rules; raises ``NotFound`` if they are gone.
    backoff_of : callable
        A function's waits after refusals.
    target_of : callable
        The function and qualifier that a destination names, or None if it is no function here: then the mailbox keeps
        what is sent. The same happens at the end of a chain of destinations.
    arn_of : callable
        The ARN of a function and qualifier, for records.
    in_flight : callable
        How many events of a function may be tried at once; 0 gives them up, as reserved concurrency 0 does.
    clock : callable
        Seconds since 1970.
    kept_events : int
        Ended events that are kept of each function.
    """

    def __init__(
        self,
        store: Store,
        *,
        invoke: Invoke,
        cancel: Callable[[str], None],
        policy_of: Callable[[str, str], AsyncPolicy],
        backoff_of: Callable[[str], Backoff],
        target_of: Callable[[str], tuple[str, str] | None],
        arn_of: Callable[[str, str], str],
        in_flight: Callable[[str], int],
        clock: Callable[[], float] = time.time,
        kept_events: int = KEPT_EVENTS,
    ) -> None:
        self.mailbox = Mailbox(store)
        self._store, self._events = store, Events(store)
        self._invoke, self._cancel = invoke, cancel
        self._policy_of, self._backoff_of = policy_of, backoff_of
        self._in_flight, self._clock, self._kept_events = in_flight, clock, kept_events
        self._lanes: dict[str, Lane] = {}
        self._intake = Intake(store, self._events, on_written=self._wake)
        self._outbox = Outbox(
            self._events, self.mailbox, target_of=target_of, arn_of=arn_of, clock=clock, on_written=self._wake
        )
        self._ends: Counter[str] = Counter()
        self._closed = False

    def resume(self) -> None:
        """Take up what the last process left: what ran is due again, and what waited waits on."""
        now_s = self._clock()
        self._events.interrupted(now_s)
        self.mailbox.forget(now_s)
        self._wake(self._events.waiting_functions())

    async def close(self) -> None:
        """Begin no further attempt; what waits and what is under way is left for the next start.

        To be closed before what `invoke` needs is, or every event would be tried in vain.
        """
        self._intake.write()
        self._closed = True
        for lane in self._lanes.values():
            await lane.close()
        self._lanes.clear()

    # In.

    async def accept(
        self,
        function: str,
        qualifier: str,
        payload: bytes,
        *,
        task_id: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> str:
        """Take an event in and return its request id. By then it is safe: it survives the death of the process.

        Raises
        ------
        AlreadyExists
            If the function has a task of that id.
        EmulatorClosed
            If the queue was closed.
        PlatformError
            If the store cannot be written, because the disk is full, for instance.
        """
        if self._closed:
            raise EmulatorClosed("an event needs a running emulator; it was closed.")
        event = new_event(function, qualifier, payload, task_id=task_id, meta=meta or {}, now_s=self._clock())
        await self._intake.add(event)
        return event.id

    # To look at, and to stop.

    def task(self, id: str) -> Event:
        """Find an event by its request id.

        Raises
        ------
        EventNotFound
            If there is none, or it ended so long ago that it is forgotten.
        """
        return _found(self._events.get(id), f"request id {id!r}")

    def named(self, function: str, task_id: str) -> Event:
        """Find an event of a function by its caller's name for it; raises as :meth:`task` does."""
        return _found(self._events.named(function, task_id), f"task id {task_id!r} in {function!r}")

    async def ended(self, id: str) -> Event:
        """Wait until an event has ended; raises as :meth:`task` does."""
        if self.task(id).state not in ENDED:
            await asyncio.shield(self._events.end_of(id))
        return self.task(id)

    def tasks(self, function: str, *, state: State | None = None, limit: int = 100, after: int = 0) -> list[Event]:
        """List a function's events in the order of acceptance, from the one after the place `after` (``seq``) on."""
        return self._events.page(function, states=State if state is None else (state,), limit=limit, after=after)

    def waiting(self) -> dict[str, int]:
        """Count the events that wait for an attempt, of each function that has any."""
        return self._events.waiting()

    def stop(self, id: str) -> Event:
        """Stop an event: at once if it waits, and if it runs as soon as its request is cancelled.

        One that has ended stays as it is. The event is returned as it is now.
        """
        event = self.task(id)
        if event.state in WAITING:
            return self._events.save(event.ended(State.STOPPED, self._clock()))
        if event.state is State.RUNNING:
            event = self._events.save(replace(event, state=State.STOPPING))
            self._cancel(id)
        return event

    # Through.

    def _wake(self, functions: Iterable[str]) -> None:
        if self._closed:
            return
        for function in functions:
            if function not in self._lanes:
                self._lanes[function] = Lane(
                    function,
                    events=self._events,
                    begin=self._begin,
                    attempt=self._attempt,
                    in_flight=self._in_flight,
                    clock=self._clock,
                )
            self._lanes[function].wake()

    def _begin(self, event: Event, now_s: float) -> Event | None:
        try:
            policy = self._policy_of(event.function, event.qualifier)
        except NotFound as error:
            self._invalid(event, error)
            return None
        if is_too_old(policy, queued_s=event.accepted_s, now_s=now_s):
            self._give_up(event, policy, "EventAgeExceeded")
        elif not self._in_flight(event.function):
            self._give_up(event, policy, "ZeroReservedConcurrency")
        else:
            return self._events.save(event.begun(now_s))
        return None

    async def _attempt(self, event: Event) -> None:
        try:
            answer = await self._invoke(
                event.function, event.qualifier, event.payload, request_id=event.id, meta=event.meta
            )
        except EmulatorClosed as error:
            self._after(event.id, Ending.PLATFORM_ERROR, error=str(error))
        except NotFound as error:
            with self._store.transaction():
                self._invalid(self.task(event.id), error)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # this queue is being closed
            self._after(event.id, Ending.PLATFORM_ERROR, error="the request was cancelled.")
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"an asynchronous call of {event.function!r} could not be made", "exception": error}
            )
            self._after(event.id, Ending.PLATFORM_ERROR, error=f"{type(error).__name__}: {error}")
        else:
            self._after(event.id, _ending(answer.status), answer)

    def _after(self, id: str, ending: Ending, answer: Answer | None = None, *, error: str = "") -> None:
        """Write down how an attempt ended and what follows, all in one."""
        with self._store.transaction():
            event, now_s = self.task(id), self._clock()
            if ending not in (Ending.SUCCESS, Ending.FUNCTION_ERROR):
                event = event.refused()
            if answer is not None:
                error = "" if ending is Ending.SUCCESS else destinations.error_message(answer.body)
                event = event.answered(answer.status, version=answer.version, error=error, body=answer.body)
            elif not event.attempts:
                event = replace(event, error=error)
            if event.state is State.STOPPING and ending is not Ending.SUCCESS:
                self._events.save(event.ended(State.STOPPED, now_s))
            else:
                self._decide(event, ending, now_s)

    def _decide(self, event: Event, ending: Ending, now_s: float) -> None:
        try:
            policy = self._policy_of(event.function, event.qualifier)
        except NotFound as error:  # it went while it ran
            if ending is Ending.SUCCESS:
                self._end(event, State.SUCCEEDED)
            else:
                self._invalid(event, error)
            return
        verdict = after_attempt(
            policy,
            ending,
            attempts=event.attempts,
            refusals=event.throttles,
            queued_s=event.accepted_s,
            now_s=now_s,
            backoff=self._backoff_of(event.function),
        )
        match verdict:
            case Succeeded():
                self._end(event, State.SUCCEEDED)
                self._outbox.record(policy.on_success, event, condition=destinations.SUCCESS)
            case Retry(at_s):
                self._events.save(event.put_back(at_s))
            case GivenUp(condition):
                self._give_up(event, policy, condition)

    # Out.

    def _give_up(self, event: Event, policy: AsyncPolicy, condition: Condition) -> None:
        self._end(event, State.EXPIRED if condition == "EventAgeExceeded" else State.FAILED)
        self._outbox.record(policy.on_failure, event, condition=condition)
        self._outbox.dead_letter(policy.dead_letters, event)

    def drop(self, function: str) -> None:
        """Give up the waiting events of a function that is gone; a new one of its name shall not get them."""
        gone = FunctionNotFound(f"{function!r} was deleted before the event was delivered.")
        with self._events.together():
            while waiting := self._events.page(function, states=WAITING, limit=_AT_A_TIME, after=0):
                for event in waiting:
                    self._invalid(event, gone)

    def _invalid(self, event: Event, error: NotFound) -> None:
        """End an event whose function is gone, and with it the rules that said who is to hear of it."""
        self._end(replace(event, error=str(error)), State.INVALID)

    def _end(self, event: Event, state: State) -> None:
        self._events.save(event.ended(state, self._clock()))
        if self._ends[event.function] % _FORGET_EVERY == 0:
            self._events.forget(event.function, keep=self._kept_events)
        self._ends[event.function] += 1


def _ending(status: Status) -> Ending:
    if status in UNSENT:
        return Ending.THROTTLED
    return Ending.SUCCESS if status is Status.OK else Ending.FUNCTION_ERROR


def _found(event: Event | None, what: str) -> Event:
    if event is None:
        raise EventNotFound(f"only an event of the queue can be found, and ended ones for a while; there is no {what}.")
    return event
