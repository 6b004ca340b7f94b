"""A deployed function, to call and to look at."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from fnlab.display import facts
from fnlab.emulator import log
from fnlab.emulator.platform import History
from fnlab.emulator.records import Version
from fnlab.emulator.report import Report, error_of
from fnlab.emulator.sandbox import Sandbox
from fnlab.emulator.supervisor import Supervisor
from fnlab.emulator.task import Task
from fnlab.errors import BadValue, EmulatorClosed, EventNotJson
from fnlab.functions import Function, Limits
from fnlab.trace import Phase, Status, Trace
from fnlab.units import require
from fnlab.workload import Empirical, Profile

if TYPE_CHECKING:
    from fnlab.emulator.emulator import Emulator


class Deployed:
    """A running version of a function.

    Call it with an event (anything JSON can hold; numpy arrays count as lists) and get the handler's answer.

    Attributes
    ----------
    record : Version
        What is deployed.
    """

    def __init__(self, record: Version, *, emulator: "Emulator") -> None:
        self.record, self.emulator = record, emulator
        self._last_event: tuple[Any] | None = None  # in a tuple, because None is an event too

    @property
    def function(self) -> Function:
        """What is deployed."""
        return self.record.function

    @property
    def version(self) -> int:
        """Its number; 0 for a draft."""
        return self.record.number

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    @property
    def qualifier(self) -> str:
        """How this version is called from outside."""
        return str(self.version or "$LATEST")

    @property
    def reports(self) -> list[Report]:
        """The latest reports, one for each finished call, in the order in which they ended."""
        return list(self._history.reports)

    @property
    def _history(self) -> History:
        return self.emulator.platform.history(self.record)

    @property
    def _supervisor(self) -> Supervisor:
        return self.emulator.platform.supervisor(self.record)

    def __call__(self, event: Any) -> Any:
        """Invoke and wait.

        Raises
        ------
        EventNotJson, InvalidInput, HandlerError, FunctionTimeout, OutOfMemory, InstanceCrashed, Throttled
            As the call ended.
        """
        return answer(self.invoke(event))

    def invoke(self, event: Any) -> Report:
        """Invoke and wait; give the report, whatever the status."""
        body = self._body(event)
        if (report := self.emulator.invoke_from_thread(self.record, body)) is not None:
            return report
        return self.emulator.run(self._invoked(body))

    def map(self, events: Iterable[Any], *, workers: int = 4) -> list[Any]:
        """Invoke once an event, `workers` at a time; answers in the order of the events."""
        require("workers", workers, at_least=1)
        bodies = [self._body(event) for event in events]

        async def work() -> list[Report]:
            gate = asyncio.Semaphore(workers)

            async def one(body: bytes) -> Report:
                async with gate:
                    return await self._invoked(body)

            return await asyncio.gather(*map(one, bodies))

        return [answer(report) for report in self.emulator.run(work())]

    def spawn(self, event: Any) -> "Future[Any]":
        """Invoke and do not wait; ``.result()`` of what comes back waits."""
        promised: Future[Any] = Future()

        def settle(done: "Future[Report]") -> None:
            try:
                promised.set_result(answer(done.result()))
            except BaseException as error:  # whatever it is, who waits must hear of it
                promised.set_exception(error)

        self.emulator.begin(self._asked(event)).add_done_callback(settle)
        return promised

    def stream(self, event: Any) -> Iterator[bytes]:
        """Invoke and give the pieces of the answer as the handler yields them.

        Raises
        ------
        As a call does, after the pieces that came before the error.
        """
        body = self._body(event)

        async def begin() -> AsyncIterator[bytes | Report]:
            return self.emulator.platform.stream(self.name, self.qualifier, payload=body)

        pieces = self.emulator.run(begin())
        while not isinstance(piece := self.emulator.run(_next(pieces)), Report):
            yield piece
        if piece.status is not Status.OK:
            answer(piece)

    def enqueue(self, event: Any, *, task_id: str | None = None) -> Task:
        """Hand over an event that nobody waits for; when this returns, the event survives a crash.

        It is tried again as the function's :class:`~fnlab.functions.AsyncPolicy` says.
        """
        body = self._body(event)
        platform = self.emulator.platform
        name, qualifier = self.name, self.qualifier
        accepted = self.emulator.run(platform.enqueue(name, qualifier, payload=body, task_id=task_id))
        return Task(accepted, self.emulator)

    def _asked(self, event: Any) -> Coroutine[Any, Any, Report]:
        return self._invoked(self._body(event))

    def _invoked(self, body: bytes) -> Coroutine[Any, Any, Report]:
        return self.emulator.platform.invoke(self.name, self.qualifier, payload=body)

    def _body(self, event: Any) -> bytes:
        takes_bytes = self.function.payload == "bytes" and isinstance(event, bytes)
        body = event if takes_bytes else to_json(event, limits=Limits.of(self.function.limits))
        self._last_event = (event,)
        return body

    def evict(self) -> None:
        """Stop the idle instances now, so that the next call is a cold start."""

        async def work() -> None:
            await self._supervisor.evict()

        self.emulator.run(work())

    def warm(self) -> tuple[Phase, ...]:
        """Wait until a function that forks its instances can do so; say what that took, which no request pays for."""

        async def work() -> tuple[Phase, ...]:
            nursery = self._supervisor.nursery
            await nursery.warm()
            return nursery.warm_up

        return self.emulator.run(work())

    @property
    def sandbox(self) -> Sandbox:
        """What its instances are kept from, as the one that started last has reported."""
        return Sandbox.of(self.emulator.run_here(lambda: self._supervisor.confined))

    @property
    def trace(self) -> Trace:
        """What happened since this version was deployed."""

        def read() -> Trace:
            history, now_s = self._history, self.emulator.platform.clock.now_s()
            return history.recorder.trace(now_s).window(history.began_s, now_s)

        return self.emulator.run_here(read)

    @property
    def last(self) -> Report:
        """The report of the call that ended last."""
        if not self._history.reports:
            raise BadValue(f"a report needs a call; {self.name!r} has not been called.")
        return self._history.reports[-1]

    @property
    def last_event(self) -> Any:
        """What the function was last called with."""
        if self._last_event is None:
            raise BadValue(f"there is no last event: {self.name!r} has not been called.")
        return self._last_event[0]

    @property
    def pids(self) -> dict[str, int]:
        """The living instances and their process ids."""
        return self.emulator.run_here(lambda: self.emulator.platform.pids(self.record))

    def logs(self, request_id: str | None = None) -> str:
        """Read the log: all of it, or from START to REPORT of one request."""
        folder = self.emulator.home.log_dir(self.name)
        return log.read_all(folder) if request_id is None else log.find(folder, request_id)

    def profile(self, *, last: int | None = None) -> Profile:
        """Say how long this function's init and requests take, as measured in the calls so far.

        Parameters
        ----------
        last : int, optional
            Look at this many calls only, the latest; for when earlier ones were of another kind.

        Raises
        ------
        BadValue
            If there was no cold or no warm call that went well.
        """
        calls = self.reports if last is None else self.reports[-last:]
        good = [report for report in calls if report.status is Status.OK]
        cold = [report.init_s for report in good if report.init_s]
        warm = [report for report in good if not report.init_s]
        if not cold or not warm:
            raise BadValue(
                f"a profile needs at least one cold and one warm call that went well; {self.name!r} had "
                f"{len(cold)} and {len(warm)}."
            )
        share = min(1.0, self.function.cpu_share)
        other = sorted(report.duration_s - report.cpu_s / share for report in warm)
        return Profile(
            init_s=Empirical(cold),
            cpu_s=Empirical([report.cpu_s for report in warm]),
            other_s=max(0.0, other[len(other) // 2]),
        )

    def __repr__(self) -> str:
        memory = f"{self.function.memory_mib} MiB"
        return f"Deployed({self.name!r}, version {self.version}, {memory}, {self._history.calls} calls)"

    def _repr_html_(self) -> str:
        rows = {
            "handler": self.function.handler,
            "memory, timeout": f"{self.function.memory_mib} MiB, {self.function.timeout_s:g} s",
            "package": f"{self.function.package.size_bytes:,} bytes",
            "instances": self._living(),
            "calls": f"{self._history.calls:,}",
        }
        return facts(f"Function {self.name}, version {self.version}", rows)

    def _living(self) -> str:
        try:
            return ", ".join(f"{name} (pid {pid})" for name, pid in self.pids.items()) or "none"
        except EmulatorClosed:
            return "none: the emulator was closed"


async def _next(pieces: AsyncIterator[bytes | Report]) -> bytes | Report:
    return await anext(pieces)


def to_json(event: Any, *, limits: Limits) -> bytes:
    """Write an event as JSON.

    Raises
    ------
    EventNotJson
        If JSON cannot hold it, or it is larger than the limit.
    """
    try:
        body = _write_json(event).encode()
    except (TypeError, ValueError) as error:
        raise EventNotJson(f"an event must be something that JSON can hold: {error}.") from None
    if len(body) > limits.request_bytes:
        raise EventNotJson(
            f"an event must not exceed {limits.request_bytes:,} bytes ({limits.title}); got {len(body):,}."
        )
    return body


def answer(report: Report) -> Any:
    """Give the handler's answer, or raise the error that the report describes.

    The answer is what the JSON says; bytes if the handler made bytes, or yielded its answer in pieces.
    """
    if report.status is Status.OK:
        return json.loads(report.body) if report.is_json else report.body
    raise error_of(report.body, request_id=report.request_id)


def _plain(thing: Any) -> Any:
    if hasattr(thing, "tolist"):
        return thing.tolist()
    raise TypeError(f"{type(thing).__name__} is not JSON")


#: Made once: `json.dumps` makes an encoder for every call that wants other than the defaults.
_write_json = json.JSONEncoder(default=_plain, allow_nan=False).encode
