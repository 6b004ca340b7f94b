"""A run, and what it might have been from some moment on."""

from dataclasses import dataclass, replace
from typing import Self, TypeVar

from fnlab.errors import BadValue
from fnlab.functions import Function, KeepAlive, Scaling
from fnlab.simulator.engine import Engine, Origin, Progress, play
from fnlab.trace import Trace
from fnlab.workload import Faults, Profile, Workload


@dataclass(frozen=True, eq=False, repr=False)
class Simulated(Trace):
    """A trace that knows what it was simulated from, so that it can be played again with a change.

    Parameters
    ----------
    origin : Origin
        What the run depends on.
    """

    origin: Origin

    def fork(
        self,
        at_s: float,
        *,
        policy: KeepAlive | None = None,
        keep_alive_s: float | None = None,
        min_instances: int | None = None,
        max_instances: int | None = None,
        memory_mib: int | None = None,
        scaling: Scaling | None = None,
    ) -> Self:
        """Play the same requests again, and go on differently from a moment on.

        Up to then both traces are the same. With another memory size another version takes over: its instances start
        anew, and those that are there serve out what they have. A request that arrives from then on takes its time
        under the new size; the work is the same.

        Parameters
        ----------
        at_s : float
            The moment, in seconds since the window opened.
        policy : callable, optional
            A keep-alive policy, see :mod:`fnlab.scheduler.policies`.
        keep_alive_s, min_instances, max_instances, memory_mib
            As in :class:`~fnlab.functions.Function`.
        scaling : Scaling, optional
            All rules anew; what else is given comes on top.

        Raises
        ------
        BadValue
            If the moment lies outside the window or before an earlier change, or nothing is to change.
        """
        at_least = max((moment_s for moment_s, _ in self.origin.changes), default=0.0)
        if not at_least <= at_s <= self.duration_s:
            raise BadValue(f"a fork must lie from {at_least:g} to {self.duration_s:g} s; got {at_s!r}.")
        latest = self.origin.changes[-1][1] if self.origin.changes else self.origin.function
        changed = tried(
            latest if scaling is None else replace(latest, scaling=scaling),
            policy=policy,
            keep_alive_s=keep_alive_s,
            min_instances=min_instances,
            max_instances=max_instances,
            memory_mib=memory_mib,
        )
        if changed == latest:
            raise BadValue("a fork needs something that changes, such as policy=, keep_alive_s= or memory_mib=.")
        origin = replace(self.origin, changes=(*self.origin.changes, (float(at_s), changed)))
        return _simulated(type(self), origin, engine="reference")


def run(
    function: Function,
    workload: Workload,
    *,
    profile: Profile,
    seed: int = 0,
    engine: Engine = "auto",
    faults: Faults | None = None,
    on_progress: Progress | None = None,
) -> Simulated:
    """Simulate a function under a workload.

    A request takes as long as was drawn for it, however many share its instance; the wait of a request in the queue is
    the part of ``start_s - arrival_s`` that is not ``init_s``.

    Parameters
    ----------
    function : Function
        Its scaling rules, its memory and how it starts count; its code does not.
    workload : Workload
        When requests come.
    profile : Profile
        How long things take.
    seed : int
        Same seed, same trace, whichever the engine.
    engine : str
        ``"reference"`` knows everything; the others are faster and know less; ``"auto"`` takes the fastest that knows
        what is needed.
    faults : Faults, optional
        What goes wrong.
    on_progress : callable, optional
        Told from time to time, by the reference engine, which second of the window it has come to.

    Raises
    ------
    BadValue
        If the rules cannot be played: requests that wait without a limit under more load than all instances can serve,
        a law of whole cold requests where requests share instances or choose among them, a policy that makes no sense.
    """
    origin = Origin(function=function, workload=workload, profile=profile, seed=seed, faults=faults)
    return _simulated(Simulated, origin, engine=engine, on_progress=on_progress)


def tried(
    function: Function,
    *,
    policy: KeepAlive | None = None,
    keep_alive_s: float | None = None,
    min_instances: int | None = None,
    max_instances: int | None = None,
    memory_mib: int | None = None,
) -> Function:
    """Give a function with some settings tried instead of its own; what is None stays."""
    rules = {
        "keep_alive": policy,
        "keep_alive_s": keep_alive_s,
        "min_instances": min_instances,
        "max_instances": max_instances,
    }
    given = {name: value for name, value in rules.items() if value is not None}
    scaling = replace(function.scaling, **given)  # type: ignore[arg-type]  # each has its field's type
    return replace(function, scaling=scaling, memory_mib=function.memory_mib if memory_mib is None else memory_mib)


Run = TypeVar("Run", bound=Simulated)


def _simulated(kind: type[Run], origin: Origin, *, engine: Engine, on_progress: Progress | None = None) -> Run:
    trace = play(origin, engine=engine, on_progress=on_progress)
    return kind(trace.invocation_columns, trace.instance_columns, trace.duration_s, origin)
