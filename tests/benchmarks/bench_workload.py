"""How fast arrivals are drawn and traces read, beside the plain ways to do it.

Run it: ``python tests/benchmarks/bench_workload.py``. CPU time, medians of interleaved rounds. The trace is synthetic,
in the format of Azure's of 2019: 1,440 minutes for each function, most of them empty. pandas reads the numbers and
checks nothing; fnlab checks every cell, and keeps the minutes that are not empty.
"""

import argparse
import random
import resource
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from fnlab.workload import (
    Population,
    flash_crowd,
    from_counts,
    markov_modulated,
    poisson,
    read_azure2019,
    renewal,
    timer,
)

ROUNDS = 5
ARRIVALS = 1_000_000
MINUTES = 1440
BYTES_PER_KIB = 1024


def one_by_one() -> list[float]:
    """Draw a Poisson process as textbooks write it down."""
    times, now_s, rate_per_s = [], 0.0, ARRIVALS / 86_400
    while (now_s := now_s + random.expovariate(rate_per_s)) < 86_400:
        times.append(now_s)
    return times


def processes() -> Mapping[str, Callable[[], Any]]:
    """Name the processes, each of about a million arrivals in a day."""
    rate_per_s = ARRIVALS / 86_400
    counts = np.random.default_rng(0).poisson(ARRIVALS / MINUTES, MINUTES)
    return {
        "plain Python, one by one": one_by_one,
        "poisson": lambda: poisson(rate_per_s),
        "renewal, gamma, CV 3": lambda: renewal(rate_per_s, 3),
        "renewal, hyperexponential, CV 3": lambda: renewal(rate_per_s, 3, gaps="hyperexponential"),
        "Markov-modulated": lambda: markov_modulated([rate_per_s / 2, rate_per_s * 6], [1000, 100]),
        "flash crowd": lambda: flash_crowd(rate_per_s / 2, rate_per_s * 20, at_s=40_000, decay_s=2_200),
        "timer with jitter": lambda: timer(1 / rate_per_s, jitter_s=1),
        "minute counts, uniform": lambda: from_counts(counts),
        "minute counts, spread": lambda: from_counts(counts, rule="spread"),
        "population of 40,000 functions": Population.azure_like,
    }


def write_trace(path: Path, functions: int) -> None:
    """Write calls a minute: the skew of a population like Azure's; rare functions call in few minutes."""
    rng = np.random.default_rng(0)
    # 909,783,379 calls of 46,412 functions on the trace's first day, here in proportion.
    population = Population.azure_like(functions, 909_783_379 * functions / 46_412)
    with path.open("w", encoding="utf-8") as file:
        file.write("HashOwner,HashApp,HashFunction,Trigger," + ",".join(map(str, range(1, MINUTES + 1))) + "\n")
        for row, per_s in enumerate(population.rate_per_s.tolist()):
            awake = min(1.0, (per_s * 60) ** 0.5)
            counts = rng.poisson(per_s * 60 / awake, MINUTES) * (rng.random(MINUTES) < awake)
            file.write(f"{row % 999:064x},{row % 9_999:064x},{row:064x},http,{','.join(map(str, counts.tolist()))}\n")


def medians(actions: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Run the actions in turn, round after round; give the median CPU time of each."""
    spent: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            began = process_time()
            action()
            spent[name].append(process_time() - began)
    return {name: median(times) for name, times in spent.items()}


def show(title: str, spent: Mapping[str, float], against: str) -> None:
    """Print times, and how many times faster each is than one of them."""
    print(title)
    for name, seconds in spent.items():
        print(f"  {name:34} {seconds:8.3f} s   {spent[against] / seconds:6.1f} x")


def main() -> None:
    """Draw and read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=46_412, help="rows of the trace; the real one has 46,412")
    functions = parser.parse_args().functions
    show("a million arrivals, CPU time", medians(processes(), ROUNDS), "plain Python, one by one")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "invocations.csv"
        write_trace(path, functions)
        mib = path.stat().st_size / BYTES_PER_KIB**2
        readers = {"pandas.read_csv, unchecked": lambda: pd.read_csv(path), "fnlab": lambda: read_azure2019(path)}
        spent = medians(readers, 3)
        show(
            f"{functions:,} functions x {MINUTES} minutes, {mib:.0f} MiB, CPU time", spent, "pandas.read_csv, unchecked"
        )
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / BYTES_PER_KIB
    print(f"peak memory of this process: {peak_mib:,.0f} MiB")


if __name__ == "__main__":
    main()
