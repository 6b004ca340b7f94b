"""A process that has the imports and the model, and makes instances by forking itself."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fnlab.emulator.instance import wire
from fnlab.emulator.processes.body import Body, Group, Starter, settings_of, spawner
from fnlab.emulator.processes.kinds import AnyInstance
from fnlab.emulator.processes.process import GRACE_S, INIT_TIMEOUT_S, Instance
from fnlab.emulator.report import error_of
from fnlab.errors import FnlabError, FunctionTimeout, InstanceCrashed
from fnlab.functions import Function
from fnlab.trace import Phase

_ENDED = "the fork server's process ended."


class ForkServer:
    """One for a version of a function, warmed up once.

    Parameters
    ----------
    function, version : Function, int
        Whose instances it makes.
    package_dir, log_path, temporary_dir, layer_dirs : Path
        As for the instances.
    """

    def __init__(
        self,
        function: Function,
        *,
        version: int,
        package_dir: Path,
        log_path: Path,
        temporary_dir: Path,
        layer_dirs: Sequence[Path] = (),
    ) -> None:
        self._function, self._log_path = function, log_path
        self._settings = settings_of(
            function, version=version, package_dir=package_dir, layer_dirs=layer_dirs, temporary_dir=temporary_dir
        )
        self._process = Instance("fork server", -1, self)
        self._orders = asyncio.Lock()
        self._control: socket.socket | None = None
        self._warm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._starting = asyncio.ensure_future(self._start())
        self._starting.add_done_callback(self._started)
        late = FunctionTimeout(f"the init must end within {INIT_TIMEOUT_S:g} s; the fork server was killed after that.")
        self._deadline = asyncio.get_running_loop().call_later(INIT_TIMEOUT_S, self.give_up, late)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Parts of its own start, which no request pays for; empty until it is warm."""
        return self._process.phases

    @property
    def gone(self) -> bool:
        """Whether its process has ended, or is about to because it has failed."""
        failed = self._warm.done() and self._warm.exception() is not None
        return failed or self._process.gone

    async def warm(self) -> None:
        """Wait until it can fork.

        Raises
        ------
        DeployError, HandlerError
            If it never will: the handler does not load, or what it loaded must not be forked.
        """
        await asyncio.shield(self._warm)

    def starter(self, temporary_dir: Path, *, log_path: Path, rehearse: bool) -> Starter:
        """Give the starter of forked processes; to `rehearse` is to run the handler's warm-up in the child, too."""

        async def fork(*fds: int) -> Body:
            await self.warm()
            order = {"fork": {"temporary_dir": str(temporary_dir), "rehearse": rehearse}}
            with log_path.open("ab", buffering=0) as log:
                reply = await self._ask(order, [log.fileno(), *fds])
            return _Forked(reply["pid"], self)

        return fork

    async def reap(self, pid: int) -> None:
        """Let it forget a child that has been killed."""
        # A server that has ended remembers nobody; its children are the system's to forget.
        with contextlib.suppress(OSError, InstanceCrashed):
            await self._ask({"reap": pid}, [])

    def give_up(self, error: FnlabError) -> None:
        """Let nobody wait for it any longer, and end it if it is not warm yet."""
        if not self._warm.done():
            self._fail(error)
            self._process.kill()

    async def stop(self) -> None:
        """End the process; its children must have been stopped before."""
        self._deadline.cancel()
        await asyncio.gather(self._starting, return_exceptions=True)  # it has failed, or there is a process to stop
        if self._control is not None:
            self._control.close()
        await self._process.stop(GRACE_S)
        if self._warm.done():
            self._warm.exception()  # whoever wanted to hear it has

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._control = ours
        settings = self._settings | {"control_fd": theirs.fileno()}
        fds = [theirs.fileno()]
        try:
            await self._process.start(spawner(self._function, settings, log_path=self._log_path, inherited_fds=fds))
        finally:
            theirs.close()

    def _started(self, starting: asyncio.Future[None]) -> None:
        if not starting.cancelled() and (error := starting.exception()) and not self._warm.done():
            self._fail(InstanceCrashed(f"a fork server could not be started: {error}."))

    async def _ask(self, order: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        assert self._control is not None, "a warm fork server has a control socket"  # narrows the type
        async with self._orders:  # one order, one reply
            socket.send_fds(self._control, [json.dumps(order).encode()], fds)
            reply = await asyncio.get_running_loop().sock_recv(self._control, 4096)
        if not reply:
            raise InstanceCrashed(_ENDED)
        answer: dict[str, Any] = json.loads(reply)
        return answer

    # What its process says.

    def on_ready(self, instance: AnyInstance) -> None:
        """It has loaded everything and may fork."""
        if not self._warm.done():
            self._warm.set_result(None)

    def on_failed(self, instance: AnyInstance, error: bytes) -> None:
        """It could not load the handler, or must not fork."""
        if not self._warm.done():
            self._fail(error_of(error))

    def on_chunk(self, instance: AnyInstance, request_id: str, piece: bytes) -> None:
        """Hand on nothing: a fork server serves no request."""

    def on_result(self, instance: AnyInstance, result: wire.Result) -> None:
        """Answer no request: a fork server serves none."""

    def on_gone(self, instance: AnyInstance) -> None:
        """It ended."""
        if not self._warm.done():
            self._fail(InstanceCrashed(_ENDED))

    def _fail(self, error: FnlabError) -> None:
        self._warm.set_exception(error)
        self._warm.exception()  # nobody may be waiting yet, and that is no reason to complain


class _Forked(Group):
    """A child of a fork server."""

    def __init__(self, pid: int, server: ForkServer) -> None:
        super().__init__(pid)
        self._server = server
        self._reaped = False

    @property
    def reaped(self) -> bool:
        """Whether its number may belong to a stranger by now."""
        return self._reaped

    async def reap(self) -> None:
        """Wait until the process is gone."""
        self._reaped = True
        await self._server.reap(self.pid)
