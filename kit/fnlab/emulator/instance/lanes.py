"""The sockets on which requests come in and answers go out."""

import os
import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence

from fnlab.emulator.instance import wire

_READ_BYTES = 65536  # one read takes a small request whole
_HEAD_BYTES = wire.HEAD.size
_AT_ONCE = socket.MSG_DONTWAIT  # to read what is there, and not to wait for anything
_MS_PER_S = 1000
_monotonic, _poll = time.monotonic, select.poll  # held from here: a handler may replace what it likes


class Lane:
    """One socket, frame by frame. One thread reads; any may send.

    Parameters
    ----------
    link : socket
        Blocking; this end is ours.
    """

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self._unread = b""
        self._sending = threading.Lock()
        # What the socket can do is held from here: a handler may replace what it likes.
        self._recv, self._recv_into, self._sendall = link.recv, link.recv_into, link.sendall
        os.register_at_fork(after_in_child=link.close)  # a process that the handler forks must not answer for us

    def read(self) -> memoryview | None:
        """Read the body of the next frame; None when the other side is gone."""
        data = self._unread
        while len(data) < _HEAD_BYTES:
            more = self._recv(_READ_BYTES)
            if not more:
                return None
            data = data + more if data else more
        end = _HEAD_BYTES + wire.HEAD.unpack_from(data)[0]
        if len(data) < end:
            return self._read_long(data, end)
        self._unread = data[end:]
        return memoryview(data)[_HEAD_BYTES:end]

    def _read_long(self, data: bytes, end: int) -> memoryview | None:
        """Read on into one block that holds the whole frame."""
        self._unread = b""
        block = memoryview(bytearray(end))
        have = len(data)
        block[:have] = data
        while have < end:
            count = self._recv_into(block[have:])
            if not count:
                return None
            have += count
        return block[_HEAD_BYTES:]

    def read_arrived(self, most: int) -> list[memoryview]:
        """Wait for the next frame and read it with those that have arrived too; nothing when the other side is gone.

        A frame that does not fit into one read of the socket comes with the next ones.
        """
        bodies: list[memoryview] = []
        while (not bodies or (len(bodies) < most and self._has_whole())) and (body := self.read()) is not None:
            bodies.append(body)
        return bodies

    def read_on(self, bodies: list[memoryview], most: int, until_s: float) -> None:
        """Add frames until there are `most`, or it is that late, or the other side is gone."""
        poll = _poll()
        poll.register(self.link, select.POLLIN)
        while len(bodies) < most:
            left_s = until_s - _monotonic()
            if not _is_whole(self._unread) and (left_s <= 0 or not poll.poll(left_s * _MS_PER_S)):
                return
            body = self.read()  # what has begun to come is on its way, however long it is
            if body is None:
                return
            bodies.append(body)

    def _has_whole(self) -> bool:
        """Whether the next frame is here; what the socket has is taken first, without waiting."""
        if _is_whole(self._unread):
            return True
        try:
            self._unread += self._recv(_READ_BYTES, _AT_ONCE)
        except BlockingIOError:
            return False
        return _is_whole(self._unread)

    @property
    def has_unread(self) -> bool:
        """Whether a frame, or a part of one, has been taken from the socket already."""
        return bool(self._unread)

    def send(self, frame: bytes) -> None:
        """Send a frame whole, whoever else sends."""
        with self._sending:
            self._sendall(frame)


def _is_whole(data: bytes) -> bool:
    """Whether this begins with a whole frame."""
    return len(data) >= _HEAD_BYTES and len(data) >= _HEAD_BYTES + wire.HEAD.unpack_from(data)[0]


def requests(main: Lane, direct: Lane | None) -> Iterator[tuple[Lane, memoryview]]:
    """Give the requests as they come, each with its lane, until the supervisor closes the main one."""
    if direct is not None:
        yield from _of_both(main, direct)
    while (body := main.read()) is not None:
        yield main, body


def _of_both(main: Lane, direct: Lane) -> Iterator[tuple[Lane, memoryview]]:
    """Give the requests of two lanes, until either is closed."""
    poll = select.poll()
    lanes = {lane.link.fileno(): lane for lane in (main, direct)}
    for fd in lanes:
        poll.register(fd, select.POLLIN)
    while True:
        for lane in _readable(poll, lanes, (main, direct)):
            body = lane.read()
            if body is None:
                return  # of the direct one's end the main one need not know; of the main one's, reading it tells
            yield lane, body


def _readable(poll: select.poll, lanes: dict[int, Lane], both: Sequence[Lane]) -> list[Lane]:
    return [lane for lane in both if lane.has_unread] or [lanes[fd] for fd, _ in poll.poll()]
