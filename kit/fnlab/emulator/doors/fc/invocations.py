"""The operation that everything is for: InvokeFunction, with or without waiting."""

import base64
import json
from typing import Any

from fnlab.emulator.doors.fc.call import LATEST, PROVIDER, Call
from fnlab.emulator.doors.fc.refusals import Refusal, coded
from fnlab.emulator.http.messages import Response
from fnlab.emulator.log import TAIL_BYTES
from fnlab.emulator.report import Report
from fnlab.emulator.state.records import Version
from fnlab.errors import AlreadyExists
from fnlab.functions import Limits
from fnlab.trace import Status
from fnlab.units import MS_PER_S

#: An error of these types came up before the handler could be called.
_INIT_ERRORS = frozenset({"HandlerNotImportable", "HandlerNotFound", "CannotFork"})


async def invoke(call: Call) -> Response:
    """InvokeFunction."""
    kind = call.request.headers.get("x-fc-invocation-type", "Sync").lower()
    if kind == "async":
        return await _enqueue(call)
    if kind != "sync":
        raise Refusal(f"x-fc-invocation-type must be Sync or Async; got {kind!r}.")
    return await _wait(call)


async def _enqueue(call: Call) -> Response:
    _check_size(call, Limits.of(PROVIDER).facts["async_request_bytes"]["max"])
    version = call.platform.catalog.version(call.function, call.qualifier)
    with coded(AlreadyExists, "AsyncTaskAlreadyExists", 409):
        event_id = await call.platform.enqueue(
            call.function,
            None if call.qualifier == LATEST else call.qualifier,
            payload=_payload(call, version),
            task_id=call.request.headers.get("x-fc-async-task-id") or None,
            meta=_meta(call),
        )
    return Response(202, {"X-Fc-Request-Id": event_id})


async def _wait(call: Call) -> Response:
    entry, version = call.platform.catalog[call.function], call.platform.catalog.version(call.function, call.qualifier)
    _check_size(call, Limits.of(version.function.limits).request_bytes)
    report = await call.platform.invoke(
        call.function,
        None if call.qualifier == LATEST else call.qualifier,
        payload=_payload(call, version),
        request_id=call.request_id,
        meta=_meta(call),
    )
    if report.status is Status.THROTTLED:
        raise Refusal(json.loads(report.body)["errorMessage"], code="ResourceExhausted", status=429)
    # An alias may have sent it to another version; and by now the function may be gone.
    headers = _headers(report, entry.versions.get(report.version, version))
    if call.request.headers.get("x-fc-log-type", "None").lower() == "tail":
        headers["X-Fc-Log-Result"] = base64.b64encode(log_of(report)).decode()
    return Response(200, headers, report.body)


def _check_size(call: Call, most_bytes: int) -> None:
    size_bytes = len(call.request.body)
    if size_bytes > most_bytes:
        raise Refusal(f"an event must not exceed {most_bytes:,} bytes; got {size_bytes:,}.", code="EntityTooLarge")


def _payload(call: Call, version: Version) -> bytes:
    """Give the event as the function wants it: bytes as they are, or JSON."""
    body = call.request.body
    if version.function.payload == "bytes" or version.function.runtime != "python":
        return body
    try:
        json.loads(body or b"null")
    except ValueError as error:
        raise Refusal(f"{call.function!r} was deployed to take JSON, so its event must be JSON: {error}.") from None
    return body or b"null"


def _meta(call: Call) -> dict[str, Any]:
    return {"qualifier": call.qualifier, "region": call.place.region, "account_id": call.place.account}


def _headers(report: Report, version: Version) -> dict[str, str]:
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Fc-Invocation-Duration": f"{report.duration_s * MS_PER_S:.2f}",
        "X-Fc-Max-Memory-Usage": f"{report.peak_mib:.2f}",
        "X-Fc-Instance-Id": instance_id(report.version, report.instance),
        "X-Fc-Code-Checksum": str(version.notes.get("codeChecksum", "")),
    }
    if error_type := error_type_of(report, version):
        headers["X-Fc-Error-Type"] = error_type
    return headers


def error_type_of(report: Report, version: Version) -> str | None:
    """Say what kind of failure it was, in the service's words; None if it was none."""
    if report.status is Status.OK:
        return None
    if report.status is Status.ERROR:
        error = json.loads(report.body)
        if error.get("errorType") in _INIT_ERRORS or "failed in initialize()" in error.get("errorMessage", ""):
            return "InitializationError"
        if version.function.runtime == "http":
            return "HandledInvocationError"  # the program answered, and said that it failed
    return "UnhandledInvocationError"


def instance_id(version: int, instance: int) -> str:
    """Name an instance for the whole function.

    Examples
    --------
    >>> instance_id(3, 0)
    'c-3-0'
    """
    return f"c-{version}-{instance}"


def log_of(report: Report) -> bytes:
    """Write the end of a request's log as the service does: its lines between a start, an end and a summary.

    What the function printed is taken from the platform's log, where it stands between START and END.
    """
    name = f"RequestId: {report.request_id}"
    lines = report.log.decode(errors="replace").splitlines()
    begin = next((place for place, line in enumerate(lines) if line.startswith(f"START {name}")), -1)
    end = next((place for place, line in enumerate(lines) if line.startswith(f"END {name}")), len(lines))
    summary = (
        f"Duration: {report.duration_s * MS_PER_S:.2f} ms, Billed Duration: {report.billed_s * MS_PER_S:.0f} ms, "
        f"Memory Size: {report.memory_mib} MB, Max Memory Used: {report.peak_mib:.2f} MB"
    )
    printed = lines[begin + 1 : end]
    text = "\n".join([f"FC Invoke Start {name}", *printed, f"FC Invoke End {name}", "", summary])
    return text.encode()[-TAIL_BYTES:]
