"""How much batches are worth to a model: the same callers, with batches and without, in the same run.

Run it with ``python tests/benchmarks/bench_batching.py``. The model is a support vector classifier of digits, and each
request is one row. One, sixteen and thirty-two callers ask again and again, through ``fn.map`` and through the
platform's HTTP server. The functions take turns, so that a noisy machine is noisy for all of them. Printed are medians
over the rounds; ratios are taken within a round, before the median.

Beside the function with batches stand the same one without (an instance serves its requests in threads) and one whose
instances, as many as there are cores, serve one request at a time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sklearn.svm import SVC

from fnlab.datasets import load
from fnlab.emulator import Deployed, Emulator
from fnlab.functions import Scaling
from fnlab.learn import train
from fnlab.verbs import deploy

CALLERS = (1, 16, 32)
CALLS = 600  # a caller's turn through fn.map
SLICE_S = 1.0  # and over HTTP
MOST_WAIT_S = 60.0
BATCHES = "batches"
CLIENT = Path(__file__).with_name("load_client.py")
LATEST_REPORTS = 200

#: A function's name, how many callers, and calls a second of one round.
Rates = Mapping[str, float]


def main() -> None:
    """Measure each number of callers on each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--memory-mib", type=int, default=1769, help="one CPU; less memory is less CPU")
    chosen = parser.parse_args()
    with Emulator() as emulator:
        functions = deployed(emulator, chosen.memory_mib)
        events = [[row] for row in load("digits").X_test.tolist()]
        for callers in CALLERS:
            measure(f"fn.map, callers: {callers}", functions, mapped(events, callers), chosen.rounds)
        for callers in CALLERS:
            over_http = Http(emulator, events[0], callers)
            try:
                measure(f"HTTP, connections: {callers}", functions, over_http, chosen.rounds)
            finally:
                over_http.close()


def deployed(emulator: Emulator, memory_mib: int) -> dict[str, Deployed]:
    """Deploy the model in three ways."""
    model = train(SVC(gamma=0.001), load("digits"))
    together = Scaling(concurrency=max(CALLERS), max_instances=1)
    ways: dict[str, dict[str, Any]] = {
        BATCHES: {"scaling": together, "batch": True},
        "threads": {"scaling": together},
        "one_by_one": {"scaling": Scaling(max_instances=os.cpu_count() or 1, max_wait_s=MOST_WAIT_S)},
    }
    return {
        name: deploy(model, name=name, memory_mib=memory_mib, timeout_s=60, emulator=emulator, **settings)
        for name, settings in ways.items()
    }


def mapped(events: list[Any], callers: int) -> Callable[[Deployed], float]:
    """Ask from the process of the platform."""
    asked = [events[number % len(events)] for number in range(CALLS)]

    def ask(fn: Deployed) -> float:
        began_s = time.perf_counter()
        fn.map(asked, workers=callers)
        return CALLS / (time.perf_counter() - began_s)

    return ask


class Http:
    """Asks from a process of its own, on connections that stay open."""

    def __init__(self, emulator: Emulator, event: Any, callers: int) -> None:
        self._url, self._token = urlsplit(emulator.serve()), emulator.token
        self._body, self._callers = json.dumps(event), callers
        self._client = subprocess.Popen([sys.executable, CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, fn: Deployed) -> float:
        """Give the calls a second."""
        request = (
            f"POST /fnlab/{fn.name}/invocations HTTP/1.1\r\nHost: {self._url.netloc}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(self._body)}\r\n\r\n{self._body}"
        )
        job = {"port": self._url.port, "request": request, "connections": self._callers, "seconds": SLICE_S}
        assert self._client.stdin is not None and self._client.stdout is not None  # noqa: PT018  # narrows the types
        self._client.stdin.write(json.dumps(job).encode() + b"\n")
        self._client.stdin.flush()
        return float(json.loads(self._client.stdout.readline())["per_s"])

    def close(self) -> None:
        """End the client."""
        self._client.communicate(timeout=10)


def measure(title: str, functions: dict[str, Deployed], ask: Callable[[Deployed], float], rounds: int) -> None:
    """Let the functions take turns and print what came of it; a first round, in which instances start, counts not."""
    taken: list[Rates] = []
    cpu_us: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds + 1):
        taken.append({name: ask(fn) for name, fn in functions.items()})
        for name, fn in functions.items():
            cpu_us[name] += [report.cpu_s * 1e6 for report in fn.reports[-LATEST_REPORTS:]]
    print(title)
    for name in functions:
        rate = statistics.median(each[name] for each in taken[1:])
        ratio = statistics.median(each[BATCHES] / each[name] for each in taken[1:])
        spent = statistics.median(cpu_us[name])
        beside = "" if name == BATCHES else f"; with batches {ratio:.2f} times as many"
        print(f"  {name:>10}: {rate:6.0f} calls/s, {spent:4.0f} µs of CPU a call{beside}")


if __name__ == "__main__":
    main()
