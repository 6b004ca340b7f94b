"""Starts a program that is not ours, inside the walls.

``python -m fnlab.emulator.instance.launch LIFELINE WORD SETTINGS PROGRAM ARGUMENT…``

What the kernel was told about the lifeline belongs to the open pipe, and so it outlives the change to another program,
as long as somebody in the process group holds that pipe open. The walls belong to the process and outlive it too. The
second number is a pipe on which the platform hears of the change, in lines of JSON: first ``confined``, the walls that
stand. It closes when the program begins, and carries the ``reason`` when it cannot.
"""

import fcntl
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from fnlab.emulator.instance.confine import Part, Walls
from fnlab.emulator.instance.lifeline import hold_lifeline

_OUTPUTS = ("/proc/self/fd/1", "/proc/self/fd/2")


def main(lifeline_fd: int, word_fd: int, settings: dict[str, Any], command: list[str]) -> None:
    """Become the program.

    The `settings` are those of the walls, and ``path``, the program's ``PYTHONPATH``. The launcher has another one,
    without the package, so that no file of the package can run in here under the name of a module of Python's own.
    """
    hold_lifeline(lifeline_fd)
    os.set_inheritable(lifeline_fd, True)
    os.set_inheritable(word_fd, False)
    os.environ["PYTHONPATH"] = settings["path"]
    sys.path += settings["path"].split(os.pathsep)  # may be read
    try:
        parts = Walls(settings, forks=False, writable=_own_log()).parts
    except OSError as error:
        give_up(word_fd, f"the walls around {command[0]!r} could not be put up: {error}.")
    say(word_fd, confined=parts)
    if not hasattr(fcntl, "F_SETSIG"):
        watch_beside(lifeline_fd, word_fd)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        give_up(word_fd, f"{command[0]!r} could not be started: {error.strerror}.{_hint(parts)}")


def say(word_fd: int, **what: object) -> None:
    """Tell the platform; all that is ever said is less than a pipe holds."""
    os.write(word_fd, json.dumps(what).encode() + b"\n")


def give_up(word_fd: int, reason: str) -> NoReturn:
    """End without a program."""
    say(word_fd, reason=reason)
    sys.exit(1)


def _own_log() -> list[str]:
    """List the outputs that are files: programs open them again, by the name of /dev/stderr."""
    return [path for path in _OUTPUTS if Path(path).is_file()]


def _hint(parts: dict[str, Part]) -> str:
    if not parts["file system"]["on"]:
        return ""
    return " In the sandbox it must be in the package, in a layer, in a folder of the system, or beside this Python."


def watch_beside(lifeline_fd: int, word_fd: int) -> None:
    """Leave a process in the group that waits for the end of the lifeline.

    Without ``F_SETSIG``, as on macOS, the signal is SIGIO, and the handler that it needs does not outlive the change.
    """
    if os.fork():
        return
    signal.signal(signal.SIGIO, signal.SIG_IGN)  # before the platform hears of the program and may let go
    os.close(word_fd)
    os.set_blocking(lifeline_fd, True)
    os.read(lifeline_fd, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4:])
