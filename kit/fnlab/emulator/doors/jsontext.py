"""JSON from outside, as strictly as it must be read so that it can be written again."""

import json
from typing import Any

#: What can be the beginning of half a surrogate pair: its escape, or the bytes that Python's reader lets through.
_SUSPICIOUS = (b"\\ud", b"\\uD", b"\xed")


def parse(body: bytes) -> Any:
    """Read JSON, without what only Python takes for JSON: NaN, infinities, and half a surrogate pair.

    Raises
    ------
    ValueError
        Says what is wrong with it.

    Examples
    --------
    >>> parse(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    try:
        content = json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if any(mark in body for mark in _SUSPICIOUS):
        json.dumps(content, ensure_ascii=False).encode()  # a UnicodeEncodeError is a ValueError
    return content


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
