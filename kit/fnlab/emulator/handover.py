"""How answers come back to whoever asked: through something that gives back what was held, or piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Callable

from fnlab.emulator.report import Report
from fnlab.emulator.supervision.slots import Answer


class Admitted:
    """Gives back what an admitted request held, and hands its report on.

    Parameters
    ----------
    release : callable
        Gives it back; called once.
    answer : Answer
        Where the report goes.
    """

    __slots__ = ("_answer", "_release")

    def __init__(self, release: Callable[[], None], answer: Answer) -> None:
        self._release, self._answer = release, answer

    def done(self) -> bool:
        """Whether nobody waits any more."""
        return self._answer.done()

    def set_result(self, report: Report) -> None:
        """Hand the report on."""
        self._release()
        self._answer.set_result(report)

    def set_exception(self, error: BaseException) -> None:
        """Say why there is none."""
        self._release()
        self._answer.set_exception(error)


async def drained(
    pieces: "asyncio.Queue[bytes | Report | BaseException]", work: "asyncio.Task[None]"
) -> AsyncIterator[bytes | Report]:
    """Give the pieces as they come, and at last the report; whoever stops reading ends the work."""
    try:
        while True:
            piece = await pieces.get()
            if isinstance(piece, BaseException):
                raise piece
            yield piece
            if isinstance(piece, Report):
                return
    finally:
        if not work.done():  # the reader went away: nobody wants the rest
            work.cancel()
