"""Inside a fork server: wait for orders, make children, forget those that are gone."""

import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fnlab.emulator.instance import output

#: A child's socket and lifeline, and its direct lane if it is to have one.
_MOST_FDS = 4

#: Threads that see to forks themselves. jemalloc, which pyarrow brings, stops its own before and starts it after.
_FORK_SAFE = {"jemalloc_bg_thd"}

#: In a child: its settings, the ends of its socket, lifeline and (perhaps) direct lane, and when it was born.
Child = Callable[[dict[str, Any], Sequence[int], float], None]


def obey(control: socket.socket, child: Child) -> None:
    """Fork when told to, until the supervisor closes the socket. In a child, this returns when the child is done."""
    while True:
        order, fds, _, _ = socket.recv_fds(control, 4096, _MOST_FDS)
        if not order:
            return
        message = json.loads(order)
        if "reap" in message:
            os.waitpid(message["reap"], 0)
            control.sendall(b"{}")
            continue
        pid = os.fork()
        if pid == 0:
            born_s = time.monotonic()
            os.setpgid(0, 0)
            control.close()
            log_fd, *ends = fds
            output.redirect(log_fd)
            make_own(message["fork"])
            child(message["fork"], ends, born_s)
            return
        os.setpgid(pid, pid)  # here too: whoever hears of the child may want to signal its group at once
        for fd in fds:
            os.close(fd)
        control.sendall(json.dumps({"pid": pid}).encode())


def make_own(settings: dict[str, Any]) -> None:
    """Part a child from its parent: its own chance and its own temporary folder.

    Python's ``random`` sees to itself after a fork; numpy's and torch's global generators do not. A generator that the
    handler made while it was imported is a copy in every child.
    """
    os.environ["TMPDIR"] = settings["temporary_dir"]
    tempfile.tempdir = None
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()
    if torch := sys.modules.get("torch"):
        torch.seed()


def why_not() -> str | None:
    """Say why this process must not be forked; None when it may.

    A fork copies the thread that forks and no other: locks that another one holds stay locked for ever. A CUDA context
    cannot be shared at all.
    """
    if others := sorted(_other_threads()):
        return f"other threads are alive after the init ({', '.join(others)})"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "a CUDA context is open"
    return None


def _other_threads() -> list[str]:
    """Name the threads beside this one, those that Python did not start included where the system tells."""
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        return [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    known = {thread.native_id: thread.name for thread in threading.enumerate()}
    others = {int(task.name): (task / "comm").read_text().strip() for task in tasks.iterdir()}
    del others[threading.get_native_id()]
    return [known.get(number, name) for number, name in others.items() if name not in _FORK_SAFE]
