"""Draws the durations, picks the engine, returns the trace."""

from collections.abc import Callable
from math import inf
from typing import Literal, get_args

from fnlab.errors import BadValue
from fnlab.functions import Function
from fnlab.simulator import fast, reference
from fnlab.simulator.draws import Draws, draw
from fnlab.simulator.faults import Faults
from fnlab.trace import Trace
from fnlab.workload import Profile, Workload

Engine = Literal["auto", "fast", "reference"]


def run(
    function: Function,
    workload: Workload,
    *,
    profile: Profile,
    seed: int = 0,
    engine: Engine = "auto",
    faults: Faults | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Trace:
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
        ``"fast"`` knows the default reuse policy, one request an instance, no queue and no growth limit;
        ``"reference"`` knows everything; ``"auto"`` takes the fast one where it can.
    faults : Faults, optional
        What goes wrong.
    on_progress : callable, optional
        Told from time to time, by the reference engine, which second of the window it has come to.

    Raises
    ------
    BadValue
        If the rules cannot be played: requests that wait without a limit under more load than all instances can serve,
        or a law of whole cold requests where requests share instances or choose among them.
    """
    if engine not in get_args(Engine):
        raise BadValue(f"engine must be one of {', '.join(get_args(Engine))}; got {engine!r}.")
    unknown = "faults" if faults is not None else fast.unknown(function.scaling)
    if engine == "fast" and unknown is not None:
        found = faults if unknown == "faults" else getattr(function.scaling, unknown)
        raise BadValue(f"the fast engine knows {fast.known(unknown)} only; got {found!r}.")
    check(function, profile)
    draws = draw(function, profile, count=len(workload), seed=seed)
    check_load(function, workload, draws)
    if engine == "reference" or unknown is not None:
        return reference.run(function, workload, draws, faults=faults, on_progress=on_progress)
    return fast.run(function, workload, draws)


def check(function: Function, profile: Profile) -> None:
    """Refuse a profile that does not say what these rules need."""
    scaling = function.scaling
    if profile.cold_s is not None and (scaling.concurrency > 1 or scaling.hands_over):
        raise BadValue(
            "a profile's cold_s, a law of whole cold requests, needs concurrency 1 and binding 'bound'; "
            f"got concurrency {scaling.concurrency} and binding {scaling.binding!r}: give init_s and cpu_s apart."
        )


def check_load(function: Function, workload: Workload, draws: Draws) -> None:
    """Refuse a queue that would grow without end."""
    scaling = function.scaling
    if scaling.max_wait_s != inf or scaling.max_queue is not None or not len(workload):
        return
    load = float(draws.service_s.sum()) / workload.duration_s
    places = scaling.max_instances * scaling.concurrency
    if load >= places:
        raise BadValue(
            f"a queue without a limit needs a load below its places; got {load:.4g} requests in service on average for "
            f"{places} places ({scaling.max_instances} instances): set max_wait_s or max_queue, or raise max_instances."
        )
