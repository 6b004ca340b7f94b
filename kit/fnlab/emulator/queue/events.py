"""Asynchronous events as the store keeps them, and the states they go through."""

import asyncio
import json
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from fnlab.emulator.state.store import Store
from fnlab.errors import AlreadyExists
from fnlab.trace import Status

#: Of an answer and of an error message this much is kept with its event.
KEPT_BODY_BYTES = 256 * 1024
KEPT_ERROR_CHARACTERS = 1024


class State(StrEnum):
    """Where an event is on its way, by the names of Alibaba Function Compute's asynchronous tasks."""

    ENQUEUED = "Enqueued"  # waits for its first attempt, or was put back because no instance was free
    RUNNING = "Running"
    RETRYING = "Retrying"  # an attempt failed; waits for the next
    STOPPING = "Stopping"  # runs and was asked to stop
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    EXPIRED = "Expired"  # grew too old
    INVALID = "Invalid"  # its function is gone


WAITING = frozenset({State.ENQUEUED, State.RETRYING})
ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.STOPPED, State.EXPIRED, State.INVALID})

#: An attempt that ended so never reached the function.
UNSENT = frozenset({Status.THROTTLED, Status.DROPPED})


@dataclass(frozen=True, kw_only=True)
class Event:
    """A request that nobody waits for.

    Attributes
    ----------
    id, function, qualifier : str
        The request id, and whom it is for.
    payload : bytes
        What the function gets; empty again once it has succeeded.
    task_id : str
        The caller's own name for it, one of its kind in the function; the request id if none was given.
    meta : Mapping
        What else the function is told, and by whom the event was sent.
    state : State
        Where it is on its way.
    accepted_s, due_s, started_s, ended_s : float
        When it came, when its next attempt may begin, when the first one did, when all was over; seconds since 1970.
    attempts, throttles : int
        Attempts that were begun and not refused; and how often in a row it was refused since.
    status, version, error, body : Status, int, str, bytes
        How the last attempt ended: its status (None before), the version that ran, its error message and its answer.
        The store keeps the start of the two.
    seq : int
        Place in the order of acceptance.
    """

    id: str
    function: str
    qualifier: str
    payload: bytes = field(repr=False)
    task_id: str
    accepted_s: float
    due_s: float
    meta: Mapping[str, Any] = field(default_factory=dict)
    state: State = State.ENQUEUED
    attempts: int = 0
    throttles: int = 0
    started_s: float | None = None
    ended_s: float | None = None
    status: Status | None = None
    version: int = 0
    error: str = ""
    body: bytes = field(default=b"", repr=False)
    seq: int = 0

    def begun(self, now_s: float) -> "Event":
        """Count an attempt. It is written down before it is made, so that a death in its middle does not hide it."""
        started_s = now_s if self.started_s is None else self.started_s
        return replace(self, state=State.RUNNING, attempts=self.attempts + 1, started_s=started_s)

    def refused(self) -> "Event":
        """Take the attempt back: the function never ran."""
        return replace(self, attempts=self.attempts - 1, throttles=self.throttles + 1)

    def answered(self, status: Status, *, version: int, error: str, body: bytes) -> "Event":
        """Note how the attempt ended. What the function itself said is not replaced by a later refusal."""
        if status not in UNSENT:
            return replace(self, status=status, version=version, error=error, body=body, throttles=0)
        return self if self.attempts else replace(self, status=status, version=version, error=error, body=body)

    def put_back(self, due_s: float) -> "Event":
        """Wait for a further attempt."""
        return replace(self, state=State.RETRYING if self.attempts else State.ENQUEUED, due_s=due_s)

    def ended(self, state: State, now_s: float) -> "Event":
        """End; what has succeeded needs its payload no more."""
        payload = b"" if state is State.SUCCEEDED else self.payload
        return replace(self, state=state, ended_s=now_s, payload=payload)


def new_event(
    function: str, qualifier: str, payload: bytes, *, task_id: str | None, meta: Mapping[str, Any], now_s: float
) -> Event:
    """Make an event of its own id, due at once."""
    id = str(uuid.uuid4())
    return Event(
        id=id,
        function=function,
        qualifier=qualifier,
        payload=payload,
        task_id=task_id or id,
        meta=meta,
        accepted_s=now_s,
        due_s=now_s,
    )


_GIVEN = "id, function, qualifier, payload, task_id, meta, state, accepted_s, due_s"
_CHANGING = "state, payload, due_s, attempts, throttles, started_s, ended_s, status, version, error, body"
_ALL = f"seq, {_GIVEN}, attempts, throttles, started_s, ended_s, status, version, error, body"
_INSERT = f"INSERT INTO events ({_GIVEN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = f"UPDATE events SET ({_CHANGING}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE seq = ?"
_IS_WAITING = "state IN ('Enqueued', 'Retrying')"  # to the letter as in the index


class Events:
    """The table of events."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._awaited: dict[str, asyncio.Future[None]] = {}

    def together(self) -> AbstractContextManager[None]:
        """Make several changes one; see :meth:`Store.transaction`."""
        return self._store.transaction()

    def add(self, event: Event) -> None:
        """Take a new event in.

        Raises
        ------
        AlreadyExists
            If the function has a task of that id.
        """
        own_name = event.task_id if event.task_id != event.id else None
        if own_name is not None and self.named(event.function, own_name) is not None:
            raise AlreadyExists(
                f"a task's id must be new to its function; {event.function!r} has a task {event.task_id!r}."
            )
        meta = json.dumps(dict(event.meta))
        given = (event.id, event.function, event.qualifier, event.payload, own_name, meta, event.state)
        self._store.execute(_INSERT, (*given, event.accepted_s, event.due_s))

    def save(self, event: Event) -> Event:
        """Write down what has changed."""
        # The payload goes along each time: SQLite rewrites the whole row anyway.
        moving = (event.state, event.payload, event.due_s, event.attempts, event.throttles)
        times = (event.started_s, event.ended_s)
        # A message may hold halves of characters, which cannot be written.
        error = event.error[:KEPT_ERROR_CHARACTERS].encode(errors="replace").decode()
        last = (event.status, event.version, error, event.body[:KEPT_BODY_BYTES])
        self._store.execute(_UPDATE, (*moving, *times, *last, event.seq))
        if event.state in ENDED and (awaited := self._awaited.pop(event.id, None)):
            awaited.set_result(None)
        return event

    def end_of(self, id: str) -> asyncio.Future[None]:
        """Give what is done when an event that has not ended yet ends."""
        if id not in self._awaited:
            self._awaited[id] = asyncio.get_running_loop().create_future()
        return self._awaited[id]

    def get(self, id: str) -> Event | None:
        """Find an event by its request id."""
        return _first(self._select("id = ?", (id,)))

    def named(self, function: str, task_id: str) -> Event | None:
        """Find an event by its caller's name for it."""
        where = "function = ? AND (task_id = ? OR (id = ? AND task_id IS NULL))"
        return _first(self._select(where, (function, task_id, task_id)))

    def due(self, function: str, now_s: float, *, limit: int) -> list[Event]:
        """List waiting events whose time has come, the one that has waited longest first."""
        where = f"function = ? AND {_IS_WAITING} AND due_s <= ? ORDER BY due_s, seq LIMIT ?"
        return self._select(where, (function, now_s, limit))

    def next_due_s(self, function: str) -> float | None:
        """When the next waiting event is due."""
        query = f"SELECT min(due_s) FROM events WHERE function = ? AND {_IS_WAITING}"
        due_s: float | None = self._store.execute(query, (function,)).fetchone()[0]
        return due_s

    def page(self, function: str, *, states: Iterable[State], limit: int, after: int) -> list[Event]:
        """List events in the order of acceptance, from the one after `after` on."""
        wanted = list(states)
        marks = ", ".join("?" * len(wanted))
        where = f"function = ? AND state IN ({marks}) AND seq > ? ORDER BY seq LIMIT ?"
        return self._select(where, (function, *wanted, after, limit))

    def interrupted(self, now_s: float) -> None:
        """After the death of the process: what ran is to run again, and what was to stop has stopped."""
        with self._store.transaction():
            self._store.execute("UPDATE events SET state = 'Enqueued' WHERE state = 'Running'")
            stopped = "UPDATE events SET state = 'Stopped', ended_s = ? WHERE state = 'Stopping'"
            self._store.execute(stopped, (now_s,))

    def waiting_functions(self) -> list[str]:
        """Name the functions that have waiting events."""
        rows = self._store.execute(f"SELECT DISTINCT function FROM events WHERE {_IS_WAITING}")
        return [function for (function,) in rows]

    def waiting(self) -> dict[str, int]:
        """Count the events that wait, of each function that has any."""
        return dict(self._store.execute(f"SELECT function, count(*) FROM events WHERE {_IS_WAITING} GROUP BY function"))

    def forget(self, function: str, *, keep: int) -> None:
        """Remove ended events, except for those that ended last."""
        ended = "function = ? AND ended_s IS NOT NULL"
        # From the first one too many downwards; nothing happens when there is none.
        last = f"SELECT ended_s, seq FROM events WHERE {ended} ORDER BY ended_s DESC, seq DESC LIMIT 1 OFFSET ?"
        query = f"DELETE FROM events WHERE {ended} AND (ended_s, seq) <= ({last})"
        self._store.execute(query, (function, function, keep))

    def _select(self, where: str, values: Iterable[Any]) -> list[Event]:
        rows = self._store.execute(f"SELECT {_ALL} FROM events WHERE {where}", list(values))
        return [_event(row) for row in rows]


def _event(row: tuple[Any, ...]) -> Event:
    seq, id, function, qualifier, payload, task_id, meta, state, accepted_s, due_s, *rest = row
    attempts, throttles, started_s, ended_s, status, version, error, body = rest
    return Event(
        seq=seq,
        id=id,
        function=function,
        qualifier=qualifier,
        payload=payload,
        task_id=task_id or id,
        meta=json.loads(meta),
        state=State(state),
        accepted_s=accepted_s,
        due_s=due_s,
        attempts=attempts,
        throttles=throttles,
        started_s=started_s,
        ended_s=ended_s,
        status=None if status is None else Status(status),
        version=version,
        error=error,
        body=body,
    )


def _first(events: list[Event]) -> Event | None:
    return events[0] if events else None
