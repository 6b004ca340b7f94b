"""What a registry knows of its versions and stages: one SQLite file, one transaction a change.

The file is written ahead (WAL) and forced to the disk at every commit, so that what was acknowledged is there after the
death of the process and after the loss of power. A connection lives for one call: threads and forked processes share
nothing, and writers of several processes wait for one another.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fnlab.errors import PlatformError
from fnlab.serve.registry.tables import Tables

#: Steps from an empty file to today's tables. A step that was released is never changed; a new one is added.
_STEPS = (
    """
    CREATE TABLE models (name TEXT PRIMARY KEY, published INTEGER NOT NULL);
    CREATE TABLE versions (
        model TEXT NOT NULL REFERENCES models (name),
        number INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        created_s REAL NOT NULL,
        note TEXT NOT NULL,
        parent_model TEXT,
        parent_number INTEGER,
        manifest TEXT NOT NULL,
        params TEXT NOT NULL,
        settings TEXT NOT NULL,
        tags TEXT NOT NULL,
        PRIMARY KEY (model, number),
        UNIQUE (model, sha256)
    );
    CREATE TABLE files (
        model TEXT NOT NULL,
        number INTEGER NOT NULL,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        PRIMARY KEY (model, number, path),
        FOREIGN KEY (model, number) REFERENCES versions (model, number)
    );
    CREATE TABLE moves (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        model TEXT NOT NULL REFERENCES models (name),
        stage TEXT NOT NULL,
        number INTEGER NOT NULL,
        before INTEGER REFERENCES moves (id),
        at_s REAL NOT NULL,
        how TEXT NOT NULL
    );
    CREATE INDEX moves_of_stage ON moves (model, stage, id);
    """,
)

#: How long a change waits for the changes of other processes, in seconds.
_PATIENCE_S = 60.0


class Index:
    """The tables, in one file.

    Parameters
    ----------
    path : Path
        The file, made if need be; its folder is there.

    Raises
    ------
    PlatformError
        If it is no SQLite file, or was written by a newer fnlab.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Going over to WAL needs the file alone, and SQLite does not wait for that.
        with _closing_fd(os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o666)) as fd:
            fcntl.flock(fd, fcntl.LOCK_EX)
            with self._connected() as connection:
                self._prepare(connection)

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        """Look at one state of the tables, whatever others change meanwhile."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            yield Tables(connection)
            connection.execute("ROLLBACK")

    @contextmanager
    def changing(self) -> Iterator[Tables]:
        """Change the tables, alone: all of it is kept when the block ends, or none after an exception."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Tables(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
        except sqlite3.Error as error:
            raise PlatformError(f"a registry's index must be a SQLite file in order; {self._path}: {error}.") from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > len(_STEPS):
            raise PlatformError(
                f"this fnlab reads registries up to version {len(_STEPS)}; {str(self._path)!r} has version {found}: "
                "update fnlab."
            )
        connection.execute("PRAGMA journal_mode = WAL")
        for version in range(found, len(_STEPS)):
            connection.execute("BEGIN IMMEDIATE")
            for statement in _STEPS[version].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")


@contextmanager
def _closing_fd(fd: int) -> Iterator[int]:
    """Close a descriptor when the block ends."""
    try:
        yield fd
    finally:
        os.close(fd)
