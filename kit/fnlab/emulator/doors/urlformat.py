"""Payload format 2.0 of AWS Lambda's function URLs: an HTTP request as an event, and an answer as an HTTP response."""

import base64
import binascii
import json
import time
from collections import defaultdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fnlab.emulator.doors.jsontext import parse
from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.errors import BadValue
from fnlab.units import MS_PER_S

#: Bodies of these types are given as text, all others in base64.
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")

#: What parts the head of a streamed answer from its body.
PRELUDE_END = b"\0" * 8

_HEADER_LESS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})


def event_of(request: Request, *, path: str, request_id: str, name: str) -> dict[str, Any]:
    """Write a request as an event.

    Parameters
    ----------
    request : Request
        As it came.
    path : str
        The part of its path that is the function's own, from the slash on.
    request_id, name : str
        How the request is called in the logs, and the function.
    """
    now_s = time.time()
    host = request.headers.get("host", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query_string,
        "headers": {key: value for key, value in request.headers.items() if key != "cookie"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": name,
            "domainName": host,
            "domainPrefix": name,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": datetime.fromtimestamp(now_s, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": round(now_s * MS_PER_S),
        },
        "isBase64Encoded": False,
    }
    if cookies := request.headers.get("cookie"):
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if request.query_string:
        event["queryStringParameters"] = query_of(request)
    if request.body:
        event["body"], event["isBase64Encoded"] = body_of(request)
    return event


def response_of(body: bytes) -> Response:
    """Make a response of a function's answer.

    An object with ``statusCode`` says itself what is sent; anything else is sent as JSON.

    Raises
    ------
    BadValue
        If it says something that no response can be.
    """
    try:
        answer = parse(body)
    except ValueError:  # a function that gives bytes
        return Response(HTTPStatus.OK, {"Content-Type": "application/octet-stream"}, body)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response(HTTPStatus.OK, {"Content-Type": "application/json"}, body)
    response = head_of(answer)
    return Response(response.status, response.headers, _content(answer), response.cookies)


def head_of(answer: dict[str, Any]) -> Response:
    """Make a response without its body; raises as :func:`response_of` does."""
    status = answer.get("statusCode", HTTPStatus.OK.value)
    if isinstance(status, str) and status.isdigit():
        status = int(status)
    if type(status) is not int or not 200 <= status <= 599:
        raise BadValue(f"statusCode must be a whole number from 200 to 599; got {status!r}.")
    headers, cookies = answer.get("headers") or {}, answer.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise BadValue("headers must be an object and cookies a list.")
    kept = {name: _text(value) for name, value in headers.items() if name.lower() not in _HEADER_LESS}
    if "content-type" not in map(str.lower, kept):
        kept["Content-Type"] = "application/json"
    for part in (*kept, *kept.values(), *map(str, cookies)):
        if not (part.isascii() and part.isprintable()):
            raise BadValue(f"headers must be printable ASCII; got {part!r}.")
    return Response(status, kept, b"", tuple(map(str, cookies)))


def split_prelude(piece: bytes) -> tuple[Response, bytes] | None:
    """Take the head off a streamed answer, if it begins with one: JSON and eight zero bytes."""
    head, end, rest = piece.partition(PRELUDE_END)
    if not end:
        return None
    try:
        answer = parse(head)
    except ValueError:
        return None
    return (head_of(answer), rest) if isinstance(answer, dict) else None


def failure(status: HTTPStatus) -> Response:
    """Say that a function did not answer; why is its owner's business and stands in the logs."""
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return json_response({"Reason": None, "Type": "User", "message": "Rate Exceeded."}, status=status)
    return json_response({"Message": status.phrase}, status=status)


def query_of(request: Request) -> dict[str, str]:
    """Give the query's values by name; those of one name are joined with commas."""
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in request.query:
        values[name].append(value)
    return {name: ",".join(listed) for name, listed in values.items()}


def body_of(request: Request) -> tuple[str, bool]:
    """Give a body as text, and whether that is base64."""
    if request.headers.get("content-type", "").lower().startswith(_TEXT):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass  # said to be text and is none: as bytes, then
    return base64.b64encode(request.body).decode(), True


def _content(answer: dict[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    if not answer.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise BadValue("a body that isBase64Encoded must be base64; it is not.") from None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise BadValue(f"a header must be a text or a number; got {value!r}.")
    return str(value)
