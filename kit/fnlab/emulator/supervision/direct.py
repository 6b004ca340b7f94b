"""A call from a thread of one's own, past the event loop: the thread itself talks to an idle instance.

Handing a request to another thread and its answer back takes longer than the whole way to the instance. So a thread
that finds an instance idle takes it, sends its request and waits for the answer on a socket that belongs to such calls
alone. Whatever is out of the ordinary (a cold start, a full house, a crash, a late answer) is the event loop's.
"""

import socket
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fnlab.emulator.ids import new_id
from fnlab.emulator.instance import wire
from fnlab.emulator.processes.process import Instance
from fnlab.emulator.report import Report
from fnlab.emulator.supervision.slots import Request, Slot

if TYPE_CHECKING:
    from fnlab.emulator.supervision.supervisor import Supervisor

_READ_BYTES = 65_536
_NOTHING: Mapping[str, Any] = {}


class Parcel:
    """A report on its way to the thread that waits for it; it is nearly always there before anybody waits."""

    __slots__ = ("_arrived", "_error", "_report")

    def __init__(self) -> None:
        self._arrived = threading.Lock()
        self._arrived.acquire()
        self._report: Report | None = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Whether it has arrived."""
        return not self._arrived.locked()

    def set_result(self, report: Report) -> None:
        """Bring the report."""
        self._report = report
        self._arrived.release()

    def set_exception(self, error: BaseException) -> None:
        """Bring the reason why there is none."""
        self._error = error
        self._arrived.release()

    def result(self) -> Report:
        """Wait for what is brought."""
        with self._arrived:
            if self._report is not None:
                return self._report
            assert self._error is not None, "what has arrived is one or the other"  # narrows the type
            raise self._error


def call(supervisor: "Supervisor", event: bytes) -> Report | None:
    """Let an idle instance answer; None when there is none, and the event loop has to see to it.

    Raises
    ------
    EmulatorClosed
        If the emulator is closed meanwhile.
    """
    answer = Parcel()
    request = Request(new_id(), event, 0.0, answer, _NOTHING)
    try:
        slot = supervisor.lease(request)
        if slot is None:
            return None
        result = _ask(supervisor, request, slot)
        if result is not None:
            supervisor.settle(request, slot, result)
        else:
            supervisor.watch(request)
        return answer.result()  # without a result, the event loop finds out why and says so
    except BaseException:  # an interrupted thread leaves an answer behind that nobody may take for the next one's
        supervisor.abandon(request)
        raise


def _ask(supervisor: "Supervisor", request: Request, slot: Slot) -> wire.Result | None:
    assert isinstance(slot.instance, Instance), "only Python's own runtime has a direct lane"  # narrows the type
    lane = slot.instance.direct
    assert lane is not None, "every such instance is started with one"
    patience = _Patience(supervisor, request)
    try:
        _send(lane, wire.invoke_frame(request.request_id, supervisor.function.timeout_s, request.event), patience)
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
        except BlockingIOError:
            if patience.ended:
                return


def _read(lane: socket.socket, request: Request, patience: _Patience) -> wire.Result | None:
    """Read frames until the result; None when there will be none."""
    unread = bytearray()
    while True:
        try:
            data = lane.recv(_READ_BYTES)
        except BlockingIOError:  # the socket's own patience is over
            if patience.ended:
                return None
            continue
        if not data:
            return None
        if not unread and (whole := wire.only(data)) is not None and whole[0] == wire.RESULT:  # the usual case
            return wire.read_result(whole[1])
        unread += data
        while (framed := wire.cut(unread)) is not None:
            kind, body = framed
            if kind == wire.RESULT:
                return wire.read_result(body)
            request.pieces.append(wire.read_chunk(body)[1])
