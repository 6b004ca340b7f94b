"""How long idle instances are kept: the fixed rule, or a policy that is asked."""

from collections import OrderedDict
from copy import deepcopy
from heapq import heappop, heappush
from math import inf, isnan
from numbers import Real

from fnlab.errors import BadValue
from fnlab.functions import IdleView, Keep, Scaling


class Lifetimes:
    """When each idle instance expires, and when one is started ahead of a request.

    With the fixed rule the longest idle is the next to expire, and nothing is kept here. With a policy, every instance
    that becomes idle gets a moment of its own.

    Parameters
    ----------
    scaling : Scaling
        Holds the rule or the policy.
    """

    def __init__(self, scaling: Scaling) -> None:
        self.keep_alive_s = scaling.keep_alive_s
        self._given = scaling.keep_alive
        self.policy = deepcopy(scaling.keep_alive)  # it may remember, so each scheduler has its own
        self.prewarm_at_s: float | None = None
        self.prewarm_for_s = 0.0
        self._gaps_s: list[float] = []
        self._at_rest_since_s: float | None = None
        self._due_s: dict[str, float] = {}
        self._order: list[tuple[float, str]] = []  # heap of (due, name); some are out of date

    def arrived(self, now_s: float) -> None:
        """Note a request: the function's pause is over, and what was to be started ahead of it is not needed."""
        if self._at_rest_since_s is not None:
            self._gaps_s.append(now_s - self._at_rest_since_s)
            self._at_rest_since_s = None
        self.prewarm_at_s = None

    def rested(self, now_s: float) -> None:
        """Note that nothing runs any more."""
        self._at_rest_since_s = now_s

    def became_idle(self, name: str, now_s: float, *, idle: int, alive: int) -> None:
        """Ask the policy about an instance that has just served its last request for now."""
        if self.policy is None:
            return
        answer = self.policy(IdleView(now_s, idle, alive, self.keep_alive_s, self._gaps_s))
        keep = _checked(answer if isinstance(answer, Keep) else Keep(for_s=answer))
        self.keep(name, now_s + keep.for_s)
        if keep.prewarm_after_s is not None:
            self.prewarm_at_s, self.prewarm_for_s = now_s + keep.prewarm_after_s, keep.prewarm_for_s

    def keep(self, name: str, until_s: float) -> None:
        """Let an idle instance expire then, unless it is used before."""
        self._due_s[name] = until_s
        if until_s < inf:
            heappush(self._order, (until_s, name))

    def used(self, name: str) -> None:
        """Forget when an instance was to expire."""
        self._due_s.pop(name, None)

    def next_due(self, idle: OrderedDict[str, float]) -> tuple[float, str] | None:
        """Say which of the idle ones (the longest idle first, with since when) expires next, and when."""
        if self.policy is None:
            return next(((since_s + self.keep_alive_s, name) for name, since_s in idle.items()), None)
        while self._order and self._due_s.get(self._order[0][1]) != self._order[0][0]:
            heappop(self._order)
        return self._order[0] if self._order else None

    def renewed(self, scaling: Scaling, idle: OrderedDict[str, float]) -> "Lifetimes":
        """Give the lifetimes under other rules; under a new policy the present idle ones have the fixed rule's."""
        if scaling.keep_alive == self._given:
            self.keep_alive_s = scaling.keep_alive_s  # and the policy remembers what it has seen
            return self
        new = Lifetimes(scaling)
        new._gaps_s, new._at_rest_since_s = self._gaps_s, self._at_rest_since_s
        if new.policy is not None:
            for name, since_s in idle.items():
                new.keep(name, since_s + new.keep_alive_s)
        return new


def _checked(keep: Keep) -> Keep:
    for name in ("for_s", "prewarm_after_s", "prewarm_for_s"):
        value = getattr(keep, name)
        if value is None and name == "prewarm_after_s":
            continue
        if not isinstance(value, Real) or isinstance(value, bool) or isnan(value) or value < 0:
            raise BadValue(f"a keep-alive policy must answer with seconds of at least 0; got {name}={value!r}.")
    return keep
