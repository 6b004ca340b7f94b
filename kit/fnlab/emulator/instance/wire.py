"""Frames on the socket between the supervisor and an instance.

A frame is four bytes of length, one byte of kind, then the body. Invocations carry their request id before the event;
results carry measurements before the answer.
"""

from struct import Struct
from typing import NamedTuple

HEAD = Struct("!IB")  # length of the body, kind
INVOKE, READY, FAILED, RESULT = range(1, 5)

_INVOKE = Struct("!d36s")  # seconds left, request id
_RESULT = Struct("!36sBdd")  # request id, ok, CPU seconds, peak memory in MiB


class Result(NamedTuple):
    """One answer: the JSON body, or the JSON description of an error when not `ok`."""

    request_id: str
    ok: bool
    cpu_s: float
    peak_mib: float
    body: bytes


def frame(kind: int, body: bytes) -> bytes:
    """Put the head before a body."""
    return HEAD.pack(len(body), kind) + body


def invoke_frame(request_id: str, left_s: float, event: bytes) -> bytes:
    """Ask for an invocation."""
    return frame(INVOKE, _INVOKE.pack(left_s, request_id.encode()) + event)


def read_invoke(body: bytes) -> tuple[str, float, bytes]:
    """Take an invocation apart: request id, seconds left, event."""
    left_s, request_id = _INVOKE.unpack_from(body)
    return request_id.decode(), left_s, body[_INVOKE.size :]


def result_frame(result: Result) -> bytes:
    """Send an answer."""
    head = _RESULT.pack(result.request_id.encode(), result.ok, result.cpu_s, result.peak_mib)
    return frame(RESULT, head + result.body)


def read_result(body: bytes) -> Result:
    """Take an answer apart."""
    request_id, ok, cpu_s, peak_mib = _RESULT.unpack_from(body)
    return Result(request_id.decode(), bool(ok), cpu_s, peak_mib, body[_RESULT.size :])
