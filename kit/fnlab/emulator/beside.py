"""Work that would hold the event loop up, done in a thread beside it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def beside(call: Callable[..., T], *given: Any) -> T:
    """Call a function in a thread and wait for it, while the loop serves others.

    When Python ends it starts no thread any more, and yet the emulator has to be closed: then the loop does it itself.
    """
    try:
        return await asyncio.to_thread(call, *given)
    except RuntimeError as error:
        if "shutdown" not in str(error):
            raise
        return call(*given)


class Chores:
    """Things that are done beside, and that somebody will wait for in the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Let a coroutine run on this loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def done(self) -> None:
        """Wait until all have ended, those that others begin meanwhile included."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
