"""How fast a warm call over HTTP is, beside FastAPI, raw uvicorn, mosec, LitServe and BentoML in the same run.

Run it with ``python tests/benchmarks/bench_http.py``; ``--only`` takes some of the servers, ``--digits`` has a model
in place of the echo, ``--batching`` a model and batches. Without HTTP, a call from Python is measured, too. All of them
are up together. Each round gives every server one second with one connection and one second with sixteen (with batches:
sixteen and thirty-two), in an order that is shuffled anew, so that a noisy machine is noisy for all of them. Printed
are medians over the rounds; ratios are taken to FastAPI (``--base``: to another) within a round, before the median.

The peers live in an environment of their own, made when it is missing. mosec, LitServe and BentoML have two workers,
as fnlab has two instances with sixteen connections; FastAPI and uvicorn have one process. With batches, each has its
turns with one worker and with two, and FastAPI stands beside them without batches. All hold the same fitted model.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pickle
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sklearn.svm import SVC

from fnlab.datasets import load
from fnlab.learn import train

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "peers" / "requirements.txt"
CACHE = (  # other requirements, another environment
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    / "fnlab"
    / f"peers-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:8]}"
)
EVENTS = {  # a small one shows the path, a row of digits what JSON adds to it
    "small": json.dumps({"key": "value"}),
    "row": json.dumps({"instances": [[float(value % 17) for value in range(64)]]}),
}
INVOKE = "/2015-03-31/functions/echo/invocations"
GATEWAY_TOKEN = "x" * 43
UP_WITHIN_S = 30
GRACE_S = 5
WORKERS = (1, 2)
CONNECTIONS_TO_BATCH = (16, 32)
LITSERVE_WAIT_S = 0.001  # with 0 its workers would never sleep
SLICE_S = 1.0
BASE = "FastAPI"


@dataclass(frozen=True)
class Entry:
    """A server under measurement: its command, given a port, and what it is asked.

    `prints_token` says that the first line of its output is the token that callers show, `is_client` that it is no
    server but does the jobs itself, `polls` that its workers are busy without requests, so it is stopped between its
    turns.
    """

    name: str
    command: Callable[[int], Sequence[str | Path]]
    path: str
    connections: tuple[int, ...] = (1, 16)
    wrap: str = "%s"  # around the event
    token: str = ""
    prints_token: bool = False
    is_client: bool = False
    polls: bool = False


@dataclass
class Running:
    """An entry that is up."""

    entry: Entry
    port: int
    process: subprocess.Popen[bytes]
    token: str

    def request(self, event: str) -> str:
        """Write the request, whole."""
        body = self.entry.wrap % event
        token = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        head = f"POST {self.entry.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
        return f"{head}{token}Content-Length: {len(body)}\r\n\r\n{body}"


def entries(peers_venv: Path) -> list[Entry]:
    """Everything that can be measured."""
    ours, python, peers = sys.executable, peers_venv / "bin" / "python", HERE / "peers"

    def gateway(server: str, loop: str, instances: int, connections: tuple[int, ...]) -> Entry:
        name = f"gateway {server} {loop} ({instances})"
        command = [ours, HERE / "gateway.py"]
        return Entry(
            name,
            lambda port: [*command, str(port), server, loop, str(instances)],
            INVOKE,
            connections,
            token=GATEWAY_TOKEN,
        )

    def platform(instances: int, connections: tuple[int, ...]) -> Entry:
        command = [ours, HERE / "platform_echo.py"]
        return Entry(
            f"fnlab ({instances})",
            lambda port: [*command, str(port), str(instances)],
            INVOKE,
            connections,
            prints_token=True,
        )

    bento = peers_venv / "bin" / "bentoml"
    return [
        Entry(BASE, lambda port: [python, peers / "fastapi_echo.py", str(port)], "/echo"),
        Entry("uvicorn, raw ASGI", lambda port: [python, peers / "uvicorn_echo.py", str(port)], "/"),
        Entry("mosec (2)", lambda port: [python, peers / "mosec_echo.py", str(port)], "/inference"),
        Entry("LitServe (2)", lambda port: [python, peers / "litserve_echo.py", str(port)], "/predict"),
        Entry(
            "BentoML (2)",
            lambda port: [bento, "serve", "bentoml_echo:Echo", "--working-dir", peers, "--port", str(port)],
            "/echo",
            wrap='{"event": %s}',
        ),
        *(
            gateway(server, loop, instances, connections)
            for server in ("uvicorn", "own")
            for loop in ("asyncio", "uvloop")
            for instances, connections in ((1, (1,)), (2, (16,)))
        ),
        platform(1, (1,)),
        platform(2, (16,)),
        Entry("fnlab, from Python (1)", lambda port: [ours, HERE / "native_client.py"], "", (1,), is_client=True),
    ]


def digits_entries(peers_venv: Path) -> list[Entry]:
    """Servers that hold the digits SVC: what a gateway and an instance cost beside a model in the server's process."""
    ours, python, peers = sys.executable, peers_venv / "bin" / "python", HERE / "peers"

    def platform(instances: int, connections: tuple[int, ...]) -> Entry:
        command = [ours, HERE / "platform_digits.py"]
        return Entry(
            f"fnlab ({instances})",
            lambda port: [*command, str(port), str(instances)],
            INVOKE.replace("echo", "digits"),
            connections,
            prints_token=True,
        )

    return [
        Entry(BASE, lambda port: [python, peers / "fastapi_digits.py", str(port)], "/predict"),
        Entry("uvicorn, raw ASGI", lambda port: [python, peers / "uvicorn_digits.py", str(port)], "/"),
        platform(1, (1,)),
        platform(2, (16,)),
    ]


def batching_entries(peers_venv: Path) -> list[Entry]:
    """Servers that hold the digits SVC and put requests that come together into one call of it."""
    ours, python, peers = sys.executable, peers_venv / "bin" / "python", HERE / "peers"
    bento = [peers_venv / "bin" / "bentoml", "serve", "bentoml_digits:Digits", "--working-dir", peers]

    def of(workers: int) -> list[Entry]:
        count = str(workers)
        return [
            Entry(
                f"mosec, batches ({count})",
                lambda port: [python, peers / "mosec_digits.py", str(port), count],
                "/inference",
            ),
            Entry(
                f"LitServe, batches ({count})",
                lambda port: [python, peers / "litserve_digits.py", str(port), count, str(LITSERVE_WAIT_S)],
                "/predict",
                polls=True,
            ),
            Entry(
                f"BentoML, batches ({count})",
                lambda port: ["env", f"DIGITS_WORKERS={count}", *bento, "--port", str(port)],
                "/predict",
                wrap='{"rows": %s}',
            ),
            Entry(
                f"fnlab, batches ({count})",
                lambda port: [ours, HERE / "platform_digits.py", str(port), count, "batches"],
                INVOKE.replace("echo", "digits"),
                prints_token=True,
            ),
        ]

    fastapi = Entry(BASE, lambda port: [python, peers / "fastapi_digits.py", str(port)], "/predict")
    every = [fastapi, *(entry for workers in WORKERS for entry in of(workers))]
    return [replace(entry, connections=CONNECTIONS_TO_BATCH) for entry in every]


def main() -> None:
    """Start everything, take turns, print a table, end everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--event", choices=EVENTS, default="small")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--digits", action="store_true", help="a model in place of the echo")
    what.add_argument("--batching", action="store_true", help="a model, and requests in batches")
    parser.add_argument("--peers-venv", type=Path, default=CACHE)
    parser.add_argument("--base", default=BASE, help="the name that ratios are taken to")
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of names; the base is always there")
    parser.add_argument("--without", nargs="*", default=[], help="beginnings of names")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended then, too
    make_peers(chosen.peers_venv)
    with tempfile.TemporaryDirectory() as home:
        event = model_to(Path(home)) if chosen.digits or chosen.batching else EVENTS[chosen.event]
        run(wanted(chosen), event, rounds=chosen.rounds, base=chosen.base)


def wanted(chosen: argparse.Namespace) -> list[Entry]:
    """Give the servers that the command line asks for."""
    every = batching_entries if chosen.batching else digits_entries if chosen.digits else entries
    return [
        entry
        for entry in every(chosen.peers_venv)
        if entry.name == chosen.base
        or (
            (not chosen.only or entry.name.startswith(tuple(chosen.only)))
            and not entry.name.startswith(tuple(chosen.without))
        )
    ]


def model_to(home: Path) -> str:
    """Fit the model that the peers load, as the platform's script fits it; give a row that it has not seen."""
    digits = load("digits")
    model = home / "digits.pickle"
    model.write_bytes(pickle.dumps(train(SVC(gamma=0.001), digits).estimator))
    os.environ["DIGITS_MODEL"] = str(model)
    return json.dumps(digits.X_test[:1].tolist())


def run(chosen: Sequence[Entry], event: str, *, rounds: int, base: str) -> None:
    """Start the servers, measure them, end them."""
    running: list[Running] = []
    client = subprocess.Popen([sys.executable, HERE / "load_client.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for entry in chosen:
            running.append(start(entry))
            if not entry.is_client:
                wait_for(running[-1], event)
            if entry.polls:
                os.killpg(running[-1].process.pid, signal.SIGSTOP)
        results = measure(running, client, rounds=rounds, event=event)
        report(results, rounds, base)
    finally:
        for each in running:
            if each.entry.polls:
                os.killpg(each.process.pid, signal.SIGCONT)
            each.process.terminate()
        for each in running:
            end(each.process)
        client.kill()
        client.wait()


def make_peers(venv: Path) -> None:
    """Make the peers' environment, once."""
    if (venv / "bin" / "python").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "-qr", REQUIREMENTS], check=True)


def start(entry: Entry) -> Running:
    """Start a server in a process group of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "BENTOML_DO_NOT_TRACK": "True"}
    process = subprocess.Popen(
        [str(part) for part in entry.command(port)],
        stdin=subprocess.PIPE if entry.is_client else None,
        stdout=subprocess.PIPE if entry.prints_token or entry.is_client else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if "bento" in entry.name.lower() else None,
        env=environment,
        start_new_session=True,
    )
    token = process.stdout.readline().decode().strip() if entry.prints_token else entry.token
    return Running(entry, port, process, token)


def wait_for(running: Running, event: str = EVENTS["small"]) -> None:
    """Wait until a server answers."""
    until_s = time.monotonic() + UP_WITHIN_S
    while not answers(running, event):
        if running.process.poll() is not None or time.monotonic() > until_s:
            raise SystemExit(f"{running.entry.name} did not come up")
        time.sleep(0.1)


def answers(running: Running, event: str) -> bool:
    """Tell whether one request is answered well."""
    try:
        with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
            connection.sendall(running.request(event).encode())
            return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a server that was asked to end, then kill what it left behind."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


Results = dict[tuple[str, int], list[dict[str, float]]]


def measure(running: Sequence[Running], client: subprocess.Popen[bytes], *, rounds: int, event: str) -> Results:
    """Give each server its slices, in another order each round; the first round warms up."""
    results: Results = {}
    jobs = [(each, connections) for each in running for connections in each.entry.connections]
    for turn in range(rounds + 1):
        random.shuffle(jobs)
        for each, connections in jobs:
            job = {"port": each.port, "connections": connections, "seconds": SLICE_S, "request": each.request(event)}
            if each.entry.polls:
                os.killpg(each.process.pid, signal.SIGCONT)
            doer = each.process if each.entry.is_client else client
            doer.stdin.write(json.dumps(job | {"event": event}).encode() + b"\n")
            doer.stdin.flush()
            measured = json.loads(doer.stdout.readline())
            if each.entry.polls:
                os.killpg(each.process.pid, signal.SIGSTOP)
            if turn:
                results.setdefault((each.entry.name, connections), []).append(measured)
    return results


def report(results: Results, rounds: int, base: str) -> None:
    """Print medians, and medians of the ratios to the base in the same round."""
    print(f"medians of {rounds} rounds; ratios to {base} in the same round")
    for connections in sorted({count for _, count in results}):
        what = "p50_us" if connections == 1 else "per_s"
        print(f"\n{connections} connection(s)")
        for (name, count), rows in sorted(results.items()):
            if count == connections:
                others = results[base, connections]
                ratio = statistics.median(row[what] / other[what] for row, other in zip(rows, others, strict=True))
                p50, p99, per_s = (statistics.median(row[key] for row in rows) for key in ("p50_us", "p99_us", "per_s"))
                print(f"{name:28} p50 {p50:7.0f} µs  p99 {p99:7.0f} µs  {per_s:8.0f}/s  {what} ratio {ratio:5.2f}")


if __name__ == "__main__":
    main()
