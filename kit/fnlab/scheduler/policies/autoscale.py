"""How many instances there are in all, from the average number of requests in the system.

Each is for ``Scaling(autoscaler=…, max_wait_s=…)``: requests wait, and take the first place that is free.
"""

from dataclasses import dataclass, field
from math import ceil, floor, inf

from fnlab.errors import BadValue
from fnlab.functions import LoadView
from fnlab.scheduler.policies.counting import Highest, needed, require_count, require_share
from fnlab.scheduler.policies.facts import facts
from fnlab.units import require

_KNATIVE = facts("knative")
_OURS = facts("target_tracking_ours")


class _Memory:
    """What the Knative autoscaler remembers from tick to tick."""

    def __init__(self) -> None:
        self.begun = False
        self.attained = False  # the initial scale
        self.panic_since_s: float | None = None  # when it was last over the threshold
        self.most_in_panic = 0
        self.delayed = Highest()
        self.active_since_s: float | None = None
        self.inactive_since_s = -inf


@dataclass(frozen=True, kw_only=True)
class KnativeKpa:
    """Knative's autoscaler, by concurrency.

    Every two seconds it divides the average number of requests by what one instance shall have, once over a long
    (stable) window and once over a short (panic) one. If the short one asks for twice the instances that are ready, it
    panics: the larger of the two holds, and the number does not sink until a stable window has passed without that.

    Requests in the system count wherever they wait. Averages are exact over the window; Knative's are of samples, one a
    second. Down to zero it goes as Knative's reconciler: the last instance stays until the function was active for a
    stable window, and then for the grace period, which is Knative's upper bound: set 0 for the least it may be.

    Parameters
    ----------
    target : float, optional
        Requests an instance can serve at once, as the annotation says it; never more than its places, which hold
        without it.
    target_utilization : float
        The share of it that is aimed at.
    stable_window_s : float
        The long window.
    panic_share : float
        The short one, as a share of it; in whole seconds, at least 1.
    panic_threshold : float
        Instances that the short window asks for, over those that are ready, from which on it panics.
    max_scale_up_rate, max_scale_down_rate : float
        Within one tick at most so many times as many as are ready, and at least as many as are ready divided by that.
    scale_to_zero_grace_s : float
        How long the last instance stays once nothing is asked for.
    scale_down_delay_s : float
        A smaller number holds only after the larger one is as old as this.
    initial_scale : int
        How many there are at first, until so many have been ready.
    min_scale, max_scale : int
        Bounds of the answer; a `max_scale` of 0 is none.
    activation_scale : int
        The least there is as soon as anything is asked for.
    tick_s : float
        How often it is asked.

    References
    ----------
    knative/serving, ``pkg/autoscaler/scaling/autoscaler.go``; see ``policies.toml`` for the commit.

    Examples
    --------
    Ten places an instance, seven aimed at; 21 requests on average in both windows:

    >>> kpa = KnativeKpa()
    >>> kpa(LoadView(60.0, 2, 2, 0, 21, 0, 10, mean_demand=lambda over_s: 21.0, mean_on_provisioned=lambda over_s: 0.0))
    3
    """

    target: float | None = None
    target_utilization: float = _KNATIVE["target_utilization"]
    stable_window_s: float = _KNATIVE["stable_window_s"]
    panic_share: float = _KNATIVE["panic_share"]
    panic_threshold: float = _KNATIVE["panic_threshold"]
    max_scale_up_rate: float = _KNATIVE["max_scale_up_rate"]
    max_scale_down_rate: float = _KNATIVE["max_scale_down_rate"]
    scale_to_zero_grace_s: float = _KNATIVE["scale_to_zero_grace_s"]
    scale_down_delay_s: float = _KNATIVE["scale_down_delay_s"]
    initial_scale: int = _KNATIVE["initial_scale"]
    min_scale: int = _KNATIVE["min_scale"]
    max_scale: int = _KNATIVE["max_scale"]
    activation_scale: int = _KNATIVE["activation_scale"]
    tick_s: float = _KNATIVE["tick_s"]
    _memory: _Memory = field(default_factory=_Memory, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("target_utilization", "stable_window_s", "panic_share", "panic_threshold", "tick_s"):
            require(name, getattr(self, name), above=0)
        for name in ("max_scale_up_rate", "max_scale_down_rate"):
            require(name, getattr(self, name), above=1)
        for name in ("scale_to_zero_grace_s", "scale_down_delay_s"):
            require(name, getattr(self, name), at_least=0)
        for name in ("initial_scale", "min_scale", "max_scale", "activation_scale"):
            require_count(name, getattr(self, name))
        if self.target is not None:
            require("target", self.target, above=0)
        if 0 < self.max_scale < self.min_scale:
            raise BadValue(f"min_scale must not exceed max_scale; got {self.min_scale} and {self.max_scale}.")

    @property
    def panic_window_s(self) -> float:
        """The short window."""
        return max(1.0, floor(self.stable_window_s * self.panic_share + 0.5))

    def per_instance(self, concurrency: int) -> float:
        """Requests that one instance shall have on average."""
        limit = concurrency if self.target is None else min(self.target, concurrency)
        return float(max(_KNATIVE["least_target"], limit * self.target_utilization))

    def __call__(self, view: LoadView, /) -> int:
        """Take this tick's step."""
        if not self._memory.begun:
            self._begin(view)
        ready = max(1, view.ready)
        per_instance = self.per_instance(view.concurrency)
        stable = needed(view.mean_demand(self.stable_window_s), per_instance)
        panic = needed(view.mean_demand(self.panic_window_s), per_instance)
        self._panic(panic / ready >= self.panic_threshold, view.now_s)
        desired = self._held(self._limited(stable, ready), self._limited(panic, ready))
        if self.scale_down_delay_s:
            desired = self._memory.delayed.of(view.now_s, desired, window_s=self.scale_down_delay_s)
        return self._down_to_zero(self._bounded(desired, view.ready), view.now_s)

    def _begin(self, view: LoadView) -> None:
        """Start in panic where instances are there already: there is no history to shrink them by."""
        self._memory.begun = True
        if self.initial_scale or view.alive:
            self._memory.active_since_s = view.now_s
        if view.ready > 1:
            self._memory.panic_since_s, self._memory.most_in_panic = view.now_s, view.ready

    def _limited(self, wanted: int, ready: int) -> int:
        """Keep a step within the rates; raise it to the activation scale if anything is wanted."""
        up, down = ceil(self.max_scale_up_rate * ready), floor(ready / self.max_scale_down_rate)
        limited = min(max(wanted, down), up)
        return max(limited, self.activation_scale) if wanted and self.activation_scale > 1 else limited

    def _panic(self, over: bool, now_s: float) -> None:
        """Enter, extend or leave the panic."""
        memory = self._memory
        if over:
            memory.panic_since_s = now_s
        elif memory.panic_since_s is not None and memory.panic_since_s + self.stable_window_s < now_s:
            memory.panic_since_s, memory.most_in_panic = None, 0

    def _held(self, stable: int, panic: int) -> int:
        """Choose between the two; in panic, never sink."""
        memory = self._memory
        if memory.panic_since_s is None:
            return stable
        memory.most_in_panic = max(memory.most_in_panic, stable, panic)
        return memory.most_in_panic

    def _bounded(self, desired: int, ready: int) -> int:
        memory = self._memory
        memory.attained = memory.attained or ready >= self.initial_scale
        least = self.min_scale if memory.attained else max(self.min_scale, self.initial_scale)
        raised = max(desired, least)
        return min(raised, self.max_scale) if self.max_scale else raised

    def _down_to_zero(self, desired: int, now_s: float) -> int:
        """Let the last instance stay until it was active for a stable window, and for the grace after that."""
        memory = self._memory
        if desired:
            memory.active_since_s = now_s if memory.active_since_s is None else memory.active_since_s
            return desired
        if memory.active_since_s is not None:
            if now_s - memory.active_since_s < self.stable_window_s:
                return 1
            memory.active_since_s, memory.inactive_since_s = None, now_s
        return int(now_s - memory.inactive_since_s < self.scale_to_zero_grace_s)


@dataclass(frozen=True, kw_only=True)
class TargetTracking:
    """As many instances as keep their places used to a given share, up at once and down after a calm spell.

    The number is the average of the requests in the system, divided by ``target * concurrency`` and rounded up. The
    largest number of the last `cool_down_s` holds.

    Parameters
    ----------
    target : float
        Share of the places that shall be in use.
    window_s : float
        Over which time the requests are averaged.
    cool_down_s : float
        How long the number was lower before instances stop.
    least, most : int
        Bounds of the answer; a `most` of None is none.
    tick_s : float
        How often it is asked.

    Examples
    --------
    >>> view = LoadView(60.0, 2, 2, 0, 3, 0, 1, mean_demand=lambda over_s: 2.9, mean_on_provisioned=lambda over_s: 0.0)
    >>> TargetTracking(target=0.7)(view)
    5
    """

    target: float = _OURS["target"]
    window_s: float = _OURS["window_s"]
    cool_down_s: float = _OURS["cool_down_s"]
    least: int = 0
    most: int | None = None
    tick_s: float = _OURS["tick_s"]
    _recent: Highest = field(default_factory=Highest, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_share("target", self.target)
        for name in ("window_s", "tick_s"):
            require(name, getattr(self, name), above=0)
        require("cool_down_s", self.cool_down_s, at_least=0)
        require_count("least", self.least)
        if self.most is not None:
            require_count("most", self.most, at_least=self.least)

    def __call__(self, view: LoadView, /) -> int:
        """Divide, and hold what was needed a moment ago."""
        wanted = needed(view.mean_demand(self.window_s), self.target * view.concurrency)
        held = self._recent.of(view.now_s, wanted, window_s=self.cool_down_s)
        return max(self.least, held if self.most is None else min(held, self.most))
