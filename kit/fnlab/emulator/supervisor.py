"""Carries out what the scheduler decides for one function, with a clock and processes."""

import asyncio
import json
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fnlab.emulator.clock import Clock
from fnlab.emulator.home import Home
from fnlab.emulator.instance import wire
from fnlab.emulator.log import Log
from fnlab.emulator.nursery import Nursery
from fnlab.emulator.process import GRACE_S, INIT_TIMEOUT_S, Instance
from fnlab.emulator.report import Report
from fnlab.errors import EmulatorClosed, FnlabError
from fnlab.functions import Function
from fnlab.scheduler import Arrived, Assign, Crashed, Event, Finished, Ready, Reject, Scheduler, Start, Stop, Woken
from fnlab.trace import Kind, Recorder, Status, Trace
from fnlab.trace.recorder import billed_s

#: How often the memory of working instances is looked at.
WATCH_S = 0.05


@dataclass
class _Request:
    """A request on its way, and where its answer goes."""

    request_id: str
    event: bytes
    arrival_s: float
    answer: asyncio.Future[Report]
    cold: bool = False
    start_s: float = 0.0


@dataclass
class _Slot:
    """A living instance and the request it has, if any."""

    instance: Instance
    ready: bool = False
    request: _Request | None = None
    deadline: asyncio.TimerHandle | None = None  # of the init, then of each request
    doom: tuple[Status, bytes] | None = None  # why it is being killed, and what its request is told

    def expect(self, seconds: float, otherwise: Callable[[], None]) -> None:
        """Set the deadline."""
        self.deadline = asyncio.get_running_loop().call_later(seconds, otherwise)

    def relax(self) -> None:
        """Lift the deadline."""
        if self.deadline is not None:
            self.deadline.cancel()


class Supervisor:
    """One version of one function, running. Lives on one event loop; no method may be called from another thread.

    Parameters
    ----------
    function, version : Function, int
        What runs.
    home : Home
        Where its files and its log go.
    clock : Clock
        Platform time.
    on_report : callable
        Hears of every finished invocation.
    """

    def __init__(
        self, function: Function, *, version: int, home: Home, clock: Clock, on_report: Callable[[Report], None]
    ) -> None:
        self.function, self.version = function, version
        self.scheduler = Scheduler(function.scaling)
        self.quiet = asyncio.Event()  # set while no instance is starting or serving
        self._clock = clock
        self._on_report = on_report
        self._recorder = Recorder(memory_mib=function.memory_mib, version=version)
        self._log = Log(home.log_path(function.name))
        self.nursery = Nursery(function, version=version, home=home)
        self._slots: dict[str, _Slot] = {}
        self._requests: dict[str, _Request] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_s = float("inf")
        self._watch: asyncio.TimerHandle | None = None  # set while memory is to be looked at
        self._closed = False
        self.wake()

    def submit(self, event: bytes) -> asyncio.Future[Report]:
        """Take a request in; its report comes later."""
        if self._closed:
            which = f"version {self.version} of {self.function.name!r}"
            raise EmulatorClosed(f"a call needs a running function; {which} was replaced or closed.")
        request = _Request(str(uuid.uuid4()), event, self._clock.now_s(), asyncio.get_running_loop().create_future())
        self._requests[request.request_id] = request
        self._tell(Arrived(request.request_id), request.arrival_s)
        return request.answer

    def wake(self) -> None:
        """Let idle instances expire and the minimum be filled up, as of now."""
        self._tell(Woken(), self._clock.now_s())

    def trace(self, duration_s: float | None = None) -> Trace:
        """Everything that has ended so far, in a window of this length (by default until now)."""
        return self._recorder.trace(self._clock.now_s() if duration_s is None else duration_s)

    def pids(self) -> dict[str, int]:
        """Process ids of the living instances."""
        return {name: slot.instance.pid for name, slot in self._slots.items()}

    async def evict(self) -> None:
        """Stop all idle instances now, so that the next request is cold."""
        idle = [(name, slot) for name, slot in self._slots.items() if slot.ready and slot.request is None]
        for name, slot in idle:
            self._remove(name, slot)
        await self._chores_done()

    async def drain(self) -> None:
        """Finish the requests that are here, then close."""
        await self.quiet.wait()
        await self.close()

    async def close(self) -> None:
        """Stop everything; requests that are not finished hear that the emulator was closed. Twice is fine."""
        if self._closed:
            return
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        closed = EmulatorClosed("the emulator was closed before the call ended.")
        for request in self._requests.values():
            if not request.answer.done():  # whoever stopped waiting has taken it back
                request.answer.set_exception(closed)
        self._requests.clear()
        for slot in self._slots.values():
            slot.relax()
            self._chore(self.nursery.stop(slot.instance, 0 if slot.request or not slot.ready else GRACE_S))
        self._slots.clear()
        self.nursery.give_up(closed)
        await self._chores_done()
        await self.nursery.close()
        self._log.close()

    # Events in, decisions out.

    def _tell(self, event: Event, now_s: float) -> None:
        for decision in self.scheduler.on(event, now_s):
            match decision:
                case Start(name, reason):
                    self._start(name, Kind.PROVISIONED if reason == "min instances" else Kind.ON_DEMAND, now_s)
                case Assign(request_id, name, reason):
                    self._assign(self._requests[str(request_id)], self._slots[name], cold=reason == "cold")
                case Reject(request_id):
                    self._refuse(self._requests.pop(str(request_id)))
                case Stop(name):
                    self._stop(name, now_s)
        working = self.scheduler.working > 0
        self._clock.note_working(working)
        if working and self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(WATCH_S, self._look_at_memory)
        (self.quiet.clear if working else self.quiet.set)()
        self._set_alarm()

    def _start(self, name: str, kind: Kind, now_s: float) -> None:
        row = self._recorder.created(now_s, kind)
        if parked := self.nursery.take_parked(name, row, self):
            self._slots[name] = _Slot(parked)
            return
        slot = self._slots[name] = _Slot(Instance(name, row, self))
        late = f"the init must end within {INIT_TIMEOUT_S:g} s; it was killed after that."
        slot.expect(INIT_TIMEOUT_S, lambda: self._kill(slot, Status.TIMEOUT, "FunctionTimeout", late))
        self._chore(self._launch(slot))

    async def _launch(self, slot: _Slot) -> None:
        try:
            await self.nursery.start(slot.instance)
        except OSError as error:  # no process, no memory, too many open files
            slot.doom = (Status.ERROR, _error("InstanceCrashed", f"an instance could not be started: {error}."))
            self.on_gone(slot.instance)
        except FnlabError as error:  # there is nothing to fork
            slot.doom = (Status.ERROR, _error(type(error).__name__, str(error)))
            self.on_gone(slot.instance)

    def _assign(self, request: _Request, slot: _Slot, *, cold: bool) -> None:
        request.cold = cold
        slot.request = request
        if slot.ready:
            self._begin(slot, request)

    def _begin(self, slot: _Slot, request: _Request) -> None:
        request.start_s = self._clock.now_s()
        timeout_s = self.function.timeout_s
        late = f"the handler must answer within {timeout_s:g} s; it was killed after that."
        slot.expect(timeout_s, lambda: self._kill(slot, Status.TIMEOUT, "FunctionTimeout", late))
        self._log.write(f"START RequestId: {request.request_id} Version: {self.version}")
        slot.instance.invoke(request.request_id, timeout_s, request.event)

    def _stop(self, name: str, now_s: float) -> None:
        slot = self._slots.pop(name)
        self._recorder.stopped(slot.instance.row, now_s)
        self._chore(self.nursery.stop(slot.instance, GRACE_S))

    def _remove(self, name: str, slot: _Slot) -> None:
        """Take an instance away that the scheduler did not ask to stop."""
        del self._slots[name]
        now_s = self._clock.now_s()
        self._recorder.stopped(slot.instance.row, now_s)
        self._chore(self.nursery.stop(slot.instance, 0))
        self._tell(Crashed(name), now_s)

    def _refuse(self, request: _Request) -> None:
        self._recorder.refused(request.arrival_s)
        most = self.function.scaling.max_instances
        sentence = f"all {most} instances that {self.function.name!r} may have are busy; try again later."
        self._answer(request, Status.THROTTLED, _error("Throttled", sentence), None)

    def _set_alarm(self) -> None:
        due_s = self.scheduler.wake_at()
        if due_s is None or due_s >= self._alarm_s or self._closed:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = due_s
        delay_s = max(0.0, due_s - self._clock.now_s())
        self._alarm = asyncio.get_running_loop().call_later(delay_s, self._on_alarm)

    def _on_alarm(self) -> None:
        # The instance that was to expire may have served again, or the clock may have stood still.
        self._alarm_s = float("inf")
        if (due_s := self.scheduler.wake_at()) is not None and due_s <= self._clock.now_s():
            self.wake()
        else:
            self._set_alarm()

    # What instances say.

    def on_ready(self, instance: Instance) -> None:
        """Begin the request that waited for this instance, if one did."""
        slot = self._slots.get(instance.name)
        if slot is None:
            return  # it was stopped while its word was on the way
        slot.relax()
        now_s = self._clock.now_s()
        self._recorder.ready(instance.row, now_s)
        if self._too_large(slot, instance.peak_mib):
            return
        slot.ready = True
        self._tell(Ready(instance.name), now_s)
        if slot.request is not None:
            self._begin(slot, slot.request)

    def on_failed(self, instance: Instance, error: bytes) -> None:
        """Remember why; the process is about to end."""
        if slot := self._slots.get(instance.name):
            slot.doom = (Status.ERROR, error)
        instance.kill()

    def on_result(self, instance: Instance, result: wire.Result) -> None:
        """Answer the request and give the instance back."""
        slot = self._slots.get(instance.name)
        if slot is None or slot.request is None or slot.doom is not None:
            return  # the deadline came first, and its word stands
        slot.relax()
        if self._too_large(slot, instance.peak_mib):
            return
        request, slot.request = slot.request, None
        del self._requests[request.request_id]
        now_s = self._clock.now_s()
        self._finish(request, instance, Status.OK if result.ok else Status.ERROR, result, now_s)
        self._tell(Finished(request.request_id), now_s)

    def on_gone(self, instance: Instance) -> None:
        """Note a process that ended without being asked to; its request fails."""
        slot = self._slots.pop(instance.name, None)
        if slot is None:
            return
        slot.relax()
        now_s = self._clock.now_s()
        self._recorder.stopped(instance.row, now_s)
        self._chore(self.nursery.stop(instance, 0))
        if slot.request is not None and self._requests.pop(slot.request.request_id, None) is not None:
            crash = _error("InstanceCrashed", "the instance's process ended before it answered.")
            status, body = slot.doom or (Status.ERROR, crash)
            request = slot.request
            if not slot.ready:  # it never got so far: all of its time was init
                request.start_s = now_s
            self._finish(request, instance, status, wire.Result(request.request_id, False, 0, 0, body), now_s)
        self._tell(Crashed(instance.name), now_s)

    def _too_large(self, slot: _Slot, peak_mib: float) -> bool:
        memory_mib = self.function.memory_mib
        if peak_mib <= memory_mib:
            return False
        sentence = f"an instance must fit into {memory_mib} MiB; it used {peak_mib:.0f} MiB and was killed."
        self._kill(slot, Status.OUT_OF_MEMORY, "OutOfMemory", sentence)
        return True

    def _look_at_memory(self) -> None:
        """While anybody works, look at the memory of those who do; one that outgrows its own is killed at once.

        What grows and shrinks between two looks is found afterwards, by the peak that the instance reports.
        """
        self._watch = None
        if self.quiet.is_set() or self._closed:
            return
        for slot in self._slots.values():
            if slot.doom is None and (slot.request is not None or not slot.ready):
                self._too_large(slot, slot.instance.resident_mib())
        self._watch = asyncio.get_running_loop().call_later(WATCH_S, self._look_at_memory)

    def _kill(self, slot: _Slot, status: Status, error_type: str, sentence: str) -> None:
        slot.doom = (status, _error(error_type, sentence))
        slot.instance.kill()

    # Answers.

    def _finish(self, request: _Request, instance: Instance, status: Status, result: wire.Result, end_s: float) -> None:
        init_s = request.start_s - request.arrival_s if request.cold else 0.0
        self._recorder.invocation(
            arrival_s=request.arrival_s,
            start_s=request.start_s,
            end_s=end_s,
            init_s=init_s,
            status=status,
            instance=instance.row,
        )
        duration_s = end_s - request.start_s
        report = Report(
            request_id=request.request_id,
            instance=instance.row,
            pid=instance.pid,
            status=status,
            init_s=init_s,
            duration_s=duration_s,
            billed_s=float(billed_s(init_s, duration_s)),
            cpu_s=result.cpu_s,
            memory_mib=self.function.memory_mib,
            peak_mib=instance.peak_mib,
            phases=instance.phases if request.cold else (),
            body=result.body,
        )
        self._log.write(f"END RequestId: {request.request_id}", report.line())
        self._answer(request, status, result.body, report)

    def _answer(self, request: _Request, status: Status, body: bytes, report: Report | None) -> None:
        report = report or Report(
            request_id=request.request_id,
            instance=-1,
            pid=-1,
            status=status,
            init_s=0,
            duration_s=0,
            billed_s=0,
            cpu_s=0,
            memory_mib=self.function.memory_mib,
            peak_mib=0,
            phases=(),
            body=body,
        )
        self._on_report(report)
        if not request.answer.done():
            request.answer.set_result(report)

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside; :meth:`close` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _chores_done(self) -> None:
        while self._chores:
            await asyncio.gather(*self._chores)


def _error(error_type: str, sentence: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": sentence, "stackTrace": []}).encode()
