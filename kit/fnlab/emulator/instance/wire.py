"""Frames on a socket between the supervisor and an instance.

A frame is four bytes of length, one byte of kind, then the body. Invocations carry their request id before the event;
results carry measurements before the answer. Either side may have several requests under way: the id tells them apart.
Times are those of the monotonic clock, which is the same in all processes of a machine.
"""

import struct
import time
from collections.abc import Mapping
from struct import Struct
from types import MappingProxyType
from typing import NamedTuple

HEAD = Struct("!IB")  # length of the body, kind
INVOKE, READY, FAILED, RESULT, CHUNK = range(1, 6)

#: The longest request id; shorter ones are filled up with zero bytes.
ID_BYTES = 36

_INVOKE = Struct(f"!dd{ID_BYTES}sI")  # when it was sent, seconds left then, request id, length of the meta data
_RESULT = Struct(f"!{ID_BYTES}sBdd")  # request id, flags, CPU seconds, peak memory in MiB
_RESULT_FRAME = Struct(f"!IB{ID_BYTES}sBdd")  # the same with the head before it
_OK, _STREAMED, _RAW, _STAGED = 1, 2, 4, 8
_STAGES = Struct("!II")  # where there are some: how many, and bytes of their names; then the seconds, then the names

_NO_STAGES: Mapping[str, float] = MappingProxyType({})
_monotonic, _pack, _unpack_from = time.monotonic, struct.pack, struct.unpack_from  # a handler may replace what it likes


class Result(NamedTuple):
    """One answer.

    Attributes
    ----------
    request_id, ok, cpu_s, peak_mib : str, bool, float, float
        Which request, whether it went well, and what it used.
    body : bytes
        The answer, as JSON unless `raw`; or the JSON description of an error when not `ok`.
    streamed : bool
        Whether the answer is in the chunks that came before; the body is then empty, or the error that cut it short.
    raw : bool
        Whether the handler itself made these bytes, so that they need not be JSON.
    stages : Mapping of str to float
        Seconds by what the handler timed, in the order in which it began; nearly always none.
    """

    request_id: str
    ok: bool
    cpu_s: float
    peak_mib: float
    body: bytes
    streamed: bool = False
    raw: bool = False
    stages: Mapping[str, float] = _NO_STAGES


def frame(kind: int, body: bytes) -> bytes:
    """Put the head before a body."""
    return HEAD.pack(len(body), kind) + body


def cut(unread: bytearray) -> tuple[int, bytes] | None:
    """Take the first whole frame away from what has been read: its kind and its body."""
    if len(unread) < HEAD.size:
        return None
    length, kind = HEAD.unpack_from(unread)
    end = HEAD.size + length
    if len(unread) < end:
        return None
    body = bytes(unread[HEAD.size : end])
    del unread[:end]
    return kind, body


def only(data: bytes) -> tuple[int, bytes] | None:
    """Read data that is one whole frame and nothing else: its kind and its body."""
    if len(data) < HEAD.size:
        return None
    length, kind = HEAD.unpack_from(data)
    return (kind, data[HEAD.size :]) if len(data) == HEAD.size + length else None


def invoke_frame(request_id: str, left_s: float, event: bytes, meta: bytes = b"") -> bytes:
    """Ask for an invocation; `meta` is JSON that says what else the handler's context is to tell."""
    head = _INVOKE.pack(_monotonic(), left_s, request_id.encode(), len(meta))
    return b"".join((HEAD.pack(len(head) + len(meta) + len(event), INVOKE), head, meta, event))


def read_invoke(body: memoryview) -> tuple[str, float, float, memoryview, memoryview]:
    """Take an invocation apart: request id, when it was sent, by when it must be answered, meta data, event."""
    sent_s, left_s, request_id, length = _INVOKE.unpack_from(body)
    begin = _INVOKE.size + length
    return request_id.rstrip(b"\0").decode(), sent_s, sent_s + left_s, body[_INVOKE.size : begin], body[begin:]


def chunk_frame(request_id: str, piece: bytes) -> bytes:
    """Send a piece of an answer."""
    return frame(CHUNK, request_id.encode().ljust(ID_BYTES, b"\0") + piece)


def read_chunk(body: bytes) -> tuple[str, bytes]:
    """Take a piece apart: request id, bytes."""
    return body[:ID_BYTES].rstrip(b"\0").decode(), body[ID_BYTES:]


def result_frame(result: Result) -> bytes:
    """Send an answer."""
    request_id, ok, cpu_s, peak_mib, body, streamed, raw, stages = result
    flags = _OK * ok | _STREAMED * streamed | _RAW * raw
    if stages:
        flags |= _STAGED
        body = _stages_bytes(stages) + body
    head = _RESULT_FRAME.pack(_RESULT.size + len(body), RESULT, request_id.encode(), flags, cpu_s, peak_mib)
    return head + body


def read_result(body: bytes) -> Result:
    """Take an answer apart."""
    request_id, flags, cpu_s, peak_mib = _RESULT.unpack_from(body)
    name, rest = request_id.rstrip(b"\0").decode(), body[_RESULT.size :]
    result = Result(name, bool(flags & _OK), cpu_s, peak_mib, rest, bool(flags & _STREAMED), bool(flags & _RAW))
    if not flags & _STAGED:
        return result
    count, length = _STAGES.unpack_from(rest)
    seconds = _unpack_from(f"!{count}d", rest, _STAGES.size)
    begin = _STAGES.size + 8 * count
    names = rest[begin : begin + length].decode().split("\0")
    return result._replace(body=rest[begin + length :], stages=dict(zip(names, seconds, strict=True)))


def _stages_bytes(stages: Mapping[str, float]) -> bytes:
    """Write stages down; every request of a model has some, so it is not JSON, which takes longer."""
    names = "\0".join([str(name).replace("\0", " ") for name in stages]).encode(errors="replace")
    return _STAGES.pack(len(stages), len(names)) + _pack(f"!{len(stages)}d", *stages.values()) + names
