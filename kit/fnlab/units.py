"""What a number means: the conversions, each written once.

Inside the library times are seconds and memory is MiB, and the unit is part of the name (``_s``, ``_ms``,
``_mib``, ``_per_s``). Conversion happens at the edges, with the constants below.
"""

from math import isfinite
from typing import SupportsFloat

from fnlab.errors import BadValue

S_PER_MIN = 60
S_PER_H = 3600
S_PER_DAY = 86_400
MS_PER_S = 1000
MIB_PER_GIB = 1024
BYTES_PER_MIB = 1024 * 1024


def short_duration(seconds: float) -> str:
    """Write a duration the way a person would say it.

    Examples
    --------
    >>> short_duration(0.00213), short_duration(1.5), short_duration(5400)
    ('2.1 ms', '1.5 s', '1.5 h')
    """
    if seconds < 1:
        return f"{seconds * MS_PER_S:.2g} ms" if seconds < 0.1 else f"{seconds * MS_PER_S:.0f} ms"
    for size, unit in ((S_PER_H, "h"), (S_PER_MIN, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def require(name: str, value: SupportsFloat, *, at_least: float | None = None, above: float | None = None) -> None:
    """Refuse a number that is not finite or breaks its lower bound.

    Raises
    ------
    BadValue
        Names the rule, the value's name and what was found.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadValue(f"{name} must be a number; got {value!r}.") from None
    if not isfinite(number):
        raise BadValue(f"{name} must be finite; got {value!r}.")
    if at_least is not None and number < at_least:
        raise BadValue(f"{name} must be at least {at_least:g}; got {value!r}.")
    if above is not None and number <= above:
        raise BadValue(f"{name} must be above {above:g}; got {value!r}.")
