"""An event that nobody waits for, to ask about and to stop."""

import asyncio
from typing import TYPE_CHECKING

from fnlab.display import facts

if TYPE_CHECKING:
    from fnlab.emulator.emulator import Emulator
    from fnlab.emulator.queue.events import Event


class Task:
    """A handle on an asynchronous event.

    Attributes
    ----------
    id : str
        Its request id, as in the logs.
    """

    def __init__(self, id: str, emulator: "Emulator") -> None:
        self.id = id
        self._emulator = emulator

    @property
    def event(self) -> "Event":
        """All that is known of it now."""
        return self._emulator.run_here(lambda: self._emulator.platform.delivery.task(self.id))

    @property
    def state(self) -> str:
        """How far it is: Enqueued, Running, Retrying, Succeeded, Failed, Stopping, Stopped or Expired."""
        return str(self.event.state)

    def stop(self) -> None:
        """Try it no more; if it is running, its instance is ended."""

        async def work() -> None:
            self._emulator.platform.delivery.stop(self.id)

        self._emulator.run(work())

    def wait(self, timeout_s: float | None = None) -> str:
        """Wait until it has ended, and say how.

        Raises
        ------
        TimeoutError
            If it has not by then.
        """
        ended = self._emulator.run(asyncio.wait_for(self._emulator.platform.delivery.ended(self.id), timeout_s))
        return str(ended.state)

    def __repr__(self) -> str:
        return f"Task({self.id!r}, {self.state})"

    def _repr_html_(self) -> str:
        event = self.event
        return facts(
            f"Event {self.id}", {"function": event.function, "state": self.state, "tries": str(event.attempts)}
        )
