"""A call from a thread of one's own, past the event loop: the thread itself talks to an idle instance.

Handing a request to another thread and its answer back takes longer than the whole way to the instance. So a thread
that finds an instance idle takes it, sends its request and waits for the answer on a socket that belongs to such calls
alone. Whatever is out of the ordinary (a cold start, a full house, a crash, a late answer) is the event loop's.
"""

import concurrent.futures
import socket
import uuid
from typing import TYPE_CHECKING

from fnlab.emulator.instance import wire
from fnlab.emulator.process import Instance
from fnlab.emulator.report import Report
from fnlab.emulator.slots import Request, Slot
from fnlab.emulator.watch import WATCH_S

if TYPE_CHECKING:
    from fnlab.emulator.supervisor import Supervisor

_READ_BYTES = 65_536


def call(supervisor: "Supervisor", event: bytes) -> Report | None:
    """Let an idle instance answer; None when there is none, and the event loop has to see to it.

    Raises
    ------
    EmulatorClosed
        If the emulator is closed meanwhile.
    """
    answer: concurrent.futures.Future[Report] = concurrent.futures.Future()
    request = Request(str(uuid.uuid4()), event, 0.0, answer, {})
    try:
        slot = supervisor.lease(request)
        if slot is None:
            return None
        result = _ask(supervisor, request, slot)
        if result is not None:
            supervisor.settle(request, slot, result)
        return answer.result()  # without a result, the event loop finds out why and says so
    except BaseException:  # an interrupted thread leaves an answer behind that nobody may take for the next one's
        supervisor.abandon(request)
        raise


def _ask(supervisor: "Supervisor", request: Request, slot: Slot) -> wire.Result | None:
    assert isinstance(slot.instance, Instance), "only Python's own runtime has a direct lane"  # narrows the type
    lane, timeout_s = slot.instance.direct, supervisor.function.timeout_s
    assert lane is not None, "every such instance is started with one"
    patience = _Patience(supervisor, request)
    try:
        lane.settimeout(min(WATCH_S, timeout_s))
        _send(lane, wire.invoke_frame(request.request_id, timeout_s, request.event), patience)
        return _read(lane, request, patience)
    except OSError:  # the instance has gone, and the event loop hears of it too
        return None


class _Patience:
    """What a thread does when nothing moves: it lets the event loop watch memory and deadline, and waits on."""

    def __init__(self, supervisor: "Supervisor", request: Request) -> None:
        self._supervisor, self._request = supervisor, request
        self._watched = False

    @property
    def ended(self) -> bool:
        """Whether the event loop has given the answer meanwhile, because the deadline was first."""
        if not self._watched:
            self._watched = True
            self._supervisor.watch(self._request)
        return self._request.answer.done()


def _send(lane: socket.socket, frame: bytes, patience: _Patience) -> None:
    rest = memoryview(frame)
    while rest:
        try:
            rest = rest[lane.send(rest) :]
        except TimeoutError:
            if patience.ended:
                return


def _read(lane: socket.socket, request: Request, patience: _Patience) -> wire.Result | None:
    """Read frames until the result; None when there will be none."""
    unread = bytearray()
    while True:
        try:
            data = lane.recv(_READ_BYTES)
        except TimeoutError:
            if patience.ended:
                return None
            continue
        if not data:
            return None
        unread += data
        while (framed := wire.cut(unread)) is not None:
            kind, body = framed
            if kind == wire.RESULT:
                return wire.read_result(body)
            request.pieces.append(wire.read_chunk(body)[1])
