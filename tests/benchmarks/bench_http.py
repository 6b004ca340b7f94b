"""How fast a warm call over HTTP is, beside FastAPI, raw uvicorn, mosec, LitServe and BentoML in the same run.

Run it with ``python tests/benchmarks/bench_http.py``; ``--only`` takes some of the servers, ``--digits`` has a model
in place of the echo. Without HTTP, a call from Python is measured, too. All of them are up
together. Each round gives every server one second with one connection and one second with sixteen, in an order that is
shuffled anew, so that a noisy machine is noisy for all of them. Printed are medians over the rounds; ratios are taken
to FastAPI within a round, before the median.

The peers live in an environment of their own, made when it is missing. mosec, LitServe and BentoML have two workers,
as fnlab has two instances with sixteen connections; FastAPI and uvicorn have one process.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fnlab" / "peers"
DIGIT = json.dumps([[float(value % 17) for value in range(64)]])
EVENTS = {  # a small one shows the path, a row of digits what JSON adds to it
    "small": json.dumps({"key": "value"}),
    "row": json.dumps({"instances": [[float(value % 17) for value in range(64)]]}),
}
INVOKE = "/2015-03-31/functions/echo/invocations"
GATEWAY_TOKEN = "x" * 43
UP_WITHIN_S = 30
GRACE_S = 5
SLICE_S = 1.0
BASE = "FastAPI"


@dataclass(frozen=True)
class Entry:
    """A server under measurement: its command, given a port, and what it is asked.

    `prints_token` says that the first line of its output is the token that callers show, `is_client` that it is no
    server but does the jobs itself.
    """

    name: str
    command: Callable[[int], Sequence[str | Path]]
    path: str
    connections: tuple[int, ...] = (1, 16)
    wrap: str = "%s"  # around the event
    token: str = ""
    prints_token: bool = False
    is_client: bool = False


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
    site = sysconfig.get_path("purelib")

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
        Entry(BASE, lambda port: [python, peers / "fastapi_digits.py", str(port), site], "/predict"),
        Entry("uvicorn, raw ASGI", lambda port: [python, peers / "uvicorn_digits.py", str(port), site], "/"),
        platform(1, (1,)),
        platform(2, (16,)),
    ]


def main() -> None:
    """Start everything, take turns, print a table, end everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--event", choices=EVENTS, default="small")
    parser.add_argument("--digits", action="store_true", help="a model in place of the echo")
    parser.add_argument("--peers-venv", type=Path, default=CACHE)
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of names; FastAPI is always there")
    parser.add_argument("--without", nargs="*", default=[], help="beginnings of names")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended then, too
    make_peers(chosen.peers_venv)
    event = DIGIT if chosen.digits else EVENTS[chosen.event]
    wanted = [
        entry
        for entry in (digits_entries if chosen.digits else entries)(chosen.peers_venv)
        if entry.name == BASE
        or (
            (not chosen.only or entry.name.startswith(tuple(chosen.only)))
            and not entry.name.startswith(tuple(chosen.without))
        )
    ]
    running: list[Running] = []
    client = subprocess.Popen([sys.executable, HERE / "load_client.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for entry in wanted:
            running.append(start(entry))
            if not entry.is_client:
                wait_for(running[-1], event)
        results = measure(running, client, rounds=chosen.rounds, event=event)
        report(results, chosen.rounds)
    finally:
        for each in running:
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
    subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "install", "-qr", HERE / "peers/requirements.txt"], check=True
    )


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
            doer = each.process if each.entry.is_client else client
            doer.stdin.write(json.dumps(job | {"event": event}).encode() + b"\n")
            doer.stdin.flush()
            measured = json.loads(doer.stdout.readline())
            if turn:
                results.setdefault((each.entry.name, connections), []).append(measured)
    return results


def report(results: Results, rounds: int) -> None:
    """Print medians, and medians of the ratios to FastAPI in the same round."""
    print(f"medians of {rounds} rounds; ratios to {BASE} in the same round")
    for connections, what in ((1, "p50_us"), (16, "per_s")):
        print(f"\n{connections} connection(s)")
        for (name, count), rows in results.items():
            if count == connections:
                base = results[BASE, connections]
                ratio = statistics.median(row[what] / other[what] for row, other in zip(rows, base, strict=True))
                p50, p99, per_s = (statistics.median(row[key] for row in rows) for key in ("p50_us", "p99_us", "per_s"))
                print(f"{name:28} p50 {p50:7.0f} µs  p99 {p99:7.0f} µs  {per_s:8.0f}/s  {what} ratio {ratio:5.2f}")


if __name__ == "__main__":
    main()
