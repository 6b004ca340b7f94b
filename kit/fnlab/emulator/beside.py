"""Work that would hold the event loop up, done in a thread beside it."""

import asyncio
from collections.abc import Callable
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
