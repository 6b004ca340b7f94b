"""An instance that is a web server, as Alibaba Function Compute's custom runtimes are.

On Function Compute the server listens on 0.0.0.0:9000 inside a container. Here many share one machine, so each gets a
free port in ``FC_SERVER_PORT`` and ``PORT``, and should listen on 127.0.0.1.
"""

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import Mapping
from typing import Any

import httpx

from fnlab.emulator.processes.kinds import Owner
from fnlab.emulator.runtimes import sockets
from fnlab.emulator.runtimes.base import BaseInstance, error_body
from fnlab.emulator.runtimes.environment import fc_variables
from fnlab.emulator.runtimes.starting import ProgramStarter
from fnlab.functions import Limits

_LIMITS = "alibaba-fc"  # whose contract it is, its limits hold

#: How often a starting program is asked whether it listens.
_LOOK_S = 0.01

#: A function that wants POST /initialize says so by this variable, whatever its value.
WANTS_INITIALIZE = "FC_INITIALIZE"

_FAILED = 404
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "te", "trailer", "upgrade"}


class CustomHttpInstance(BaseInstance):
    """A process that serves ``POST /invoke``, and any other path when the request came by HTTP.

    It is ready when it listens and, if the function wants that, has answered ``POST /initialize``.
    """

    def __init__(self, name: str, row: int, owner: Owner) -> None:
        super().__init__(name, row, owner)
        self._starter: ProgramStarter | None = None
        self._client: httpx.AsyncClient | None = None
        self._port = 0
        self._readying: asyncio.Task[None] | None = None
        self._serving: dict[str, asyncio.Task[None]] = {}

    def invoke(self, request_id: str, left_s: float, event: bytes, meta: bytes = b"") -> None:
        """Hand a request over. The supervisor keeps its time, so `left_s` only goes into a header.

        A `meta` with ``http`` (an object of ``method``, ``path`` and ``headers``) makes it a request by that method
        and path, with the event for its body, and the answer a JSON object of ``statusCode``, ``headers`` and ``body``.
        """
        about: Mapping[str, Any] = json.loads(meta) if meta else {}
        task = asyncio.get_running_loop().create_task(self._serve(request_id, left_s, event, about))
        self._serving[request_id] = task
        task.add_done_callback(lambda _: self._serving.pop(request_id, None))

    # What the base asks for.

    async def _prepare(self, starter: ProgramStarter) -> dict[str, str]:
        self._starter = starter
        self._port = _free_port()
        many = starter.concurrency
        self._client = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=many, max_keepalive_connections=many),
            timeout=None,  # the supervisor keeps the time
            trust_env=False,  # a proxy has no business here
        )
        return fc_variables(starter, port=self._port, instance=self.name)

    def _on_begun(self) -> None:
        self._readying = asyncio.get_running_loop().create_task(self._become_ready())

    async def _farewell(self) -> None:
        if self._client is not None and self._ready:
            with contextlib.suppress(httpx.HTTPError):  # it need not know this path, and may end at once
                await self._client.send(self._request("GET", "/pre-stop", self._headers("", 0, "/pre-stop")))

    async def _dismantle(self) -> None:
        tasks = [task for task in (self._readying, *self._serving.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _pending(self) -> str:
        return next(iter(self._serving), "")

    # Becoming ready.

    async def _become_ready(self) -> None:
        starts_within_s = Limits.of(_LIMITS).facts["custom_runtime"]["start_timeout_s"]
        try:
            async with asyncio.timeout(starts_within_s):
                mine = await self._listening()
        except TimeoutError:
            sentence = f"the program must listen on port {self._port} within {starts_within_s:g} s; it does not."
            self._fail("FunctionNotStarted", sentence)
            return
        if self.gone:
            return
        if not mine:
            sentence = f"the program must listen on port {self._port}; another process does: call again."
            self._fail("FunctionNotStarted", sentence)
        elif await self._initialized():
            self._say_ready()

    async def _listening(self) -> bool:
        """Wait for a listener; tell whether it is this instance's own program, so that no stranger gets requests."""
        while not self.gone:
            if sockets.can_tell():
                if (mine := sockets.listened_by(self.pid, port=self._port)) is not None:
                    return mine
            elif await self._connects():
                return True
            await asyncio.sleep(_LOOK_S)
        return False

    async def _connects(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        return True

    async def _initialized(self) -> bool:
        """Run the initialiser, when the function wants one."""
        assert self._starter is not None, "a program runs"  # narrows the type
        assert self._client is not None, "a program runs"  # narrows the type
        if WANTS_INITIALIZE not in self._starter.function.env:
            return True
        try:
            headers = self._headers("", 0, "/initialize")
            answer = await self._client.send(self._request("POST", "/initialize", headers))
        except httpx.HTTPError as error:
            self._fail("InitializationError", f"POST /initialize was not answered: {error!r}.")
            return False
        if not _went_well(answer):
            sentence = f"POST /initialize must be answered with status 200; got {answer.status_code}: "
            self._fail("InitializationError", sentence + answer.text)
            return False
        return True

    # Serving.

    async def _serve(self, request_id: str, left_s: float, event: bytes, about: Mapping[str, Any]) -> None:
        assert self._client is not None, "asked only when ready"  # narrows the type
        by_http = about.get("http")
        control = "/http-invoke" if by_http else "/invoke"
        headers = self._headers(request_id, left_s, control) | _passed_on((by_http or {}).get("headers", {}))
        method, path = (by_http["method"], by_http["path"]) if by_http else ("POST", "/invoke")
        try:
            answer = await self._client.send(self._request(method, path, headers, event), stream=True)
            body = await _read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # ValueError: what no header or path can hold
            if not self._ending and not await self._ends():
                sentence = f"{method} {path} was not answered: {error!r}."
                self._answer(request_id, error_body("UnhandledInvocationError", sentence), ok=False)
            return
        if self._ending:
            return
        if body is None:
            sentence = f"an answer must not exceed {_most_bytes()} bytes."
            self._answer(request_id, error_body("ResponseSizeTooLarge", sentence), ok=False)
        elif by_http:
            self._answer(request_id, _as_http(answer, body), ok=_status_header(answer) != _FAILED)
        elif _went_well(answer):
            self._answer(request_id, body, ok=True)
        else:
            self._answer(request_id, _as_error(answer, body), ok=False)

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> httpx.Request:
        """Make a request of exactly these headers, that goes to the program whatever the path looks like."""
        url = httpx.URL(scheme="http", host="127.0.0.1", port=self._port, raw_path=path.encode("ascii"))
        return httpx.Request(method, url, headers=headers, content=body)

    async def _ends(self) -> bool:
        """Tell a dying program from a broken connection: the first is told of as such, by whoever watches it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), 10 * _LOOK_S)
        return self.gone

    def _headers(self, request_id: str, left_s: float, control_path: str) -> dict[str, str]:
        assert self._starter is not None, "a program runs"  # narrows the type
        function = self._starter.function
        return {
            "x-fc-request-id": request_id,
            "x-fc-function-name": function.name,
            "x-fc-function-handler": self._starter.handler,
            "x-fc-function-memory": str(function.memory_mib),
            "x-fc-function-timeout": f"{left_s or function.timeout_s:g}",
            "x-fc-qualifier": str(self._starter.version),
            "x-fc-control-path": control_path,
        }


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep what a caller may say: not what belongs to its own connection, and nothing in the platform's name."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in _HOP_BY_HOP and not name.lower().startswith("x-fc-")
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _most_bytes() -> int:
    """Most bytes of an answer. What Function Compute allows is not known; a request's limit is taken for it."""
    return Limits.of(_LIMITS).request_bytes


async def _read(answer: httpx.Response) -> bytes | None:
    """Read an answer, None when it is too large."""
    body = bytearray()
    try:
        async for piece in answer.aiter_raw():  # a compressed answer is the caller's to unpack
            body += piece
            if len(body) > _most_bytes():
                return None
    finally:
        await answer.aclose()
    return bytes(body)


def _status_header(answer: httpx.Response) -> int:
    text = answer.headers.get("x-fc-status", "")
    return int(text) if text.isdecimal() else answer.status_code


def _went_well(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.OK and _status_header(answer) == httpx.codes.OK


def _as_error(answer: httpx.Response, body: bytes) -> bytes:
    """Give the program's own error when it has the form of one, else its text."""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if isinstance(content, dict) and {"errorType", "errorMessage"} <= content.keys():
        return json.dumps({"stackTrace": []} | content).encode()
    text = body.decode(errors="replace")
    return error_body("HandledInvocationError", f"status {_status_header(answer)}: {text}")


def _as_http(answer: httpx.Response, body: bytes) -> bytes:
    headers = {name: value for name, value in answer.headers.items() if name not in _HOP_BY_HOP}
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    whole = {"statusCode": answer.status_code, "headers": headers, "body": text, "isBase64Encoded": encoded}
    return json.dumps(whole).encode()
