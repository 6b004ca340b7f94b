"""What was sent to a name that is no function here: kept until somebody takes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fnlab.emulator.state.store import Store
from fnlab.units import S_PER_DAY

#: Nobody may ever come for it. Amazon SQS, the usual place for dead letters, keeps a message 14 days at the most.
KEPT_S = 14 * S_PER_DAY


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A record of an event's end, or a dead letter.

    Attributes
    ----------
    target : str
        The name it was sent to.
    id : str
        The event's request id.
    at_s : float
        When it was sent; seconds since 1970.
    attributes : Mapping of str to str
        What a dead letter says about its event besides; empty for a record.
    body : bytes
        The record as JSON, or the event as it was.
    """

    target: str
    id: str
    at_s: float
    body: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)


class Mailbox:
    """The table of mail."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def send(self, mail: Mail) -> None:
        """Keep it."""
        query = "INSERT INTO mail (id, target, at_s, attributes, body) VALUES (?, ?, ?, ?, ?)"
        self._store.execute(query, (mail.id, mail.target, mail.at_s, json.dumps(dict(mail.attributes)), mail.body))

    def mail(self, target: str) -> list[Mail]:
        """List what was sent to a name, oldest first."""
        query = "SELECT id, at_s, attributes, body FROM mail WHERE target = ? ORDER BY seq"
        return [
            Mail(target=target, id=id, at_s=at_s, attributes=json.loads(attributes), body=body)
            for id, at_s, attributes, body in self._store.execute(query, (target,))
        ]

    def take(self, target: str) -> list[Mail]:
        """List what was sent to a name and remove it."""
        with self._store.transaction():
            taken = self.mail(target)
            self._store.execute("DELETE FROM mail WHERE target = ?", (target,))
        return taken

    def forget(self, now_s: float) -> None:
        """Remove what is too old."""
        self._store.execute("DELETE FROM mail WHERE at_s < ?", (now_s - KEPT_S,))
