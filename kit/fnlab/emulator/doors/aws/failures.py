"""How an invocation that failed looks to AWS's callers."""

import json
from typing import Any

from fnlab.emulator.report import Report
from fnlab.functions import Function, Limits
from fnlab.trace import Status

#: What AWS may give as the reason of a 429.
REASONS = (
    "ConcurrentInvocationLimitExceeded",
    "FunctionInvocationRateLimitExceeded",
    "ReservedFunctionConcurrentInvocationLimitExceeded",
    "ReservedFunctionInvocationRateLimitExceeded",
    "CallerRateLimitExceeded",
    "ConcurrentSnapshotCreateLimitExceeded",
)


def payload_of(report: Report, function: Function) -> tuple[bytes, bool]:
    """Give what the caller gets, and whether it is an error."""
    most = Limits.of("aws-lambda").request_bytes
    if report.status == Status.OK:
        if len(report.body) <= most:
            return report.body, False
        message = f"Response payload size exceeded maximum allowed payload size ({most} bytes)."
        return _write({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}), True
    return _write(_described(report, function)), True


def malformed_handler(handler: str) -> bytes:
    """Describe a handler that names no function, as AWS's Python runtime does."""
    message = f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)"
    return _write(
        {"errorMessage": message, "errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": []}
    )


def _described(report: Report, function: Function) -> dict[str, Any]:
    if report.status == Status.TIMEOUT:
        late = f"Task timed out after {function.timeout_s:.2f} seconds"
        return _ended("Sandbox.Timedout", report, late)
    if report.status == Status.OUT_OF_MEMORY:
        return _ended("Runtime.OutOfMemory", report, "Runtime exited with error: signal: killed")
    content = json.loads(report.body)
    if not isinstance(content, dict):
        return {"errorMessage": str(content), "errorType": "Function.Unknown"}
    if isinstance(cause := content.get("cause"), dict):
        return cause
    if content.get("errorType") == "InstanceCrashed":
        return _ended("Runtime.ExitError", report, "Runtime exited without providing a reason")
    return content


def _ended(kind: str, report: Report, message: str) -> dict[str, Any]:
    return {"errorType": kind, "errorMessage": f"RequestId: {report.request_id} Error: {message}"}


def _write(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode(errors="backslashreplace")
