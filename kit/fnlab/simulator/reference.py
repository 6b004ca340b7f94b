"""The reference engine: the scheduler, a heap of what is to come, and a recorder.

A request takes as long as was drawn for it, however many share its instance: contention inside an instance is the
profile's business, not the engine's.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from fnlab.functions import Function
from fnlab.scheduler import (
    RANK,
    Arrived,
    Assign,
    Crashed,
    Ending,
    Event,
    Finished,
    Ready,
    Reject,
    Resized,
    Retry,
    Scheduler,
    Start,
    Stop,
    Woken,
    after_attempt,
)
from fnlab.scheduler.fleet import Room
from fnlab.simulator.draws import Draws, Unending
from fnlab.simulator.loop import Loop
from fnlab.trace import Kind, Recorder, Status, Trace
from fnlab.trace.table import Column
from fnlab.workload import Faults, Workload


class Change(NamedTuple):
    """From a moment on the function is another one: other rules, or another memory size and so another version."""

    at_s: float
    function: Function
    service_s: Column


class Attempt(NamedTuple):
    """One try of a request, and what came before it: when the request was accepted, how often it was run or refused."""

    request: int
    arrival_s: float
    accepted_s: float
    runs: int = 0
    refusals: int = 0


class Row(NamedTuple):
    """What becomes of an attempt, as far as it is known."""

    arrival_s: float
    start_s: float
    end_s: float
    init_s: float
    status: Status
    instance: int


def run(
    function: Function,
    workload: Workload,
    draws: Draws,
    *,
    faults: Faults | None = None,
    changes: Sequence[Change] = (),
    on_progress: Callable[[float], None] | None = None,
) -> Trace:
    """Play the workload through the scheduler, event by event.

    An interrupt ends the run early; the trace then ends where it came to.
    """
    loop = Loop(on_progress=on_progress)
    player = FunctionPlayer(function, workload, draws, loop, faults=faults, changes=changes)
    try:
        loop.play(workload.duration_s, [player])
    except KeyboardInterrupt:
        return player.trace().window(0, min(loop.now_s, workload.duration_s))
    return player.trace()


class FunctionPlayer:
    """One function on the loop: its scheduler, and the books of what its instances do."""

    def __init__(
        self,
        function: Function,
        workload: Workload,
        draws: Draws,
        loop: Loop,
        *,
        faults: Faults | None = None,
        changes: Sequence[Change] = (),
        room: Room | None = None,
    ) -> None:
        self.function, self.duration_s = function, workload.duration_s
        self.scheduler = Scheduler(function.scaling, room=room)
        self.recorder = Recorder(memory_mib=function.memory_mib)
        self.init_s = Unending(draws.init_s, draws.init_law, draws.more)
        self._loop, self._faults, self._chance = loop, faults, draws.more
        self._arrivals_s: list[float] = workload.arrivals_s.tolist()
        self._attempts = [Attempt(request, at_s, at_s) for request, at_s in enumerate(self._arrivals_s)]
        self._rows: list[Row | None] = [None] * len(self._attempts)
        self._service_s: list[float] = _service_s(workload, draws, changes).tolist()
        self._cold_s: Unending | None = None
        if draws.cold_s is not None and draws.cold_law is not None:
            self._cold_s = Unending(draws.cold_s, draws.cold_law, draws.more)
        self._instances: dict[str, Living] = {}
        self._serving: dict[int, Living] = {}
        self._version = 1
        self._alarm_s = 0.0
        self._loop.push(0.0, min(RANK.values()), self, Woken())  # what is promised is there before anything arrives
        for change in changes:
            self._loop.push(change.at_s, RANK[Resized], self, change)
        self._next_arrival(0)

    @property
    def unfinished(self) -> bool:
        """Whoever waits when the window closes is told how it ends."""
        return self.scheduler.waiting > 0

    def trace(self) -> Trace:
        """Everything that happened, requests in the order of their arrival."""
        for row in self._rows:
            if row is not None:
                self.recorder.invocation(**row._asdict())
        return self.recorder.trace(self.duration_s)

    def happen(self, what: Event | Change, now_s: float) -> None:
        """Let the scheduler know, and carry out what it says."""
        match what:
            case Change():
                self._change(what, now_s)
            case Woken() if self._alarm_s == now_s:  # if not, the alarm was set anew
                self._alarm_s = inf
                self.tell(what, now_s)
            case Finished(attempt) if instance := self._leave(_number(attempt)):  # if not, it was lost before
                self.tell(what, now_s)
                self._judge(_number(attempt), now_s)
                self._look_at(instance, now_s)
            case Ready(name):
                self.tell(what, now_s)
                self._look_at(self._instances.get(name), now_s)
            case Crashed(name) if name in self._instances:
                self._crash(name, now_s)
            case Arrived():
                self.tell(what, now_s)
        if isinstance(what, Arrived):
            self._next_arrival(_number(what.request) + 1)

    def tell(self, event: Event, now_s: float) -> None:
        """One event in, every decision carried out, and the alarm set."""
        for decision in self.scheduler.on(event, now_s):
            match decision:
                case Start(name, reason):
                    self._start(name, reason, now_s)
                case Assign(attempt, name, reason):
                    self._assign(_number(attempt), self._instances[name], now_s, cold=reason == "cold")
                case Stop(name):
                    self._stop(name, now_s)
                case Reject(attempt):
                    self._refuse(_number(attempt), now_s)
        due_s = self.scheduler.wake_at()
        if due_s is not None and due_s != self._alarm_s:
            self._alarm_s = due_s
            self._push(due_s, Woken())

    # Requests.

    def _next_arrival(self, attempt: int) -> None:
        if attempt < len(self._arrivals_s):
            self._push(self._arrivals_s[attempt], Arrived(attempt))

    def _assign(self, attempt: int, instance: "Living", now_s: float, *, cold: bool) -> None:
        arrival_s = self._attempts[attempt].arrival_s
        start_s = max(now_s, instance.ready_s)
        init_s = start_s - now_s  # a wait in the queue is no init
        if cold and now_s >= instance.ready_s:  # it was not tied to this instance, and waited for whatever came
            init_s = min(start_s - arrival_s, instance.ready_s - instance.created_s)
        all_in_init = cold and self._cold_s is not None
        end_s = start_s if all_in_init else start_s + self._service_s[self._attempts[attempt].request]
        self._rows[attempt] = Row(arrival_s, start_s, end_s, init_s, Status.OK, instance.row)
        instance.attempts.add(attempt)
        self._serving[attempt] = instance
        if self._faults is not None and self._goes_wrong(attempt, instance):
            return
        self._push(end_s, Finished(attempt))

    def _goes_wrong(self, attempt: int, instance: "Living") -> bool:
        """Draw what happens to an attempt; tell whether it takes its instance along."""
        row, faults = self._row(attempt), self._faults
        assert faults is not None, "asked only with faults"  # narrows the type
        chance, when = self._chance.random(2).tolist()
        if chance < faults.crash_share:
            crash_s = row.start_s + when * (row.end_s - row.start_s)
            self._rows[attempt] = row._replace(end_s=crash_s, status=Status.ERROR)
            self._push(crash_s, Crashed(instance.name))
            return True
        if chance < faults.crash_share + faults.error_share:
            self._rows[attempt] = row._replace(status=Status.ERROR)
        return False

    def _leave(self, attempt: int) -> "Living | None":
        instance = self._serving.pop(attempt, None)
        if instance is not None:
            instance.attempts.remove(attempt)
        return instance

    def _refuse(self, attempt: int, now_s: float) -> None:
        self._rows[attempt] = Row(self._attempts[attempt].arrival_s, now_s, now_s, 0.0, Status.THROTTLED, -1)
        self._judge(attempt, now_s)

    def _judge(self, attempt: int, now_s: float) -> None:
        """See whether what has ended is tried again."""
        if self._faults is None or self._faults.retries is None:
            return
        tried, ending = self._attempts[attempt], _ENDINGS[self._row(attempt).status]
        runs = tried.runs + (ending is not Ending.THROTTLED)
        refusals = tried.refusals + 1 if ending is Ending.THROTTLED else 0
        verdict = after_attempt(
            self._faults.retries,
            ending,
            attempts=runs,
            refusals=refusals,
            queued_s=tried.accepted_s,
            now_s=now_s,
            backoff=self._faults.backoff,
        )
        if isinstance(verdict, Retry):
            again = Attempt(tried.request, verdict.at_s, tried.accepted_s, runs, refusals)
            self._attempts.append(again)
            self._rows.append(None)
            self._push(verdict.at_s, Arrived(len(self._attempts) - 1))

    def _row(self, attempt: int) -> "Row":
        row = self._rows[attempt]
        assert row is not None, "it was served or refused"  # narrows the type
        return row

    # Instances.

    def rested(self, instance: "Living", now_s: float) -> None:
        """An instance has become idle; for those who share their memory with others."""

    def _look_at(self, instance: "Living | None", now_s: float) -> None:
        if instance is not None and not instance.attempts and instance.name in self._instances:
            self.rested(instance, now_s)

    def _start(self, name: str, reason: str, now_s: float) -> None:
        kind = Kind.PROVISIONED if reason == "min instances" else Kind.ON_DEMAND
        row = self.recorder.created(now_s, kind)
        whole = self._cold_s is not None and reason == "no idle instance"
        ready_s = now_s + (self._cold_s[row] if whole and self._cold_s is not None else self.init_s[row])
        self.recorder.ready(row, ready_s)
        self._instances[name] = Living(name, row, now_s, ready_s)
        self._push(ready_s, Ready(name))

    def _stop(self, name: str, now_s: float) -> None:
        instance = self._instances.pop(name)
        if now_s <= self.duration_s:  # later it is alive when the window closes
            self.recorder.stopped(instance.row, now_s)

    def _crash(self, name: str, now_s: float) -> None:
        """End an instance, and everything on it."""
        lost = sorted(self._instances[name].attempts)
        for attempt in lost:
            row = self._row(attempt)
            start_s = min(row.start_s, now_s)
            init_s = max(0.0, row.init_s - (row.start_s - start_s))
            self._rows[attempt] = row._replace(start_s=start_s, end_s=now_s, init_s=init_s, status=Status.ERROR)
            self._leave(attempt)
        self._stop(name, now_s)
        self.tell(Crashed(name), now_s)
        for attempt in lost:
            self._judge(attempt, now_s)

    def _change(self, change: Change, now_s: float) -> None:
        replaces = change.function.memory_mib != self.function.memory_mib
        self.function = change.function
        if replaces:
            self._version += 1
            self.recorder.become(version=self._version, memory_mib=self.function.memory_mib)
        self.tell(Resized(self.function.scaling, replaces), now_s)

    def _push(self, when_s: float, event: Event) -> None:
        self._loop.push(when_s, RANK[type(event)], self, event)


@dataclass(slots=True, eq=False)
class Living:
    """An instance that exists, in the engine's books."""

    name: str
    row: int
    created_s: float
    ready_s: float
    attempts: set[int] = field(default_factory=set)


_ENDINGS = {Status.OK: Ending.SUCCESS, Status.ERROR: Ending.FUNCTION_ERROR, Status.THROTTLED: Ending.THROTTLED}


def _service_s(workload: Workload, draws: Draws, changes: Sequence[Change]) -> Column:
    """Give each request its time, under the memory that holds when it arrives."""
    service_s = draws.service_s.copy()
    for change in changes:
        later = workload.arrivals_s >= change.at_s
        service_s[later] = change.service_s[later]
    return service_s


def _number(request: Hashable) -> int:
    assert isinstance(request, int), "attempts are numbered"  # narrows the type
    return request
