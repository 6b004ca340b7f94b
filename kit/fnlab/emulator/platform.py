"""The platform that all doors share: what is deployed, what runs, and how a request finds its way."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from fnlab.emulator.arn import function_arn, function_in
from fnlab.emulator.beside import Chores
from fnlab.emulator.clock import WallClock
from fnlab.emulator.handlers import check_handler
from fnlab.emulator.handover import Admitted, drained
from fnlab.emulator.history import Histories, History
from fnlab.emulator.home import Home
from fnlab.emulator.ids import new_id
from fnlab.emulator.meter import Meter
from fnlab.emulator.queue.delivery import Delivery
from fnlab.emulator.report import Report, refused
from fnlab.emulator.state.catalog import Catalog
from fnlab.emulator.state.records import Version
from fnlab.emulator.state.store import Store
from fnlab.emulator.supervision import direct
from fnlab.emulator.supervision.slots import Answer
from fnlab.emulator.supervision.supervisor import Supervisor
from fnlab.functions import DRAFT, Function, Limits
from fnlab.scheduler import Admission, Refusal
from fnlab.trace import Trace

#: Events of one function that are tried at once; a queue of thousands must not start as many instances.
EVENTS_AT_ONCE = 8

_EMPTY: Mapping[str, Any] = {}

#: Where the key that chooses a version is kept with an event; handlers do not see it.
_KEY = "routing_key"


class Platform:
    """Functions and the instances that serve them. Lives on one event loop; call nothing from another thread.

    Parameters
    ----------
    home : Home
        Where files, logs and the store are.

    Attributes
    ----------
    catalog : Catalog
        What is deployed. Doors read and change it; the platform follows.
    meter : Meter
        Counts of what has ended.
    delivery : Delivery
        Events that nobody waits for.
    admission : Admission
        The limits on requests at once.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.store = Store(home.path / "state.sqlite")
        self.admission = Admission.of(Limits.of("aws-lambda"))
        self.clock = WallClock()
        self.meter = Meter()
        self.lock = threading.RLock()  # callers' own threads come in by `invoke_from_thread`
        self._running: dict[tuple[str, int], tuple[str, Supervisor]] = {}  # with the revision that it runs
        self._retiring: set[Supervisor] = set()
        self.histories = Histories(home, clock=self.clock, meter=self.meter, lock=self.lock)
        self._chores = Chores()
        self._unsettled: set[str] = set()  # functions that are changing; what runs follows at the end
        self.catalog = Catalog(self.store, home, on_change=self._follow)
        self.delivery = Delivery(
            self.store,
            invoke=self._deliver,
            cancel=self.cancel,
            policy_of=self.catalog.policy,
            backoff_of=lambda name: Limits.of(self.catalog[name].draft.function.limits).async_backoff,
            target_of=self._target,
            arn_of=function_arn,
            in_flight=self._room_for_events,
        )
        for entry in self.catalog:
            self._follow(entry.name)
        self.delivery.resume()

    def deploy(self, function: Function) -> Version:
        """Take a function in and publish it; the version before makes room, unless somebody still wants it.

        Raises
        ------
        HandlerNotImportable
            If the handler's module is neither in the package nor installed.
        """
        check_handler(function)
        name = function.name
        before = set(self.catalog[name].versions) if name in self.catalog else set()
        self._unsettled.add(name)  # or the draft would start what is promised for the version
        try:
            if name not in self.catalog:
                self.catalog.create(function)
            elif self.catalog[name].draft.function != function:
                self.catalog.update(name, function)
            version = self.catalog.publish(name)
        finally:
            self._unsettled.discard(name)
        self._follow(name)
        if version.number not in before:
            for number in before - self.catalog[name].wanted:
                if (name, number) in self._running:
                    self._retire((name, number))
        return version

    # Requests.

    async def invoke(
        self,
        name: str,
        qualifier: str | None = None,
        *,
        payload: bytes,
        request_id: str | None = None,
        key: str | None = None,
        meta: Mapping[str, Any] = _EMPTY,
    ) -> Report:
        """Let a function answer a request, and wait.

        Parameters
        ----------
        name, qualifier : str
            Which function; its draft, a version, or an alias.
        payload : bytes
            The event, as JSON unless the function wants bytes.
        request_id : str, optional
            By default a new one.
        key : str, optional
            Requests with the same key go to the same version of an alias with weights.
        meta : Mapping
            What else the handler's context shows: ``arn``, ``qualifier``, ``client_context``, ``trace_id``, …

        Returns
        -------
        Report
            However it ended; a refused one has the status THROTTLED and a reason.

        Raises
        ------
        NotFound
            If there is no such function, version or alias.
        EmulatorClosed
            If it is closed before the answer is there.
        """
        version = self.version(name, qualifier, key)
        request_id = request_id or new_id()
        supervisor = self.supervisor(version)
        if report := self._turned_away(version, request_id):
            return report
        try:
            return await supervisor.submit(payload, request_id=request_id, meta=meta)
        finally:
            self._release(name)

    def begin(
        self, version: Version, answer: Answer, *, payload: bytes, request_id: str, meta: Mapping[str, Any] | bytes
    ) -> None:
        """Let a version answer a request, as :meth:`invoke` does; its report goes to `answer`, perhaps at once.

        Raises
        ------
        EmulatorClosed
            If it is closed already; later that goes to `answer`, too.
        """
        supervisor = self.supervisor(version)
        if report := self._turned_away(version, request_id):
            answer.set_result(report)
            return
        admitted = Admitted(partial(self._release, version.function.name), answer)
        try:
            supervisor.take(payload, admitted, request_id=request_id, meta=meta)
        except BaseException:
            self._release(version.function.name)
            raise

    def invoke_from_thread(self, version: Version, payload: bytes) -> Report | None:
        """Let an idle instance answer a caller's own thread, past the event loop; None when that cannot be.

        This, alone of all methods, may be called from any thread.
        """
        name, admitted = version.function.name, False
        try:
            with self.lock:
                running = self._running.get((name, version.number))
                if running is None or running[0] != version.revision:
                    return None
                entry = self.catalog.get(name)
                if entry is None or (entry.reserved is not None and entry.provisioned):
                    return None  # who may take which place is for the loop to weigh
                if self.admission.admit(name, now_s=time.monotonic()):
                    return None  # refused, but that is for the loop to say
                admitted = True
            return direct.call(running[1], payload)
        finally:
            if admitted:
                self._release(name)

    def stream(
        self,
        name: str,
        qualifier: str | None = None,
        *,
        payload: bytes,
        request_id: str | None = None,
        key: str | None = None,
        meta: Mapping[str, Any] = _EMPTY,
    ) -> AsyncIterator[bytes | Report]:
        """Let a function answer bit by bit: pieces as they come, and at last the report."""
        pieces: asyncio.Queue[bytes | Report | BaseException] = asyncio.Queue()
        version = self.version(name, qualifier, key)
        request_id = request_id or new_id()

        async def work() -> None:
            supervisor = self.supervisor(version)
            if report := self._turned_away(version, request_id):
                pieces.put_nowait(report)
                return
            try:
                answer = supervisor.submit(payload, request_id=request_id, meta=meta, sink=pieces.put_nowait)
                pieces.put_nowait(await answer)
            except Exception as error:  # whoever reads the stream must hear of it
                pieces.put_nowait(error)
            finally:
                self._release(name)

        return drained(pieces, asyncio.get_running_loop().create_task(work()))

    async def enqueue(
        self,
        name: str,
        qualifier: str | None = None,
        *,
        payload: bytes,
        task_id: str | None = None,
        key: str | None = None,
        meta: Mapping[str, Any] = _EMPTY,
    ) -> str:
        """Take in an event that nobody waits for. When this returns its id, the event survives a crash.

        The version is chosen at each try, by the key if there is one.

        Raises
        ------
        NotFound
            If there is no such function, version or alias.
        """
        self.catalog.version(name, qualifier)
        kept = dict(meta) if key is None else {**meta, _KEY: key}
        return await self.delivery.accept(name, qualifier or "$LATEST", payload, task_id=task_id, meta=kept)

    def _turned_away(self, version: Version, request_id: str) -> Report | None:
        with self.lock:
            refusal = self._beyond_reserved(version) or self.admission.admit(
                version.function.name, now_s=time.monotonic()
            )
        if refusal is None:
            return None
        report = refused(request_id, version.function, version.number, reason=refusal)
        self.supervisor(version).turn_away(report)
        return report

    def _beyond_reserved(self, version: Version) -> Refusal | None:
        """Refuse what would take a place that provisioned instances hold of the function's reservation, as AWS does."""
        entry = self.catalog[version.function.name]
        if entry.reserved is None or not entry.provisioned:
            return None
        beyond: dict[int, int] = {}  # requests of each version that its own provisioned instances do not serve
        for supervisor in self.running(entry.name):
            beyond[supervisor.version] = supervisor.load - entry.provisioned_of(supervisor.version)
        if beyond.get(version.number, 0) < 0 or (not beyond and entry.provisioned_of(version.number)):
            return None
        left = entry.reserved - sum(entry.provisioned.values())
        return Refusal.RESERVED if sum(max(0, count) for count in beyond.values()) >= left else None

    def _release(self, name: str) -> None:
        with self.lock:
            self.admission.release(name)

    def cancel(self, request_id: str) -> None:
        """Give up a request, if it is running: its instance is ended."""
        for supervisor in [*self.running(), *self._retiring]:
            supervisor.cancel(request_id)

    async def _deliver(
        self, function: str, qualifier: str, payload: bytes, *, request_id: str, meta: Mapping[str, Any]
    ) -> Report:
        shown = {name: value for name, value in meta.items() if name != _KEY}
        return await self.invoke(
            function, qualifier, payload=payload, request_id=request_id, key=meta.get(_KEY), meta=shown
        )

    def _target(self, destination: str) -> tuple[str, str] | None:
        """Find the function that a destination names, if it is one of ours."""
        named = function_in(destination)
        return (named[0], named[1] or "$LATEST") if named and named[0] in self.catalog else None

    def _room_for_events(self, name: str) -> int:
        """Say how many events of a function may be tried at once: what is reserved for it, but not everything."""
        entry = self.catalog.get(name)
        return EVENTS_AT_ONCE if entry is None or entry.reserved is None else min(entry.reserved, EVENTS_AT_ONCE)

    def version(self, name: str, qualifier: str | None = None, key: str | None = None) -> Version:
        """Choose the version that serves a request; an alias with weights chooses by the key or by chance."""
        return self.catalog.version(name, qualifier, point=_point(key))

    def reserve(self, name: str, requests: int | None) -> None:
        """Keep this many requests at once for a function, and allow it no more; None gives them back.

        Raises
        ------
        BadValue
            If too little would be left for the other functions.
        """
        self.catalog[name]  # it must be there before anything is reserved for it
        self.admission.reserve(name, requests)
        self.catalog.reserve(name, requests)

    # What runs.

    def supervisor(self, version: Version) -> Supervisor:
        """Give what runs a version, started if need be; nothing of it runs before its first request."""
        key = version.function.name, version.number
        running = self._running.get(key)
        if running is not None and running[0] == version.revision:
            return running[1]
        if running is not None:
            self._retire(key)
        supervisor = Supervisor(
            version.function,
            version=version.number,
            home=self.home,
            clock=self.clock,
            recorder=self.history(version).recorder,
            on_report=self.history(version).note,
            min_instances=self.catalog[version.function.name].promised_of(version.number),
            lock=self.lock,
        )
        self._running[key] = version.revision, supervisor
        return supervisor

    def history(self, version: Version) -> History:
        """Give what is remembered of a version."""
        return self.histories.of(version)

    def trace(self, name: str | None = None) -> Trace:
        """Tell what has happened since the platform began, to one function or to all of them."""
        return self.histories.trace(name)

    def running(self, name: str | None = None) -> Iterator[Supervisor]:
        """Go through what runs."""
        for (function, _), (_, supervisor) in self._running.items():
            if name in (None, function):
                yield supervisor

    def calls(self, name: str) -> int:
        """Count the requests to a function that have ended."""
        return self.histories.calls(name)

    def pids(self, version: Version) -> dict[str, int]:
        """Process ids of the living instances of a version."""
        running = self._running.get((version.function.name, version.number))
        return running[1].pids() if running else {}

    def ready(self, name: str, qualifier: str) -> int:
        """Count the instances that are up of those promised to a version or an alias."""
        version = self.catalog.version(name, qualifier)
        running = self._running.get((name, version.number))
        promised = self.catalog[name].provisioned.get(qualifier, 0)
        return min(promised, running[1].up()) if running else 0

    async def close(self) -> None:
        """Stop everything. What was acknowledged stays in the store."""
        await self.delivery.close()
        supervisors = [supervisor for _, supervisor in self._running.values()] + list(self._retiring)
        await asyncio.gather(*(supervisor.close() for supervisor in supervisors))
        await self._chores.done()
        self.store.close()

    def _follow(self, name: str) -> None:
        """Bring what runs in line with what is deployed."""
        if name in self._unsettled:
            return
        entry = self.catalog.get(name)
        if (reserved := entry.reserved if entry else None) != self.admission.reserved(name):
            self.admission.reserve(name, reserved)
        current = {} if entry is None else {DRAFT: entry.draft, **entry.versions}
        promised = {} if entry is None else {n: (entry.promised_of(n), entry.rules_of(n)) for n in current}
        for key, (revision, supervisor) in list(self._running.items()):
            if key[0] != name:
                continue
            version = current.get(key[1])
            if version is None or version.revision != revision:
                self._retire(key)
            elif promised[version.number] != (supervisor.scaling.min_instances, supervisor.scaling.rules):
                least, rules = promised[version.number]
                supervisor.resize(min_instances=least, rules=rules)
        for version in current.values():
            if any(promised[version.number]) and (name, version.number) not in self._running:
                self.supervisor(version)
        if entry is None:
            self.histories.forget(name)
            self.delivery.drop(name)

    def _retire(self, key: tuple[str, int]) -> None:
        """Let the instances finish their requests and go."""
        _, supervisor = self._running.pop(key)
        self._retiring.add(supervisor)

        async def drain() -> None:
            try:
                await supervisor.drain()
            finally:
                self._retiring.discard(supervisor)

        self._chores.begin(drain())


def _point(key: str | None) -> float:
    """Turn a key into a number from 0 to 1, always the same one; without a key, draw one."""
    if key is None:
        return random.random()
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") / 2**64
