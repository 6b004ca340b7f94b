"""One caller's connection: requests are answered in their order, with bounds in time and with back-pressure."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from enum import Enum, auto

from fnlab.emulator.http.heads import Refused, write_head
from fnlab.emulator.http.limits import HttpLimits
from fnlab.emulator.http.messages import App, Prompt, Request, Response
from fnlab.emulator.http.reader import Gate, Heads, Part, Reader, Turn
from fnlab.errors import BadValue

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_BODILESS = frozenset({204, 304})
_ONE_WRITE_BYTES = 64 * 1024  # larger bodies are not copied behind their heads


@dataclass
class Serving:
    """What all connections of a server share."""

    app: App
    gate: Gate | None
    limits: HttpLimits
    prompt: Prompt | None = None
    heads: Heads = field(default_factory=dict)
    connections: "set[Connection]" = field(default_factory=set)
    empty: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False


class _Awaited(Enum):
    """What a connection waits for, and so what happens when its deadline passes."""

    REQUEST = auto()
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()  # by the app, or by the caller who reads it slowly
    END = auto()


_AWAITED = {Part.NONE: _Awaited.REQUEST, Part.HEAD: _Awaited.HEAD, Part.BODY: _Awaited.BODY}


class Connection(asyncio.Protocol):
    """One connection. Lives on the server's event loop."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._reader: Reader
        self._task: asyncio.Task[None] | None = None  # set while requests are being answered
        self._prompted: Turn | None = None  # set while one is, without a task
        self._held = b""  # came while they were
        self._writable: asyncio.Future[None] | None = None  # set while the caller reads too slowly
        self._streaming = self._eof = self._lost = False
        self._awaited, self._deadline_s = _Awaited.REQUEST, math.inf
        self._body_since_s = 0.0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request, if there is room for one more caller."""
        serving = self._serving
        self._transport = transport  # type: ignore[assignment]  # a connected socket's reads and writes, uvloop's too
        peer = (transport.get_extra_info("peername") or ("",))[0]
        self._reader = Reader(serving.limits, serving.gate, peer=peer, heads=serving.heads)
        if serving.closing or len(serving.connections) >= serving.limits.max_connections:
            full = Refused(503, "as many connections are open as this server takes; close some and try again.")
            self._write_whole(full.response, keep_alive=False, body_wanted=True)
            self._reader.deaf = True
            transport.close()
            return
        serving.connections.add(self)
        serving.empty.clear()
        self._deadline_s = self._loop.time() + serving.limits.head_timeout_s

    def data_received(self, data: bytes) -> None:
        """Parse; while an earlier request is being answered, hold the data and take no more."""
        if self._answering:
            if not self._reader.deaf:
                self._held += data
            self._transport.pause_reading()
        elif not self._reader.deaf:
            self._read(data)

    def eof_received(self) -> bool:
        """The caller sends no more; what it has asked for is still answered."""
        self._eof = True
        return self._answering

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more. A stream ends; a plain call goes on, as it does in the cloud."""
        self._lost = True
        self.resume_writing()
        if self._streaming and self._task is not None:
            self._task.cancel()
        self._serving.connections.discard(self)
        if not self._serving.connections:
            self._serving.empty.set()

    def pause_writing(self) -> None:
        """The caller reads too slowly: let the answer wait, for a while."""
        self._writable = self._loop.create_future()
        self._deadline_s = self._loop.time() + self._serving.limits.write_timeout_s

    def resume_writing(self) -> None:
        """The caller has caught up."""
        if self._writable is None:
            return
        if not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
        if self._awaited is _Awaited.ANSWER:
            self._deadline_s = math.inf

    # What the server calls.

    def expire(self, now_s: float) -> None:
        """Act on a deadline that has passed."""
        if now_s < self._deadline_s:
            return
        if self._awaited in {_Awaited.HEAD, _Awaited.BODY}:
            self._reader.refuse(Refused(408, f"a request's {self._awaited.name.lower()} did not come in time."))
            self._begin()
        elif self._awaited is _Awaited.REQUEST and not self._transport.get_write_buffer_size():
            self._transport.close()
        else:
            self._transport.abort()

    def wind_down(self) -> None:
        """Close, after the answers that are owed."""
        if not self._answering:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    # Reading.

    def _read(self, data: bytes) -> None:
        self._reader.feed(data)
        if self._reader.turns:
            self._begin()
        else:
            self._wait_on()

    def _wait_on(self) -> None:
        """Wait for the rest of a request, or for the next one."""
        reader, limits, now_s = self._reader, self._serving.limits, self._loop.time()
        if reader.owes_continue:
            reader.owes_continue = False
            self._transport.write(_CONTINUE)
        awaited = _AWAITED[reader.part]
        if awaited is _Awaited.REQUEST:
            self._deadline_s = now_s + limits.keep_alive_s
        elif awaited is _Awaited.BODY:
            if self._awaited is not awaited:
                self._body_since_s = now_s
            earned_s = reader.part_bytes / limits.min_body_bytes_per_s
            self._deadline_s = self._body_since_s + limits.body_timeout_s + earned_s
        elif self._awaited is not awaited:
            self._deadline_s = now_s + limits.head_timeout_s
        self._awaited = awaited

    # Answering.

    def _begin(self) -> None:
        self._awaited, self._deadline_s = _Awaited.ANSWER, math.inf
        if not self._is_prompted():
            self._task = self._loop.create_task(self._answer())

    @property
    def _answering(self) -> bool:
        return self._task is not None or self._prompted is not None

    def _is_prompted(self) -> bool:
        """Try to have a single request answered without a task; tell whether that is so."""
        turns, prompt = self._reader.turns, self._serving.prompt
        if prompt is None or len(turns) != 1 or turns[0].refusal is not None or not turns[0].keep_alive:
            return False
        turn = self._prompted = turns.popleft()
        try:
            if prompt(turn.request, self._reply):
                return True
        except Exception as error:  # as of the app: the answer of one request, not the server's end
            self._reply(self._mistake(error))
            return True
        self._prompted = None
        turns.append(turn)
        return False

    def _reply(self, response: Response) -> None:
        """Write the answer to a request that needed no task."""
        turn, self._prompted = self._prompted, None
        keep_alive = not self._serving.closing
        if self._lost or turn is None:
            return
        body_wanted = turn.request.method != "HEAD" and response.status not in _BODILESS
        self._write_whole(response, keep_alive=keep_alive, body_wanted=body_wanted)
        if not keep_alive:
            self._end()
        elif self._writable is not None:
            self._task = self._loop.create_task(self._catch_up())
        else:
            self._go_on()

    async def _catch_up(self) -> None:
        """Go on when a slow caller has read its answer."""
        await self._drained()
        self._task = None
        self._go_on()

    async def _answer(self) -> None:
        """Answer the requests that are here, in their order."""
        turns = self._reader.turns
        while turns:
            turn = turns.popleft()
            if not await self._send(turn, turn.refusal or await self._ask(turn.request)):
                return self._end()
        self._task = None
        return self._go_on()

    def _go_on(self) -> None:
        """Take up what came while requests were being answered."""
        if self._lost:
            return
        held, self._held = self._held, b""
        if held:
            self._transport.resume_reading()
            self._read(held)
        else:
            self._wait_on()
        if not self._answering and (self._eof or self._serving.closing):
            self._transport.close()

    async def _ask(self, request: Request) -> Response:
        try:
            return await self._serving.app(request)
        except Exception as error:  # an app's mistake is the answer of one request, not the server's end
            return self._mistake(error)

    def _mistake(self, error: Exception) -> Response:
        self._loop.call_exception_handler({"message": "an HTTP app failed", "exception": error, "protocol": self})
        return Refused(500, "the emulator failed at this request; its log says how.").response

    async def _send(self, turn: Turn, response: Response) -> bool:
        """Write an answer; tell whether the connection can go on."""
        keep_alive = turn.keep_alive and not self._serving.closing
        body_wanted = turn.request.method != "HEAD" and response.status not in _BODILESS
        if not isinstance(response.body, bytes):
            if body_wanted and not self._lost:
                keep_alive = keep_alive and turn.chunked
                return await self._stream(response, response.body, keep_alive=keep_alive, chunked=turn.chunked)
            await _close(response.body)
        if self._lost:
            return False
        self._write_whole(response, keep_alive=keep_alive, body_wanted=body_wanted)
        await self._drained()
        return keep_alive

    def _write_whole(self, response: Response, *, keep_alive: bool, body_wanted: bool) -> None:
        body = response.body if isinstance(response.body, bytes) else None
        length = None if body is None or response.status in _BODILESS else len(body)
        try:
            head = write_head(response, length=length, chunked=False, keep_alive=keep_alive)
        except BadValue as error:
            return self._write_whole(self._mistake(error), keep_alive=keep_alive, body_wanted=body_wanted)
        if not body or not body_wanted:
            self._transport.write(head)
        elif len(body) <= _ONE_WRITE_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return None

    async def _stream(self, response: Response, body: AsyncIterator[bytes], *, keep_alive: bool, chunked: bool) -> bool:
        try:
            head = write_head(response, length=None, chunked=chunked, keep_alive=keep_alive)
        except BadValue as error:
            await _close(body)
            self._write_whole(self._mistake(error), keep_alive=keep_alive, body_wanted=True)
            return keep_alive
        self._transport.write(head)
        self._streaming = True
        try:
            async for piece in body:
                if piece:  # an empty chunk would be the end
                    self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                    await self._drained()
        except Exception as error:  # the caller learns that the answer is not whole from its missing end
            self._mistake(error)
            self._transport.abort()
            return False
        finally:
            self._streaming = False
            await _close(body)
        if chunked:
            self._transport.write(_LAST_CHUNK)
        return keep_alive

    async def _drained(self) -> None:
        if self._writable is not None:
            await self._writable

    def _end(self) -> None:
        """Send the end, and swallow what still comes: a close with unread data would reset the last answer away."""
        self._task, self._held, self._reader.deaf = None, b"", True
        if self._lost or self._eof:
            self._transport.close()
            return
        self._transport.write_eof()
        self._transport.resume_reading()
        limits = self._serving.limits
        slow = self._transport.get_write_buffer_size() > 0
        self._awaited = _Awaited.END
        self._deadline_s = self._loop.time() + (limits.write_timeout_s if slow else limits.linger_s)


async def _close(body: bytes | AsyncIterator[bytes]) -> None:
    if isinstance(body, AsyncGenerator):
        await body.aclose()
