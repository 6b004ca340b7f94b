"""The process behind an instance, as the platform holds it: to kill it, and to know that it is gone."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from fnlab.emulator.processes import sandbox
from fnlab.functions import Function

#: What numeric libraries are told; by themselves they would start a thread a core.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


#: What packages are told that would report about themselves over the network. ONNX Runtime's reports would also start a
#: thread as it is imported, and a process with threads cannot be forked.
_QUIET = {"ORT_DISABLE_TELEMETRY": "1"}


class Body(Protocol):
    """A process and the group that it leads."""

    pid: int

    def kill(self) -> None:
        """End the process and whatever it started, at once, even when it is frozen."""

    def freeze(self) -> None:
        """Let the process and whatever it started stand still."""

    def thaw(self) -> None:
        """Let them go on."""

    def terminate(self) -> None:
        """Ask the process, a frozen one too, to end by itself."""

    async def reap(self) -> None:
        """Wait until the process is gone, and let the kernel forget it."""


#: Given the instance's ends of its socket and its lifeline, make its process. Where the instance is to have a direct
#: lane, the end of that comes third.
Starter = Callable[..., Awaitable[Body]]


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a process group whose leader has not been reaped.

    Until then the group's number cannot go to a stranger, even when the leader itself has already ended.
    """
    # macOS refuses to signal a group of which only the ended leader is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


class Group:
    """A process that leads a group, and the signals that the platform sends to it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @property
    def reaped(self) -> bool:
        """Whether its number may belong to a stranger by now."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the process and whatever it started, at once, even when it is frozen."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Let the process and whatever it started stand still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask the process, a frozen one too, to end by itself."""
        self.thaw()  # a process that stands still would not hear it
        if not self.reaped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if not self.reaped:
            signal_group(self.pid, number)


class Spawned(Group):
    """A process that was started as a new program."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(process.pid)
        self._process = process

    @property
    def reaped(self) -> bool:
        """Whether its number may belong to a stranger by now."""
        return self._process.returncode is not None

    async def reap(self) -> None:
        """Wait until the process is gone."""
        while self._process.poll() is None:
            await asyncio.sleep(0.001)


def settings_of(
    function: Function, *, version: int, package_dir: Path, temporary_dir: Path, layer_dirs: Sequence[Path] = ()
) -> dict[str, Any]:
    """Write down what the inside of an instance needs to know."""
    # AWS's layers keep Python's files in a folder of that name.
    layers = [folder for layer in layer_dirs for folder in (layer / "python", layer) if folder.is_dir()]
    return {
        "handler": function.handler,
        "function_name": function.name,
        "version": version,
        "memory_mib": function.memory_mib,
        "timeout_s": function.timeout_s,
        "concurrency": function.scaling.concurrency,
        "payload": function.payload,
        "batch": function.batch,
        "batch_wait_s": function.batch_wait_s,
        "cpu_share": function.cpu_share,
        "package_dir": str(package_dir),
        "layer_dirs": [str(folder) for folder in layers],
        "temporary_dir": str(temporary_dir),
        "walls": sandbox.walls(function),
    }


def spawner(
    function: Function, settings: Mapping[str, Any], *, log_path: Path, inherited_fds: Sequence[int] = ()
) -> Starter:
    """Give the starter of fresh processes: a new interpreter that knows nothing yet."""

    async def spawn(socket_fd: int, lifeline_fd: int, *direct_fds: int) -> Body:
        ends = {"socket_fd": socket_fd, "lifeline_fd": lifeline_fd}
        if direct_fds:
            ends["direct_fd"] = direct_fds[0]
        with log_path.open("ab", buffering=0) as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "fnlab.emulator.instance", json.dumps({**settings, **ends})],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=settings["package_dir"],
                env=environment(function, settings),
                pass_fds=(socket_fd, lifeline_fd, *direct_fds, *inherited_fds),
                start_new_session=True,
            )
        return Spawned(process)

    return spawn


def environment(function: Function, settings: Mapping[str, Any]) -> dict[str, str]:
    """Give the function's own variables, the bare necessities, and nothing of the caller's secrets.

    The import path is the caller's, after the package: what can be imported here can be imported there. A function that
    has a ``PYTHONPATH`` of its own adds to it; in its place, nothing of the package would be found.
    """
    added = function.env.get("PYTHONPATH", "").split(os.pathsep)
    path = [entry for entry in (settings["package_dir"], *settings["layer_dirs"], *added, *sys.path) if entry]
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    own = {
        "TMPDIR": settings["temporary_dir"],
        "PYTHONUNBUFFERED": "1",
    }
    if function.isolation.sandbox:  # which has no shared memory, as on AWS; joblib would try it and warn in every log
        own["JOBLIB_MULTIPROCESSING"] = "0"
    if "AWS_LAMBDA_FUNCTION_NAME" in function.env:  # it came by AWS's door, and looks for what AWS sets
        own["AWS_LAMBDA_FUNCTION_VERSION"] = str(settings["version"] or "$LATEST")
        own["LAMBDA_TASK_ROOT"] = settings["package_dir"]
        kind = "provisioned-concurrency" if settings.get("provisioned") else "on-demand"
        own["AWS_LAMBDA_INITIALIZATION_TYPE"] = kind
        own["AWS_LAMBDA_LOG_STREAM_NAME"] = settings.get("log_stream", "")
    # As many threads as the function has whole CPUs. A process that will be forked must have one: the copies of its
    # others would never answer.
    threads = 1 if function.start != "fresh" else max(1, int(function.cpu_share))
    numeric = dict.fromkeys(_THREADS, str(threads))
    return inherited | _QUIET | numeric | own | dict(function.env) | {"PYTHONPATH": os.pathsep.join(path)}
