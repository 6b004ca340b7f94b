"""Function URLs: plain HTTP to a function, at ``/url/NAME/…`` or at ``NAME.localhost``.

``/url/NAME:QUALIFIER/…`` and ``QUALIFIER.NAME.localhost`` ask for a version or an alias. Settings made through AWS's
door, or with an HTTP trigger through Function Compute's, apply: who may call, which pages may (CORS), and whether the
answer is streamed. Without settings a URL is there all the same, for callers with the emulator's token.
"""

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from fnlab.emulator.doors.cors import cors_headers, is_preflight
from fnlab.emulator.doors.fc import httpformat
from fnlab.emulator.doors.fc.triggers import TRIGGER
from fnlab.emulator.doors.size import too_large
from fnlab.emulator.doors.urlformat import event_of, failure, head_of, response_of, split_prelude
from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.emulator.platform import Platform
from fnlab.emulator.report import Report
from fnlab.emulator.state.records import Entry
from fnlab.errors import BadValue, FnlabError, NotFound
from fnlab.functions import Function
from fnlab.trace import Status

PREFIX = "/url/"

_LOCAL = ".localhost"
_DRAFT = "$LATEST"


@dataclass(frozen=True)
class _Place:
    """What a request is for: a function, a qualifier, and the path that is the function's own."""

    entry: Entry
    qualifier: str
    path: str

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.entry.urls.get(self.qualifier, {})


class UrlDoor:
    """Hands HTTP requests to functions.

    Parameters
    ----------
    platform : Platform
        What does the work.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def fits(self, request: Request) -> bool:
        """Tell whether a request is for this door."""
        return request.path.startswith(PREFIX) or self._by_host(request) is not None

    def is_open(self, request: Request) -> bool:
        """Tell whether a request needs no token: its URL is open to all, or a browser asks what it may send."""
        try:
            place = self._place(request)
        except FnlabError:
            return False
        return place.settings.get("AuthType") == "NONE" or (is_preflight(request) and "Cors" in place.settings)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        try:
            place = self._place(request)
            cors: Mapping[str, Any] = place.settings.get("Cors") or {}
            if cors and is_preflight(request):
                return Response(HTTPStatus.OK, cors_headers(cors, request))
            response = await self._answer(request, place)
        except NotFound as error:
            return json_response({"Message": str(error)}, status=HTTPStatus.NOT_FOUND)
        except FnlabError:
            return failure(HTTPStatus.BAD_GATEWAY)
        return _with(response, cors_headers(cors, request)) if cors else response

    async def _answer(self, request: Request, place: _Place) -> Response:
        name, request_id = place.entry.name, str(uuid.uuid4())
        function = self._platform.catalog.version(name, place.qualifier).function
        if (methods := place.settings.get("Methods")) and request.method not in methods:
            return failure(HTTPStatus.METHOD_NOT_ALLOWED)
        payload, meta = _payload(request, place, function, request_id)
        if too_large(payload, function):
            return failure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if place.settings.get("InvokeMode") == "RESPONSE_STREAM" and function.runtime != "http":
            pieces = self._platform.stream(name, place.qualifier, payload=payload, meta=meta)
            return await _streamed(pieces)
        report = await self._platform.invoke(name, place.qualifier, payload=payload, request_id=request_id, meta=meta)
        return _buffered(report)

    def _place(self, request: Request) -> _Place:
        if found := self._by_host(request):
            name, qualifier = found
            path = request.path
        else:
            called, slash, rest = request.path.removeprefix(PREFIX).partition("/")
            name, _, qualifier = unquote(called).partition(":")
            path = slash + rest or "/"
        entry = self._platform.catalog[name]
        return _Place(entry, qualifier or self._unqualified(entry), path)

    def _unqualified(self, entry: Entry) -> str:
        """The draft has the settings of an URL without a qualifier; without any, the newest version answers."""
        return _DRAFT if _DRAFT in entry.urls else str(entry.latest.number or _DRAFT)

    def _by_host(self, request: Request) -> tuple[str, str] | None:
        """Find a function by the name that it is called by; browsers write such names in small letters."""
        host = request.headers.get("host", "").lower().partition(":")[0]
        if not host.endswith(_LOCAL):
            return None
        qualifier, _, name = host.removesuffix(_LOCAL).rpartition(".")
        for entry in self._platform.catalog:
            if entry.name.lower() == name:
                known = {alias.lower(): alias for alias in entry.aliases}
                return entry.name, known.get(qualifier, qualifier)
        return None


def _payload(request: Request, place: _Place, function: Function, request_id: str) -> tuple[bytes, dict[str, Any]]:
    """Give the event and what goes beside it: a web server gets the request as it is."""
    meta: dict[str, Any] = {"qualifier": place.qualifier}
    if function.runtime == "http":
        path = place.path + (f"?{request.query_string}" if request.query_string else "")
        meta["http"] = {"method": request.method, "path": path, "headers": dict(request.headers)}
        return request.body, meta
    told = {"path": place.path, "request_id": request_id, "name": function.name}
    if trigger := place.settings.get(TRIGGER):
        event = httpformat.event_of(request, **told, account=trigger["account"])
    else:
        event = event_of(request, **told)
    return json.dumps(event, ensure_ascii=False).encode(), meta


def _buffered(report: Report) -> Response:
    if report.status is Status.THROTTLED:
        return failure(HTTPStatus.TOO_MANY_REQUESTS)
    if report.status is not Status.OK:
        return failure(HTTPStatus.BAD_GATEWAY)
    try:
        return response_of(report.body)
    except BadValue:  # what the function said is no response; its owner finds it in the log
        return failure(HTTPStatus.BAD_GATEWAY)


async def _streamed(pieces: AsyncIterator[bytes | Report]) -> Response:
    """Answer as soon as the first piece is there, for it may hold the head."""
    first = await anext(pieces)
    if isinstance(first, Report):
        return _buffered(first)
    head, rest = split_prelude(first) or (head_of({"headers": {"Content-Type": "application/octet-stream"}}), first)
    return replace(head, body=_rest(rest, pieces))


async def _rest(first: bytes, pieces: AsyncIterator[bytes | Report]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in pieces:
        if not isinstance(piece, Report):
            yield piece
        elif piece.status is not Status.OK:
            # The head has been sent, so the only way to tell the caller is to break off.
            raise BadValue("a streamed answer must end well; its function failed in the middle.")


def _with(response: Response, headers: Mapping[str, str]) -> Response:
    """Add headers; the URL's settings go before what the function says itself."""
    theirs = {name.lower() for name in headers}
    kept = {
        name: value
        for name, value in response.headers.items()
        if name.lower() not in theirs and not name.lower().startswith("access-control-")
    }
    return replace(response, headers={**kept, **headers})
