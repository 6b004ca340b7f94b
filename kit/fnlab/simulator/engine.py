"""Draws the durations, picks the engine, returns the trace."""

from typing import Literal, NamedTuple, get_args

import numpy as np

from fnlab.errors import BadValue
from fnlab.functions import Function
from fnlab.simulator import fast, reference
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.workload import Profile, Workload

Engine = Literal["auto", "fast", "reference"]


class Draws(NamedTuple):
    """Every random number of a run, drawn before it begins: both engines use the same ones.

    Attributes
    ----------
    service_s : ndarray of shape (n_requests,)
        How long the n-th request to arrive takes on its instance.
    init_s : ndarray of shape (n_requests + min_instances,)
        How long the n-th instance takes to start; no run can start more.
    """

    service_s: Column
    init_s: Column


def run(function: Function, workload: Workload, *, profile: Profile, seed: int = 0, engine: Engine = "auto") -> Trace:
    """Simulate a function under a workload.

    A request takes as long as was drawn for it, however many share its instance; the wait of a request in the queue is
    the part of ``start_s - arrival_s`` that is not ``init_s``.

    Parameters
    ----------
    function : Function
        Its scaling rules and its memory count; its code does not.
    workload : Workload
        When requests come.
    profile : Profile
        How long things take.
    seed : int
        Same seed, same trace, whichever the engine.
    engine : str
        ``"fast"`` knows the default reuse policy, one request an instance, no queue and no growth limit;
        ``"reference"`` knows everything; ``"auto"`` takes the fast one where it can.
    """
    if engine not in get_args(Engine):
        raise BadValue(f"engine must be one of {', '.join(get_args(Engine))}; got {engine!r}.")
    unknown = fast.unknown(function.scaling)
    if engine == "fast" and unknown is not None:
        found = getattr(function.scaling, unknown)
        raise BadValue(f"the fast engine knows {unknown}={fast.KNOWN[unknown]!r} only; got {found!r}.")
    draws = _draw(function, workload, profile, seed)
    if engine == "reference" or unknown is not None:
        return reference.run(function, workload, *draws)
    return fast.run(function, workload, *draws)


def _draw(function: Function, workload: Workload, profile: Profile, seed: int) -> Draws:
    service, init = np.random.default_rng(seed).spawn(2)
    count = len(workload)
    return Draws(
        profile.draw_service_s(service, count, cpu_share=function.cpu_share),
        profile.init_s.draw(init, count + function.scaling.min_instances),
    )
