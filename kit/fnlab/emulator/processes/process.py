"""One instance, from outside: start the process, hear that it is ready, hand it requests, stop it."""

import asyncio
import contextlib
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fnlab.emulator.instance import wire
from fnlab.emulator.processes import lifelines
from fnlab.emulator.processes.body import Body, Starter
from fnlab.emulator.processes.kinds import Owner
from fnlab.trace import Phase
from fnlab.units import BYTES_PER_MIB

#: How long a stopping instance may take to end by itself; AWS gives its SHUTDOWN phase as long.
GRACE_S = 2.0

#: An init that takes longer is killed. AWS allows 10 s where one instance starts at a time; a laptop may have to start
#: several at once on few cores.
INIT_TIMEOUT_S = 60.0

#: So long (seconds, microseconds) a thread on the direct lane waits before the event loop looks after its request.
_PATIENCE = struct.pack("ll", 0, 50_000)

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Instance(asyncio.Protocol):
    """A process that serves requests, one at a time or as many as its settings say.

    Parameters
    ----------
    name, row : str, int
        What the scheduler and the trace call it.
    owner : Owner
        Hears what happens, on the event loop.

    Attributes
    ----------
    phases : tuple of Phase
        Where the time of its start went.
    peak_mib : float
        The most memory it has had, as it says itself with each answer.
    direct : socket or None
        Where a thread may send the same frames, and read the answers, past the event loop: blocking, one thread at a
        time. What is answered there this object does not hear of. It is shut down when the instance is stopped.
    """

    def __init__(self, name: str, row: int, owner: Owner) -> None:
        self.name, self.row = name, row
        self.phases: tuple[Phase, ...] = ()
        self.peak_mib = 0.0
        self.direct: socket.socket | None = None
        self.confined: Mapping[str, Any] = {}  # its walls, as it reported them
        self._owner = owner
        self._body: Body | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._lost = asyncio.Event()  # the process closed its side
        self._unwanted = False  # it was to stop, perhaps before it had begun
        self._lifeline_fd = -1
        self._unread = bytearray()
        self._wanted_s = time.monotonic()
        self._asked_s = self._started_s = 0.0

    @property
    def pid(self) -> int:
        """Process id; -1 before the start."""
        return self._body.pid if self._body else -1

    def resident_mib(self) -> float:
        """Memory that the process has resident now; 0 where the system does not tell, or it has ended."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        except (FileNotFoundError, ProcessLookupError, IndexError):
            return 0.0
        return pages * _PAGE_BYTES / BYTES_PER_MIB

    @property
    def gone(self) -> bool:
        """Whether the process has closed its side."""
        return self._lost.is_set()

    async def start(self, starter: Starter, *, direct: bool = False) -> None:
        """Start the process, with a direct lane or without; `owner.on_ready` or `owner.on_failed` follows."""
        self._asked_s = time.monotonic()
        ours, theirs = socket.socketpair()
        ends = [theirs]
        if direct:
            self.direct, their_direct = socket.socketpair()
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # unlike Python's own, this one costs no calls
                self.direct.setsockopt(socket.SOL_SOCKET, option, _PATIENCE)
            ends.append(their_direct)
        lifeline_end, self._lifeline_fd = lifelines.make()
        try:
            self._body = await starter(theirs.fileno(), lifeline_end, *(end.fileno() for end in ends[1:]))
        except BaseException:
            ours.close()
            self._close_direct()
            lifelines.cut(self._lifeline_fd)
            raise
        finally:
            for end in ends:
                end.close()
            os.close(lifeline_end)
        self._started_s = time.monotonic()
        await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)
        if self._unwanted:
            await self.stop(0)

    def adopt(self, name: str, row: int, owner: Owner) -> None:
        """Go over to an owner, under the name that it gives; its `on_ready` follows at once."""
        asked_s = time.monotonic()
        self.name, self.row, self._owner = name, row, owner

        def report() -> None:
            self.phases = (Phase("unpark", time.monotonic() - asked_s),)
            self._owner.on_ready(self)

        asyncio.get_running_loop().call_soon(report)

    def invoke(self, request_id: str, left_s: float, event: bytes, meta: bytes = b"") -> None:
        """Hand a request over; `meta` is JSON that says what else the handler's context is to tell."""
        assert self._transport is not None, "only a started instance can be asked"  # narrows the type
        self._transport.write(wire.invoke_frame(request_id, left_s, event, meta))

    async def stop(self, grace_s: float, *, terminate: bool = False) -> None:
        """Let the process end by itself, kill it after the grace, and wait until it and what it started are gone.

        One that is busy does not see that its socket was closed; to `terminate` is to tell it by a signal, too.
        """
        self._unwanted = True
        if self._body is None:
            return
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()
        if terminate:
            self._body.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), grace_s)
        body, self._body = self._body, None
        if body is None:
            return  # somebody else, who also wanted it to stop, was first
        body.kill()
        await body.reap()
        if self._transport is not None:
            self._transport.close()
        self._close_direct()
        lifelines.cut(self._lifeline_fd)

    def _close_direct(self) -> None:
        """Close the direct lane; a thread that is reading there reads its end first."""
        if self.direct is None:
            return
        with contextlib.suppress(OSError):  # the other side closed it already
            self.direct.shutdown(socket.SHUT_RDWR)
        self.direct.close()

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        if self._body is not None:
            self._body.kill()

    def freeze(self) -> None:
        """Let the process and whatever it started stand still."""
        if self._body is not None:
            self._body.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        if self._body is not None:
            self._body.thaw()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self._transport = transport  # type: ignore[assignment]  # a connected socket's transport writes

    def data_received(self, data: bytes) -> None:
        """Collect bytes; handle each whole frame."""
        if not self._unread and (whole := wire.only(data)) is not None:  # the usual case
            kind, body = whole
            self._handlers[kind](self, body)
            return
        self._unread += data
        while (framed := wire.cut(self._unread)) is not None:
            kind, body = framed
            self._handlers[kind](self, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner that the process ended or closed its side."""
        self._lost.set()
        self._owner.on_gone(self)

    def _on_ready(self, body: bytes) -> None:
        report = json.loads(body)
        self.peak_mib = report["peak_mib"]
        self.confined = report["confined"]
        self.phases = (
            Phase("queue", self._asked_s - self._wanted_s),
            *_phases(report, self._asked_s, self._started_s, time.monotonic()),
        )
        self._owner.on_ready(self)

    def _on_failed(self, body: bytes) -> None:
        self._owner.on_failed(self, body)

    def _on_result(self, body: bytes) -> None:
        result = wire.read_result(body)
        self.peak_mib = max(self.peak_mib, result.peak_mib)
        self._owner.on_result(self, result)

    def _on_chunk(self, body: bytes) -> None:
        request_id, piece = wire.read_chunk(body)
        self._owner.on_chunk(self, request_id, piece)

    _handlers: Mapping[int, Callable[["Instance", bytes], None]] = {
        wire.READY: _on_ready,
        wire.FAILED: _on_failed,
        wire.RESULT: _on_result,
        wire.CHUNK: _on_chunk,
    }


def _phases(report: Mapping[str, Any], asked_s: float, spawned_s: float, heard_s: float) -> tuple[Phase, ...]:
    """Put what both sides measured into one row; the monotonic clock is the same in all processes of a machine."""
    inside = [
        Phase(name, seconds, report["packages"] if name == "imports" else {})
        for name, seconds in report["phases"].items()
    ]
    accounted_s = sum(phase.seconds for phase in inside)
    if report["forked"]:
        return (
            Phase("fork", report["began_s"] - asked_s),
            *inside,
            Phase("other", heard_s - report["began_s"] - accounted_s),
        )
    return (
        Phase("spawn", spawned_s - asked_s),
        Phase("interpreter", report["began_s"] - spawned_s),
        Phase("runtime", report["booted_s"] - report["began_s"]),
        *inside,
        Phase("other", heard_s - report["booted_s"] - accounted_s),
    )
