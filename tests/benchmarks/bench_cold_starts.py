"""How long a cold start of the digits SVC takes, and what it adds in memory: fresh, forked and parked, in one run.

Run it with ``python tests/benchmarks/bench_cold_starts.py``. The three take turns, so that a noisy machine is
noisy for all of them. Times are those of the caller: from the call to its answer. The fork server's own start is
printed apart.
"""

import statistics
import time
from pathlib import Path

from sklearn.svm import SVC

import fnlab as fl
from fnlab.emulator import Deployed

ROUNDS = {"fresh": 5, "fork": 60, "parked": 60}


def main() -> None:
    """Print medians, ratios and memory."""
    digits = fl.datasets.load("digits")
    model = fl.train(SVC(gamma=0.001), digits)
    seconds: dict[str, list[float]] = {start: [] for start in ROUNDS}
    added: dict[str, list[float]] = {start: [] for start in ROUNDS}
    with fl.Emulator() as emulator:
        functions = {
            start: fl.deploy(model, name=start, start=start, memory_mib=1769, emulator=emulator) for start in ROUNDS
        }
        for start in ("fork", "parked"):
            warm_up = functions[start].warm()
            print(f"{start}: fork server warm after {sum(phase.seconds for phase in warm_up):.2f} s")
        for turn in range(max(ROUNDS.values())):
            for start, fn in functions.items():
                if turn < ROUNDS[start]:
                    seconds[start].append(cold_call(fn, digits.X_test[turn : turn + 1]))
                    added[start].append(private_mib(next(iter(fn.pids.values()))))
    report(seconds, added)


def cold_call(fn: Deployed, rows: object) -> float:
    """Take the idle instances away, give the platform a moment, and time one call."""
    fn.evict()
    time.sleep(0.1)
    began_s = time.perf_counter()
    fn(rows)
    assert fn.last.init_s > 0
    return time.perf_counter() - began_s


def private_mib(pid: int) -> float:
    """Memory that the process does not share with any other; it is what one more instance adds."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def report(seconds: dict[str, list[float]], added: dict[str, list[float]]) -> None:
    """One line a way to start."""
    fresh_s = statistics.median(seconds["fresh"])
    for start, samples in seconds.items():
        median_s = statistics.median(samples)
        print(
            f"{start:>7}: cold call p50 {median_s * 1000:8.1f} ms, worst {max(samples) * 1000:8.1f} ms, "
            f"{fresh_s / median_s:6.1f} times shorter than fresh; "
            f"{statistics.median(added[start]):6.1f} MiB of its own ({len(samples)} calls)"
        )


if __name__ == "__main__":
    main()
