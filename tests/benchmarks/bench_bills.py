"""What a bill of a day's trace takes, on every sheet: by columns, row by row in Decimal, and all sheets together.

Run it with ``python tests/benchmarks/bench_bills.py``. The ways take turns, so that a noisy machine is noisy for all
of them; times are CPU time, of a trace of 16,640 requests that wait for their turn on 40 instances.
"""

import statistics
import time
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

import numpy as np

from fnlab.cost import bill, compare, names, what_if
from fnlab.trace import Recorder, Status, Trace

REQUESTS, INSTANCES, DAY_S, SERVICE_S = 16_640, 40, 86_400.0, 4.5
ROUNDS = 15


def main() -> None:
    """Print medians and ratios."""
    trace = day()
    assert row_by_row(trace) == bill(trace, "aws-lambda").total
    ways: dict[str, Callable[[], object]] = {name: lambda name=name: bill(trace, name) for name in names("functions")}
    ways |= {"aws-lambda, row by row": lambda: row_by_row(trace), "compare, all sheets": lambda: compare(trace)}
    ways |= {"what_if, keep-alive": lambda: what_if(trace, "aws-lambda", keep_alive_s=60.0)}
    took_s: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began_s = time.process_time()
            way()
            took_s[name].append(time.process_time() - began_s)
    median_s = {name: statistics.median(samples) for name, samples in took_s.items()}
    for name, found_s in median_s.items():
        print(f"{name:26} {found_s * 1e3:8.2f} ms")
    alone_s = sum(median_s[name] for name in names("functions"))
    print(f"row by row / by columns: {median_s['aws-lambda, row by row'] / median_s['aws-lambda']:.0f} x")
    print(f"every sheet alone / compare: {alone_s / median_s['compare, all sheets']:.2f} x")


def day() -> Trace:
    """Exponential executions at random times, on random instances, one at a time on each."""
    rng = np.random.default_rng(1)
    recorder = Recorder(memory_mib=1024)
    rows = [recorder.created(float(number)) for number in range(INSTANCES)]
    free_s = np.zeros(INSTANCES)
    for at_s in np.sort(rng.uniform(INSTANCES, DAY_S, REQUESTS)):
        row = int(rng.integers(INSTANCES))
        init_s = 0.0 if free_s[row] else 1.0
        start_s = max(float(at_s), free_s[row]) + init_s
        free_s[row] = start_s + rng.exponential(SERVICE_S)
        recorder.invocation(
            arrival_s=float(at_s),
            start_s=start_s,
            end_s=free_s[row],
            init_s=init_s,
            status=Status.OK,
            instance=rows[row],
        )
    return recorder.trace(DAY_S)


def row_by_row(trace: Trace) -> Decimal:
    """Lambda's bill at the first tier as one would write it with a loop: init and execution, up to the millisecond."""
    gb_s = Decimal(0)
    for init_s, start_s, end_s, memory_mib in zip(
        *(trace[name].tolist() for name in ("init_s", "start_s", "end_s", "memory_mib")), strict=True
    ):
        ms = (Decimal(init_s + end_s - start_s) * 1000).quantize(Decimal(1), rounding=ROUND_CEILING)
        gb_s += ms / 1000 * memory_mib / 1024
    return gb_s * Decimal("0.0000166667") + len(trace) * Decimal("0.0000002")


if __name__ == "__main__":
    main()
