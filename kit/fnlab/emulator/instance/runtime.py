"""Loads a handler, calls it, and measures each call."""

import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fnlab.emulator.instance.phases import Stopwatch
from fnlab.emulator.instance.wire import Result

Handler = Callable[[Any, "Context"], Any]


@dataclass
class Context:
    """What a handler gets beside its event.

    Attributes
    ----------
    function_name, version, memory_mib : str, int, int
        The function, as deployed.
    package_dir : Path
        Where the function's files are.
    request_id : str
        The request being served; empty during the init.
    """

    function_name: str
    version: int
    memory_mib: int
    package_dir: Path
    request_id: str = ""
    _deadline_s: float = 0.0
    _stage: str = "import"  # how far the init has come
    _stopwatch: Stopwatch = field(default_factory=Stopwatch, repr=False)

    def remaining_s(self) -> float:
        """Seconds until the platform gives up on this request."""
        return max(0.0, self._deadline_s - time.monotonic())

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by phase, so far."""
        return self._stopwatch.seconds

    def begin_anew(self) -> None:
        """Count phases from nothing: what the parent did is not the child's time."""
        self._stopwatch = Stopwatch()

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Count the time of a block of the initialiser under its own name."""
        return self._stopwatch(name)


def load(handler: str, context: Context) -> Handler:
    """Import ``"module:function"`` and run the module's ``initialize``, if it has one.

    Raises
    ------
    LookupError
        If the module has no such function; what it does have is in the message.
    """
    module_name, _, function_name = handler.partition(":")
    context._stage = "import"
    with context.phase("imports"):
        module = importlib.import_module(module_name)
    context._stage = "lookup"
    function = getattr(module, function_name, None)
    if not callable(function):
        found = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        raise LookupError(f"module {module_name!r} has no function {function_name!r}; it has {found or 'none'}")
    context._stage = "initialize"
    if callable(initialize := getattr(module, "initialize", None)):
        with context.phase("initialiser"):
            initialize(context)
    loaded: Handler = function
    return loaded


class CannotFork(Exception):
    """What was loaded must not be forked."""


def rehearse(handler: str, context: Context) -> None:
    """Run the module's ``rehearse(context)``, if it has one: work that a first request would otherwise pay for."""
    module = sys.modules[handler.partition(":")[0]]
    if callable(own := getattr(module, "rehearse", None)):
        with context.phase("rehearsal"):
            own(context)


def call(handler: Handler, context: Context, event: bytes, *, cpu_share: float) -> Result:
    """Call the handler once; slow it down to its share of a CPU.

    A process cannot be given 0.29 of a CPU without the operating system's help, but it can be made to take as long as
    if it had: a request that used 10 ms of CPU and owns a share of 0.5 is held until 20 ms have passed.
    """
    wall_s, cpu_s = time.monotonic(), time.process_time()
    try:
        body, ok = json.dumps(handler(json.loads(event), context), allow_nan=False).encode(), True
    except Exception as error:  # whatever user code raises is the answer, not our failure
        body, ok = describe(error), False
    used_s = time.process_time() - cpu_s
    owed_s = used_s / min(1.0, cpu_share) - (time.monotonic() - wall_s)
    if owed_s > 0:
        time.sleep(owed_s)
    sys.stdout.flush()
    sys.stderr.flush()
    return Result(context.request_id, ok, used_s, peak_memory_mib(), body)


def describe_init(error: BaseException, handler: str, context: Context) -> bytes:
    """Write an error of the init: what was being done, and what went wrong."""
    kind, doing = {
        "import": ("HandlerNotImportable", "could not be imported"),
        "lookup": ("HandlerNotFound", "was not found"),
        "initialize": ("HandlerError", "failed in initialize()"),
    }[context._stage]
    if isinstance(error, CannotFork):
        kind, doing = "CannotFork", "was loaded, but must not be forked"
    described = json.loads(describe(error))
    plain = isinstance(error, CannotFork) or kind == "HandlerNotFound"
    cause = described["errorMessage"] if plain else f"{type(error).__name__}: {error}"
    return json.dumps(described | {"errorType": kind, "errorMessage": f"handler {handler!r} {doing}: {cause}"}).encode()


def describe(error: BaseException) -> bytes:
    """Write an error the way AWS Lambda does: type, message and stack trace, without the frames of this runtime."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_HERE)]
    description = {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_list(frames),
    }
    return json.dumps(description).encode()


def peak_memory_mib() -> float:
    """The most memory that this process has ever had resident.

    On Linux from ``VmHWM``, which begins anew with each program; ``ru_maxrss`` would carry over the size of the
    process that started us, and a notebook with a large array would make every function look large.
    """
    if _STATUS_FD < 0:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
    status = os.pread(_STATUS_FD, 4096, 0)
    return int(status.partition(b"VmHWM:")[2].split(maxsplit=1)[0]) / 1024


def watch_own_memory() -> None:
    """Open the file that tells this process's peak; a forked child must do so again, or it would read its parent's."""
    global _STATUS_FD  # noqa: PLW0603  # opened once, because every answer reads it
    if Path("/proc/self/status").exists():
        _STATUS_FD = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)


_STATUS_FD = -1
_HERE = str(Path(__file__).parent)
