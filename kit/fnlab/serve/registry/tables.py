"""The tables of a registry's index, as one transaction sees them: what each question and each change is in SQL."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from fnlab.errors import PlatformError
from fnlab.serve.registry.nouns import ModelVersion, Move, StoredFile

_VERSION = (
    "SELECT model, number, sha256, created_s, note, parent_model, parent_number, manifest, params, settings, tags"
    " FROM versions WHERE model = ?"
)
#: Where each stage points now: its last move.
_CURRENT = "SELECT max(id) FROM moves WHERE model = ? GROUP BY stage"


class Tables:
    """The tables within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # Models and versions.

    def models(self) -> list[str]:
        """Name all models, in the order of their names."""
        return [name for (name,) in self._all("SELECT name FROM models ORDER BY name")]

    def versions(self, model: str) -> list[ModelVersion]:
        """Give all versions of a model, oldest first."""
        return [self._version(row) for row in self._all(f"{_VERSION} ORDER BY number", model)]

    def version(self, model: str, number: int) -> ModelVersion | None:
        """Find a version by its number."""
        return self._first(f"{_VERSION} AND number = ?", model, number)

    def newest(self, model: str) -> ModelVersion | None:
        """Find the version that came last."""
        return self._first(f"{_VERSION} ORDER BY number DESC LIMIT 1", model)

    def same(self, model: str, sha256: str) -> ModelVersion | None:
        """Find the version that has this content."""
        return self._first(f"{_VERSION} AND sha256 = ?", model, sha256)

    def next_number(self, model: str) -> int:
        """Take the next number of a model; none is ever given twice."""
        self._all("INSERT INTO models VALUES (?, 0) ON CONFLICT DO NOTHING", model)
        ((number,),) = self._all(
            "UPDATE models SET published = published + 1 WHERE name = ? RETURNING published", model
        )
        return int(number)

    def add(self, version: ModelVersion) -> None:
        """Keep a version."""
        self._all(
            "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(version.name, version.number, version.sha256, version.created_s, version.note),
            *(version.parent or (None, None)),
            *map(json.dumps, (version.manifest, version.params, version.settings, version.tags)),
        )
        for file in version.files:
            values = (version.name, version.number, file.path, file.sha256, file.size_bytes)
            self._all("INSERT INTO files VALUES (?, ?, ?, ?, ?)", *values)

    def describe(self, version: ModelVersion) -> None:
        """Keep a version's note and tags."""
        query = "UPDATE versions SET note = ?, tags = ? WHERE model = ? AND number = ?"
        self._all(query, version.note, json.dumps(version.tags), version.name, version.number)

    def remove(self, version: ModelVersion) -> None:
        """Forget a version."""
        for table in ("files", "versions"):
            self._all(f"DELETE FROM {table} WHERE model = ? AND number = ?", version.name, version.number)

    def wanted(self) -> set[str]:
        """Give the hashes of all files that some version has."""
        return {digest for (digest,) in self._all("SELECT DISTINCT sha256 FROM files")}

    def check(self) -> None:
        """Have the whole file read.

        Raises
        ------
        PlatformError
            If it is damaged.
        """
        ((word, *_), *_) = self._all("PRAGMA quick_check(1)")
        if word != "ok":
            raise PlatformError(f"a registry's index must be in order; it is damaged: {word}.")

    # Stages.

    def move(self, model: str, stage: str, number: int, *, before: int | None, at_s: float, how: str) -> None:
        """Let a stage point to a version; a rollback of that leads to the move `before`."""
        query = "INSERT INTO moves (model, stage, number, before, at_s, how) VALUES (?, ?, ?, ?, ?, ?)"
        self._all(query, model, stage, number, before, at_s, how)

    def current(self, model: str, stage: str) -> tuple[int, int, int | None] | None:
        """Give the last move of a stage: its id, the version, and the id of the move before."""
        query = "SELECT id, number, before FROM moves WHERE model = ? AND stage = ? ORDER BY id DESC LIMIT 1"
        return next(iter(self._all(query, model, stage)), None)

    def moved(self, move_id: int) -> tuple[int, int | None]:
        """Give a move's version, and the id of the move before it."""
        ((number, before),) = self._all("SELECT number, before FROM moves WHERE id = ?", move_id)
        return number, before

    def stages(self, model: str) -> dict[str, int]:
        """Say where each stage of a model points."""
        query = f"SELECT stage, number FROM moves WHERE id IN ({_CURRENT}) ORDER BY stage"
        return dict(self._all(query, model))

    def history(self, model: str, stage: str) -> tuple[Move, ...]:
        """Give all moves of a stage, oldest first."""
        query = "SELECT model, stage, number, at_s, how FROM moves WHERE model = ? AND stage = ? ORDER BY id"
        return tuple(Move(*row) for row in self._all(query, model, stage))

    def reachable(self, model: str) -> dict[int, str]:
        """Give the versions that a stage points to, or would after rollbacks, each with such a stage."""
        query = f"""
            WITH RECURSIVE back (id, number, stage, before) AS (
                SELECT id, number, stage, before FROM moves WHERE id IN ({_CURRENT})
                UNION SELECT moves.id, moves.number, moves.stage, moves.before
                FROM moves JOIN back ON moves.id = back.before
            ) SELECT number, stage FROM back ORDER BY id
        """
        return dict(self._all(query, model))

    def _all(self, query: str, *values: Any) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    def _first(self, query: str, *values: Any) -> ModelVersion | None:
        return next(map(self._version, self._all(query, *values)), None)

    def _version(self, row: Sequence[Any]) -> ModelVersion:
        model, number, digest, created_s, note, parent_model, parent_number, *texts = row
        manifest, params, settings, tags = map(json.loads, texts)
        query = "SELECT path, sha256, size_bytes FROM files WHERE model = ? AND number = ? ORDER BY path"
        return ModelVersion(
            name=model,
            number=number,
            sha256=digest,
            files=tuple(StoredFile(*file) for file in self._all(query, model, number)),
            manifest=manifest,
            params=params,
            parent=(parent_model, parent_number) if parent_model else None,
            created_s=created_s,
            note=note,
            tags=tags,
            settings=settings,
        )
