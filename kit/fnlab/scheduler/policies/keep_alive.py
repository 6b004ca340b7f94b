"""How long an idle instance is kept: fixed, learned from past pauses, or by a timer that pings.

Each is for ``Scaling(keep_alive=…)``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, inf, sqrt
from statistics import median

from fnlab.errors import BadValue
from fnlab.functions import IdleView, Keep
from fnlab.scheduler.policies.counting import needed, require_count
from fnlab.scheduler.policies.facts import facts
from fnlab.units import require

_WILD, _DETAILS, _OURS = (facts(f"hybrid_histogram{part}") for part in ("", "_details", "_ours"))


@dataclass(frozen=True)
class Fixed:
    """Keep every instance for the same time; with 0, none.

    Parameters
    ----------
    seconds : float
        How long; may be infinite.

    Examples
    --------
    >>> Fixed(600)(IdleView(now_s=5.0, idle=1, alive=1, keep_alive_s=300, gaps_s=[]))
    600
    """

    seconds: float

    def __post_init__(self) -> None:
        if self.seconds != inf:
            require("seconds", self.seconds, at_least=0)

    def __call__(self, view: IdleView, /) -> float:
        """Answer the same to everything."""
        return self.seconds


class _Histogram:
    """Pauses counted by length; each is looked at once."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.beyond = 0  # pauses as long as the range, or longer
        self._squares = 0  # sum of the squared counts
        self._looked_at = 0

    @property
    def within(self) -> int:
        return self._looked_at - self.beyond

    @property
    def variation(self) -> float:
        """Standard deviation of the bins' counts over their mean."""
        return sqrt(max(0.0, len(self.counts) * self._squares / self.within**2 - 1)) if self.within else 0.0

    def take(self, gaps_s: Sequence[float], *, bins: int, bin_s: float) -> None:
        """Count the pauses that are new."""
        self.counts = self.counts or [0] * bins
        for index in range(self._looked_at, len(gaps_s)):
            number = floor(gaps_s[index] / bin_s)
            if number < bins:
                self._squares += 2 * self.counts[number] + 1
                self.counts[number] += 1
            else:
                self.beyond += 1
        self._looked_at = len(gaps_s)

    def bin_at(self, share: float) -> int:
        """Number of the bin in which this share of the pauses is reached."""
        rank, below = max(1, needed(share * self.within, 1)), 0
        for number, count in enumerate(self.counts):
            below += count
            if below >= rank:
                return number
        raise AssertionError("the bins hold all pauses within the range")


@dataclass(frozen=True, kw_only=True)
class HybridHistogram:
    """Learn from the function's pauses when to unload it and when to load it again.

    Pauses are counted in a histogram. If it is representative, the instance is unloaded at once, another one is started
    just before the short pauses end (`head`), and kept until nearly all have ended (`tail`). If the shortest ones are
    shorter than a bin, the instance is not unloaded before the tail. If too many pauses are longer than the
    histogram's range, the next is taken to be the median of the last few, give or take a margin: the paper has an ARIMA
    forecast there, ours is simpler. Otherwise the instance is kept for a fixed time.

    A histogram is representative if it holds enough pauses and the counts of its bins differ enough: their coefficient
    of variation is at least `least_variation`. Both times count from the end of the last request.

    The pauses are the function's: from the moment nothing runs to the next request. A function that seldom rests has
    short ones, and instances beyond its first are then kept for little more than a bin. Of several instances that
    become idle each gets the same answer, and one is started ahead.

    Parameters
    ----------
    range_s, bin_s : float
        Length of the histogram, and of one of its bins.
    head, tail : float
        Shares of the pauses. The paper's review says 0.95 for the tail, implementations take 0.99: unconfirmed.
    margin : float
        The head is taken that much earlier, the tail that much later.
    least_gaps : int
        Fewer pauses say nothing. Our choice.
    least_variation : float
        Unconfirmed.
    out_of_bounds : float
        The share of pauses beyond the range from which on the histogram is not used. Unconfirmed.
    forecast_margin : float
        In that case, the share of the expected pause by which it may be wrong either way. Unconfirmed.
    recent_gaps : int
        In that case, how many of the last pauses count. Our choice.
    fallback_s : float, optional
        The fixed time; the range, unless stated.

    References
    ----------
    M. Shahrad et al., "Serverless in the Wild", USENIX ATC 2020. Defaults with their status: ``policies.toml``.

    Examples
    --------
    A function that is called every ten minutes, and takes a second:

    >>> policy = HybridHistogram()
    >>> policy(IdleView(now_s=5990.0, idle=1, alive=1, keep_alive_s=300, gaps_s=[599.0] * 20))
    Keep(for_s=0.0, prewarm_after_s=486.0, prewarm_for_s=174.0)
    """

    range_s: float = _WILD["range_s"]
    bin_s: float = _WILD["bin_s"]
    head: float = _WILD["head"]
    tail: float = _DETAILS["tail"]
    margin: float = _WILD["margin"]
    least_gaps: int = _OURS["least_gaps"]
    least_variation: float = _DETAILS["least_variation"]
    out_of_bounds: float = _DETAILS["out_of_bounds"]
    forecast_margin: float = _DETAILS["forecast_margin"]
    recent_gaps: int = _OURS["recent_gaps"]
    fallback_s: float | None = None
    _histogram: _Histogram = field(default_factory=_Histogram, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("bin_s", self.bin_s, above=0)
        require("range_s", self.range_s, at_least=self.bin_s)
        if not 0 <= self.head < self.tail <= 1:
            raise BadValue(f"head and tail must be shares in this order; got {self.head!r} and {self.tail!r}.")
        for name in ("margin", "forecast_margin"):
            if not 0 <= getattr(self, name) < 1:
                raise BadValue(f"{name} must be a share below 1; got {getattr(self, name)!r}.")
        for name in ("least_gaps", "recent_gaps"):
            require_count(name, getattr(self, name), at_least=1)
        require("least_variation", self.least_variation, at_least=0)
        require("out_of_bounds", self.out_of_bounds, above=0)
        if self.fallback_s is not None:
            require("fallback_s", self.fallback_s, at_least=0)

    def __call__(self, view: IdleView, /) -> Keep:
        """Count what is new, and decide by what is known now."""
        pauses = self._histogram
        pauses.take(view.gaps_s, bins=round(self.range_s / self.bin_s), bin_s=self.bin_s)
        if len(view.gaps_s) < self.least_gaps:
            return self._fixed()
        if pauses.beyond >= self.out_of_bounds * len(view.gaps_s):
            expected_s = median(view.gaps_s[-self.recent_gaps :])
            return _between((1 - self.forecast_margin) * expected_s, (1 + self.forecast_margin) * expected_s)
        if pauses.variation < self.least_variation:
            return self._fixed()
        head_s, tail_s = pauses.bin_at(self.head) * self.bin_s, (pauses.bin_at(self.tail) + 1) * self.bin_s
        return _between((1 - self.margin) * head_s, (1 + self.margin) * tail_s)

    def _fixed(self) -> Keep:
        return Keep(for_s=self.range_s if self.fallback_s is None else self.fallback_s)


def _between(from_s: float, to_s: float) -> Keep:
    """Be there between two moments of the pause, both in seconds from its beginning."""
    if not from_s:
        return Keep(for_s=to_s)
    return Keep(for_s=0.0, prewarm_after_s=round(from_s, 6), prewarm_for_s=round(to_s - from_s, 6))


@dataclass(frozen=True)
class TimerWarmUp:
    """What a timer does to the pool that calls the function every so often to keep it warm.

    The pings are not requests: they are not in the trace, take no time and cost nothing; each comes at a whole multiple
    of `every_s`. If they are at most a keep-alive apart, `instances` idle ones live for ever; with the reuse policy
    ``"most-recently-used"`` that is exact, with the others fewer may. If they are further apart, an instance that is
    still there at the next ping is kept for another keep-alive, and the ping after that (or the next one, if none is
    there) starts a new one; further pings of the same pause are left out, and so is what pings do before the first
    request. In that case it is one instance at a time.

    Parameters
    ----------
    every_s : float
        Seconds between pings.
    instances : int
        How many are called at the same moment.

    Examples
    --------
    >>> TimerWarmUp(240)(IdleView(now_s=5.0, idle=1, alive=1, keep_alive_s=300, gaps_s=[]))
    Keep(for_s=inf, prewarm_after_s=None, prewarm_for_s=0.0)
    >>> TimerWarmUp(900)(IdleView(now_s=5.0, idle=1, alive=1, keep_alive_s=300, gaps_s=[]))
    Keep(for_s=300, prewarm_after_s=895.0, prewarm_for_s=300)
    """

    every_s: float
    instances: int = 1

    def __post_init__(self) -> None:
        require("every_s", self.every_s, above=0)
        require_count("instances", self.instances, at_least=1)

    def __call__(self, view: IdleView, /) -> Keep:
        """See whether the next ping finds this instance, and what it does if not."""
        kept_s = view.keep_alive_s
        if self.every_s <= kept_s:
            return Keep(for_s=inf if view.idle <= self.instances else kept_s)
        ping_s = (floor(view.now_s / self.every_s) + 1) * self.every_s - view.now_s
        if ping_s > kept_s:
            return Keep(for_s=kept_s, prewarm_after_s=ping_s, prewarm_for_s=kept_s)
        found_s = ping_s + kept_s if view.idle <= self.instances else kept_s
        return Keep(for_s=found_s, prewarm_after_s=ping_s + self.every_s, prewarm_for_s=kept_s)
