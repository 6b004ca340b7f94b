"""How many instances a function may have, and how long an idle one is kept."""

from dataclasses import dataclass
from typing import Literal, get_args

from fnlab.errors import BadValue
from fnlab.functions.quota import Limits
from fnlab.units import S_PER_MIN, require

Reuse = Literal["most-recently-used", "least-recently-used", "newest", "oldest"]

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
        Never fewer, never more. A request that would need one more is throttled, or waits.
    reuse : str
        Which idle instance serves the next request: ``"most-recently-used"`` (the default), ``"newest"``,
        ``"oldest"`` or ``"least-recently-used"``. They differ by orders of magnitude in cold starts, so the
        choice is stated and never hidden.
    concurrency : int
        How many requests an instance serves at once. AWS Lambda gives it one at a time, Alibaba's custom runtimes 1 to
        200.
    max_wait_s : float
        How long a request may wait for a place when no instance has one and no further one may start. With 0, the
        default and the vendors' way, it is refused at once.
    burst, growth_per_s : int and float, optional
        How many instances may start at once, and how many more with each second, the unused ones kept up to `burst`.
        Both or neither; without them nothing but the maximum limits the growth.

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
    max_wait_s: float = 0
    burst: int | None = None
    growth_per_s: float | None = None

    def __post_init__(self) -> None:
        require("keep_alive_s", self.keep_alive_s, at_least=0)
        require("max_wait_s", self.max_wait_s, at_least=0)
        for name, value, least in (
            ("min_instances", self.min_instances, 0),
            ("max_instances", self.max_instances, 1),
            ("burst", 1 if self.burst is None else self.burst, 1),
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
        if self.reuse not in get_args(Reuse):
            raise BadValue(f"reuse must be one of {', '.join(get_args(Reuse))}; got {self.reuse!r}.")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
