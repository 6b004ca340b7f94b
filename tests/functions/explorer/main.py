"""Tries what it is told to try, and says what came of it."""

import os
import resource
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path


def talk(kind, address):
    with socket.socket(socket.AF_INET, kind) as caller:
        caller.settimeout(5)
        caller.connect(tuple(address))
        caller.sendall(b"hello")
    return "sent"


def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def child_status(name):
    lines = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True).stdout.splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def open_many(count):
    with ExitStack() as files:
        for _ in range(count):
            files.enter_context(Path("/dev/null").open())
    return count


def start_many(count):
    with ExitStack() as started:
        for _ in range(count):
            process = started.enter_context(subprocess.Popen(["sleep", "60"]))
            started.callback(process.kill)
    return count


TRIES = {
    "write": lambda path: Path(path).write_text("written by an instance"),
    "fill": lambda what: Path(what[0]).write_bytes(bytes(what[1])),
    "read": lambda path: Path(path).read_text(errors="replace"),
    "list": lambda path: sorted(os.listdir(path)),  # noqa: PTH208
    "remove": os.remove,
    "tcp": lambda address: talk(socket.SOCK_STREAM, address),
    "udp": lambda address: talk(socket.SOCK_DGRAM, address),
    "signal": lambda pid: os.kill(pid, 0),
    "kill": lambda pid: os.kill(pid, signal.SIGKILL),
    "status": status,
    "child status": child_status,
    "open": open_many,
    "start": start_many,
    "pause": time.sleep,
    "limit": lambda name: resource.getrlimit(getattr(resource, name)),
    "environment": lambda _: dict(os.environ),
    "cwd": lambda _: os.listdir("."),  # noqa: PTH208
    "pid": lambda _: [os.getpid(), os.getppid()],
}


def handler(event, context):
    do, what = event
    try:
        return {"did": TRIES[do](what)}
    except OSError as error:
        return {"refused": type(error).__name__}
