"""AWS's encoding of an event stream: one message after another, each with its headers and two checksums."""

import struct
import zlib
from collections.abc import Mapping

_TEXT = 7  # the type of a header whose value is text
_PRELUDE_BYTES, _CHECKSUM_BYTES = 8, 4


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode one message.

    It begins with two lengths, of the whole and of the headers, and the checksum of these; then come the headers, the
    payload, and the checksum of everything before it. All numbers are big-endian.
    """
    head = b"".join(_header(name, value) for name, value in headers.items())
    total = _PRELUDE_BYTES + _CHECKSUM_BYTES + len(head) + len(payload) + _CHECKSUM_BYTES
    prelude = struct.pack("!II", total, len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message))


def event(kind: str, payload: bytes, *, content_type: str) -> bytes:
    """Encode a message that carries an event of the service."""
    headers = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
    return encode(headers, payload)


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _TEXT, len(text)) + text
