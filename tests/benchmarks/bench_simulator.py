"""How many invocations a CPU-second the simulator plays, beside SimFaaS, SimPy and plain Python in the same run.

Run it with ``python tests/benchmarks/bench_simulator.py``. Everybody is a process of its own and draws its own random
numbers; they take turns, so that a noisy machine is noisy for all of them. Counted is CPU time, which a busy neighbour
does not change much. Printed are medians over the rounds; ratios are taken within a round, before the median. The first
round, in which code is loaded or compiled, does not count and is printed apart.

The peers live in an environment of their own (``--peers-venv``), made when it is missing.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "peers" / "simulators.txt"
CACHE = (  # other requirements, another environment
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    / "fnlab"
    / f"peers-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:8]}"
)
#: SimFaaS's own example, and a busier pool.
SCENARIOS = {
    "A: 0.9 requests/s, warm exp 1.991 s, cold exp 2.244 s, kept 600 s": {
        "rate_per_s": 0.9, "warm_s": 1.991, "cold_s": 2.244, "keep_s": 600,
    },
    "B: 100 requests/s, exp 0.2 s, kept 60 s": {"rate_per_s": 100, "warm_s": 0.2, "cold_s": 0.2, "keep_s": 60},
}  # fmt: skip
OURS, REUSE = "fnlab, compiled", "most-recently-used"
#: SimFaaS takes the newest idle instance, which is the wider kernel with us.
AS_SIMFAAS = "fnlab, as SimFaaS"
DAY = {"functions": 40_000, "requests": 100_000_000}
DAY_ROUNDS = 3
#: To read two float64 arrays takes so long at 19 GB/s; the same algorithm in C, its numbers drawn before, on A.
BANDWIDTH_NS, C_KERNEL_NS = 0.85, 22


@dataclass
class Entry:
    """A simulator: its process, and how many requests are a turn of some tenths of a second."""

    name: str
    process: subprocess.Popen[str]
    requests: int

    def play(self, job: dict[str, Any]) -> dict[str, float]:
        """Give it a turn."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: PT018  # narrows the types
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer: dict[str, float] = json.loads(self.process.stdout.readline())
        return answer

    def end(self) -> None:
        """Close it."""
        self.process.communicate()


def main() -> None:
    """Measure the scenarios with everybody, then the day with ourselves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers-venv", type=Path, default=CACHE)
    chosen = parser.parse_args()
    make_peers(chosen.peers_venv)
    theirs, peers = chosen.peers_venv / "bin" / "python", HERE / "peers"
    ours = HERE / "fnlab_pool.py"
    entries = [
        started("SimFaaS 0.2.2", [theirs, peers / "simfaas_pool.py"], 20_000),
        started("SimPy 4.1.2", [theirs, peers / "simpy_pool.py"], 50_000),
        started("plain Python", [sys.executable, peers / "python_pool.py"], 500_000),
        started("fnlab, no numba", [sys.executable, ours, "fast", REUSE], 500_000),
        started(AS_SIMFAAS, [sys.executable, ours, "compiled", "newest"], 2_000_000),
        started(OURS, [sys.executable, ours, "compiled", REUSE], 10_000_000),
    ]
    for title, rules in SCENARIOS.items():
        scenario(title, rules, entries, chosen.rounds)
    for entry in entries:
        entry.end()
    for threads in (1, 2):
        day(threads, ours)


def scenario(title: str, rules: dict[str, float], entries: list[Entry], rounds: int) -> None:
    """Let everybody take turns."""
    taken = [
        {entry.name: entry.play({**rules, "requests": entry.requests}) for entry in entries} for _ in range(rounds + 1)
    ]
    rates = [{name: each["requests"] / each["cpu_s"] for name, each in turn.items()} for turn in taken[1:]]
    print(title)
    for entry in entries:
        rate = statistics.median(each[entry.name] for each in rates)
        ratio = statistics.median(each[OURS] / each[entry.name] for each in rates)
        beside = "" if entry.name == OURS else f"; compiled is {ratio:,.1f} times as fast"
        print(f"  {entry.name:>17}: {rate / 1e6:8.3f} M/s of CPU, {1e9 / rate:9.1f} ns each{beside}")
    each_ns = 1e9 / statistics.median(each[OURS] for each in rates)
    print(
        f"  from the bound: {each_ns / BANDWIDTH_NS:.0f} times the {BANDWIDTH_NS} ns of reading the numbers; "
        f"{each_ns / C_KERNEL_NS:.1f} times the {C_KERNEL_NS} ns of a C kernel on A that draws none"
    )
    for name in (OURS, AS_SIMFAAS):
        first, later = taken[0][name]["wall_s"], taken[1][name]["wall_s"]
        print(f"  first call of {name}: {first:.2f} s, later ones {later:.2f} s")


def day(threads: int, program: Path) -> None:
    """Play a day of many functions in fresh processes."""
    taken = []
    for _ in range(DAY_ROUNDS):
        entry = started(OURS, [sys.executable, program, "compiled", REUSE], 0)
        taken.append(entry.play({**DAY, "threads": threads}))
        entry.end()
    rate = statistics.median(each["requests"] / each["cpu_s"] for each in taken)
    wall_s = statistics.median(each["wall_s"] for each in taken)
    peak_mb = max(each["peak_mb"] for each in taken)
    print(
        f"{DAY['functions']:,} functions, one day, threads: {threads}: {taken[0]['requests']:,.0f} invocations, "
        f"{rate / 1e6:.1f} M/s of CPU, {wall_s:.1f} s by the clock, {peak_mb:.0f} MB at most"
    )


def started(name: str, command: list[str | Path], requests: int) -> Entry:
    """Start a simulator's process."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return Entry(name, process, requests)


def make_peers(venv: Path) -> None:
    """Make the peers' environment, once."""
    if (venv / "bin" / "python").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "-qr", REQUIREMENTS], check=True)


if __name__ == "__main__":
    main()
