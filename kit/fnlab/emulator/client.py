"""A deployed function, to call and to look at."""

import asyncio
import json
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from fnlab.display import facts
from fnlab.emulator.report import Report, error_of
from fnlab.emulator.supervisor import Supervisor
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
    function, version : Function, int
        What is deployed.
    reports : list of Report
        One for each finished call, in the order in which they ended.
    """

    def __init__(
        self, function: Function, *, version: int, emulator: "Emulator", supervisor: Supervisor, reports: list[Report]
    ) -> None:
        self.function, self.version = function, version
        self.emulator, self.supervisor = emulator, supervisor
        self.reports = reports
        self._last_event: tuple[Any] | None = None  # in a tuple, because None is an event too

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

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
        return self.emulator.run(self._asked(event))

    def map(self, events: Iterable[Any], *, workers: int = 4) -> list[Any]:
        """Invoke once an event, `workers` at a time; answers in the order of the events."""
        require("workers", workers, at_least=1)
        bodies = [self._body(event) for event in events]

        async def work() -> list[Report]:
            gate = asyncio.Semaphore(workers)

            async def one(body: bytes) -> Report:
                async with gate:
                    return await self.supervisor.submit(body)

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

    def _asked(self, event: Any) -> Coroutine[Any, Any, Report]:
        body = self._body(event)

        async def work() -> Report:
            return await self.supervisor.submit(body)

        return work()

    def _body(self, event: Any) -> bytes:
        body = to_json(event, limits=Limits.of(self.function.limits))
        self._last_event = (event,)
        return body

    def evict(self) -> None:
        """Stop the idle instances now, so that the next call is a cold start."""
        self.emulator.run(self.supervisor.evict())

    def warm(self) -> tuple[Phase, ...]:
        """Wait until a function that forks its instances can do so; say what that took, which no request pays for."""
        self.emulator.run(self.supervisor.nursery.warm())
        return self.supervisor.nursery.warm_up

    @property
    def trace(self) -> Trace:
        """What happened since this version was deployed."""
        return self.emulator.run_here(self.supervisor.trace)

    @property
    def last(self) -> Report:
        """The report of the call that ended last."""
        if not self.reports:
            raise BadValue(f"a report needs a call; {self.name!r} has not been called.")
        return self.reports[-1]

    @property
    def last_event(self) -> Any:
        """What the function was last called with."""
        if self._last_event is None:
            raise BadValue(f"there is no last event: {self.name!r} has not been called.")
        return self._last_event[0]

    @property
    def pids(self) -> dict[str, int]:
        """The living instances and their process ids."""
        return self.emulator.run_here(self.supervisor.pids)

    def logs(self, request_id: str | None = None) -> str:
        """Read the log: all of it, or from START to REPORT of one request."""
        text = self.emulator.home.log_path(self.name).read_text(encoding="utf-8", errors="replace")
        if request_id is None:
            return text
        lines = text.splitlines()
        marked = [number for number, line in enumerate(lines) if f"RequestId: {request_id}" in line]
        return "\n".join(lines[marked[0] : marked[-1] + 1]) if marked else ""

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
        return f"Deployed({self.name!r}, version {self.version}, {memory}, {len(self.reports)} calls)"

    def _repr_html_(self) -> str:
        rows = {
            "handler": self.function.handler,
            "memory, timeout": f"{self.function.memory_mib} MiB, {self.function.timeout_s:g} s",
            "package": f"{self.function.package.size_bytes:,} bytes",
            "instances": self._living(),
            "calls": f"{len(self.reports):,}",
        }
        return facts(f"Function {self.name}, version {self.version}", rows)

    def _living(self) -> str:
        try:
            return ", ".join(f"{name} (pid {pid})" for name, pid in self.pids.items()) or "none"
        except EmulatorClosed:
            return "none: the emulator was closed"


def to_json(event: Any, *, limits: Limits) -> bytes:
    """Write an event as JSON.

    Raises
    ------
    EventNotJson
        If JSON cannot hold it, or it is larger than the limit.
    """
    try:
        body = json.dumps(event, default=_plain, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise EventNotJson(f"an event must be something that JSON can hold: {error}.") from None
    if len(body) > limits.request_bytes:
        raise EventNotJson(
            f"an event must not exceed {limits.request_bytes:,} bytes ({limits.title}); got {len(body):,}."
        )
    return body


def answer(report: Report) -> Any:
    """Give the handler's answer, or raise the error that the report describes."""
    if report.status is Status.OK:
        return json.loads(report.body)
    raise error_of(report.body, request_id=report.request_id)


def _plain(thing: Any) -> Any:
    if hasattr(thing, "tolist"):
        return thing.tolist()
    raise TypeError(f"{type(thing).__name__} is not JSON")
