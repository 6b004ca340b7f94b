"""Invocations: waited for, left to the queue, only checked, or answered bit by bit."""

import base64
import binascii
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from fnlab.emulator.doors.aws import eventstream
from fnlab.emulator.doors.aws.arn import LATEST, Target
from fnlab.emulator.doors.aws.call import Call, Handler
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import AwsError, invalid, too_large
from fnlab.emulator.doors.aws.failures import REASONS, malformed_handler, payload_of
from fnlab.emulator.doors.aws.finding import find_version
from fnlab.emulator.doors.aws.handlers import to_platform
from fnlab.emulator.doors.aws.runtimes import kind_of
from fnlab.emulator.doors.aws.shapes import number_of
from fnlab.emulator.http.messages import Response
from fnlab.emulator.report import Report
from fnlab.emulator.state.records import Version
from fnlab.functions import Limits
from fnlab.trace import Status

_USER = {"Type": "User"}
_JSON = {"Content-Type": "application/json"}
_PIECE_BYTES = 1 << 20  # of a stream; a message may hold 16 MiB
LONGEST_CONTEXT = 3583  # of the client's context, in base64


async def invoke(call: Call) -> Response:
    """Invoke."""
    kind, log = call.header("X-Amz-Invocation-Type"), call.header("X-Amz-Log-Type")
    checks = Checks()
    checks.one_of(kind, "invocationType", ("Event", "RequestResponse", "DryRun"))
    checks.one_of(log, "logType", ("None", "Tail"))
    checks.done()
    target = call.target(found=True)
    version = runnable(call, target)
    if kind == "DryRun":
        return Response(204, _JSON)
    payload, meta = _payload(call, waited=kind != "Event"), meta_of(call, target)
    if kind == "Event":
        return await _enqueued(call, target, payload, meta)
    if broken := without_handler(version):
        return _answered(version, broken, failed=True)
    report = await call.platform.invoke(
        target.name, target.qualifier, payload=payload, request_id=call.request_id, meta=meta
    )
    _refuse_throttled(report)
    served = call.catalog.version(target.name, str(report.version)) if report.version else version
    body, failed = payload_of(report, served.function)
    response = _answered(served, body, failed=failed)
    tail = {"X-Amz-Log-Result": base64.b64encode(report.log).decode()} if log == "Tail" else {}
    return Response(200, {**response.headers, **tail, "X-Amzn-Trace-Id": meta["trace_id"]}, response.body)


def answer_of(version: Version, report: Report, *, request_id: str, trace_id: str) -> Response:
    """Write the answer to a plain invocation."""
    _refuse_throttled(report)
    body, failed = payload_of(report, version.function)
    headers = {
        "x-amzn-RequestId": request_id,
        "Content-Type": "application/json",
        "X-Amz-Executed-Version": number_of(version),
        "X-Amzn-Trace-Id": trace_id,
    }
    if failed:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return Response(200, headers, body)


async def invoke_async(call: Call) -> Response:
    """InvokeAsync, the old way to leave an event to the queue."""
    target = call.target(found=True)
    runnable(call, target)
    return await _enqueued(call, target, _payload(call, waited=False), meta_of(call, target))


async def invoke_with_response_stream(call: Call) -> Response:
    """InvokeWithResponseStream."""
    kind, log = call.header("X-Amz-Invocation-Type"), call.header("X-Amz-Log-Type")
    checks = Checks()
    checks.one_of(kind, "invocationType", ("RequestResponse", "DryRun"))
    checks.one_of(log, "logType", ("None", "Tail"))
    checks.done()
    target = call.target(found=True)
    runnable(call, target)
    if kind == "DryRun":
        return Response(204, _JSON)
    payload, meta = _payload(call, waited=True), meta_of(call, target)
    chosen = call.platform.version(target.name, target.qualifier)
    pieces = call.platform.stream(target.name, number_of(chosen), payload=payload, meta=meta)
    first = await anext(pieces)  # what is refused is refused before anything is sent
    if isinstance(first, Report):
        _refuse_throttled(first)
    headers = {
        "Content-Type": "application/vnd.amazon.eventstream",
        "X-Amz-Executed-Version": number_of(chosen),
        "X-Amzn-Trace-Id": meta["trace_id"],
    }
    return Response(200, headers, _encoded(first, pieces, chosen, tail=log == "Tail"))


async def _encoded(
    first: bytes | Report, rest: AsyncIterator[bytes | Report], version: Version, *, tail: bool
) -> AsyncIterator[bytes]:
    streamed, piece = False, first
    while not isinstance(piece, Report):
        streamed = True
        for chunk in _chunks(piece):
            yield chunk
        piece = await anext(rest)
    body, failed = payload_of(piece, version.function)
    end: dict[str, Any] = {}
    if failed:
        end = {"ErrorCode": json.loads(body).get("errorType", "Unhandled"), "ErrorDetails": body.decode()}
    elif not streamed:
        for chunk in _chunks(body):
            yield chunk
    if tail:
        end["LogResult"] = base64.b64encode(piece.log).decode()
    yield eventstream.event("InvokeComplete", json.dumps(end).encode(), content_type="application/json")


def _chunks(content: bytes) -> list[bytes]:
    return [
        eventstream.event("PayloadChunk", content[at : at + _PIECE_BYTES], content_type="application/octet-stream")
        for at in range(0, len(content), _PIECE_BYTES)
    ]


def runnable(call: Call, target: Target) -> Version:
    """Find what is to run; refuse what this machine has no runtime for."""
    entry = call.entry(target.name, target.qualifier or LATEST)
    version = find_version(call, entry, target.qualifier)
    runtime = version.notes.get("Runtime")
    if "image" not in version.notes and kind_of(runtime) == "elsewhere":
        message = f"The runtime {runtime} is not on this machine; it runs python and provided runtimes."
        raise AwsError("InvalidRuntimeException", message, status=502, fields=_USER)
    return version


def without_handler(version: Version) -> bytes | None:
    """Say what AWS's runtime says of a handler that names no function; None for any other."""
    written, function = version.notes.get("Handler"), version.function
    if function.runtime != "python" or not written or to_platform(written):
        return None
    return malformed_handler(written)


def _payload(call: Call, *, waited: bool) -> bytes:
    limits = Limits.of("aws-lambda")
    most = limits.request_bytes if waited else limits.facts["async_policy"]["request_bytes"]
    payload = call.request.body
    if len(payload) > most:
        raise too_large(f"Request must be smaller than {most} bytes for the InvokeFunction operation")
    if not payload.strip():
        return b"{}"
    try:
        _DECODER.decode(payload.decode())
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: Could not parse payload into json: {error}"
        raise AwsError("InvalidRequestContentException", message, status=400, fields=_USER) from None
    return payload


def no_json(word: str) -> None:
    """Refuse what only Python's reader takes for JSON."""
    raise ValueError(f"Unexpected word {word}")


#: Python's own also takes NaN and Infinity, which are not JSON.
_DECODER = json.JSONDecoder(parse_constant=no_json)


def meta_of(call: Call, target: Target) -> dict[str, Any]:
    """Say what the handler's context is to tell."""
    trace = call.header("X-Amzn-Trace-Id") or f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Sampled=0"
    meta: dict[str, Any] = {
        "arn": call.scope.function(target.name, target.qualifier),
        "qualifier": target.qualifier or LATEST,
        "region": call.scope.region,
        "account_id": call.scope.account,
        "trace_id": trace,
    }
    if written := call.header("X-Amz-Client-Context"):
        meta["client_context"] = _client_context(written)
    if tenant := call.header("X-Amz-Tenant-Id"):
        meta["tenant_id"] = tenant
    return meta


def _client_context(written: str) -> dict[str, Any]:
    try:
        context = json.loads(base64.b64decode(written, validate=True)) if len(written) <= LONGEST_CONTEXT else None
    except (binascii.Error, ValueError, RecursionError):
        context = None
    if not isinstance(context, dict) or not isinstance(context.get("client", {}), dict | None):
        raise invalid("Client context must be a valid Base64-encoded JSON object.")
    return context


async def _enqueued(call: Call, target: Target, payload: bytes, meta: dict[str, Any]) -> Response:
    event_id = await call.platform.enqueue(target.name, target.qualifier, payload=payload, meta=meta)
    return Response(202, {**_JSON, "x-amzn-RequestId": event_id, "X-Amzn-Trace-Id": meta["trace_id"]})


def _refuse_throttled(report: Report) -> None:
    if report.status == Status.THROTTLED:
        reason = report.reason if report.reason in REASONS else REASONS[0]
        fields = {"Reason": reason, "Type": "User"}
        raise AwsError("TooManyRequestsException", "Rate Exceeded.", status=429, fields=fields)


def _answered(version: Version, body: bytes, *, failed: bool) -> Response:
    error = {"X-Amz-Function-Error": "Unhandled"} if failed else {}
    return Response(200, {**_JSON, "X-Amz-Executed-Version": number_of(version), **error}, body)


OPERATIONS: dict[str, Handler] = {
    "Invoke": invoke,
    "InvokeAsync": invoke_async,
    "InvokeWithResponseStream": invoke_with_response_stream,
}
