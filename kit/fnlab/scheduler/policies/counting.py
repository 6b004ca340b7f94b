"""From an average number of requests to a number of instances, and back down slowly."""

from collections import deque
from math import ceil

from fnlab.errors import BadValue
from fnlab.units import require

#: A share of an instance that is an average's rounding error and no demand.
_ROUNDING = 1e-9


def needed(requests: float, per_instance: float) -> int:
    """Instances for so many requests at once, rounded up.

    Examples
    --------
    >>> needed(7, 3.5), needed(7.1, 3.5), needed(0, 3.5), needed(3 * 0.6, 0.6)
    (2, 3, 0, 3)
    """
    return max(0, ceil(requests / per_instance - _ROUNDING))


def require_count(name: str, value: object, *, at_least: int = 0) -> None:
    """Refuse what is no number of instances."""
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise BadValue(f"{name} must be a whole number of at least {at_least}; got {value!r}.")


def require_share(name: str, value: float) -> None:
    """Refuse what is no share of a whole above nothing."""
    require(name, value, above=0)
    if value > 1:
        raise BadValue(f"{name} must be at most 1; got {value!r}.")


class Highest:
    """The largest of the counts noted in a time just gone: what goes up at once and down only after that time.

    A count is out of the window when it is exactly `window_s` old.

    Examples
    --------
    >>> highest = Highest()
    >>> [highest.of(now_s, count, window_s=10) for now_s, count in ((0, 4), (9, 1), (10, 2), (20, 0))]
    [4, 4, 2, 0]
    """

    def __init__(self) -> None:
        self._noted: deque[tuple[float, int]] = deque()  # times rise and counts fall: what could still be the largest

    def of(self, now_s: float, count: int, *, window_s: float) -> int:
        """Note a count, and give the largest that is younger than the window; the count itself if there is none."""
        while self._noted and self._noted[-1][1] <= count:
            self._noted.pop()
        self._noted.append((now_s, count))
        while len(self._noted) > 1 and self._noted[0][0] <= now_s - window_s:
            self._noted.popleft()
        return self._noted[0][1]
