"""A deployed function, to call and to look at."""

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from fnlab.display import facts
from fnlab.emulator import log
from fnlab.emulator.alias_handle import AliasHandle, set_alias
from fnlab.emulator.history import History
from fnlab.emulator.processes.sandbox import Sandbox
from fnlab.emulator.report import Report
from fnlab.emulator.state.records import Version
from fnlab.emulator.supervision.supervisor import Supervisor
from fnlab.emulator.target import Target
from fnlab.errors import BadValue, EmulatorClosed
from fnlab.functions import Function
from fnlab.trace import Phase, Status, Trace
from fnlab.units import require
from fnlab.workload import Empirical, Profile

if TYPE_CHECKING:
    from fnlab.emulator.emulator import Emulator


class Deployed(Target):
    """A running version of a function.

    Call it with an event (anything JSON can hold; numpy arrays count as lists) and get the handler's answer.

    Attributes
    ----------
    record : Version
        What is deployed.
    """

    def __init__(self, record: Version, *, emulator: "Emulator") -> None:
        super().__init__(record.function.name, str(record.number or "$LATEST"), emulator=emulator)
        self.record = record

    @property
    def function(self) -> Function:
        """What is deployed."""
        return self.record.function

    @property
    def version(self) -> int:
        """Its number; 0 for a draft."""
        return self.record.number

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

    def invoke(self, event: Any, *, key: str | None = None) -> Report:
        """Invoke and wait; give the report, whatever the status."""
        body = self._body(event)
        if (report := self.emulator.invoke_from_thread(self.record, body)) is not None:
            return report
        return self.emulator.run(self._invoked(body, key))

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
            platform = self.emulator.platform
            with platform.lock:  # callers' own threads write rows
                history, now_s = self._history, platform.clock.now_s()
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

    @overload
    def logs(self, request_id: str | None = None, *, follow: Literal[False] = False) -> str: ...

    @overload
    def logs(self, *, follow: Literal[True]) -> Iterator[str]: ...

    def logs(self, request_id: str | None = None, *, follow: bool = False) -> str | Iterator[str]:
        """Read the log: all of it, or from START to REPORT of one request.

        Parameters
        ----------
        request_id : str, optional
            Whose lines.
        follow : bool
            Give lines as they are written, from now on, until the emulator is closed.
        """
        folder = self.emulator.home.log_dir(self.name)
        if follow:
            return _followed(log.Tail(folder), self.emulator)
        return log.read_all(folder) if request_id is None else log.find(folder, request_id)

    def tail(self, lines: int = 10) -> str:
        """Read the last lines of the instance that wrote last."""
        require("lines", lines, at_least=1)
        return log.newest(self.emulator.home.log_dir(self.name), lines)

    # The function that this is a version of.

    @property
    def versions(self) -> "list[Deployed]":
        """All published versions of this function, oldest first."""
        numbers = self.emulator.run_here(lambda: list(self.emulator.platform.catalog[self.name].versions))
        return [self.emulator.version(self.name, str(number)) for number in numbers]

    def alias(self, name: str, *, weights: Mapping[int, float] | None = None) -> AliasHandle:
        """Give the alias of this name; if there is none yet, one that leads to this version.

        Parameters
        ----------
        weights : Mapping of int to float, optional
            Other versions and the share of requests that they get from now on: a canary.

        Raises
        ------
        VersionNotFound, BadValue
            If a version is not published, or the name or the shares break a rule.
        """
        return set_alias(self.emulator, self.name, name, version=self.version, weights=weights)

    @property
    def aliases(self) -> dict[str, AliasHandle]:
        """All aliases of this function, by name."""
        names = self.emulator.run_here(lambda: list(self.emulator.platform.catalog[self.name].aliases))
        return {name: AliasHandle(self.name, name, emulator=self.emulator) for name in names}

    @property
    def reserved(self) -> int | None:
        """How many requests at once this function may have, over all versions; :meth:`reserve` sets it."""
        return self.emulator.run_here(lambda: self.emulator.platform.catalog[self.name].reserved)

    def reserve(self, requests: int | None) -> None:
        """Keep this many requests at once for this function, and allow it no more; None gives them back.

        Raises
        ------
        BadValue
            If too little would be left for the other functions.
        """
        self.emulator.run_here(lambda: self.emulator.platform.reserve(self.name, requests))

    @property
    def tags(self) -> dict[str, str]:
        """Free text by key; :meth:`tag` adds to it."""
        return self.emulator.run_here(lambda: dict(self.emulator.platform.catalog[self.name].tags))

    def tag(self, **tags: str) -> None:
        """Add tags to the function: ``fn.tag(owner="me")``."""
        self.emulator.run_here(lambda: self.emulator.platform.catalog.tag(self.name, tags))

    def untag(self, *keys: str) -> None:
        """Take tags away."""
        self.emulator.run_here(lambda: self.emulator.platform.catalog.tag(self.name, {}, drop=keys))

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


def _followed(tail: log.Tail, emulator: "Emulator") -> Iterator[str]:
    while not emulator.closed:
        for _, line in tail.news():
            yield line
        time.sleep(log.FOLLOW_S)
