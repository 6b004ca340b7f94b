"""The emulator's memory: one SQLite file in its home, so that what was acknowledged outlives the process.

The file is written ahead (WAL) and not forced to the disk at every commit. So a commit survives the death of the
process at any moment, also by SIGKILL; when the whole machine loses power, the last commits may be lost, never the
file's order.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fnlab.errors import PlatformError

#: Steps from an empty file to today's tables. A step that was released is never changed; a new one is added.
_STEPS = (
    """
    CREATE TABLE records (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        function TEXT NOT NULL,
        key TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (kind, function, key)
    );
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        function TEXT NOT NULL,
        qualifier TEXT NOT NULL,
        task_id TEXT,
        payload BLOB NOT NULL,
        meta TEXT NOT NULL,
        state TEXT NOT NULL,
        accepted_s REAL NOT NULL,
        due_s REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        throttles INTEGER NOT NULL DEFAULT 0,
        started_s REAL,
        ended_s REAL,
        status INTEGER,
        version INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        body BLOB NOT NULL DEFAULT x'',
        UNIQUE (function, task_id)
    );
    CREATE INDEX events_waiting ON events (function, due_s, seq) WHERE state IN ('Enqueued', 'Retrying');
    CREATE INDEX events_of_function ON events (function, seq);
    CREATE TABLE mail (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        target TEXT NOT NULL,
        at_s REAL NOT NULL,
        attributes TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX mail_of_target ON mail (target, seq);
    """,
)


#: Pages of 4 KiB that are written ahead before they are moved into the file, which waits for the disk. Four times
#: SQLite's default: the event loop waits less often.
_CHECKPOINT_PAGES = 4000


@dataclass(frozen=True)
class Record:
    """Something that the platform remembers about a function, such as an alias."""

    function: str
    key: str
    body: dict[str, Any]


class Store:
    """Tables in one file. It belongs to the thread that opened it; SQLite refuses every other one.

    Nobody else opens the file: the home's lock sees to that. Every call is a commit of its own, unless it is inside
    :meth:`transaction`. When a call returns outside of one, its effect is safe and may be acknowledged.

    Parameters
    ----------
    path : Path or None
        The file, made if need be, readable by its owner only. None: in memory, gone with the store.

    Raises
    ------
    PlatformError
        If the file was written by a newer fnlab, or is no SQLite file.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            # SQLite would make it readable for all; its two companions take the file's own mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        try:
            self._prepare(path)
        except BaseException:
            self._connection.close()
            raise

    def put(self, kind: str, function: str, key: str, body: dict[str, Any]) -> None:
        """Remember a record; one of the same name is replaced and keeps its place in the order."""
        self.execute(
            "INSERT INTO records (kind, function, key, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, function, key) DO UPDATE SET body = excluded.body",
            (kind, function, key, json.dumps(body)),
        )

    def get(self, kind: str, function: str, key: str) -> dict[str, Any] | None:
        """Find a record's body."""
        query = "SELECT body FROM records WHERE kind = ? AND function = ? AND key = ?"
        for (text,) in self.execute(query, (kind, function, key)):
            body: dict[str, Any] = json.loads(text)
            return body
        return None

    def all(self, kind: str, function: str | None = None) -> list[Record]:
        """List the records of a kind, of one function or of all, in the order in which they first came."""
        where, values = _where(kind=kind, function=function)
        rows = self.execute(f"SELECT function, key, body FROM records{where} ORDER BY seq", values)
        return [Record(of, key, json.loads(text)) for of, key, text in rows]

    def remove(self, kind: str | None = None, function: str | None = None, key: str | None = None) -> int:
        """Forget the records that fit all that is given; say how many there were."""
        where, values = _where(kind=kind, function=function, key=key)
        return self.execute(f"DELETE FROM records{where}", values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several changes one: all of them or, after an exception, none.

        One inside another joins it. There must be no ``await`` inside, for other tasks' changes would join, too.
        """
        if self._connection.in_transaction:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # when the disk is full, SQLite has gone back by itself
                self.execute("ROLLBACK")
            raise

    def execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement, for the modules that own a table."""
        return self._connection.execute(query, values)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _prepare(self, path: Path | None) -> None:
        try:
            (found,) = self.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise PlatformError(f"an emulator's store must be a SQLite file; {str(path)!r} is not: {error}.") from None
        if found > len(_STEPS):
            raise PlatformError(
                f"this fnlab reads stores up to version {len(_STEPS)}; {str(path)!r} has version {found}: "
                "update fnlab or choose another home."
            )
        self.execute("PRAGMA journal_mode = WAL")
        self.execute("PRAGMA synchronous = NORMAL")
        self.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        for version in range(found, len(_STEPS)):
            with self.transaction():
                for statement in _STEPS[version].split(";"):
                    self.execute(statement)
                self.execute(f"PRAGMA user_version = {version + 1}")


def _where(**wanted: str | None) -> tuple[str, list[str]]:
    given = {column: value for column, value in wanted.items() if value is not None}
    clause = " AND ".join(f"{column} = ?" for column in given)
    return (f" WHERE {clause}" if clause else ""), list(given.values())
