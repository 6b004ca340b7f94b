"""Picks the engine for a run, and plays it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, get_args

from fnlab.errors import BadValue
from fnlab.functions import Function
from fnlab.simulator import reference
from fnlab.simulator.backends import choose
from fnlab.simulator.draws import Draws, draw
from fnlab.simulator.endless import refuse_endless_queue
from fnlab.simulator.reference import Change
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.workload import Faults, Profile, Workload

Engine = Literal["auto", "compiled", "fast", "reference"]

#: Told from time to time which second of the window a run has come to.
Progress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """All that a run depends on: from the same origin comes the same trace.

    Attributes
    ----------
    function, workload, profile, seed, faults
        As in :func:`fnlab.simulator.run`.
    changes : tuple of (float, Function)
        From which second on the function was another one.
    """

    function: Function
    workload: Workload
    profile: Profile
    seed: int
    faults: Faults | None = None
    changes: tuple[tuple[float, Function], ...] = ()


def play(origin: Origin, *, engine: Engine, on_progress: Progress | None = None) -> Trace:
    """Run what an origin says.

    Raises
    ------
    BadValue
        If the engine is unknown or does not know a rule, or the rules cannot be played.
    """
    if engine not in get_args(Engine):
        raise BadValue(f"engine must be one of {', '.join(get_args(Engine))}; got {engine!r}.")
    _check(origin)
    module = _module(origin, engine)
    draws = draw(origin.function, origin.profile, count=len(origin.workload), seed=origin.seed)
    changes = [Change(at_s, function, _service_s(origin, function)) for at_s, function in origin.changes]
    for change in (Change(0.0, origin.function, draws.service_s), *changes):
        refuse_endless_queue(change.function.scaling, _load(change, origin.workload))
    if module is None:
        return reference.run(
            origin.function, origin.workload, draws, faults=origin.faults, changes=changes, on_progress=on_progress
        )
    return _play_in_blocks(module, origin, draws, on_progress)


def _play_in_blocks(module: ModuleType, origin: Origin, draws: Draws, on_progress: Progress | None) -> Trace:
    """Run one of the faster engines; after an interrupt, give the trace up to the last whole block."""
    arrivals_s, done = origin.workload.arrivals_s, 0

    def on_block(requests: int) -> None:
        nonlocal done
        done = requests
        if on_progress is not None and requests:
            on_progress(float(arrivals_s[requests - 1]))

    trace: Trace
    try:
        trace = module.run(origin.function, origin.workload, draws, on_block=on_block)
    except KeyboardInterrupt:
        if not done or not arrivals_s[done - 1]:
            raise  # there is nothing to keep yet
        # Half a block is not a state that can be read, so what was whole is played again.
        head = Workload(arrivals_s[:done], float(arrivals_s[done - 1]), origin.workload.name)
        trace = module.run(origin.function, head, draws.head(done, done + origin.function.scaling.min_instances))
    return trace


def _module(origin: Origin, engine: Engine) -> ModuleType | None:
    """Give the faster engine that plays a run; None for the reference."""
    for name, found in (("faults", origin.faults), ("changes", origin.changes)):
        if found:
            if engine in ("compiled", "fast"):
                raise BadValue(f"the {engine} engine knows no {name}; got {found!r}.")
            return None
    return choose(engine, origin.function.scaling, requests=len(origin.workload))


def _check(origin: Origin) -> None:
    """Refuse a profile that does not say what the rules need."""
    for function in (origin.function, *(function for _, function in origin.changes)):
        scaling = function.scaling
        if origin.profile.cold_s is not None and (scaling.concurrency > 1 or scaling.hands_over):
            raise BadValue(
                "a profile's cold_s, a law of whole cold requests, needs concurrency 1 and binding 'bound'; "
                f"got concurrency {scaling.concurrency} and binding {scaling.binding!r}: give init_s and cpu_s apart."
            )


def _load(change: Change, workload: Workload) -> float:
    """Requests in service on average, from a moment on, if none had to wait."""
    left_s = workload.duration_s - change.at_s
    return float(change.service_s[workload.arrivals_s >= change.at_s].sum()) / left_s if left_s else 0.0


def _service_s(origin: Origin, function: Function) -> Column:
    """Draw the very same requests under another memory size."""
    return draw(function, origin.profile, count=len(origin.workload), seed=origin.seed).service_s
