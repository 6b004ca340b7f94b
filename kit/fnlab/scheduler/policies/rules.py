"""How many instances to promise, by the clock, by use, or by what a profile predicts.

Each is for ``Scaling(rules=(…,))``. Of several the largest answer holds, as on Alibaba Function Compute. A rule is
asked once in `tick_s`, so what it says holds from the next tick on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from fnlab.errors import BadValue
from fnlab.functions import LoadView
from fnlab.functions.policy import DEFAULT_TICK_S
from fnlab.scheduler.policies.counting import Highest, needed, require_count, require_share
from fnlab.scheduler.policies.facts import facts
from fnlab.units import S_PER_DAY, S_PER_MIN, require

_PROVISIONED = facts("provisioned_utilization") | facts("provisioned_utilization_cool_down")
_OURS = facts("target_tracking_ours")


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """So many instances in a certain time of every day.

    Parameters
    ----------
    from_s, to_s : float
        When it begins, and when it has ended. If it ends before it begins, it lasts over the turn of the day.
    instances : int
        How many.
    every_s : float, optional
        After which time it comes again: a day. None: never.
    tick_s : float
        How often it is asked.

    Examples
    --------
    >>> office_hours = Scheduled(from_s=8 * 3600, to_s=18 * 3600, instances=5)
    >>> never = lambda over_s: 0.0
    >>> [office_hours(LoadView(hour * 3600.0, 0, 0, 0, 0, 0, 1, never, never)) for hour in (7, 8, 18, 24 + 9)]
    [0, 5, 0, 5]
    """

    from_s: float
    to_s: float
    instances: int
    every_s: float | None = float(S_PER_DAY)
    tick_s: float = DEFAULT_TICK_S

    def __post_init__(self) -> None:
        require_count("instances", self.instances)
        for name in ("from_s", "to_s"):
            require(name, getattr(self, name), at_least=0)
        if self.every_s is None:
            require("to_s", self.to_s, above=self.from_s)
            return
        require("every_s", self.every_s, above=0)
        if max(self.from_s, self.to_s) > self.every_s or self.from_s == self.to_s:
            raise BadValue(
                f"from_s and to_s must be two moments of the {self.every_s:g} s after which it comes again; "
                f"got {self.from_s!r} and {self.to_s!r}."
            )

    def __call__(self, view: LoadView, /) -> int:
        """Look at the clock."""
        at_s = view.now_s if self.every_s is None else view.now_s % self.every_s
        over_the_turn = self.to_s < self.from_s
        within = at_s >= self.from_s or at_s < self.to_s if over_the_turn else self.from_s <= at_s < self.to_s
        return self.instances if within else 0


@dataclass(frozen=True, kw_only=True)
class ProvisionedUtilisation:
    """As many provisioned instances as keep them used to a given share.

    Alibaba's and AWS's target tracking of provisioned concurrency: the average number of requests on provisioned
    instances, divided by ``target * concurrency``, rounded up and held between two bounds. Only what runs on
    provisioned instances counts, so the number grows by at most the inverse of the target in one tick, and not at all
    from nothing. AWS acts when an average was off for some minutes, more slowly down than up; that delay is not here.

    Parameters
    ----------
    least, most : int
        The bounds; at least 1.
    target : float
        Share of the provisioned places that shall be in use.
    window_s : float
        Over which time the requests are averaged.
    cool_down_s : float
        How long the number was lower before instances stop.
    tick_s : float
        How often it is asked.

    Examples
    --------
    >>> rule = ProvisionedUtilisation(least=1, most=20)
    >>> rule(LoadView(60.0, 5, 5, 5, 5, 0, 1, mean_demand=lambda over_s: 9.0, mean_on_provisioned=lambda over_s: 5.0))
    9
    """

    least: int
    most: int
    target: float = _PROVISIONED["target"]
    window_s: float = _OURS["window_s"]
    cool_down_s: float = _PROVISIONED["cool_down_s"]
    tick_s: float = DEFAULT_TICK_S
    _recent: Highest = field(default_factory=Highest, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_count("least", self.least, at_least=1)
        require_count("most", self.most, at_least=self.least)
        require_share("target", self.target)
        for name in ("window_s", "tick_s"):
            require(name, getattr(self, name), above=0)
        require("cool_down_s", self.cool_down_s, at_least=0)

    def __call__(self, view: LoadView, /) -> int:
        """Divide, and stay within the bounds."""
        wanted = needed(view.mean_on_provisioned(self.window_s), self.target * view.concurrency)
        held = self._recent.of(view.now_s, wanted, window_s=self.cool_down_s)
        return min(max(held, self.least), self.most)


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What the same minute of the day needed before, started a little ahead.

    The profile says how many requests were in the system on average in each slot of a day, and repeats. The answer is
    for the largest slot between now and `ahead_s` after the next tick, so that instances are ready when the slot begins
    if their init takes no longer than that. Yesterday is the simplest prediction there is; it knows neither weekends
    nor trends.

    Parameters
    ----------
    profile : sequence of float
        Requests in the system, slot by slot.
    slot_s : float
        Length of a slot.
    ahead_s : float
        How far the answer runs ahead.
    target : float
        Share of the places that shall be in use; 1 promises just the average.
    tick_s : float
        How often it is asked.

    Examples
    --------
    >>> rule = Predicted(profile=[0, 0, 3, 0], slot_s=60, ahead_s=10)
    >>> never = lambda over_s: 0.0
    >>> [rule(LoadView(60.0 * minute, 0, 0, 0, 0, 0, 1, never, never)) for minute in range(5)]
    [0, 3, 3, 0, 0]
    """

    profile: Sequence[float]
    slot_s: float = float(S_PER_MIN)
    ahead_s: float = 0.0
    target: float = 1.0
    tick_s: float = DEFAULT_TICK_S

    def __post_init__(self) -> None:
        profile = tuple(float(requests) for requests in self.profile)  # a tuple can be compared, an array can not
        if not profile or not all(0 <= requests < inf for requests in profile):
            raise BadValue(f"profile must hold numbers of at least 0; got {self.profile!r}.")
        object.__setattr__(self, "profile", profile)
        require_share("target", self.target)
        require("ahead_s", self.ahead_s, at_least=0)
        for name in ("slot_s", "tick_s"):
            require(name, getattr(self, name), above=0)

    @classmethod
    def from_days(
        cls,
        days: Iterable[Sequence[float]],
        *,
        service_s: float,
        slot_s: float = float(S_PER_MIN),
        ahead_s: float = 0.0,
    ) -> "Predicted":
        """Predict from the counts of past days.

        Requests in the system are arrivals a second times seconds in the system (Little's law), slot by slot, and the
        mean of the days.

        Parameters
        ----------
        days : iterable of sequences of float
            For each day the number of requests in each slot.
        service_s : float
            How long a request takes.
        slot_s, ahead_s : float
            As above.

        Examples
        --------
        >>> Predicted.from_days([[0, 60], [0, 180]], service_s=2).profile
        (0.0, 4.0)
        """
        require("service_s", service_s, above=0)
        require("slot_s", slot_s, above=0)
        columns = list(zip(*days, strict=True))
        profile = [sum(counts) / len(counts) * service_s / slot_s for counts in columns]
        return cls(profile=profile, slot_s=slot_s, ahead_s=ahead_s)

    def __call__(self, view: LoadView, /) -> int:
        """Look up the slots that begin before the answer is old."""
        first = int(view.now_s // self.slot_s)
        last = int((view.now_s + self.tick_s + self.ahead_s) // self.slot_s)
        slots = range(first, min(last, first + len(self.profile) - 1) + 1)
        expected = max(self.profile[slot % len(self.profile)] for slot in slots)
        return needed(expected, self.target * view.concurrency)
