"""CloudEvents 1.0 over HTTP: an event goes to a function as JSON, whichever of the three modes it came in.

The rules are those of the HTTP binding and of the JSON format. They are short, and what the official SDK does with
input that breaks them is not what a receiver should do: it makes up a missing id and replaces bytes that are not UTF-8.
So they are written out here, and the tests hold them against that SDK.
"""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from fnlab.emulator.doors.jsontext import parse
from fnlab.emulator.doors.router import Router
from fnlab.emulator.doors.size import TooLarge, check_size
from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.emulator.platform import Platform
from fnlab.emulator.report import Report
from fnlab.errors import BadValue, FnlabError, NotFound
from fnlab.trace import Status

SPEC_VERSION = "1.0"

#: Content types of the two modes in which a whole event is in the body; the longer one is looked for first.
BATCH, STRUCTURED = "application/cloudevents-batch", "application/cloudevents"

#: How many events a batch may hold: each is a request of its own, and all of them are begun at once.
MOST_EVENTS = 1000

_REQUIRED = ("id", "source", "specversion", "type")
_NAME = re.compile(r"[a-z0-9]+")
_JSON = re.compile(r"[^/]+/([^;]+\+)?json\s*(;.*)?", re.IGNORECASE)
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


#: Where events are sent to.
PREFIX = "/events"


class CloudEventsDoor:
    """``POST /events/{function}``: calls the function with each event, and sends its answer back.

    Without a ``qualifier`` in the query the newest published version answers. An answer that is itself an event goes
    back as one, in binary mode; anything else as JSON. A batch is answered with a batch of the events that came back.

    Parameters
    ----------
    platform : Platform
        What does the work.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._router = Router({("POST", PREFIX + "/{function}"): self._post}, unrouted=_unrouted)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return await self._router(request)

    async def _post(self, request: Request, function: str) -> Response:
        try:
            kind = request.headers.get("content-type", "")
            if kind.lower().startswith(BATCH):
                return await self._batch(request, function)
            event = structured(request.body) if kind.lower().startswith(STRUCTURED) else binary(request)
            return _answered(await self._call(request, function, event))
        except TooLarge as error:
            return json_response({"error": str(error)}, status=413)
        except NotFound as error:
            return json_response({"error": str(error)}, status=404)
        except BadValue as error:
            return json_response({"error": str(error)}, status=400)
        except FnlabError as error:
            return json_response({"error": str(error)}, status=503)

    async def _call(self, request: Request, function: str, event: Mapping[str, Any]) -> Report:
        payload = json.dumps(event, ensure_ascii=False).encode()
        qualifier = request.query.get("qualifier") or str(self._platform.catalog[function].latest.number or "$LATEST")
        check_size(payload, self._platform.catalog.version(function, qualifier).function)
        return await self._platform.invoke(function, qualifier, payload=payload)

    async def _batch(self, request: Request, function: str) -> Response:
        events = batch(request.body)
        reports = await asyncio.gather(*(self._call(request, function, event) for event in events))
        failed = [report for report in reports if report.status is not Status.OK]
        if failed:
            return _answered(failed[0])
        answers = [_answer_of(report) for report in reports]
        return json_response(list(filter(is_event, answers)), headers={"Content-Type": f"{BATCH}+json; charset=utf-8"})


def binary(request: Request) -> dict[str, Any]:
    """Read an event whose attributes are headers and whose data is the body.

    Raises
    ------
    BadValue
        If it is no CloudEvent 1.0.
    """
    event: dict[str, Any] = {
        name.removeprefix("ce-"): unescaped(name, value)
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }
    if kind := request.headers.get("content-type"):
        event["datacontenttype"] = kind
    return _checked(event) | _data(request.body, kind or "application/json")


def structured(body: bytes) -> dict[str, Any]:
    """Read an event that is a JSON object; raises as :func:`binary` does."""
    return _object(_parsed(body))


def batch(body: bytes) -> list[dict[str, Any]]:
    """Read a list of events; raises as :func:`binary` does."""
    events = _parsed(body)
    if not isinstance(events, list):
        raise BadValue(f"a batch of CloudEvents must be a JSON list; got a {type(events).__name__}.")
    if len(events) > MOST_EVENTS:
        raise BadValue(f"a batch must hold at most {MOST_EVENTS} CloudEvents; got {len(events)}.")
    return list(map(_object, events))


def is_event(answer: object) -> bool:
    """Tell whether a function's answer is itself an event, with nothing in it that a header could not hold."""
    if not isinstance(answer, dict):
        return False
    try:
        _object(answer)
    except BadValue:
        return False
    return str(answer.get("datacontenttype", "")).isprintable()


def to_binary(event: Mapping[str, Any]) -> Response:
    """Write an event with its attributes as headers."""
    attributes = {
        name: value
        for name, value in event.items()
        if name not in ("data", "data_base64", "datacontenttype") and value is not None
    }
    headers = {f"ce-{name}": escaped(_text(value)) for name, value in attributes.items()}
    kind = str(event.get("datacontenttype") or "application/json")
    if "data_base64" in event:
        body = base64.b64decode(event["data_base64"])
    elif "data" not in event:
        return Response(200, headers)
    elif _JSON.fullmatch(kind) or not isinstance(event["data"], str):
        body = json.dumps(event["data"], ensure_ascii=False).encode()
    else:
        body = event["data"].encode()
    return Response(200, {"Content-Type": kind, **headers}, body)


def escaped(text: str) -> str:
    """Write text so that it may stand in a header.

    Examples
    --------
    >>> escaped("Euro € 😀")
    'Euro%20%E2%82%AC%20%F0%9F%98%80'
    """
    return quote(text, safe=_PRINTABLE)


def unescaped(name: str, value: str) -> str:
    """Read text from a header: it may stand in quotation marks, and is decoded once.

    Examples
    --------
    >>> unescaped("ce-subject", "Euro%20%E2%82%AC")
    'Euro €'
    """
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise BadValue(f"a CloudEvent's attributes must be UTF-8, percent-encoded; {name} is not.") from None


def _data(body: bytes, kind: str) -> dict[str, Any]:
    """Put data where the JSON format wants it: as JSON, as text, or in base64."""
    if not body:
        return {}
    if _JSON.fullmatch(kind):
        return {"data": _parsed(body)}
    if kind.lower().startswith("text/"):
        try:
            return {"data": body.decode()}
        except UnicodeDecodeError:
            pass  # another encoding: the function may know it
    return {"data_base64": base64.b64encode(body).decode()}


def _parsed(body: bytes) -> Any:
    try:
        return parse(body)
    except ValueError as error:
        raise BadValue(f"what is said to be JSON must be JSON: {error}.") from None


def _object(event: object) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise BadValue(f"a CloudEvent must be a JSON object; got a {type(event).__name__}.")
    if "data_base64" in event:
        _check_base64(event)
    return _checked(event)


def _check_base64(event: Mapping[str, Any]) -> None:
    if "data" in event:
        raise BadValue("a CloudEvent must hold data or data_base64; it holds both.")
    try:
        base64.b64decode(event["data_base64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise BadValue("a CloudEvent's data_base64 must be base64; it is not.") from None


def _checked(event: dict[str, Any]) -> dict[str, Any]:
    for name in _REQUIRED:
        value = event.get(name)
        if not isinstance(value, str) or not value:
            raise BadValue(f"a CloudEvent must have the attribute {name}, a text that is not empty; got {value!r}.")
    if event["specversion"] != SPEC_VERSION:
        raise BadValue(f"a CloudEvent's specversion must be {SPEC_VERSION}; got {event['specversion']!r}.")
    for name in event.keys() - {"data_base64"}:
        if not _NAME.fullmatch(name):
            raise BadValue(f"a CloudEvent's attributes must be named with a–z and 0–9; got {name!r}.")
    return event


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _answer_of(report: Report) -> Any:
    """Read an answer; None if it is no JSON that could be sent on."""
    try:
        return parse(report.body)
    except ValueError:
        return None


def _answered(report: Report) -> Response:
    if report.status is Status.THROTTLED:
        return Response(429, {"Content-Type": "application/json"}, report.body)
    if report.status is not Status.OK:
        return Response(500, {"Content-Type": "application/json"}, report.body)
    try:
        answer = parse(report.body)
    except ValueError:  # a function that gives bytes
        return Response(200, {"Content-Type": "application/octet-stream"}, report.body)
    if is_event(answer):
        return to_binary(answer)
    return Response(200, {"Content-Type": "application/json"}, report.body)


def _unrouted(request: Request, methods: object) -> Response:
    sentence = f"events are sent with POST to /events/FUNCTION; got {request.method} {request.path}."
    return json_response({"error": sentence}, status=405 if methods else 404)
