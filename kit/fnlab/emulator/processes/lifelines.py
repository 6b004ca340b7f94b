"""Writing ends of the lifelines of all instances of this process: whoever holds one keeps its instance alive."""

import os

_held: set[int] = set()


def make() -> tuple[int, int]:
    """Make a lifeline: the end for the instance, and the end that is held here until :func:`cut`."""
    theirs, ours = os.pipe()
    _held.add(ours)
    return theirs, ours


def cut(fd: int) -> None:
    """Let go of a lifeline; its instance ends, if it has not."""
    _held.discard(fd)
    os.close(fd)


def _let_go() -> None:
    """Close the lifelines in a forked copy of this process, which would keep instances alive after its death."""
    for fd in _held:
        os.close(fd)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)
