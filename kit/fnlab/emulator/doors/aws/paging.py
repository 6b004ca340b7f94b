"""Long lists in pieces: what a marker stands for, and where the next piece begins."""

import base64
import binascii
from collections.abc import Iterable
from typing import TypeVar

from fnlab.emulator.doors.aws.call import Call
from fnlab.emulator.doors.aws.errors import invalid

Item = TypeVar("Item")

#: AWS gives this many unless told, and of some things never more.
USUAL = 50


def page(
    call: Call, items: Iterable[tuple[str, Item]], *, most: int = 10_000, cap: int = 10_000
) -> tuple[list[Item], str | None]:
    """Cut the piece that a request asks for.

    A marker holds the key of the piece's first item. So a list may change between two requests: what is new before the
    marker is not seen, and nothing comes twice.

    Parameters
    ----------
    call : Call
        Its query has ``Marker`` and ``MaxItems``.
    items : iterable of key and item
        In the order of the keys.
    most, cap : int
        What ``MaxItems`` may be at most, and how many a piece holds at most.
    """
    size = min(call.number("MaxItems", least=1, most=most) or USUAL, cap)
    first = _decode(call.query("Marker"))
    left = [(key, item) for key, item in items if key >= first]
    following = left[size][0] if len(left) > size else None
    marker = None if following is None else base64.urlsafe_b64encode(following.encode()).decode()
    return [item for _, item in left[:size]], marker


def _decode(marker: str | None) -> str:
    if not marker:
        return ""
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid("The provided Marker is invalid; use the NextMarker of an earlier answer.") from None
