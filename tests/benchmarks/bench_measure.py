"""How long a trace takes to become numbers, beside the plain way: pandas, or a loop over the events.

Run it: ``python tests/benchmarks/bench_measure.py``. The small trace has the book's 16,640 page views; the large one,
with ``--large``, ten million. Times are CPU time of this process, medians of interleaved runs.
"""

import sys
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from fnlab.measure import cold_share, compare_traces, percentiles, slo, steps, summary, timeline
from fnlab.trace import Trace

DAY_S = 86_400.0


def made(count: int, *, seed: int = 0) -> Trace:
    """Poisson arrivals over a day, on as many instances as a hundredth of them, in turn."""
    rng = np.random.default_rng(seed)
    arrival_s = np.sort(rng.random(count)) * DAY_S
    instances = count // 100
    cold = np.arange(count) < instances
    init_s = np.where(cold, 0.5, 0.0)
    service_s = rng.exponential(0.2, count)
    start_s = arrival_s + init_s
    number = np.arange(count) % instances
    created_s = arrival_s[:instances]
    last_s = np.zeros(instances)
    np.maximum.at(last_s, number, start_s + service_s)
    same = {"version": 1, "memory_mib": 512}
    invocations = {
        "arrival_s": arrival_s, "start_s": start_s, "end_s": start_s + service_s, "init_s": init_s,
        "status": np.zeros(count), "instance": number, "billed_s": service_s + init_s,
        **{name: np.full(count, value) for name, value in same.items()},
    }  # fmt: skip
    alive = {
        "created_s": created_s, "ready_s": created_s + 0.5, "stopped_s": last_s + 300, "kind": np.zeros(instances),
        **{name: np.full(instances, value) for name, value in same.items()},
    }  # fmt: skip
    return Trace(invocations, alive, DAY_S)


def with_pandas(trace: Trace) -> Any:
    """Percentiles and bins by pandas, as one would in a notebook."""
    frame = trace.invocations
    latency = frame["end_s"] - frame["arrival_s"]
    bins = frame.groupby((frame["arrival_s"] // 900).astype(int)).size()
    return latency.quantile([0.5, 0.95, 0.99]), bins


def running_by_loop(trace: Trace) -> list[tuple[float, int]]:
    """Requests running over time, by a loop over sorted events."""
    events = sorted([(at, 1) for at in trace["start_s"].tolist()] + [(at, -1) for at in trace["end_s"].tolist()])
    level, found = 0, []
    for at, change in events:
        level += change
        found.append((at, level))
    return found


def ms(action: Callable[[], Any]) -> float:
    """CPU time of one call."""
    began = process_time()
    action()
    return (process_time() - began) * 1000


def compared(rows: dict[str, Callable[[], Any]], *, times: int) -> dict[str, float]:
    """Time every row in turn, over and over, so that a busy moment hits them all."""
    spent: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(times):
        for name, action in rows.items():
            spent[name].append(ms(action))
    return {name: median(each) for name, each in spent.items()}


def report(count: int, *, times: int, plain: bool) -> None:
    """Print what each measure takes for a trace of so many rows."""
    trace, other = made(count), made(count, seed=1)
    rows: dict[str, Callable[[], Any]] = {
        "summary": lambda: summary(trace),
        "timeline of 96 bins": lambda: timeline(trace, bin_s=900),
        "percentiles": lambda: percentiles(trace),
        "steps of running": lambda: steps(trace, "running"),
        "steps of busy": lambda: steps(trace, "busy"),
        "steps of idle": lambda: steps(trace, "idle"),
        "cold share": lambda: cold_share(trace),
        "objective": lambda: slo(trace, latency_s=0.5, share=0.99),
        "compare two": lambda: compare_traces(trace, other),
    }
    if plain:
        rows |= {
            "pandas: percentiles, bins": lambda: with_pandas(trace),
            "loop: running": lambda: running_by_loop(trace),
        }
    found = compared(rows, times=times)
    print(f"{count:,} rows")
    for name, each in found.items():
        print(f"  {name:<28}{each:10.2f} ms")
    if plain:
        print(f"  summary and timeline: {found['summary'] + found['timeline of 96 bins']:.2f} ms")
        print(f"  steps of running, loop over ours: {found['loop: running'] / found['steps of running']:.1f} times")


def main() -> None:
    """Print everything."""
    report(16_640, times=21, plain=True)
    if "--large" in sys.argv:
        report(10_000_000, times=1, plain=False)


if __name__ == "__main__":
    main()
