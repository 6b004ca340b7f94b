"""How large an event may be: as large as the provider allows by whose limits the function lives."""

from fnlab.errors import BadValue
from fnlab.functions import Function, Limits


class TooLarge(BadValue):
    """An event exceeds the limit of its function's provider."""


def too_large(payload: bytes, function: Function) -> bool:
    """Tell whether an event exceeds the limit."""
    return len(payload) > Limits.of(function.limits).request_bytes


def check_size(payload: bytes, function: Function) -> None:
    """Refuse an event that exceeds the limit.

    Raises
    ------
    TooLarge
        Names the limit and the size.
    """
    if too_large(payload, function):
        limits = Limits.of(function.limits)
        raise TooLarge(
            f"an event must not exceed {limits.request_bytes:,} bytes ({limits.title}); got {len(payload):,}."
        )
