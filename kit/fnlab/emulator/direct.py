"""A call from a thread of one's own, past the event loop: the thread itself talks to an idle instance.

Handing a request to another thread and its answer back takes longer than the whole way to the instance. So a thread
that finds an instance idle takes it, sends its request and waits for the answer on a socket that belongs to such calls
alone. Whatever is out of the ordinary (a cold start, a full house, a crash, a late answer) is the event loop's.
"""

import socket
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
    lease = supervisor.lease(event)
    if lease is None:
        return None
    request, slot = lease
    try:
        result = _ask(supervisor, request, slot)
    except BaseException:  # an interrupted thread leaves an answer behind that nobody may take for the next one's
        supervisor.abandon(request, slot)
        raise
    if result is not None:
        supervisor.settle(request, slot, result)
    report: Report = request.answer.result()  # without a result, the event loop finds out why and says so
    return report


def _ask(supervisor: "Supervisor", request: Request, slot: Slot) -> wire.Result | None:
    assert isinstance(slot.instance, Instance), "only Python's own runtime has a direct lane"  # narrows the type
    lane, timeout_s = slot.instance.direct, supervisor.function.timeout_s
    assert lane is not None, "every such instance is started with one"
    try:
        lane.settimeout(min(WATCH_S, timeout_s))
        lane.sendall(wire.invoke_frame(request.request_id, timeout_s, request.event))
        return _read(supervisor, lane, request)
    except OSError:  # the instance has gone, and the event loop hears of it too
        return None


def _read(supervisor: "Supervisor", lane: socket.socket, request: Request) -> wire.Result | None:
    """Read frames until the result; None when the other side has ended."""
    unread = bytearray()
    watched = False
    while True:
        try:
            data = lane.recv(_READ_BYTES)
        except TimeoutError:
            if watched:
                raise
            watched = True  # it takes longer than usual: let the event loop watch memory and deadline
            supervisor.watch(request)
            lane.settimeout(None)
            continue
        if not data:
            return None
        unread += data
        while (framed := wire.cut(unread)) is not None:
            kind, body = framed
            if kind == wire.RESULT:
                return wire.read_result(body)
            request.pieces.append(wire.read_chunk(body)[1])
