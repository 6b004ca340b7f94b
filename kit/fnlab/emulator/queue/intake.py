"""The way into the queue: events that come at about the same time share one commit."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable

from fnlab.emulator.queue.events import Event, Events
from fnlab.emulator.state.store import Store
from fnlab.errors import PlatformError


class Intake:
    """Writes events down and only then lets their senders go on.

    Parameters
    ----------
    store, events : Store, Events
        Where they are written.
    on_written : callable
        Hears which functions have new events.
    """

    def __init__(self, store: Store, events: Events, *, on_written: Callable[[Iterable[str]], None]) -> None:
        self._store, self._events, self._on_written = store, events, on_written
        self._arriving: list[tuple[Event, asyncio.Future[None]]] = []

    async def add(self, event: Event) -> None:
        """Write an event down, together with all that come in this turn of the loop; return when it is safe."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        if not self._arriving:
            loop.call_soon(self.write)
        self._arriving.append((event, written))
        await written

    def write(self) -> None:
        """Write down what has arrived."""
        arriving, self._arriving = self._arriving, []
        if not arriving:
            return
        failures = self._add_all([event for event, _ in arriving])
        for event, written in arriving:
            if written.done():
                continue  # whoever waited has gone; the event stays
            if (failure := failures.get(event.id)) is not None:
                written.set_exception(failure)
            else:
                written.set_result(None)
        self._on_written({event.function for event, _ in arriving})

    def _add_all(self, events: list[Event]) -> dict[str, Exception]:
        """Add events in one commit; say which ones could not be, and why."""
        failures: dict[str, Exception] = {}
        try:
            with self._store.transaction():
                for event in events:
                    try:
                        self._events.add(event)
                    except sqlite3.Error:
                        raise
                    except Exception as error:  # its sender hears of it; the others come in all the same
                        failures[event.id] = error
        except sqlite3.Error as error:  # a full disk, for instance: nobody's event is safe
            failure = PlatformError(f"an event must be written down before it is accepted; that failed: {error}.")
            return {event.id: failure for event in events}
        return failures
