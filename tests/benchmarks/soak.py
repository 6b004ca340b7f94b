"""A platform under load and attack for ten minutes: what it loses, and what it leaks.

Run it with ``python tests/benchmarks/soak.py``; ``--seconds 60`` makes it short. It writes ``soak_report.md`` and
``soak_report.json`` beside itself. Load and platform share one process, so what is measured of the memory, descriptors
and threads of "the platform" includes the clients.

A request that is running on a process that is killed from outside fails, here as on any platform. So each second one
instance is killed that is either busy with a sacrificial function, whose failures are expected, or idle and of a
healthy one. Of the healthy functions every single request has to succeed.
"""

import argparse
import contextlib
import http.client
import itertools
import json
import os
import platform as machine
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from fnlab.emulator import Emulator
from fnlab.emulator.client import Deployed
from fnlab.errors import FnlabError
from fnlab.functions import AsyncPolicy, Function, Package, Scaling
from fnlab.trace import Status

SECONDS = 600.0
KILL_EVERY_S = 1.0
LOOK_EVERY_S = 1.0
MOST_BEHIND_S = 2.0  # what a client is behind its pace by more than this is not asked at all
WARM_UP_SHARE = 1 / 3  # of the run; caches and the lists of the latest reports fill in it; slopes are taken after it
ZOMBIE_S = 5.0  # who is dead for longer than this has been forgotten
HERE = Path(__file__).parent

_ECHO = "def handler(event, context):\n    return event\n"
_WAITS = "import time\n\ndef handler(event, context):\n    time.sleep(0.02)\n    return event\n"
_HASHES = """
from hashlib import sha256

def handler(event, context):
    digest = b""
    for _ in range(2000):
        digest = sha256(digest).digest()
    return digest.hex()
"""
_HOLDS = "import time\n\ndef handler(event, context):\n    time.sleep(3)\n    return event\n"
_EXITS = "import os\n\ndef handler(event, context):\n    os._exit(3)\n"
_NEVER_STARTS = "import os\n\nos._exit(4)\n\ndef handler(event, context):\n    return event\n"
_HOG = "def handler(event, context):\n    return len(bytearray(300 * 1024 * 1024))\n"
_SPINS = "def handler(event, context):\n    while True:\n        pass\n"


def function_of(name: str, source: str, *, start: str = "fork", memory_mib: int = 1769, **more: Any) -> Function:
    """Make a function of one file."""
    least = more.pop("min_instances", 0)
    return Function(
        name=name,
        handler="main:handler",
        package=Package({"main.py": source.encode()}),
        memory_mib=memory_mib,
        start=start,  # type: ignore[arg-type]  # one of the three
        scaling=Scaling(min_instances=least, keep_alive_s=30),
        **{"timeout_s": 30.0, **more},
    )


#: Name, source, settings, requests a second.
HEALTHY = (
    ("echo", _ECHO, {"min_instances": 4}, 70),
    ("waits", _WAITS, {"min_instances": 4}, 50),
    ("hashes", _HASHES, {"start": "fresh", "min_instances": 2}, 20),
    ("parked", _ECHO, {"start": "parked", "min_instances": 2}, 20),
    ("over-http", _ECHO, {"min_instances": 2}, 25),
    ("events", _ECHO, {}, 15),
)
#: Name, source, settings, calls a second at most. Each call of these fails, or may be killed.
SICK = (
    ("victim", _HOLDS, {"min_instances": 3}, 1.0),
    ("crash-loop", _EXITS, {}, 5.0),
    ("never-starts", _NEVER_STARTS, {"start": "fresh"}, 1.0),
    ("memory-hog", _HOG, {"memory_mib": 256}, 0.5),
    ("infinite-loop", _SPINS, {"timeout_s": 2.0}, 1.0),
)


@dataclass
class Tally:
    """What came of one function's requests; its size does not depend on how many there were."""

    outcomes: Counter[str] = field(default_factory=Counter)
    latencies: Counter[int] = field(default_factory=Counter)  # by the logarithm, a twentieth of a decade wide
    slowest_s: float = 0.0

    def note(self, outcome: str, took_s: float) -> None:
        """Count a request."""
        self.outcomes[outcome] += 1
        self.latencies[round(20 * np.log10(max(took_s, 1e-6)))] += 1
        self.slowest_s = max(self.slowest_s, took_s)

    def percentile_ms(self, share: float) -> float:
        """Say within which time this share of the requests was answered, to a twentieth of a decade."""
        left = share * sum(self.latencies.values())
        for step in sorted(self.latencies):
            left -= self.latencies[step]
            if left <= 0:
                return float(1000 * 10 ** (step / 20))
        return 0.0


@dataclass(frozen=True)
class Look:
    """The platform's process at one moment."""

    at_s: float
    resident_mib: float
    descriptors: int
    threads: int
    zombies: int
    instances: int
    folders: int
    store_mib: float


class Soak:
    """One run."""

    def __init__(self, emulator: Emulator, seconds: float) -> None:
        self.emulator, self.seconds = emulator, seconds
        self.tallies = {name: Tally() for name, *_ in (*HEALTHY, *SICK)}
        self.killed: Counter[str] = Counter()
        self.looks: list[Look] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._dead_since_s: dict[int, float] = {}
        self._began_s = time.monotonic()

    def run(self) -> None:
        """Deploy, let everybody loose, look on, and stop them."""
        handles = {
            name: self.emulator.deploy(function_of(name, source, **settings))
            for name, source, settings, _ in (*HEALTHY, *SICK)
        }
        policy = AsyncPolicy(on_failure="lost")
        catalog = self.emulator.platform.catalog
        self.emulator.run_here(lambda: catalog.set_policy("events", handles["events"].qualifier, policy))
        for name, *_ in HEALTHY:
            handles[name].warm()
        asks: dict[str, Callable[[Deployed], Callable[[int], None]]] = {"over-http": self._http, "events": self._event}
        for name, _, _, per_s in HEALTHY:
            ask = asks.get(name, self._call)(handles[name])
            clients = 4 if name == "waits" else 2 if name == "echo" else 1
            for _ in range(clients):
                self._loop(name, ask, every_s=clients / per_s)
        for name, _, _, per_s in SICK:
            clients = 3 if name == "victim" else 1
            for _ in range(clients):
                self._loop(name, self._call(handles[name]), every_s=clients / per_s)
        self._every(KILL_EVERY_S, self._kill_one)
        self._began_s = time.monotonic()
        for thread in self._threads:
            thread.start()
        self._watch()
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in self._threads), "a client hangs"
        self._drained("events")

    # Clients.

    def _loop(self, name: str, ask: Callable[[int], None], *, every_s: float) -> None:
        """Ask at a steady pace; who is a little late makes up for it."""
        numbers, tally = itertools.count(), self.tallies[name]

        def one() -> None:
            began_s = time.monotonic()
            try:
                ask(next(numbers))
                outcome = "ok"
            except FnlabError as error:
                outcome = type(error).__name__
            except Exception as error:
                outcome = f"{type(error).__name__}: {error}"[:200]
            tally.note(outcome, time.monotonic() - began_s)

        self._every(every_s, one)

    def _every(self, seconds: float, work: Callable[[], None]) -> None:
        def run() -> None:
            due_s = time.monotonic() + random.random() * seconds
            while not self._stop.wait(max(0.0, due_s - time.monotonic())):
                work()
                due_s = max(due_s + seconds, time.monotonic() - MOST_BEHIND_S)

        self._threads.append(threading.Thread(target=run, daemon=True))

    def _call(self, fn: Deployed) -> Callable[[int], None]:
        def ask(number: int) -> None:
            answer = fn(number)
            if fn.name != "hashes" and answer != number:
                raise ValueError(f"asked {number}, answered {answer}")

        return ask

    def _event(self, fn: Deployed) -> Callable[[int], None]:
        def ask(number: int) -> None:
            fn.enqueue(number)

        return ask

    def _http(self, fn: Deployed) -> Callable[[int], None]:
        place = urlsplit(self.emulator.serve())
        line = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.emulator.token}", "Content-Type": "application/json"}

        def ask(number: int) -> None:
            line.request("POST", f"/fnlab/{fn.name}/invocations", body=str(number), headers=headers)
            response = line.getresponse()
            body = response.read()
            if response.status != 200 or json.loads(body) != number:
                raise ValueError(f"{response.status}: {body[:100]!r}")

        return ask

    # Attacks.

    def _kill_one(self) -> None:
        """Kill a busy instance of the sacrificial function, or the longest idle one of a healthy function, in turn."""
        busy = self.killed.total() % 2 == 0
        names = ["victim"] if busy else [name for name, *_ in HEALTHY if name != "events"]
        name = random.choice(names)
        platform = self.emulator.platform
        with platform.lock:  # what is idle now stays so until the signal is sent
            slots = [slot for supervisor in platform.running(name) for slot in supervisor.slots() if slot.ready]
            wanted = [slot for slot in slots if bool(slot.requests) is busy and slot.instance.pid > 0]
            if len(wanted) > (0 if busy else 1):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(wanted[0].instance.pid, signal.SIGKILL)
        self.killed[f"{name}, {'busy' if busy else 'idle'}" if wanted else "nobody"] += 1

    # What is measured.

    def _watch(self) -> None:
        while (at_s := time.monotonic() - self._began_s) < self.seconds:
            self.looks.append(self._look(at_s))
            time.sleep(LOOK_EVERY_S)

    def _look(self, at_s: float) -> Look:
        me, home = Path("/proc/self"), self.emulator.home.path
        dead = [pid for pid, state in descendants() if state == "Z"]
        self._dead_since_s = {pid: self._dead_since_s.get(pid, at_s) for pid in dead}
        return Look(
            at_s=at_s,
            resident_mib=int((me / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20,
            descriptors=len(list((me / "fd").iterdir())),
            threads=len(list((me / "task").iterdir())),
            zombies=sum(at_s - since_s > ZOMBIE_S for since_s in self._dead_since_s.values()),
            instances=self.emulator.run_here(self._instances),
            folders=len(list((home / "tmp").iterdir())),
            store_mib=sum(path.stat().st_size for path in home.glob("state.sqlite*")) / 2**20,
        )

    def _instances(self) -> int:
        return sum(len(supervisor.slots()) for supervisor in self.emulator.platform.running())

    def _drained(self, name: str) -> None:
        """Wait until the queue of events is empty, and see that every one of them went well."""
        accepted, end_s = self.tallies[name].outcomes["ok"], time.monotonic() + 60
        while self._succeeded(name) < accepted and time.monotonic() < end_s:
            time.sleep(0.1)
        missing = accepted - self._succeeded(name)
        if missing or self.emulator.mail("lost"):
            self.tallies[name].outcomes[f"not delivered: {missing}"] += 1

    def _succeeded(self, name: str) -> int:
        statuses = self.emulator.run_here(lambda: self.emulator.platform.trace(name))["status"]
        return int((statuses == Status.OK).sum())


def descendants() -> Iterator[tuple[int, str]]:
    """Go through the processes that come from this one, with their states."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            parents[int(path.parent.name)] = int(parent), state
    for pid, (parent, state) in parents.items():
        while parent in parents and parent != os.getpid():
            parent = parents[parent][0]
        if parent == os.getpid():
            yield pid, state


def slope_per_min(looks: list[Look], what: str) -> float:
    """Say by how much a measure grows each minute after the warm-up, by least squares."""
    after = [look for look in looks if look.at_s > WARM_UP_SHARE * looks[-1].at_s]
    return float(np.polyfit([look.at_s / 60 for look in after], [getattr(look, what) for look in after], 1)[0])


def figures(soak: Soak, left_behind: int) -> dict[str, Any]:
    """Put a run into numbers."""
    measures = ("resident_mib", "descriptors", "threads", "instances", "folders", "store_mib")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, Python {machine.python_version()}, {sys.platform}",
        "seconds": soak.seconds,
        "functions": {
            name: {
                "healthy": name in {healthy for healthy, *_ in HEALTHY},
                "requests": tally.outcomes.total(),
                "outcomes": dict(tally.outcomes),
                "p50_ms": tally.percentile_ms(0.5),
                "p99_ms": tally.percentile_ms(0.99),
                "slowest_ms": 1000 * tally.slowest_s,
            }
            for name, tally in soak.tallies.items()
        },
        "killed": dict(soak.killed),
        "measures": {
            what: {
                "first": getattr(soak.looks[0], what),
                "after_warm_up": next(
                    getattr(look, what) for look in soak.looks if look.at_s >= WARM_UP_SHARE * soak.looks[-1].at_s
                ),
                "last": getattr(soak.looks[-1], what),
                "most": max(getattr(look, what) for look in soak.looks),
                "per_min": slope_per_min(soak.looks, what),
            }
            for what in measures
        },
        "zombies": max(look.zombies for look in soak.looks),
        "load_average": os.getloadavg(),
        "processes_left_after_the_close": left_behind,
    }


def markdown(found: dict[str, Any]) -> str:
    """Write the report."""
    healthy = [function for function in found["functions"].values() if function["healthy"]]
    asked, good = (
        sum(function["requests"] for function in healthy),
        sum(function["outcomes"].get("ok", 0) for function in healthy),
    )
    lines = [
        "# Soak",
        "",
        f"{found['seconds']:g} s on {found['machine']}, {found['at']}; made by `python tests/benchmarks/soak.py`.",
        "",
        f"**Healthy functions: {good:,} of {asked:,} requests succeeded ({100 * good / asked:.3f} %),",
        f"{asked / found['seconds']:.0f} a second.**",
        "",
        "A request that is running on a process that is killed from outside fails. So each second one instance is",
        "killed that is busy with the sacrificial function `victim`, or, of a healthy one, has been idle for longest.",
        "`events` counts events accepted, all of which were then delivered. Latencies are the callers', on a machine",
        "whose cores the infinite loop and the crash loops share; its load average was "
        + ", ".join(f"{load:.1f}" for load in found["load_average"])
        + " in the last 1, 5 and 15 minutes.",
        "",
        "| function | | requests | outcomes | p50, ms | p99, ms | slowest, ms |",
        "|---|---|---:|---|---:|---:|---:|",
    ]
    for name, function in found["functions"].items():
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(function["outcomes"].items()))
        kind = "healthy" if function["healthy"] else "sick"
        times = " | ".join(f"{function[key]:.1f}" for key in ("p50_ms", "p99_ms", "slowest_ms"))
        lines.append(f"| {name} | {kind} | {function['requests']:,} | {outcomes} | {times} |")
    killed = ", ".join(f"{count} × {who}" for who, count in sorted(found["killed"].items()))
    lines += [
        "",
        f"Killed by SIGKILL: {killed}.",
        "",
        "The platform's process, clients included; slopes by least squares after the first third. The latest 2,000",
        "reports of each version are remembered: the lists of functions called seldom still fill in that time.",
        "",
        "| measure | first | after warm-up | last | most | per minute |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for what, row in found["measures"].items():
        numbers = " | ".join(f"{row[key]:.1f}" for key in ("first", "after_warm_up", "last", "most"))
        lines.append(f"| {what} | {numbers} | {row['per_min']:+.3f} |")
    lines += [
        "",
        f"Zombies older than {ZOMBIE_S:g} s: {found['zombies']}.",
        f"Processes left after the close: {found['processes_left_after_the_close']}.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--report", type=Path, default=HERE / "soak_report.md")
    given = parser.parse_args()
    with Emulator() as emulator:
        soak = Soak(emulator, given.seconds)
        soak.run()
    found = figures(soak, len(list(descendants())))
    given.report.write_text(markdown(found), encoding="utf-8")
    given.report.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(given.report.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
