"""Starts a program that is not ours: ``python -m fnlab.emulator.instance.launch LIFELINE WORD PROGRAM ARGUMENT…``.

What the kernel was told about the lifeline belongs to the open pipe, and so it outlives the change to another program,
as long as somebody in the process group holds that pipe open. The second number is a pipe on which the platform hears
of the change: it closes when the program begins, and carries the reason when it cannot.
"""

import fcntl
import os
import signal
import sys

from fnlab.emulator.instance.lifeline import hold_lifeline


def main(lifeline_fd: int, word_fd: int, command: list[str]) -> None:
    """Become the program."""
    hold_lifeline(lifeline_fd)
    os.set_inheritable(lifeline_fd, True)
    os.set_inheritable(word_fd, False)
    if not hasattr(fcntl, "F_SETSIG"):
        watch_beside(lifeline_fd, word_fd)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(word_fd, f"{command[0]!r} could not be started: {error.strerror}.".encode())
        sys.exit(1)


def watch_beside(lifeline_fd: int, word_fd: int) -> None:
    """Leave a process in the group that waits for the end of the lifeline.

    Without ``F_SETSIG``, as on macOS, the signal is SIGIO, and the handler that it needs does not outlive the change.
    """
    if os.fork():
        return
    os.close(word_fd)
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    os.set_blocking(lifeline_fd, True)
    os.read(lifeline_fd, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
