"""The instance's standard output and error: where they go, and that they get there."""

import contextlib
import os
import sys
from typing import Any

_OUTPUT_FDS = (1, 2)


def redirect(fd: int) -> None:
    """Send both to an open file, so that a forked instance has a log stream of its own; `fd` is closed."""
    for target in _OUTPUT_FDS:
        os.dup2(fd, target)
    os.close(fd)


class Flusher:
    """Flushes what a handler printed; for free where nothing can be waiting.

    A stream that the interpreter made without a buffer never has anything to flush. A handler may put another in its
    place, though, at any time.
    """

    def __init__(self) -> None:
        self._stdout = _if_unbuffered(sys.stdout)
        self._stderr = _if_unbuffered(sys.stderr)

    def __call__(self) -> None:
        """Flush what needs it."""
        if sys.stdout is not self._stdout:
            flush(sys.stdout)
        if sys.stderr is not self._stderr:
            flush(sys.stderr)


def flush(stream: Any) -> None:
    """Flush a stream, which the handler may have closed, taken away or replaced by something that is none."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        stream.flush()


def _if_unbuffered(stream: Any) -> Any:
    """Give the stream; an object that is nobody's stream where it has a buffer."""
    return stream if getattr(stream, "write_through", False) else object()
