"""How long one warm request takes between a plain blocking client and an instance, beside a bare echo.

Run it with ``python tests/benchmarks/bench_wire.py``. The bare echo is the least that two processes can do: ``cat`` on
a socket pair sends back what it reads. The lanes take turns, so that a noisy machine is noisy for all of them.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from fnlab.emulator.instance import wire
from fnlab.emulator.processes import sandbox
from fnlab.functions import Function, Package

ROUNDS, BATCH = 60, 200
EVENT = b'{"value": 1}'
SOURCE = "def handler(event, context):\n    return event\n"
ECHO = Function(name="echo", handler="main:handler", package=Package({}))


def main() -> None:
    """Print the percentiles of each lane, and what the instance adds to the bare echo."""
    frame = wire.invoke_frame(str(uuid.uuid4()), 3.0, EVENT)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.py").write_text(SOURCE, encoding="utf-8")
        lanes, children = zip(bare(), instance(folder, direct=False), instance(folder, direct=True), strict=True)
        names = ("bare echo", "one lane", "direct lane")
        samples: dict[str, list[float]] = {name: [] for name in names}
        try:
            for _ in range(ROUNDS):
                for name, lane in zip(names, lanes, strict=True):
                    samples[name] += batch(lane, frame)
        finally:
            for child in children:
                child.kill()
                child.wait()
    report(samples)


def bare() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """Start the bare echo."""
    ours, theirs = socket.socketpair()
    child = subprocess.Popen(["cat"], stdin=theirs, stdout=theirs)
    return ours, child


def instance(folder: str, *, direct: bool) -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """Start an instance and wait until it is ready; give the lane to ask on."""
    main_ours, main_theirs = socket.socketpair()
    direct_ours, direct_theirs = socket.socketpair()
    lifeline, held = os.pipe()
    fds = [main_theirs.fileno(), lifeline, direct_theirs.fileno()]
    settings = {
        "handler": "main:handler",
        "function_name": "echo",
        "version": 1,
        "memory_mib": 512,
        "cpu_share": 1.0,
        "package_dir": folder,
        "temporary_dir": folder,
        "walls": sandbox.walls(ECHO),
        "socket_fd": fds[0],
        "lifeline_fd": lifeline,
    }
    if direct:
        settings["direct_fd"] = fds[2]
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "fnlab.emulator.instance", json.dumps(settings)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([folder, *sys.path]), "PYTHONUNBUFFERED": "1"},
        pass_fds=fds,
        start_new_session=True,
    )
    _kept.append((main_ours, direct_ours, held))
    assert main_ours.recv(65536)[4] == wire.READY
    return (direct_ours if direct else main_ours), child


#: Ends that must stay open as long as the instances are to live.
_kept: list[object] = []


def batch(lane: socket.socket, frame: bytes) -> list[float]:
    """Time some round trips."""
    send, recv, now_s = lane.sendall, lane.recv, time.perf_counter
    times = []
    for _ in range(BATCH):
        began_s = now_s()
        send(frame)
        recv(65536)
        times.append(now_s() - began_s)
    return times


def report(samples: dict[str, list[float]]) -> None:
    """One line a lane."""
    bare_us = percentile_us(samples["bare echo"], 0.5)
    for name, times in samples.items():
        p50_us, p99_us = percentile_us(times, 0.5), percentile_us(times, 0.99)
        print(
            f"{name:>12}: p50 {p50_us:6.1f} µs, p99 {p99_us:6.1f} µs, {p50_us - bare_us:+6.1f} µs ({len(times)} calls)"
        )


def percentile_us(times: list[float], share: float) -> float:
    """Give the time that this share of the calls stays below, in microseconds."""
    return sorted(times)[int(share * len(times))] * 1e6


if __name__ == "__main__":
    main()
