"""What a policy of your own is told and what it answers: plain callables behind three Protocols.

A policy reads a view and returns a decision; it never changes anything. It may remember: every scheduler works with a
copy of its own. Ready-made ones are in :mod:`fnlab.scheduler.policies`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fnlab.units import S_PER_MIN

#: How often a rule or an autoscaler is asked that has no ``tick_s`` of its own.
DEFAULT_TICK_S = float(S_PER_MIN)


@dataclass(frozen=True, slots=True)
class IdleView:
    """What is known when an instance has become idle.

    Attributes
    ----------
    now_s : float
        The moment.
    idle, alive : int
        On-demand instances that are idle, this one included, and instances that exist.
    keep_alive_s : float
        What the fixed rule would answer.
    gaps_s : sequence of float
        Every pause of the function so far: from the moment nothing ran to the next arrival.
    """

    now_s: float
    idle: int
    alive: int
    keep_alive_s: float
    gaps_s: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long to keep an idle instance, and whether to start another one ahead of the next request.

    Parameters
    ----------
    for_s : float
        Seconds from now; may be infinite.
    prewarm_after_s : float, optional
        When to start a new instance if no request has come by then, in seconds from now.
    prewarm_for_s : float
        How long that one is kept if no request comes.
    """

    for_s: float
    prewarm_after_s: float | None = None
    prewarm_for_s: float = 0.0


@runtime_checkable
class KeepAlive(Protocol):
    """Say how long an instance that has become idle is kept: seconds, or a :class:`Keep`."""

    def __call__(self, view: IdleView, /) -> float | Keep:
        """Answer for this instance, now."""


@dataclass(frozen=True, slots=True)
class LoadView:
    """What is known of a function's load at a tick.

    Attributes
    ----------
    now_s : float
        The moment.
    ready, alive, provisioned : int
        Instances that finished their init; those that exist; those of them that were promised.
    serving, waiting : int
        Requests that have an instance, starting or ready; requests that have none yet.
    concurrency : int
        Places of an instance.
    mean_demand : callable of float
        ``view.mean_demand(60)``: time-average of the requests in the system over the last 60 s, or since the first
        event if that is shorter.
    mean_on_provisioned : callable of float
        The same of the requests on provisioned instances.
    """

    now_s: float
    ready: int
    alive: int
    provisioned: int
    serving: int
    waiting: int
    concurrency: int
    mean_demand: Callable[[float], float]
    mean_on_provisioned: Callable[[float], float]


@runtime_checkable
class Scaler(Protocol):
    """Say how many instances there should be.

    As a rule of :class:`~fnlab.functions.Scaling` it says how many to promise, and the largest answer holds; as an
    autoscaler it says how many there are in all. It is asked every ``tick_s`` seconds if it has such an attribute, and
    every minute otherwise.
    """

    def __call__(self, view: LoadView, /) -> int:
        """Answer for this tick."""


def tick_s(scaler: Scaler) -> float:
    """How often it is asked."""
    return float(getattr(scaler, "tick_s", DEFAULT_TICK_S))
