"""The emulator: a thread with an event loop, and the functions deployed on it."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from functools import partial
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self, TypeVar

from fnlab.display import facts
from fnlab.emulator.client import Deployed
from fnlab.emulator.clock import WallClock
from fnlab.emulator.home import Home
from fnlab.emulator.report import Report
from fnlab.emulator.supervisor import Supervisor
from fnlab.errors import EmulatorClosed, FunctionNotFound, HandlerNotImportable
from fnlab.functions import Function

T = TypeVar("T")


class Emulator:
    """A local function platform inside this process.

    Parameters
    ----------
    home : Path or str, optional
        Folder for code and logs, owned by one emulator at a time. By default a temporary one.

    Raises
    ------
    HomeInUse
        If another emulator owns the folder.

    Examples
    --------
    ``with Emulator() as emulator: fn = emulator.deploy(function); fn(event)``
    """

    def __init__(self, home: Path | str | None = None) -> None:
        self.home = Home(Path(home) if home is not None else None)
        self._functions: dict[str, Deployed] = {}
        self._retired: set[Deployed] = set()  # finishing their last requests
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fnlab-emulator", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def deploy(self, function: Function) -> Deployed:
        """Publish a function; under a name that is taken, as its next version.

        Instances of the version before finish their requests and are gone then. Nothing starts until the first call,
        unless ``min_instances`` asks for it.

        Raises
        ------
        HandlerNotImportable
            If the handler's module is neither in the package nor installed.
        """
        _check_handler(function)
        before = self._functions.get(function.name)
        version = before.version + 1 if before else 1
        reports: list[Report] = []
        supervisor = self.run_here(partial(self._supervise, function, version, reports.append))
        deployed = Deployed(function, version=version, emulator=self, supervisor=supervisor, reports=reports)
        self._functions[function.name] = deployed
        if before is not None:
            self._retire(before)
        return deployed

    def __getitem__(self, name: str) -> Deployed:
        """Find a deployed function by name."""
        if name not in self._functions:
            known = ", ".join(self._functions) or "none yet"
            raise FunctionNotFound(f"only a deployed function can be found; deployed: {known}; got {name!r}.")
        return self._functions[name]

    def __iter__(self) -> Iterator[Deployed]:
        """Go through the deployed functions."""
        return iter(self._functions.values())

    def remove(self, name: str) -> None:
        """Take a function away; its requests are finished first."""
        self._retire(self[name])
        del self._functions[name]

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Let a coroutine run on the emulator's thread."""
        if self._closed:
            work.close()
            raise EmulatorClosed("this needs a running emulator; it was closed.")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the emulator's thread and wait for it; whoever interrupts the wait ends the work."""
        future = self.begin(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def run_here(self, call: Callable[[], T]) -> T:
        """Run a plain function on the emulator's thread and wait for it."""

        async def work() -> T:
            return call()

        return self.run(work())

    def close(self) -> None:
        """Stop all instances and give the home back. Closing twice is fine."""
        if self._closed:
            return
        for deployed in [*self._functions.values(), *self._retired]:
            self.run(deployed.supervisor.close())
        self.run(_cancel_others())
        self._closed = True
        atexit.unregister(self.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.home.close()

    def _retire(self, deployed: Deployed) -> None:
        self._retired.add(deployed)
        self.begin(deployed.supervisor.drain()).add_done_callback(lambda _: self._retired.discard(deployed))

    def _supervise(self, function: Function, version: int, on_report: Callable[[Report], None]) -> Supervisor:
        return Supervisor(function, version=version, home=self.home, clock=WallClock(), on_report=on_report)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(self._functions)} functions"
        return f"Emulator({str(self.home.path)!r}, {state})"

    def _repr_html_(self) -> str:
        return facts(repr(self), {deployed.name: repr(deployed) for deployed in self})


_default: Emulator | None = None
_default_lock = threading.Lock()


def default_emulator() -> Emulator:
    """Give the emulator that ``fnlab.deploy`` uses, started on first use and closed when Python ends."""
    global _default  # noqa: PLW0603  # the one place of global state
    with _default_lock:
        if _default is None or _default._closed:
            _default = Emulator()
        return _default


async def _cancel_others() -> None:
    """End what still runs on this loop, such as a replay that nobody waits for any more."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _check_handler(function: Function) -> None:
    module = function.handler.partition(":")[0]
    path = PurePosixPath(*module.split("."))
    in_package = any(
        str(candidate) in function.package.files for candidate in (path.with_suffix(".py"), path / "__init__.py")
    )
    if not in_package and find_spec(module.partition(".")[0]) is None:
        files = ", ".join(sorted(function.package.files))
        raise HandlerNotImportable(
            f"handler {function.handler!r} needs a module {module!r}, in the package or installed; "
            f"the package holds {files}."
        )
