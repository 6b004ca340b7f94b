"""One function under every combination of some settings: a table, as of a parameter grid in scikit-learn."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

from fnlab.cost import bill
from fnlab.display import PATIENCE_S
from fnlab.emulator import Deployed
from fnlab.errors import BadValue, MissingExtra
from fnlab.functions import Function, KeepAlive, Scaling, StartStrategy
from fnlab.measure import summary
from fnlab.verbs import simulate
from fnlab.workload import Profile, Workload

if TYPE_CHECKING:
    import pandas as pd


def sweep(
    fn: Deployed | Function,
    workload: Workload,
    *,
    profile: Profile | None = None,
    memory_mib: Sequence[int] | None = None,
    keep_alive_s: Sequence[float] | None = None,
    min_instances: Sequence[int] | None = None,
    max_instances: Sequence[int] | None = None,
    policy: Sequence[KeepAlive] | None = None,
    scaling: Sequence[Scaling] | None = None,
    start: Sequence[StartStrategy] | None = None,
    seed: Sequence[int] = (0,),
    sheet: str = "aws-lambda",
    n_jobs: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
) -> "pd.DataFrame":
    """Simulate every combination of the settings given, and put what follows in a table.

    Parameters
    ----------
    fn, workload, profile
        As in :func:`fnlab.simulate`.
    memory_mib, keep_alive_s, min_instances, max_instances, policy, scaling, start, seed : sequence
        The values to try of each setting; what is not given is the function's own.
    sheet : str
        Price sheet of the column ``cost``.
    n_jobs : int, optional
        Processes to use, as in joblib: -1 for all there are. The table is the same.
    cluster : str, optional
        Address of a Ray cluster, or ``"auto"`` or ``"local"``; joblib's Ray backend runs the simulations there. Needs
        the extra ``ray``.
    progress : bool
        Whether to show a progress bar when it takes more than a second.

    Returns
    -------
    DataFrame
        A row a combination, in the order of :func:`itertools.product`: a column for each setting given, and
        invocations, cold_starts, cold_share, throttled, latency_p50_s, latency_p95_s, latency_p99_s, instance_s,
        utilisation, cost and currency.

    Raises
    ------
    BadValue
        If a setting has no values, or as :func:`fnlab.simulate`.
    MissingExtra
        If a cluster is given and Ray is not installed.
    """
    if profile is None:
        if isinstance(fn, Function):
            raise BadValue(f"a function that is not deployed has no measured profile: pass profile=; got {fn!r}.")
        profile = fn.profile()
    grid = _grid(
        memory_mib=memory_mib,
        keep_alive_s=keep_alive_s,
        min_instances=min_instances,
        max_instances=max_instances,
        policy=policy,
        scaling=scaling,
        start=start,
        seed=seed,
    )
    function = fn.function if isinstance(fn, Deployed) else fn
    points = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    rows = _run(function, workload, profile, points, sheet=sheet, n_jobs=n_jobs, cluster=cluster, progress=progress)
    import pandas as pd

    return pd.DataFrame([_named(point) | row for point, row in zip(points, rows, strict=True)])


def _grid(**settings: Any) -> dict[str, list[Any]]:
    grid = {name: values for name, values in settings.items() if values is not None}
    for name, values in grid.items():
        if isinstance(values, str | bytes) or (not isinstance(values, Sequence) and not hasattr(values, "__len__")):
            raise BadValue(
                f"a sweep takes a list of values for each setting; got {name}={values!r}: write [{values!r}]."
            )
        if not len(values):
            raise BadValue(f"a sweep needs at least one value for each setting; got {name}={values!r}.")
    return {name: list(values) for name, values in grid.items()}


def _run(
    function: Function,
    workload: Workload,
    profile: Profile,
    points: list[dict[str, Any]],
    *,
    sheet: str,
    n_jobs: int | None,
    cluster: str | None,
    progress: bool,
) -> list[dict[str, Any]]:
    from joblib import Parallel, delayed, parallel_config
    from tqdm.auto import tqdm

    tasks = (delayed(_point)(function, workload, profile, point, sheet) for point in points)
    bar = tqdm(total=len(points), unit=" runs", desc="sweeping", delay=PATIENCE_S, disable=not progress)
    if cluster is not None:
        # Ray's backend gives all rows at the end; there is nothing to show before.
        with _ray(cluster), parallel_config(backend="ray", n_jobs=n_jobs or -1):
            return list(Parallel()(tasks))
    rows = []
    with bar:
        for row in Parallel(n_jobs=n_jobs, return_as="generator")(tasks):
            bar.update()
            rows.append(row)
    return rows


def _point(
    function: Function, workload: Workload, profile: Profile, point: Mapping[str, Any], sheet: str
) -> dict[str, Any]:
    """Simulate one combination; runs in any process."""
    trace = simulate(function, workload, profile=profile, progress=False, **point)
    totals, cost = summary(trace), bill(trace, sheet)
    return {
        "invocations": totals.invocations,
        "cold_starts": totals.cold_starts,
        "cold_share": totals.cold_share,
        "throttled": totals.throttled,
        "latency_p50_s": totals.latency_p50_s,
        "latency_p95_s": totals.latency_p95_s,
        "latency_p99_s": totals.latency_p99_s,
        "instance_s": totals.instance_s,
        "utilisation": totals.utilisation,
        "cost": float(cost.total),
        "currency": cost.currency,
    }


def _named(point: Mapping[str, Any]) -> dict[str, Any]:
    """Write policies by name, so that the table can be sorted and drawn."""
    return {name: _name_of(value) if name in ("policy", "scaling") else value for name, value in point.items()}


def _name_of(value: object) -> str:
    return str(getattr(value, "__name__", repr(value)))


@contextmanager
def _ray(address: str) -> Iterator[None]:
    """Connect joblib to a Ray cluster, and let go of it afterwards unless somebody else had connected."""
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise MissingExtra("a sweep on a cluster needs Ray: pip install 'fnlab[ray]'.") from error
    register_ray()
    if ray.is_initialized():
        yield
        return
    ray.init(address=None if address == "local" else address, include_dashboard=False, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()
