"""Every random number of a run, each with its own place, so that all engines use the same ones."""

from dataclasses import dataclass, replace

import numpy as np

from fnlab.errors import BadValue
from fnlab.functions import Function
from fnlab.trace.table import Column
from fnlab.workload import Law, Profile

#: So many values are drawn at a time once the first ones are used up.
_BLOCK = 256


@dataclass(frozen=True, eq=False, kw_only=True)
class Draws:
    """Durations, drawn before the run begins.

    Attributes
    ----------
    service_s : ndarray of shape (n_requests,)
        How long the n-th request to arrive takes on its instance.
    init_s : ndarray of shape (n_requests + min_instances,)
        How long the n-th instance takes to start. Without policies no run can start more.
    cold_s : ndarray of shape (n_requests + min_instances,), optional
        All that the request takes for which the n-th instance is started, if the profile has such a law.
    more : Generator
        For runs that start more instances, and for faults.
    init_law, cold_law : Law
        What `init_s` and `cold_s` were drawn from.
    """

    service_s: Column
    init_s: Column
    cold_s: Column | None
    more: np.random.Generator
    init_law: Law
    cold_law: Law | None

    @property
    def start_s(self) -> Column:
        """How long the request waits for which the n-th instance is started; of provisioned ones, their init."""
        if self.cold_s is None:
            return self.init_s
        promised = len(self.init_s) - len(self.service_s)
        return np.concatenate([self.init_s[:promised], self.cold_s[promised:]])

    def head(self, requests: int, starts: int) -> "Draws":
        """Give those of the first so many requests and instances."""
        cold_s = None if self.cold_s is None else self.cold_s[:starts]
        return replace(self, service_s=self.service_s[:requests], init_s=self.init_s[:starts], cold_s=cold_s)


def draw(function: Function, profile: Profile, *, count: int, seed: int) -> Draws:
    """Draw for `count` requests to a function.

    Raises
    ------
    BadValue
        If the seed is not a whole number from 0, or a law gives negative times.
    """
    if not isinstance(seed, int) or seed < 0:
        raise BadValue(f"seed must be a whole number from 0; got {seed!r}.")
    service, init, cold, more = np.random.default_rng(seed).spawn(4)
    init_law = profile.init_law(function.start)
    starts = count + function.scaling.min_instances
    return Draws(
        service_s=checked("cpu_s", profile.draw_service_s(service, count, cpu_share=function.cpu_share)),
        init_s=checked("init_s", init_law.draw(init, starts)),
        cold_s=None if profile.cold_s is None else checked("cold_s", profile.cold_s.draw(cold, starts)),
        more=more,
        init_law=init_law,
        cold_law=profile.cold_s,
    )


class Unending:
    """The given values, and after them as many more of the same law as are asked for."""

    def __init__(self, first: Column, law: Law, rng: np.random.Generator) -> None:
        self._values: list[float] = first.tolist()
        self._law, self._rng = law, rng

    def __getitem__(self, index: int) -> float:
        while index >= len(self._values):
            self._values += checked("init_s", self._law.draw(self._rng, _BLOCK)).tolist()
        return self._values[index]


def checked(name: str, seconds: Column) -> Column:
    """Refuse times below zero, which a law of somebody's own may give."""
    if seconds.size and not seconds.min() >= 0:
        raise BadValue(f"the law {name} of a profile must give seconds of at least 0; it gave {seconds.min():g}.")
    return seconds
