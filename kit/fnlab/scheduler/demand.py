"""What rules and autoscalers are told, and when they are asked."""

import operator
from bisect import bisect_right
from copy import deepcopy
from math import ceil, inf, nan
from typing import SupportsIndex, TypeGuard

from fnlab.errors import BadValue
from fnlab.functions import LoadView, Scaler, Scaling
from fnlab.functions.policy import tick_s


class StepMean:
    """A quantity that changes in steps, and its exact average over the time just gone.

    Examples
    --------
    >>> level = StepMean()
    >>> level.set(0.0, 2), level.set(10.0, 4)
    (None, None)
    >>> level.mean(20.0, over_s=20), level.mean(20.0, over_s=10), level.mean(20.0, over_s=99)
    (3.0, 4.0, 3.0)
    """

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._areas: list[float] = []
        self._levels: list[float] = []
        self._longest_s = 0.0

    def set(self, now_s: float, level: float) -> None:
        """Note the level from now on."""
        if self._levels and self._levels[-1] == level:
            return
        if self._times_s and self._times_s[-1] == now_s:
            self._levels[-1] = level
            return
        self._areas.append(self._area(now_s) if self._times_s else 0.0)
        self._times_s.append(now_s)
        self._levels.append(level)

    def mean(self, now_s: float, *, over_s: float) -> float:
        """Average over the last `over_s` seconds, or since the first level if that is shorter."""
        if not self._times_s:
            return 0.0
        self._longest_s = max(self._longest_s, over_s)
        since_s = max(self._times_s[0], now_s - over_s)
        if now_s == since_s:
            return float(self._levels[-1])
        return (self._area(now_s) - self._area(since_s)) / (now_s - since_s)

    def forget(self, now_s: float) -> None:
        """Drop what no average asked for so far reaches back to."""
        gone = bisect_right(self._times_s, now_s - self._longest_s) - 1
        if gone > 0:
            del self._times_s[:gone], self._areas[:gone], self._levels[:gone]

    def _area(self, at_s: float) -> float:
        step = bisect_right(self._times_s, at_s) - 1
        return self._areas[step] + self._levels[step] * (at_s - self._times_s[step])


class Demand:
    """The rules and the autoscaler of a function, asked tick by tick.

    Parameters
    ----------
    scaling : Scaling
        Holds them.
    from_s : float
        From when on; all are asked at once, and then at every whole multiple of their ``tick_s``.

    Attributes
    ----------
    floor : int
        Instances to promise: the largest answer of any rule.
    target : int or None
        Instances in all, if there is an autoscaler.
    """

    def __init__(self, scaling: Scaling, *, from_s: float) -> None:
        self._given = (scaling.rules, scaling.autoscaler)
        self._rules: tuple[Scaler, ...] = deepcopy(scaling.rules)
        self._autoscaler = deepcopy(scaling.autoscaler)
        self._answers = [0] * len(self._rules)
        self._due_s = dict.fromkeys(range(len(scaling.scalers)), from_s)
        self.floor = 0
        self.target: int | None = None if self._autoscaler is None else 0
        self.in_system, self.on_provisioned = StepMean(), StepMean()

    def __bool__(self) -> bool:
        return bool(self._due_s)

    def holds(self, scaling: Scaling) -> bool:
        """Tell whether these are the rules of a scaling."""
        return self._given == (scaling.rules, scaling.autoscaler)

    def due_at(self) -> float | None:
        """When somebody is to be asked next."""
        return min(self._due_s.values(), default=None)

    def ask(self, view: LoadView) -> None:
        """Ask all whose moment has come."""
        for index, due_s in self._due_s.items():
            if due_s > view.now_s:
                continue
            scaler = self._scaler(index)
            answer = _whole(scaler(view))
            if index < len(self._rules):
                self._answers[index] = answer
            else:
                self.target = answer
            self._due_s[index] = _next_tick(view.now_s, tick_s(scaler))
        self.floor = max(self._answers, default=0)
        self.in_system.forget(view.now_s)
        self.on_provisioned.forget(view.now_s)

    def _scaler(self, index: int) -> Scaler:
        scaler = self._rules[index] if index < len(self._rules) else self._autoscaler
        assert scaler is not None, "only what is there has a moment"  # narrows the type
        return scaler


def _next_tick(now_s: float, every_s: float) -> float:
    """Give the first whole multiple after now; computed as a product, so that rounding never adds up."""
    count = ceil(now_s / every_s)
    return next(tick * every_s for tick in (count, count + 1, count + 2) if tick * every_s > now_s)


def _whole(answer: object) -> int:
    """Take a count, however it is written: numpy's integers and 3.0 are as good as 3."""
    number = answer if isinstance(answer, float) else operator.index(answer) if _is_integer(answer) else nan
    if not 0 <= number < inf or number != number // 1:  # also a NaN
        raise BadValue(f"a rule or an autoscaler must answer with a whole number of at least 0; got {answer!r}.")
    return int(number)


def _is_integer(answer: object) -> TypeGuard[SupportsIndex]:
    return isinstance(answer, SupportsIndex) and not isinstance(answer, bool)
