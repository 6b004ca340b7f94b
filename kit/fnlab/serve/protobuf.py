"""Walk a message of Protocol Buffers without a schema, far enough to see what an ONNX file refers to.

The wire format: fields, each a number and a kind, then a varint, 4 or 8 bytes, or a length and as many bytes.
Source: https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Iterator

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_VARINT_BYTES = 10


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Give the fields of a message: the number of each, and a whole number or the bytes it holds.

    Raises
    ------
    ValueError
        If the bytes are no message, or end in the middle of one.

    Examples
    --------
    >>> [(number, bytes(value)) for number, value in fields(memoryview(bytes([10, 2, 104, 105])))]
    [(1, b'hi')]
    """
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field has the number 0")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind in (_FOUR, _EIGHT):
            length = 4 if kind == _FOUR else 8
        else:
            raise ValueError(f"a field is of the unknown kind {kind}")
        if at + length > end:
            raise ValueError(f"a field declares {length:,} bytes where {end - at:,} are left")
        yield number, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + _VARINT_BYTES]):
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number does not end")
