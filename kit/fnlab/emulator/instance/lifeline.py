"""What ends an instance when its supervisor dies."""

import fcntl
import os
import signal


def hold_lifeline(fd: int) -> None:
    """Die with the supervisor, whatever the handler is doing.

    The supervisor holds the writing end of this pipe and never writes. When it dies, by whatever signal, the kernel
    sees the end of the pipe and kills this whole process group; no thread of ours has to run for that, so it works
    in the middle of compiled code too. Where the kernel cannot be told which signal to send, SIGIO does.
    """
    os.set_inheritable(fd, False)
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    else:
        signal.signal(signal.SIGIO, lambda *_: os._exit(1))
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    try:
        os.read(fd, 1)  # an end that came before we asked to be told
    except BlockingIOError:
        return
    os._exit(1)
