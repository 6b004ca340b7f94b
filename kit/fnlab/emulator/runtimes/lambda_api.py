"""An instance that speaks AWS's Lambda Runtime API: any program that asks for its work at an address.

Each instance has an endpoint of its own on 127.0.0.1. A caller is let in when its socket belongs to the instance's
process or to one that this started.
"""

import asyncio
import base64
import binascii
import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fnlab.emulator.processes.kinds import Owner
from fnlab.emulator.runtimes import sockets
from fnlab.emulator.runtimes.base import BaseInstance, error_body
from fnlab.emulator.runtimes.environment import LATEST, arn, lambda_variables
from fnlab.emulator.runtimes.extensions import Extensions, refuse
from fnlab.emulator.runtimes.httpwire import Connection, Exchange
from fnlab.emulator.runtimes.starting import ProgramStarter
from fnlab.functions import Limits
from fnlab.units import MS_PER_S

_INVOCATION = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
_LIMITS = "aws-lambda"  # whose API it is, its limits hold
_ACCEPTED = b'{"status":"OK"}\n'
_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"


@dataclass
class _Request:
    request_id: str
    deadline_ms: int
    event: bytes
    meta: Mapping[str, Any]


class LambdaApiInstance(BaseInstance):
    """A process that serves by ``GET …/invocation/next`` and ``POST …/invocation/ID/response``.

    It is ready at its first ``next``. A request that comes before the following ``next`` waits for it.
    """

    def __init__(self, name: str, row: int, owner: Owner) -> None:
        super().__init__(name, row, owner)
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._starter: ProgramStarter | None = None
        self._nexts: deque[Exchange] = deque()  # who waits for work
        self._queue: deque[_Request] = deque()  # who waits to be asked for
        self._served: dict[str, _Request] = {}  # who is being served
        self._answered = ""  # the last one that was
        self._answering: dict[Exchange, str] = {}  # answers that have begun, and to what
        self._streamed_bytes: dict[Exchange, int] = {}
        self._too_big: dict[str, bytes] = {}  # whose answer was refused, until it shows whether the program lives on
        self._extensions = Extensions()

    def invoke(self, request_id: str, left_s: float, event: bytes, meta: bytes = b"") -> None:
        """Hand a request over; of `meta`, ``arn``, ``trace_id``, ``client_context`` and ``cognito_identity`` count."""
        deadline_ms = round((time.time() + left_s) * MS_PER_S)
        self._queue.append(_Request(request_id, deadline_ms, event, json.loads(meta) if meta else {}))
        self._match()

    # What the base asks for.

    async def _prepare(self, starter: ProgramStarter) -> dict[str, str]:
        self._starter = starter
        self._server = await asyncio.get_running_loop().create_server(lambda: Connection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        provisioned = bool(starter.settings.get("provisioned", False))
        return lambda_variables(starter, address=f"{host}:{port}", instance=self.name, provisioned=provisioned)

    async def _dismantle(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        self._connections.clear()

    async def _farewell(self) -> None:
        deadline_ms = round(time.time() * MS_PER_S)
        self._extensions.tell({"eventType": "SHUTDOWN", "shutdownReason": "spindown", "deadlineMs": deadline_ms})

    def _pending(self) -> str:
        return next(iter((*self._served, *(request.request_id for request in self._queue))), "")

    def _epitaph(self) -> bytes:
        return next(iter(self._too_big.values()), b"")

    # What a connection calls.

    def admits(self, connection: Connection) -> bool:
        """Whether the caller is this instance's own program."""
        theirs, ours = connection.ports
        if sockets.can_tell() and not sockets.connected_by(self.pid, from_port=theirs, to_port=ours):
            return False
        self._connections.add(connection)
        return True

    def on_head(self, exchange: Exchange) -> None:
        """Note an answer that begins, and whether it will come in pieces."""
        if (asked := _INVOCATION.fullmatch(exchange.path)) and asked[1] in self._served:
            self._answering[exchange] = asked[1]
        if exchange.headers.get("lambda-runtime-function-response-mode") == "streaming":
            self._streamed_bytes[exchange] = 0

    def on_body(self, exchange: Exchange, piece: bytes) -> None:
        """Keep what is not too much; hand on what is streamed."""
        limits = Limits.of(_LIMITS).facts
        if exchange in self._streamed_bytes:
            self._streamed_bytes[exchange] += len(piece)
            within = self._streamed_bytes[exchange] <= limits["stream_bytes"]["max"]
            request_id = self._answering.get(exchange, "")
            if within and request_id in self._served:
                self._owner.on_chunk(self, request_id, piece)
        elif len(exchange.body) <= limits["response_bytes"]["max"]:
            exchange.body += piece  # one piece too many is kept, to be found out

    def on_broken(self, exchange: Exchange) -> None:
        """Forget a caller; an answer that broke off in the middle is an error."""
        if exchange in self._nexts:
            self._nexts.remove(exchange)
        streamed = self._streamed_bytes.pop(exchange, None) is not None
        if (request_id := self._answering.pop(exchange, "")) in self._served and streamed:
            error = error_body("Runtime.TruncatedResponse", "the streamed answer broke off.")
            self._finish(request_id, error, ok=False)

    def on_end(self, exchange: Exchange) -> None:
        """Serve a request of the program."""
        self._answering.pop(exchange, None)
        answers: dict[tuple[str, str], Callable[[Exchange], None]] = {
            ("GET", "/2018-06-01/runtime/invocation/next"): self._on_next,
            ("POST", "/2018-06-01/runtime/init/error"): self._on_init_error,
            ("GET", "/2018-06-01/ping"): lambda exchange: exchange.reply(200, b"pong", {"Content-Type": "text/plain"}),
            ("POST", "/2020-01-01/extension/register"): self._on_register,
            ("GET", "/2020-01-01/extension/event/next"): self._extensions.wait,
        }
        if answer := answers.get((exchange.method, exchange.path)):
            answer(exchange)
        elif (asked := _INVOCATION.fullmatch(exchange.path)) and exchange.method == "POST":
            self._on_answer(exchange, *asked.groups())
        else:
            refuse(exchange, 404, "NotFound", f"the Runtime API has no {exchange.method} {exchange.path}.")

    def _on_next(self, exchange: Exchange) -> None:
        assert self._starter is not None, "who asks was started"  # narrows the type
        for request_id in list(self._too_big):
            self._finish(request_id, self._too_big.pop(request_id), ok=False)
        # An answer on another connection may be about to end, well or not; this one waits for it.
        busy = self._served.keys() - set(self._answering.values())
        if len(busy) + len(self._nexts) >= self._starter.concurrency:
            sentence = "the request before must be answered first, and one next at a time waits."
            refuse(exchange, 403, "InvalidStateTransition", sentence)
            return
        self._nexts.append(exchange)
        if not self._ready:
            self._say_ready()
        self._match()

    def _on_init_error(self, exchange: Exchange) -> None:
        if self._ready:
            refuse(exchange, 403, "InvalidStateTransition", "the init was over at the first next.")
            return
        exchange.reply(202, _ACCEPTED)
        body = _as_error(bytes(exchange.body), exchange.headers.get(_ERROR_TYPE, ""))
        self._fail_with(body)

    def _on_register(self, exchange: Exchange) -> None:
        assert self._starter is not None, "who asks was started"  # narrows the type
        version = str(self._starter.version) if self._starter.version else LATEST
        about = {"functionName": self._starter.function.name, "functionVersion": version}
        self._extensions.register(exchange, about | {"handler": self._starter.handler})

    def _on_answer(self, exchange: Exchange, request_id: str, kind: str) -> None:
        if request_id not in self._served:
            if request_id == self._answered:
                refuse(exchange, 403, "InvalidStateTransition", "this request has been answered.")
            else:
                refuse(exchange, 400, "InvalidRequestID", f"no request {request_id!r} is being served.")
            return
        if kind == "error":
            exchange.reply(202, _ACCEPTED)
            error = _as_error(bytes(exchange.body), exchange.headers.get(_ERROR_TYPE, ""))
            self._finish(request_id, error, ok=False)
        elif exchange in self._streamed_bytes:
            self._end_stream(exchange, request_id)
        else:
            self._end_whole(exchange, request_id)

    def _end_whole(self, exchange: Exchange, request_id: str) -> None:
        most = Limits.of(_LIMITS).facts["response_bytes"]["max"]
        if len(exchange.body) <= most:
            exchange.reply(202, _ACCEPTED)
            self._finish(request_id, bytes(exchange.body), ok=True)
        else:
            self._refuse_size(exchange, request_id, most)

    def _refuse_size(self, exchange: Exchange, request_id: str, most: int) -> None:
        """Refuse an answer; many runtimes end after that, so its request is told when the next one can be served."""
        refuse(exchange, 413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({most} bytes).")
        sentence = f"Response payload size exceeded maximum allowed payload size ({most} bytes)."
        self._too_big[request_id] = error_body("Function.ResponseSizeTooLarge", sentence)

    def _end_stream(self, exchange: Exchange, request_id: str) -> None:
        sent_bytes, most = self._streamed_bytes.pop(exchange), Limits.of(_LIMITS).facts["stream_bytes"]["max"]
        if sent_bytes > most:
            self._refuse_size(exchange, request_id, most)
            return
        exchange.reply(202, _ACCEPTED)
        if error_type := exchange.trailers.get(_ERROR_TYPE):
            self._finish(request_id, _as_error(_base64(exchange.trailers.get(_ERROR_BODY, "")), error_type), ok=False)
        else:
            self._finish(request_id, b"", ok=True)

    # Work.

    def _match(self) -> None:
        """Give waiting work to a waiting program."""
        assert self._starter is not None, "who asks was started"  # narrows the type
        while self._queue and self._nexts and len(self._served) < self._starter.concurrency:
            exchange = self._nexts.popleft()
            if not exchange.open:
                continue
            request = self._queue.popleft()
            self._served[request.request_id] = request
            exchange.reply(200, request.event, self._headers(request))
            self._extensions.tell(self._invoke_event(request))

    def _headers(self, request: _Request) -> dict[str, str]:
        assert self._starter is not None, "who asks was started"  # narrows the type
        named = {
            "Lambda-Runtime-Aws-Request-Id": request.request_id,
            "Lambda-Runtime-Deadline-Ms": str(request.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": request.meta.get("arn") or arn(self._starter),
            "Lambda-Runtime-Trace-Id": request.meta.get("trace_id"),
            "Lambda-Runtime-Client-Context": request.meta.get("client_context"),
            "Lambda-Runtime-Cognito-Identity": request.meta.get("cognito_identity"),
        }
        return {name: _header(value) for name, value in named.items() if value}

    def _invoke_event(self, request: _Request) -> dict[str, object]:
        headers = self._headers(request)
        event = {"eventType": "INVOKE", "deadlineMs": request.deadline_ms, "requestId": request.request_id}
        trace = {"type": "X-Amzn-Trace-Id", "value": headers.get("Lambda-Runtime-Trace-Id", "")}
        return event | {"invokedFunctionArn": headers["Lambda-Runtime-Invoked-Function-Arn"], "tracing": trace}

    def _finish(self, request_id: str, body: bytes, *, ok: bool) -> None:
        del self._served[request_id]
        self._answered = request_id
        self._answer(request_id, body, ok=ok)
        self._match()


def _header(value: Any) -> str:
    """Write a value for a header: text on one line, anything else as JSON, no byte beyond ASCII."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else json.dumps(value)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _as_error(body: bytes, error_type: str) -> bytes:
    """Give an error as the platform passes it on: the program's own bytes, unless they lack what an error must have."""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return error_body(error_type or "Runtime.Unknown", body.decode(errors="replace"))
    if {"errorType", "errorMessage", "stackTrace"} <= content.keys():
        return body
    empty = {"errorType": error_type or "Runtime.Unknown", "errorMessage": "", "stackTrace": []}
    return json.dumps(empty | content).encode()
