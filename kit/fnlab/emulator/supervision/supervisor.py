"""Carries out what the scheduler decides for one version of a function, with a clock and processes."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any

from fnlab.emulator.clock import Clock
from fnlab.emulator.home import Home
from fnlab.emulator.ids import new_id
from fnlab.emulator.instance import wire
from fnlab.emulator.processes.kinds import AnyInstance
from fnlab.emulator.processes.nursery import Nursery
from fnlab.emulator.processes.process import GRACE_S
from fnlab.emulator.report import Report, error_json
from fnlab.emulator.supervision.alarm import Alarm
from fnlab.emulator.supervision.bookkeeper import Bookkeeper
from fnlab.emulator.supervision.launcher import INIT_TRIES, Launcher
from fnlab.emulator.supervision.locking import locked
from fnlab.emulator.supervision.slots import Answer, Request, Sink, Slot
from fnlab.emulator.supervision.watch import Watch
from fnlab.errors import EmulatorClosed
from fnlab.functions import Function, Scaler, Scaling
from fnlab.scheduler import (
    Arrived,
    Assign,
    Crashed,
    Decision,
    Event,
    Finished,
    Queue,
    Ready,
    Reject,
    Resized,
    Scheduler,
    Start,
    Stop,
    Woken,
)
from fnlab.scheduler.fleet import without_policies
from fnlab.trace import Kind, Recorder, Status, Trace

_log = logging.getLogger(__name__)

#: A promised instance that does not start, while nobody waits for it, is tried again after this pause, and not as fast
#: as the machine can.
PAUSE_S = 1.0

_EMPTY: Mapping[str, Any] = {}
_NOTHING = wire.Result("", False, 0, 0, b"")


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
    recorder : Recorder, optional
        Where its rows go; by default a new one.
    min_instances : int, optional
        How many instances are kept ready; by default as the function says.
    lock : RLock, optional
        Held while anything here changes: callers' own threads come in by :meth:`lease`.
    """

    def __init__(
        self,
        function: Function,
        *,
        version: int,
        home: Home,
        clock: Clock,
        on_report: Callable[[Report], None],
        recorder: Recorder | None = None,
        min_instances: int | None = None,
        lock: "threading.RLock | None" = None,
    ) -> None:
        self.function, self.version = function, version
        self.clock = clock
        self.lock = lock or threading.RLock()
        self.scaling = _with_minimum(function.scaling, min_instances)
        self.scheduler = Scheduler(self.scaling, on_bad_policy=self._on_bad_policy)
        self.quiet = asyncio.Event()  # set while no request is here and no instance is starting
        self._recorder = recorder or Recorder(memory_mib=function.memory_mib, version=version)
        self._books = Bookkeeper(function, version=version, clock=clock, recorder=self._recorder, on_report=on_report)
        self.confined: Mapping[str, Any] = {}  # the walls of the instance that started last
        one_by_one = function.scaling.concurrency == 1 and not function.isolation.freeze
        self._has_direct = function.runtime == "python" and one_by_one
        self.nursery = Nursery(function, version=version, home=home)
        self._slots: dict[str, Slot] = {}
        self._requests: dict[Hashable, Request] = {}  # by id
        self._launcher = Launcher(
            function, version=version, home=home, nursery=self.nursery, owner=self, late=self._init_too_late
        )
        self._alarm = Alarm(clock, self._on_alarm)
        self._watch = Watch(
            function,
            slots=self._slots,
            clock=clock,
            folder_of=self.nursery.folder,
            excess=self._kill,
            late=self._too_late,
        )
        self._loop = asyncio.get_running_loop()
        self._closed = self._draining = False
        self.wake()

    # What callers want.

    def submit(
        self,
        event: bytes,
        *,
        request_id: str | None = None,
        meta: Mapping[str, Any] = _EMPTY,
        sink: Sink | None = None,
    ) -> asyncio.Future[Report]:
        """Take a request in; its report comes later, and the pieces of a streamed answer go to `sink` before."""
        answer: asyncio.Future[Report] = self._loop.create_future()
        self.take(event, answer, request_id=request_id or new_id(), meta=meta, sink=sink)
        return answer

    def take(
        self,
        event: bytes,
        answer: Answer,
        *,
        request_id: str,
        meta: Mapping[str, Any] | bytes = _EMPTY,
        sink: Sink | None = None,
    ) -> None:
        """Take a request in; its report goes to `answer`, perhaps at once."""
        with self.lock:
            if self._closed:
                which = f"version {self.version} of {self.function.name!r}"
                raise EmulatorClosed(f"a call needs a running function; {which} was replaced or closed.")
            now_s = self.clock.now_s()
            self._requests[request_id] = Request(request_id, event, now_s, answer, meta, sink)
            self._tell(Arrived(request_id), now_s)

    # A thread of a caller's own, see `direct`. The four that follow may be called from any thread.

    def lease(self, request: Request) -> Slot | None:
        """Give a caller's thread an idle instance with a direct lane, if there is one."""
        with self.lock:
            if self._closed or self._draining or not self._has_direct or not self.scheduler.idle:
                return None
            due_s, now_s = self.scheduler.wake_at(), self.clock.now_s()
            if due_s is not None and due_s <= now_s:
                return None  # an instance is to be stopped first, and that is the loop's
            request.arrival_s = now_s
            self._requests[request.request_id] = request
            self.quiet.clear()
            # With an idle instance and nothing due, a request is given to that one, and nothing else happens.
            (assigned,) = self.scheduler.on(Arrived(request.request_id), now_s)
            assert isinstance(assigned, Assign), "an idle instance serves at once"  # narrows the type
            slot = request.slot = self._slots[assigned.instance]
            slot.requests[request.request_id] = request
            self._books.begin(request, slot)
            return slot

    def settle(self, request: Request, slot: Slot, result: wire.Result) -> None:
        """Take back a leased instance that has answered."""
        with self.lock:
            slot.instance.peak_mib = max(slot.instance.peak_mib, result.peak_mib)
            if slot.doom is not None or request.request_id not in self._requests:
                return
            if self._watch.too_large(slot, slot.instance.peak_mib):
                return
            self._forget(request, slot)
            report, now_s = self._books.end(request, slot, *self._books.judged(result))
            self._books.answer(request, report)
            if not self.scheduler.settles_alone:
                # Something follows from it, which must be carried out before anything else happens to the instance.
                self._loop.call_soon_threadsafe(self._finish, request, slot)
                return
            self.scheduler.on(Finished(request.request_id), now_s)
            if self._draining or self._alarm.is_late_for(self.scheduler.wake_at()):
                self._loop.call_soon_threadsafe(self._settled)

    @locked
    def _finish(self, request: Request, slot: Slot) -> None:
        if self._slots.get(slot.name) is slot:  # if not, it was lost meanwhile, and the request with it
            self._tell(Finished(request.request_id), self.clock.now_s())

    def watch(self, request: Request) -> None:
        """Look after a leased instance that takes its time."""
        with self.lock:
            if not self._closed:
                self._loop.call_soon_threadsafe(self._look_after, request)

    def abandon(self, request: Request) -> None:
        """End a leased instance whose caller was interrupted."""
        with self.lock:
            if request.slot is not None and self.scheduler.serves(request.request_id):
                sentence = "the caller was interrupted; the instance was ended."
                self._kill(request.slot, Status.ERROR, "InstanceCrashed", sentence)

    def _look_after(self, request: Request) -> None:
        with self.lock:
            if request.slot is not None and request.request_id in self._requests:
                self._watch.start()

    @locked
    def cancel(self, request_id: str) -> None:
        """Give up a request, if it is here; the instance that serves it is ended."""
        request = self._requests.get(request_id)
        if request is not None and request.slot is not None:
            request.slot.tries = INIT_TRIES  # an init that is ended on purpose is not repeated
            self._kill(request.slot, Status.ERROR, "InstanceCrashed", "the request was stopped from outside.")

    @locked
    def turn_away(self, report: Report) -> None:
        """Note a request that the platform's own limits refused."""
        self._books.turn_away(report)

    @locked
    def wake(self) -> None:
        """Let idle instances expire and the minimum be filled up, as of now."""
        self._tell(Woken(), self.clock.now_s())

    @locked
    def resize(self, *, min_instances: int, rules: tuple[Scaler, ...] = ()) -> None:
        """Keep another number of instances ready, or follow other rules about it."""
        self.scaling = replace(_with_minimum(self.function.scaling, min_instances), rules=rules)
        self._tell(Resized(self.scaling), self.clock.now_s())

    @locked
    def trace(self, duration_s: float | None = None) -> Trace:
        """Everything that has ended so far, in a window of this length (by default until now)."""
        return self._recorder.trace(self.clock.now_s() if duration_s is None else duration_s)

    @locked
    def slots(self) -> list[Slot]:
        """Look at the living instances."""
        return list(self._slots.values())

    @locked
    def pids(self) -> dict[str, int]:
        """Process ids of the living instances."""
        return {name: slot.instance.pid for name, slot in self._slots.items()}

    @property
    def load(self) -> int:
        """How many requests are here."""
        return len(self._requests)

    @locked
    def up(self) -> int:
        """Count the instances that are ready."""
        return sum(slot.ready for slot in self._slots.values())

    async def evict(self) -> None:
        """Stop all idle instances now, so that the next request is cold."""
        with self.lock:  # all along, or a caller's thread would lease one of them between the look and the end
            for slot in [slot for slot in self._slots.values() if slot.ready and not slot.requests]:
                self._lose(slot)
        await self._launcher.done()

    async def drain(self) -> None:
        """Finish the requests that are here, then close."""
        with self.lock:
            self._draining = True
            # Else an instance that is promised and cannot start would be started again for ever.
            self.scaling = replace(without_policies(self.scaling), min_instances=0)
            self._tell(Resized(self.scaling), self.clock.now_s())
        await self.quiet.wait()
        await self.close()

    async def close(self) -> None:
        """Stop everything; requests that are not finished hear that the emulator was closed. Twice is fine."""
        if self._closed:
            return
        closed = EmulatorClosed("the emulator was closed before the call ended.")
        self._let_all_go(closed)
        self.nursery.give_up(closed)
        await self._launcher.done()
        await self.nursery.close()
        self.quiet.set()

    @locked
    def _let_all_go(self, closed: EmulatorClosed) -> None:
        self._closed = True
        self._alarm.stop()
        self._watch.stop()
        for request in self._requests.values():
            if not request.answer.done():  # whoever stopped waiting has taken it back
                request.answer.set_exception(closed)
        self._requests.clear()
        for slot in self._slots.values():
            slot.relax()
            self._launcher.put_away(slot, 0 if slot.requests or not slot.ready else GRACE_S)
        self._slots.clear()

    # Events in, decisions out.

    def _tell(self, event: Event, now_s: float) -> None:
        for decision in self.scheduler.on(event, now_s):
            if isinstance(decision, Assign):  # the usual one, and the only one of a warm call
                self._assign(self._requests[decision.request], self._slots[decision.instance], decision, now_s)
            else:
                self._carry_out(decision, now_s)
        self._settled()

    def _carry_out(self, decision: Decision, now_s: float) -> None:
        with self.lock:
            match decision:
                case Assign():
                    self._assign(self._requests[decision.request], self._slots[decision.instance], decision, now_s)
                case Start(name, reason):
                    self._start(name, Kind.PROVISIONED if reason == "min instances" else Kind.ON_DEMAND, now_s)
                case Reject(request_id, reason):
                    self._books.refuse(self._requests.pop(request_id), reason, self.scaling)
                case Queue(request_id):
                    self._requests[request_id].waited = True  # what becomes of it follows
                case Stop(name):
                    self._stop(name, now_s)

    def _on_bad_policy(self, error: Exception) -> None:
        which = f"version {self.version} of {self.function.name!r}"
        _log.warning("a policy of %s failed, and its fixed rules hold from now on: %r", which, error)

    def _settled(self) -> None:
        """Bring the clocks and watches in line with what goes on now."""
        with self.lock:
            working = self.scheduler.busy
            self.clock.note_working(working)
            if working and not self._watch.looking:
                self._watch.start()
            quiet = not working and not self._requests
            if quiet is not self.quiet.is_set():
                (self.quiet.set if quiet else self.quiet.clear)()
            self._set_alarm()

    def _start(self, name: str, kind: Kind, now_s: float) -> None:
        row = self._recorder.created(now_s, kind)
        self._slots[name] = slot = self._launcher.slot(name, row, kind)
        slot.created_s = now_s

    def _assign(self, request: Request, slot: Slot, decision: Assign, now_s: float) -> None:
        request.cold, request.slot, request.assigned_s = decision.reason == "cold", slot, now_s
        if request.cold and slot.ready:  # it waited for whatever was free first, and this one was started meanwhile
            request.assigned_s = max(request.arrival_s, now_s - slot.init_s)
        slot.requests[request.request_id] = request
        if slot.ready:
            self._begin(slot, request)

    def _begin(self, slot: Slot, request: Request) -> None:
        if slot.frozen:
            slot.instance.thaw()
            slot.frozen = False
        self._books.begin(request, slot)
        meta = request.meta
        if not isinstance(meta, bytes):
            meta = json.dumps(meta).encode() if meta else b""
        slot.instance.invoke(request.request_id, self.function.timeout_s, request.event, meta)

    @locked
    def _too_late(self, request: Request, slot: Slot) -> None:
        """Answer for a handler that has had its time, and end its instance: politely, then for sure."""
        if request.request_id not in slot.requests:
            return  # a caller's thread took the answer while this waited for the lock
        sentence = f"the handler must answer within {self.function.timeout_s:g} s; it was killed after that."
        slot.doom = (Status.TIMEOUT, error_json("FunctionTimeout", sentence))
        self._lose(slot, grace_s=GRACE_S)

    def _stop(self, name: str, now_s: float) -> None:
        slot = self._slots.pop(name)
        self._recorder.stopped(slot.instance.row, now_s)
        self._launcher.put_away(slot, GRACE_S)

    @locked
    def _on_alarm(self) -> None:
        # The instance that was to expire may have served again, or the clock may have stood still.
        if (due_s := self.scheduler.wake_at()) is not None and due_s <= self.clock.now_s():
            self.wake()
        else:
            self._set_alarm()

    def _set_alarm(self) -> None:
        if not self._closed:
            self._alarm.set(self.scheduler.wake_at())

    # What instances say.

    @locked
    def on_ready(self, instance: AnyInstance) -> None:
        """Begin the requests that waited for this instance."""
        slot = self._slot_of(instance)
        if slot is None:
            return  # it was stopped while its word was on the way
        slot.relax()
        self.confined = instance.confined
        now_s = self.clock.now_s()
        self._recorder.ready(instance.row, now_s)
        if self._watch.too_large(slot, instance.peak_mib):
            return
        slot.ready, slot.init_s = True, now_s - slot.created_s
        self._tell(Ready(slot.name), now_s)
        for request in list(slot.requests.values()):
            if not request.begun:
                self._begin(slot, request)
        self._rest(slot)

    @locked
    def on_failed(self, instance: AnyInstance, error: bytes) -> None:
        """Remember why; the process is about to end."""
        if slot := self._slot_of(instance):
            slot.doom = (Status.ERROR, error)
        instance.kill()

    @locked
    def on_chunk(self, instance: AnyInstance, request_id: str, piece: bytes) -> None:
        """Hand on a piece of an answer, or keep it for the whole."""
        if request := self._requests.get(request_id):
            (request.sink or request.pieces.append)(piece)

    def on_result(self, instance: AnyInstance, result: wire.Result) -> None:
        """Answer the request and give its place back."""
        with self.lock:
            slot = self._slot_of(instance)
            if slot is None or slot.doom is not None or result.request_id not in slot.requests:
                return  # the deadline came first, and its word stands
            if self._watch.too_large(slot, instance.peak_mib):
                return
            request = slot.requests[result.request_id]
            self._forget(request, slot)
            report, end_s = self._books.end(request, slot, *self._books.judged(result))
            if self.scheduler.waiting:  # the instance goes on before the answer is brought to its reader
                self._tell(Finished(request.request_id), end_s)
                self._books.answer(request, report)
            else:
                self._books.answer(request, report)
                self._tell(Finished(request.request_id), end_s)
            if self.function.isolation.freeze:
                self._rest(slot)

    @locked
    def on_gone(self, instance: AnyInstance) -> None:
        """Note a process that ended without being asked to: its init is tried once more, its requests fail."""
        slot = self._slot_of(instance)
        if slot is None:
            return
        if not slot.ready and slot.tries < INIT_TRIES and slot.requests:
            self._launcher.try_again(slot)
        else:
            self._lose(slot)

    def _forget(self, request: Request, slot: Slot) -> None:
        del slot.requests[request.request_id], self._requests[request.request_id]

    def _slot_of(self, instance: AnyInstance) -> Slot | None:
        slot = self._slots.get(instance.name)
        return slot if slot is not None and slot.instance is instance else None

    def _rest(self, slot: Slot) -> None:
        """Let an instance with nothing to do stand still, if its function wants that."""
        if self.function.isolation.freeze and not slot.requests and slot.name in self._slots:
            slot.instance.freeze()
            slot.frozen = True

    def _kill(self, slot: Slot, status: Status, error_type: str, sentence: str) -> None:
        """End an instance at once; its requests hear why when it is gone."""
        slot.doom = (status, error_json(error_type, sentence))
        if slot.instance.pid < 0:  # it waits for a fork server, and there is nothing yet that could be gone
            self.on_gone(slot.instance)
        else:
            slot.instance.kill()

    def _init_too_late(self, slot: Slot, timeout_s: float) -> None:
        late = f"the init must end within {timeout_s:g} s; it was killed after that."
        self._kill(slot, Status.TIMEOUT, "FunctionTimeout", late)

    @locked
    def _lose(self, slot: Slot, grace_s: float = 0) -> None:
        """Take an instance away that the scheduler did not ask to stop; the requests on it fail."""
        del self._slots[slot.name]
        slot.relax()
        now_s = self.clock.now_s()
        self._recorder.stopped(slot.instance.row, now_s)
        crash = error_json("InstanceCrashed", "the instance's process ended before it answered.")
        status, body = slot.doom or (Status.ERROR, crash)
        wanted = bool(slot.requests)
        for request in slot.requests.values():
            if self._requests.pop(request.request_id, None) is not None:
                report, _ = self._books.end(request, slot, status, _NOTHING._replace(body=body))
                self._books.answer(request, report)
        slot.requests.clear()
        self._launcher.put_away(slot, grace_s, busy=grace_s > 0)
        if slot.ready or wanted or self._closed:
            self._tell(Crashed(slot.name), now_s)
        else:
            asyncio.get_running_loop().call_later(PAUSE_S, self._note_crash, slot.name)

    @locked
    def _note_crash(self, name: str) -> None:
        if not self._closed:
            self._tell(Crashed(name), self.clock.now_s())


def _with_minimum(scaling: Scaling, min_instances: int | None) -> Scaling:
    least = scaling.min_instances if min_instances is None else min_instances
    if least and scaling.autoscaler is not None:
        scaling = without_policies(scaling)  # what an operator promises comes before what an autoscaler wants
    return replace(scaling, min_instances=least, max_instances=max(least, scaling.max_instances))
