"""The way out of the queue: records and dead letters go to a function here or into the mailbox."""

from collections.abc import Callable, Iterable, Mapping

from fnlab.emulator.queue import destinations
from fnlab.emulator.queue.events import Event, Events, new_event
from fnlab.emulator.queue.mailbox import Mail, Mailbox

#: Functions that are each other's destinations would go on for ever. AWS Lambda ends such a loop after about 16 turns.
LONGEST_CHAIN = 16


class Outbox:
    """Sends on what an event's end brings with it, within the transaction of that end: neither is without the other.

    Parameters
    ----------
    events, mailbox : Events, Mailbox
        Where a function's share goes, and everybody else's.
    target_of, arn_of, clock : callable
        As :class:`~fnlab.emulator.queue.delivery.Delivery` is given them.
    on_written : callable
        Hears which functions have new events.
    """

    def __init__(
        self,
        events: Events,
        mailbox: Mailbox,
        *,
        target_of: Callable[[str], tuple[str, str] | None],
        arn_of: Callable[[str, str], str],
        clock: Callable[[], float],
        on_written: Callable[[Iterable[str]], None],
    ) -> None:
        self._events, self._mailbox = events, mailbox
        self._target_of, self._arn_of, self._clock, self._on_written = target_of, arn_of, clock, on_written

    def record(self, target: str | None, event: Event, *, condition: str) -> None:
        """Send a record of how an event ended, if anybody is to have it."""
        if target is not None:
            arn = self._arn_of(event.function, event.qualifier)
            body = destinations.record(event, condition=condition, arn=arn, now_s=self._clock())
            self._send(target, event, body, {})

    def dead_letter(self, target: str | None, event: Event) -> None:
        """Send an event that failed as it was, if anybody is to have it."""
        if target is not None:
            self._send(target, event, event.payload, destinations.letter_attributes(event))

    def _send(self, target: str, event: Event, body: bytes, attributes: Mapping[str, str]) -> None:
        now_s, chain = self._clock(), event.meta.get("chain", 0) + 1
        if (there := self._target_of(target)) is None or chain > LONGEST_CHAIN:
            self._mailbox.send(Mail(target=target, id=event.id, at_s=now_s, body=body, attributes=attributes))
            return
        function, qualifier = there
        meta = {"invoked_by": event.id, "chain": chain}
        self._events.add(new_event(function, qualifier, body, task_id=None, meta=meta, now_s=now_s))
        self._on_written({function})
