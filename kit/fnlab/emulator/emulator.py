"""The emulator: a thread with an event loop, and the functions deployed on it."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from fnlab.display import facts
from fnlab.emulator.client import Deployed
from fnlab.emulator.descriptors import raise_limit
from fnlab.emulator.doors.front import Front, Place
from fnlab.emulator.home import Home
from fnlab.emulator.http.access import gate, load_token
from fnlab.emulator.platform import Platform
from fnlab.emulator.queue.mailbox import Mail
from fnlab.emulator.report import Report
from fnlab.emulator.state.records import Version
from fnlab.errors import EmulatorClosed, MissingExtra
from fnlab.functions import Function
from fnlab.trace import Trace

if TYPE_CHECKING:
    from fnlab.emulator.http.server import Server

T = TypeVar("T")


def _new_loop() -> asyncio.AbstractEventLoop:
    """Take the faster loop where it is installed; everything works with the other one, too."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _no_wish() -> None:
    """Go on: nobody but the owner ends an emulator inside a notebook."""


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
        raise_limit()
        self.home = Home(Path(home) if home is not None else None)
        self._handles: dict[tuple[str, int], Deployed] = {}
        self._handing = 0  # pieces of work on their way to the loop
        self._handing_lock = threading.Lock()
        self._servers: list[Server] = []
        self._closed = False
        self._loop = _new_loop()
        self._thread = threading.Thread(target=self._run_loop, name="fnlab-emulator", daemon=True)
        self._thread.start()
        try:
            self.platform = self.run_here(partial(Platform, self.home))
        except BaseException:
            self._end_loop()
            raise
        atexit.register(self.close)

    def deploy(self, function: Function) -> Deployed:
        """Publish a function; under a name that is taken, as its next version.

        What has not changed is not published again. Instances of the version before finish their requests and are gone
        then, unless an alias leads to them. Nothing starts until the first call, unless ``min_instances`` asks for it.

        Raises
        ------
        HandlerNotImportable
            If the handler's module is neither in the package nor installed.
        """
        return self._handle(self.run_here(partial(self.platform.deploy, function)))

    def __getitem__(self, name: str) -> Deployed:
        """Find the newest version of a deployed function by name."""
        return self._handle(self.run_here(lambda: self.platform.catalog[name].latest))

    def version(self, name: str, qualifier: str) -> Deployed:
        """Find a version of a function by its number, by ``"$LATEST"``, or what an alias leads to now."""
        return self._handle(self.run_here(lambda: self.platform.catalog.version(name, qualifier)))

    def __iter__(self) -> Iterator[Deployed]:
        """Go through the deployed functions, the newest version of each."""
        for name in self.run_here(lambda: [entry.name for entry in self.platform.catalog]):
            yield self[name]

    def remove(self, name: str) -> None:
        """Take a function away with all its versions; its requests are finished first."""
        self.run_here(lambda: self.platform.catalog.delete(name))
        self._handles = {key: handle for key, handle in self._handles.items() if key[0] != name}

    @property
    def token(self) -> str:
        """What callers over HTTP must show; made once for a home, and readable by its owner only."""
        return load_token(self.home.path)

    def serve(
        self,
        *,
        port: int = 0,
        with_token: bool = True,
        region: str = Place.region,
        account: str = Place.account,
        down: Callable[[], None] = _no_wish,
    ) -> str:
        """Open the doors for HTTP, on this machine only, and say where.

        Parameters
        ----------
        port : int
            0 takes a free one.
        with_token : bool
            Whether callers must show :attr:`token`. Without it every user of this machine may call.
        region, account : str
            What ARNs say.
        down : callable
            Called when somebody asks the platform to end.

        Raises
        ------
        OSError
            If the port is taken.
        MissingExtra
            If the package that parses HTTP is not installed.
        """
        server_type = _server_type()
        token = self.token if with_token else None

        async def open_doors() -> str:
            app = Front(self.platform, place=Place(region=region, account=account), down=down)
            door_keeper = gate(token, is_open=app.is_open, refuse=app.refuse)
            server = await server_type.start(app, port=port, gate=door_keeper, prompt=app.prompt)
            self._servers.append(server)
            return server.url

        return self.run(open_doors())

    @property
    def trace(self) -> Trace:
        """What happened to all functions since the emulator began; ``trace.window(a, b)`` is a piece of it."""
        return self.run_here(self.platform.trace)

    def mail(self, target: str) -> list[Mail]:
        """Read what destinations and dead letters were sent to a target that is not a function here."""
        return self.run_here(lambda: self.platform.delivery.mailbox.mail(target))

    def invoke_from_thread(self, version: Version, payload: bytes) -> Report | None:
        """Call an idle instance from this very thread; None when the event loop has to see to it."""
        if self._closed:
            raise EmulatorClosed("this needs a running emulator; it was closed.")
        if self._handing:
            return None  # it must not overtake what this thread has handed over before
        return self.platform.invoke_from_thread(version, payload)

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Let a coroutine run on the emulator's thread."""
        begun = False

        async def arrived() -> T:
            nonlocal begun
            begun = True
            with self._handing_lock:
                self._handing -= 1
            return await work

        def over(_future: "Future[T]") -> None:
            if not begun:  # it was cancelled before it came to that
                with self._handing_lock:
                    self._handing -= 1

        with self._handing_lock:
            if self._closed:
                work.close()
                raise EmulatorClosed("this needs a running emulator; it was closed.")
            self._handing += 1
            future = asyncio.run_coroutine_threadsafe(arrived(), self._loop)
        future.add_done_callback(over)
        return future

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the emulator's thread and wait for it; whoever interrupts the wait ends the work."""
        future = self.begin(work)
        try:
            return future.result()
        except CancelledError:
            work.close()  # it may never have begun
            raise EmulatorClosed("the emulator was closed before the work was done.") from None
        except BaseException:
            future.cancel()
            raise

    def run_here(self, call: Callable[[], T]) -> T:
        """Run a plain function on the emulator's thread and wait for it."""

        async def work() -> T:
            return call()

        return self.run(work())

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._closed

    def close(self) -> None:
        """Stop all instances and give the home back; what was acknowledged stays in it. Closing twice is fine."""
        if self._closed:
            return
        for server in self._servers:
            self.run(server.close(grace_s=1.0))
        self.run(self.platform.close())
        with self._handing_lock:
            self._closed = True
        atexit.unregister(self.close)
        self._end_loop()

    def _run_loop(self) -> None:
        """Be the emulator's thread; also to the end, for who closes it may be running a loop of their own."""
        self._loop.run_forever()
        self._loop.run_until_complete(_cancel_others())  # nobody adds to them any more, and nobody is left waiting

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.home.close()

    def _handle(self, version: Version) -> Deployed:
        """Give one handle for each version, so that two who ask hold the same."""
        key = version.function.name, version.number
        known = self._handles.get(key)
        if known is None or known.record.revision != version.revision:
            known = self._handles[key] = Deployed(version, emulator=self)
        return known

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(list(self))} functions"
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


def _server_type() -> "type[Server]":
    """Import the server only when doors are opened: whoever calls from Python needs no extra."""
    try:
        from fnlab.emulator.http.server import Server
    except ModuleNotFoundError as error:
        if error.name != "httptools":
            raise
        raise MissingExtra(
            f'doors for HTTP need {error.name}, which is not installed; run pip install "fnlab[serve]".'
        ) from None
    return Server


async def _cancel_others() -> None:
    """End what still runs on this loop, such as a replay that nobody waits for any more."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
