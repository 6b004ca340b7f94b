"""How many instances a function may have, and how long an idle one is kept."""

from dataclasses import dataclass
from typing import Literal, get_args

from fnlab.errors import BadValue
from fnlab.units import S_PER_MIN, require

Reuse = Literal["most-recently-used", "least-recently-used", "newest", "oldest"]


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The rules by which instances come and go.

    Parameters
    ----------
    keep_alive_s : float
        How long an instance is kept after its last request finished. Providers do not publish theirs; five
        minutes is what Alibaba states as usual (3 to 5) and close to what was measured on AWS (5 to 7).
    min_instances, max_instances : int
        Never fewer, never more. A request that would need one more is throttled.
    reuse : str
        Which idle instance serves the next request: ``"most-recently-used"`` (the default), ``"newest"``,
        ``"oldest"`` or ``"least-recently-used"``. They differ by orders of magnitude in cold starts, so the
        choice is stated and never hidden.

    Examples
    --------
    >>> Scaling(keep_alive_s=60, max_instances=2)
    Scaling(keep_alive_s=60, min_instances=0, max_instances=2, reuse='most-recently-used')
    """

    keep_alive_s: float = 5 * S_PER_MIN
    min_instances: int = 0
    max_instances: int = 100
    reuse: Reuse = "most-recently-used"

    def __post_init__(self) -> None:
        require("keep_alive_s", self.keep_alive_s, at_least=0)
        for name, value, least in (
            ("min_instances", self.min_instances, 0),
            ("max_instances", self.max_instances, 1),
        ):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise BadValue(f"{name} must be a whole number of at least {least}; got {value!r}.")
        if self.min_instances > self.max_instances:
            raise BadValue(
                f"min_instances must not exceed max_instances; got {self.min_instances} and {self.max_instances}."
            )
        if self.reuse not in get_args(Reuse):
            raise BadValue(f"reuse must be one of {', '.join(get_args(Reuse))}; got {self.reuse!r}.")
