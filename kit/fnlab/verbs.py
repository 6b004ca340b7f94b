"""The verbs: deploy a thing, simulate it, replay it. Each joins rooms that do not know each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace as changed
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from fnlab.display import PATIENCE_S
from fnlab.emulator import Deployed, Emulator, default_emulator
from fnlab.emulator import replay as replay_under
from fnlab.errors import BadValue, DeployError
from fnlab.functions import Function, Isolation, KeepAlive, Package, Scaling, StartStrategy
from fnlab.simulator import Engine, Simulated, run, tried
from fnlab.source import function as define
from fnlab.trace import Trace
from fnlab.workload import Faults, Profile, Workload

if TYPE_CHECKING:
    from fnlab.serve import Images

#: A file of this ending is a model, not a folder.
_MODEL_FILE = ".onnx"


def deploy(  # one argument a setting; all by name, all with a default
    thing: object,
    *,
    name: str | None = None,
    handler: str | None = None,
    memory_mib: int | None = None,
    timeout_s: float | None = None,
    env: Mapping[str, str] | None = None,
    scaling: Scaling | None = None,
    limits: str | None = None,
    start: StartStrategy | None = None,
    batch: bool | None = None,
    batch_wait_s: float | None = None,
    isolation: Isolation | None = None,
    classes: Sequence[Any] | None = None,
    row_shape: tuple[int, ...] | None = None,
    image: "Images | None" = None,
    licence: str | None = None,
    emulator: Emulator | None = None,
) -> Deployed:
    """Make a thing a running function on the local emulator.

    Parameters
    ----------
    thing : fitted model, Trained, folder, Python function or Function
        A fitted model (or what :func:`fnlab.train` gives) becomes a function from rows to predictions; see
        :func:`fnlab.serve.model_function` for the frameworks. A folder of Python files needs a `handler`. A Python
        function of an event and a context goes with what it uses, see :func:`fnlab.function`. A :class:`Function` is
        taken as it is, with the settings given here in place of its own.
    name, handler, memory_mib, timeout_s, env, scaling, limits, start, batch, batch_wait_s, isolation
        As in :class:`Function`; what is not given keeps its default. Every model can be served in batches, with
        ``batch=True, scaling=Scaling(concurrency=16)``, and ``batch_wait_s=0.005`` for fuller ones.
    classes, row_shape, image, licence
        For models only, as in :func:`fnlab.serve.model_function`.
    emulator : Emulator, optional
        Where to; by default the one that this process shares, started on first use.

    Raises
    ------
    DeployError, BadValue
        In one sentence: what is wrong with the thing or a setting.
    """
    given = _given(
        name=name, memory_mib=memory_mib, timeout_s=timeout_s, env=env, scaling=scaling, limits=limits, start=start
    )
    more = _given(batch=batch, batch_wait_s=batch_wait_s, isolation=isolation)
    of_model = _given(classes=classes, row_shape=row_shape, image=image, licence=licence)
    is_folder = isinstance(thing, str | Path) and not str(thing).endswith(_MODEL_FILE)
    if of_model and (is_folder or isinstance(thing, Function | FunctionType)):
        raise BadValue(f"{', '.join(of_model)} must go with a model; got {type(thing).__name__} {thing!r}.")
    if isinstance(thing, Function):
        function = changed(thing, **given, **more, **_given(handler=handler))
    elif isinstance(thing, str | Path) and is_folder:
        function = _of_folder(Path(thing), handler, given | more)
    elif isinstance(thing, FunctionType):
        if batch:
            raise BadValue(
                "batch needs a function batch(events, context) beside the handler, so it goes with a model, a folder "
                f"or a Function; got it with the Python function {thing.__name__!r}."
            )
        function = changed(define(**given)(thing), **more)
    elif handler is not None:
        raise BadValue(f"handler goes with a folder or a Function; got it with a {type(thing).__name__}.")
    else:
        from fnlab.serve import model_function  # scikit-learn is loaded when a model is deployed, not before

        started = _given(start=given.pop("start", None))
        function = changed(model_function(thing, **given, **of_model), **started, **more)
    return (emulator or default_emulator()).deploy(function)


def simulate(
    fn: Deployed | Function,
    workload: Workload,
    *,
    profile: Profile | None = None,
    policy: KeepAlive | None = None,
    keep_alive_s: float | None = None,
    min_instances: int | None = None,
    max_instances: int | None = None,
    memory_mib: int | None = None,
    scaling: Scaling | None = None,
    start: StartStrategy | None = None,
    faults: Faults | None = None,
    seed: int = 0,
    engine: Engine = "auto",
    progress: bool = True,
) -> Simulated:
    """Predict what a workload would do to a function.

    Parameters
    ----------
    fn : Deployed or Function
        Whose settings to use.
    workload : Workload
        When requests come.
    profile : Profile, optional
        How long its init and requests take; by default as measured in the calls that `fn` has had.
    policy : callable, optional
        A keep-alive policy to try, see :mod:`fnlab.scheduler.policies`.
    keep_alive_s, min_instances, max_instances, memory_mib, start
        Settings to try instead of the function's own.
    scaling : Scaling, optional
        All rules of scaling to try; what else is given comes on top.
    faults : Faults, optional
        What goes wrong with requests, and what is tried again.
    seed, engine
        See :func:`fnlab.simulator.run`.
    progress : bool
        Whether to show a progress bar when it takes more than a second. An interrupt keeps what is done.

    Returns
    -------
    Simulated
        A trace that can be forked: ``trace.fork(6 * 3600, keep_alive_s=60)``.
    """
    if profile is None:
        if isinstance(fn, Function):
            raise BadValue(f"a function that is not deployed has no measured profile: pass profile=; got {fn!r}.")
        profile = fn.profile()
    function = changed(_function_of(fn), **_given(scaling=scaling, start=start))
    function = tried(
        function,
        policy=policy,
        keep_alive_s=keep_alive_s,
        min_instances=min_instances,
        max_instances=max_instances,
        memory_mib=memory_mib,
    )
    if not progress:
        return run(function, workload, profile=profile, seed=seed, engine=engine, faults=faults)
    from tqdm.auto import tqdm

    with tqdm(total=round(workload.duration_s), unit=" s", desc=f"simulating {workload.name}", delay=PATIENCE_S) as bar:
        return run(
            function,
            workload,
            profile=profile,
            seed=seed,
            engine=engine,
            faults=faults,
            on_progress=lambda at_s: bar.update(round(at_s) - bar.n),
        )


def replay(
    fn: Deployed,
    workload: Workload,
    *,
    events: Sequence[Any] | None = None,
    speed: float = 3600,
    policy: KeepAlive | None = None,
    keep_alive_s: float | None = None,
    min_instances: int | None = None,
    max_instances: int | None = None,
    memory_mib: int | None = None,
    scaling: Scaling | None = None,
    progress: bool = True,
) -> Trace:
    """Send a workload to a deployed function's own, new instances, and record what really happens.

    Work takes its real time; idle time passes `speed` times faster. The times of the trace are true times.

    Parameters
    ----------
    fn : Deployed
        The function.
    workload : Workload
        When requests come.
    events : sequence, optional
        What they ask, in turn; by default what `fn` was last called with.
    speed : float
        How many times faster than the wall idle time passes.
    policy, keep_alive_s, min_instances, max_instances, memory_mib, scaling
        Settings to try instead of the function's own, see :func:`simulate`.
    progress : bool
        Whether to show a progress bar.
    """
    if events is None:
        events = [fn.last_event]
    function = tried(
        changed(_function_of(fn), **_given(scaling=scaling)),
        policy=policy,
        keep_alive_s=keep_alive_s,
        min_instances=min_instances,
        max_instances=max_instances,
        memory_mib=memory_mib,
    )
    if not progress:
        return replay_under(fn, workload, events=events, speed=speed, function=function)
    from tqdm.auto import tqdm

    with tqdm(total=len(workload), unit=" requests", desc=f"replaying {workload.name}") as bar:
        return replay_under(
            fn, workload, events=events, speed=speed, function=function, on_progress=lambda *_: bar.update()
        )


def _of_folder(folder: Path, handler: str | None, given: dict[str, Any]) -> Function:
    package = Package.of_folder(folder)
    if handler is None:
        modules = sorted(name for name in package.files if name.endswith(".py"))
        raise DeployError(f"a folder needs handler='module:function'; {str(folder)!r} holds {', '.join(modules)}.")
    return Function(**({"name": folder.resolve().name} | given), handler=handler, package=package)


def _function_of(fn: Deployed | Function) -> Function:
    return fn.function if isinstance(fn, Deployed) else fn


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
