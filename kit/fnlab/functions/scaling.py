"""How many instances a function may have, and how long an idle one is kept."""

from dataclasses import dataclass
from math import inf
from typing import Literal, get_args

from fnlab.errors import BadValue
from fnlab.functions.policy import KeepAlive, Scaler, tick_s
from fnlab.functions.quota import Limits
from fnlab.units import S_PER_MIN, require

Reuse = Literal["most-recently-used", "least-recently-used", "newest", "oldest"]
Binding = Literal["bound", "first-free"]
Placement = Literal["fill", "by-reuse"]

#: Whose most requests in one instance hold for everybody; no other provider here allows more.
_WIDEST = "alibaba-fc"


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The rules by which instances come and go.

    Parameters
    ----------
    keep_alive_s : float
        How long an instance is kept after its last request finished. Providers do not publish theirs; five
        minutes is what Alibaba states as usual (3 to 5) and close to what was measured on AWS (5 to 7).
    min_instances, max_instances : int
        How many are promised (provisioned: always there, first to be used), and the most there may be. A request that
        would need one more is throttled, or waits.
    reuse : str
        Which idle instance serves the next request: ``"most-recently-used"`` (the default), ``"newest"``,
        ``"oldest"`` or ``"least-recently-used"``. They differ by orders of magnitude in cold starts, so the
        choice is stated and never hidden.
    concurrency : int
        How many requests an instance serves at once. AWS Lambda gives it one at a time, Alibaba's custom runtimes 1 to
        200.
    placement : str
        Where a request goes if instances take several: ``"fill"`` (the oldest that serves somebody and has room, and
        only then an idle one, as on Alibaba) or ``"by-reuse"`` (whichever `reuse` names among all that have room, as
        in SimFaaS).
    max_wait_s : float
        How long a request may wait for a place when no instance has one and no further one may start. With 0, the
        default and the vendors' way, it is refused at once; may be infinite.
    max_queue : int, optional
        How many requests may wait; None: no limit.
    binding : str
        What becomes of a request that an instance is started for: ``"bound"`` (it waits for that instance, as on AWS
        Lambda) or ``"first-free"`` (it waits in the queue and takes the first place there is, as on Knative).
    burst, growth_per_s : int and float, optional
        How many instances may start at once, and how many more with each second, the unused ones kept up to `burst`.
        Both or neither; without them nothing but the maximum limits the growth.
    keep_alive : callable, optional
        A policy in place of the fixed `keep_alive_s`, see :class:`~fnlab.functions.policy.KeepAlive`.
    rules : tuple of callables
        Each says, tick by tick, how many instances to promise; the largest of their answers and `min_instances` holds.
    autoscaler : callable, optional
        Says how many instances there are, in place of one for each request that finds no place; see
        :class:`~fnlab.functions.policy.Scaler`. Requests wait, and take the first place that is free.

    Examples
    --------
    >>> Scaling(keep_alive_s=60, max_instances=2).max_instances
    2
    >>> Scaling(concurrency=20, max_wait_s=5, burst=100, growth_per_s=2).concurrency
    20
    """

    keep_alive_s: float = 5 * S_PER_MIN
    min_instances: int = 0
    max_instances: int = 100
    reuse: Reuse = "most-recently-used"
    concurrency: int = 1
    placement: Placement = "fill"
    max_wait_s: float = 0
    max_queue: int | None = None
    binding: Binding = "bound"
    burst: int | None = None
    growth_per_s: float | None = None
    keep_alive: KeepAlive | None = None
    rules: tuple[Scaler, ...] = ()
    autoscaler: Scaler | None = None

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_names()
        self._check_policies()

    @property
    def hands_over(self) -> bool:
        """Whether a waiting request takes the first place that is free, not the one that was started for it."""
        return self.binding == "first-free" or self.autoscaler is not None

    def _check_numbers(self) -> None:
        require("keep_alive_s", self.keep_alive_s, at_least=0)
        if self.max_wait_s != inf:
            require("max_wait_s", self.max_wait_s, at_least=0)
        for name, value, least in (
            ("min_instances", self.min_instances, 0),
            ("max_instances", self.max_instances, 1),
            ("burst", 1 if self.burst is None else self.burst, 1),
            ("max_queue", 0 if self.max_queue is None else self.max_queue, 0),
        ):
            if not _whole(value) or value < least:
                raise BadValue(f"{name} must be a whole number of at least {least}; got {value!r}.")
        low, high = Limits.of(_WIDEST).instance_concurrency
        if not _whole(self.concurrency) or not low <= self.concurrency <= high:
            raise BadValue(f"concurrency must be a whole number from {low} to {high}; got {self.concurrency!r}.")
        if (self.burst is None) != (self.growth_per_s is None):
            raise BadValue(
                f"burst and growth_per_s must be given together; got {self.burst!r} and {self.growth_per_s!r}."
            )
        if self.growth_per_s is not None:
            require("growth_per_s", self.growth_per_s, above=0)
        if self.min_instances > self.max_instances:
            raise BadValue(
                f"min_instances must not exceed max_instances; got {self.min_instances} and {self.max_instances}."
            )

    def _check_names(self) -> None:
        for name, value, known in (
            ("reuse", self.reuse, get_args(Reuse)),
            ("binding", self.binding, get_args(Binding)),
            ("placement", self.placement, get_args(Placement)),
        ):
            if value not in known:
                raise BadValue(f"{name} must be one of {', '.join(known)}; got {value!r}.")

    def _check_policies(self) -> None:
        named = [("keep_alive", self.keep_alive), ("autoscaler", self.autoscaler)]
        for name, policy in [*named, *(("a rule", rule) for rule in self.rules)]:
            if policy is not None and not callable(policy):
                raise BadValue(f"{name} must be something to call with a view; got {policy!r}.")
        for scaler in self.scalers:
            require("a policy's tick_s", tick_s(scaler), above=0)
        if self.hands_over and not self.max_wait_s:
            what = "an autoscaler" if self.autoscaler is not None else "binding 'first-free'"
            raise BadValue(f"{what} lets requests wait for a place; got max_wait_s=0: set it above 0.")
        if self.hands_over and self.max_queue == 0:
            raise BadValue("where requests wait for a place, max_queue must be at least 1; got 0.")
        if self.autoscaler is not None and (self.min_instances or self.rules):
            raise BadValue(
                "an autoscaler says how many instances there are, minimum included; got it with "
                f"min_instances={self.min_instances} and {len(self.rules)} rules: give the minimum to the autoscaler."
            )

    @property
    def scalers(self) -> tuple[Scaler, ...]:
        """The rules and the autoscaler, whatever is asked at ticks."""
        return self.rules if self.autoscaler is None else (*self.rules, self.autoscaler)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
