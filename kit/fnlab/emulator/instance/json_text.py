"""JSON as AWS Lambda's Python runtime reads and writes it, byte for byte.

That runtime goes beyond the standard library's module: named tuples become objects, bytes become text, decimals become
numbers, and NaN is written as ``NaN``. Plain values take the fast way, through the standard library's compiled encoder;
whatever else is in an answer takes a slower one. All functions are held from here, so that a handler may replace those
of :mod:`json` as it likes.
"""

import json
import math
import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from json import encoder as _encoder
from typing import Any

#: Runtimes before this one write all but ASCII as escapes.
_FIRST_UNICODE_MINOR = 12
_SCALARS = frozenset({str, int, float, bool, type(None)})
_PLAIN = _SCALARS | {list, dict, tuple}

#: Deeper values take the slow way, which notices when one holds itself.
_DEPTH = 64

_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # untyped
_loads = json.loads


def _writes_ascii() -> bool:
    """Say whether the vendor's runtime whose name the environment has is one that escapes."""
    named = re.fullmatch(r"AWS_Lambda_python3\.(\d+)", os.environ.get("AWS_EXECUTION_ENV", ""))
    return bool(named) and int(named[1]) < _FIRST_UNICODE_MINOR  # type: ignore[index]  # it matched


_ASCII = _writes_ascii()
_text: Callable[[str], str] = _encoder.encode_basestring_ascii if _ASCII else _encoder.encode_basestring


def _no_default(value: Any) -> Any:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _compiled() -> Callable[[Any], str]:
    """Make the fast encoder once; the standard library makes one for every value."""
    make = getattr(_encoder, "c_make_encoder", None)
    if make is None:
        return json.JSONEncoder(check_circular=False, ensure_ascii=_ASCII).encode
    encode = make(None, _no_default, _text, None, ": ", ", ", False, False, True)
    join = "".join
    return lambda value: join(encode(value, 0))


_fast = _compiled()


def read(body: bytes | memoryview) -> Any:
    """Read a JSON text.

    Raises
    ------
    ValueError
        If it is none.
    """
    text = str(body, "utf-8")
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        return _loads(text)  # white space comes first, or the error has to be worded
    return value if end == len(text) else _loads(text)


def write(value: Any) -> bytes:
    """Write a value as JSON.

    Raises
    ------
    TypeError, ValueError
        If JSON cannot hold it.
    """
    if type(value) is str:
        return _text(value).encode()
    if _is_plain(value, _DEPTH):
        return _fast(value).encode()
    return "".join(_pieces(value, set())).encode()


def _is_plain(value: Any, depth: int) -> bool:
    """Whether the compiled encoder writes this value as the vendor's runtime does; looks at a container at a time."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if depth == 0 or kind not in _PLAIN:
        return False
    if kind is dict:
        if not _SCALARS.issuperset(map(type, value)):
            return False
        value = value.values()
    kinds = set(map(type, value))
    if kinds <= _SCALARS:
        return True
    return kinds <= _PLAIN and all(_is_plain(each, depth - 1) for each in value if type(each) not in _SCALARS)


def _pieces(value: Any, above: set[int]) -> Iterator[str]:
    """Write any value, piece by piece; `above` holds the containers that it is in."""
    if isinstance(value, (str, bytes)) or value is None or isinstance(value, (bool, int, float, Decimal)):
        yield _scalar(value)
        return
    as_dict = getattr(value, "_asdict", None)
    if not isinstance(value, (list, tuple, dict)) and not callable(as_dict):
        _no_default(value)
    if id(value) in above:
        raise ValueError("Circular reference detected")
    above.add(id(value))
    if callable(as_dict):
        yield from _object(as_dict(), above)
    elif isinstance(value, dict):
        yield from _object(value, above)
    else:
        yield from _joined("[", (_pieces(each, above) for each in value), "]")
    above.discard(id(value))


def _object(value: dict[Any, Any], above: set[int]) -> Iterator[str]:
    def member(key: Any, inner: Any) -> Iterator[str]:
        yield _key(key) + ": "
        yield from _pieces(inner, above)

    yield from _joined("{", (member(key, inner) for key, inner in value.items()), "}")


def _joined(opening: str, members: Iterator[Iterator[str]], closing: str) -> Iterator[str]:
    yield opening
    for number, member in enumerate(members):
        if number:
            yield ", "
        yield from member
    yield closing


def _key(key: Any) -> str:
    if isinstance(key, (str, bytes)):
        return _scalar(key)
    if key is None or isinstance(key, (bool, int, float)):
        return f'"{_scalar(key)}"'
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")


def _scalar(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal):
        return "NaN" if value.is_nan() else str(value)
    if math.isfinite(value):
        return float.__repr__(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
