"""How long a function's init and one request take, and what memory does to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from fnlab.trace.table import Column
from fnlab.units import require
from fnlab.workload.laws import Constant, Law


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The durations of one function, taken apart so that they can be put together for another memory size.

    A request costs `cpu_s` of a whole CPU and `other_s` of everything else (transport, waiting). Memory buys CPU: an
    instance with a share of 0.3 CPU needs ``cpu_s / 0.3``. One thread cannot use more than one CPU. The init is not
    slowed: on-demand instances get a whole CPU while they start
    (https://serverlessland.com, "init heavy lifting"; status: secondary).

    Parameters
    ----------
    init_s : Law
        From the decision to start an instance to its being ready.
    cpu_s : Law
        CPU time of one request.
    other_s : float
        Time of one request that CPU does not explain.
    cold_s : Law, optional
        "Cold replaces warm": all that a request takes which starts an instance, init and execution in one, where they
        were not measured apart. It is not slowed either. Such a request has its whole time as init in a trace.
    starts : Mapping of str to Law
        Inits of other ways to start: ``{"fork": Constant(0.016)}``. What is not here has `init_s`.
    """

    init_s: Law
    cpu_s: Law
    other_s: float = 0.0
    cold_s: Law | None = None
    starts: Mapping[str, Law] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require("other_s", self.other_s, at_least=0)

    def init_law(self, start: str) -> Law:
        """Give the law of the init of an instance that starts in this way."""
        return self.starts.get(start, self.init_s)

    @staticmethod
    def of_service(service_s: float, *, cpu_share: float, init_s: float) -> "Profile":
        """Give the profile of requests that take `service_s` at a share of a CPU, all of it computing.

        Examples
        --------
        A machine that serves 800 page views an hour spends 4.5 s on each.

        >>> page = Profile.of_service(3600 / 800, cpu_share=0.25, init_s=1.5)
        >>> page.mean_service_s(0.25), page.mean_service_s(0.5)
        (4.5, 2.25)
        """
        return Profile(init_s=Constant(init_s), cpu_s=Constant(service_s * min(1.0, cpu_share)))

    def times(self, factor: float) -> "Profile":
        """Give the profile of requests with `factor` times the work."""
        require("factor", factor, above=0)
        return replace(self, cpu_s=Scaled(self.cpu_s, factor))

    def mean_service_s(self, cpu_share: float) -> float:
        """Mean seconds of one request at this share of a CPU."""
        return self.cpu_s.mean_s / min(1.0, cpu_share) + self.other_s

    def draw_service_s(self, rng: np.random.Generator, count: int, *, cpu_share: float) -> Column:
        """Draw the seconds of `count` requests at this share of a CPU."""
        return self.cpu_s.draw(rng, count) / min(1.0, cpu_share) + self.other_s


@dataclass(frozen=True)
class Scaled:
    """A law whose every value is multiplied."""

    law: Law
    factor: float

    @property
    def mean_s(self) -> float:
        """Mean of the law, multiplied."""
        return self.law.mean_s * self.factor

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw from the law and multiply."""
        return self.law.draw(rng, count) * self.factor
