"""One instance, from outside: start the process, hear that it is ready, hand it requests, stop it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from fnlab.emulator.instance import wire
from fnlab.functions import Function
from fnlab.trace import Phase

#: How long a stopping instance may take to end by itself; AWS gives its SHUTDOWN phase as long.
GRACE_S = 2.0

#: Numeric libraries would start a thread a core; an instance owns a share of one.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class Owner(Protocol):
    """Who wants to hear from an instance."""

    def on_ready(self, instance: "Instance") -> None:
        """Init is over."""

    def on_failed(self, instance: "Instance", error: bytes) -> None:
        """Init failed; the process is about to end."""

    def on_result(self, instance: "Instance", result: wire.Result) -> None:
        """A request was answered."""

    def on_gone(self, instance: "Instance") -> None:
        """The process ended."""


class Instance(asyncio.Protocol):
    """A process that serves one request at a time.

    Parameters
    ----------
    name, row : str, int
        What the scheduler and the trace call it.
    owner : Owner
        Hears what happens, on the event loop.
    """

    def __init__(self, name: str, row: int, owner: Owner) -> None:
        self.name, self.row = name, row
        self.phases: tuple[Phase, ...] = ()
        self.peak_mib = 0.0
        self._owner = owner
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._lost = asyncio.Event()  # the process closed its side
        self._lifeline_fd = -1
        self._unread = bytearray()
        self._asked_s = self._spawned_s = 0.0

    @property
    def pid(self) -> int:
        """Process id; -1 before the start."""
        return self._process.pid if self._process else -1

    async def start(self, function: Function, *, version: int, package_dir: Path, log_path: Path) -> None:
        """Start the process; `owner.on_ready` or `owner.on_failed` follows."""
        self._asked_s = time.monotonic()
        ours, theirs = socket.socketpair()
        lifeline_end, self._lifeline_fd = os.pipe()
        settings = {
            "socket_fd": theirs.fileno(),
            "lifeline_fd": lifeline_end,
            "handler": function.handler,
            "function_name": function.name,
            "version": version,
            "memory_mib": function.memory_mib,
            "cpu_share": function.cpu_share,
            "package_dir": str(package_dir),
        }
        try:
            with log_path.open("ab", buffering=0) as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "fnlab.emulator.instance", json.dumps(settings)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=package_dir,
                    env=_environment(function, package_dir),
                    pass_fds=(theirs.fileno(), lifeline_end),
                    start_new_session=True,
                )
        finally:
            theirs.close()
            os.close(lifeline_end)
        self._spawned_s = time.monotonic()
        await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)

    def invoke(self, request_id: str, left_s: float, event: bytes) -> None:
        """Hand a request over."""
        assert self._transport is not None, "only a started instance can be asked"  # narrows the type
        self._transport.write(wire.invoke_frame(request_id, left_s, event))

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """Let the process end by itself, kill it after the grace, and wait until it and what it started are gone."""
        if self._process is None:
            return
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), grace_s)
        self.kill()
        while self._process.poll() is None:
            await asyncio.sleep(0.001)
        if self._transport is not None:
            self._transport.close()
        os.close(self._lifeline_fd)
        self._process = None

    def kill(self) -> None:
        """End the process and whatever it started, at once.

        The group's number stays ours until the process is reaped, which only :meth:`stop` does; so this cannot hit a
        stranger, even when the process itself has already ended.
        """
        if self._process is not None and self._process.returncode is None:
            # macOS refuses to signal a group of which only the ended leader is left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self._transport = transport  # type: ignore[assignment]  # a connected socket's transport writes

    def data_received(self, data: bytes) -> None:
        """Collect bytes; handle each whole frame."""
        self._unread += data
        while len(self._unread) >= wire.HEAD.size:
            length, kind = wire.HEAD.unpack_from(self._unread)
            end = wire.HEAD.size + length
            if len(self._unread) < end:
                return
            body = bytes(self._unread[wire.HEAD.size : end])
            del self._unread[:end]
            self._handlers[kind](self, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner that the process ended or closed its side."""
        self._lost.set()
        self._owner.on_gone(self)

    def _on_ready(self, body: bytes) -> None:
        report = json.loads(body)
        self.peak_mib = report["peak_mib"]
        self.phases = _phases(report, self._asked_s, self._spawned_s, time.monotonic())
        self._owner.on_ready(self)

    def _on_failed(self, body: bytes) -> None:
        self._owner.on_failed(self, body)

    def _on_result(self, body: bytes) -> None:
        result = wire.read_result(body)
        self.peak_mib = max(self.peak_mib, result.peak_mib)
        self._owner.on_result(self, result)

    _handlers: Mapping[int, Callable[["Instance", bytes], None]] = {
        wire.READY: _on_ready,
        wire.FAILED: _on_failed,
        wire.RESULT: _on_result,
    }


def _environment(function: Function, package_dir: Path) -> dict[str, str]:
    """Give the function's own variables, the bare necessities, and nothing of the caller's secrets.

    The import path is the caller's, after the package: what can be imported here can be imported there.
    """
    path = [str(package_dir), *(entry for entry in sys.path if entry)]
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ") if name in os.environ}
    return inherited | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"} | dict(function.env)


def _phases(report: Mapping[str, Any], asked_s: float, spawned_s: float, heard_s: float) -> tuple[Phase, ...]:
    """Put what both sides measured into one row; the monotonic clock is the same in all processes of a machine."""
    inside = [
        Phase(name, seconds, report["packages"] if name == "imports" else {})
        for name, seconds in report["phases"].items()
    ]
    accounted_s = sum(phase.seconds for phase in inside)
    return (
        Phase("spawn", spawned_s - asked_s),
        Phase("interpreter", report["began_s"] - spawned_s),
        Phase("runtime", report["booted_s"] - report["began_s"]),
        *inside,
        Phase("other", heard_s - report["booted_s"] - accounted_s),
    )
