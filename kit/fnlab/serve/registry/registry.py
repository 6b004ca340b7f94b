"""The registry itself: push a model, let stages point to its versions, go back, and get functions out again."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fnlab.display import facts
from fnlab.errors import BadValue, NotFound, StillNeeded
from fnlab.functions import Function, Package
from fnlab.serve.registry.contents import check, read_package
from fnlab.serve.registry.diff import Diff
from fnlab.serve.registry.diff import diff as compare
from fnlab.serve.registry.index import Index
from fnlab.serve.registry.intake import plain, take_in
from fnlab.serve.registry.lookup import Which, checked_name, checked_stage, checked_tags, found, known, parent_of
from fnlab.serve.registry.nouns import Checked, ModelVersion, Move, StoredFile, Swept
from fnlab.serve.registry.objects import Objects
from fnlab.serve.registry.tables import Tables

_INDEX = "registry.sqlite"


class Registry:
    """A folder of models: versions by number, and stages that point to them.

    Files are kept by their content, each once. What a method has returned from is on the disk: it survives the death of
    the process at any moment. Several processes may use a registry at once; changes wait for one another. It must be on
    a local disk.

    Parameters
    ----------
    path : str or Path
        The folder; made if need be. One that holds other things is refused.

    Raises
    ------
    BadValue
        If the folder holds something else.
    PlatformError
        If its index is damaged, or was written by a newer fnlab.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> registry = Registry(folder.name + "/models")
    >>> one = registry.push({"manifest.json": b'{"metrics": {"accuracy": 0.96}}', "model": b"1"}, name="digits")
    >>> two = registry.push({"manifest.json": b'{"metrics": {"accuracy": 0.98}}', "model": b"22"}, name="digits")
    >>> registry.diff(one, two)
    Diff('digits' 1 → 2: 1 file, +1 bytes; accuracy 0.96 → 0.98)
    >>> for version in (one, two):
    ...     _ = registry.stage("digits", "production", version)
    >>> registry.rollback("digits", "production").number
    1
    >>> folder.cleanup()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        _check_own(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._index, self._objects = Index(self.path / _INDEX), Objects(self.path / "objects")

    # Versions.

    def push(
        self,
        thing: object,
        *,
        name: str | None = None,
        note: str = "",
        parent: ModelVersion | int | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> ModelVersion:
        """Keep a model as the next version of its name.

        The same files under the same name are the same version: pushed again, it comes back as it is.

        Parameters
        ----------
        thing : fitted model, Trained, Function, Package or Mapping of str to bytes
            A model is packed as for :func:`fnlab.deploy`. Files must hold a ``manifest.json``.
        name : str, optional
            By default the name that the model's function would have; files have none.
        note, tags
            For people and for programs; both can be changed later.
        parent : ModelVersion or int, optional
            The version it was made from; a number is one of the same model's.
        params : Mapping, optional
            Settings of the estimator; by default what it tells by ``get_params``.

        Raises
        ------
        BadValue
            If the name breaks its rule, or the files have no manifest that fits them.
        VersionNotFound, NotFound
            If the parent is not here.
        """
        taken = take_in(thing)
        name = checked_name(name or taken.name)
        with self._index.changing() as tables:
            paths, contents = zip(*sorted(taken.package.files.items()), strict=True)
            digests = self._objects.put(contents)  # also of what is here already: it mends what is damaged
            if same := tables.same(name, taken.package.sha256):
                return same
            origin = None if parent is None else found(tables, *parent_of(parent, name))
            version = ModelVersion(
                name=name,
                number=tables.next_number(name),
                sha256=taken.package.sha256,
                files=tuple(map(StoredFile, paths, digests, map(len, contents))),
                manifest=taken.manifest,
                params=plain(taken.params if params is None else params),
                parent=(origin.name, origin.number) if origin else None,
                created_s=time.time(),
                note=note,
                tags=checked_tags(tags or {}),
                settings=taken.settings,
            )
            tables.add(version)
        return version

    def get(self, name: str, which: Which = None) -> ModelVersion:
        """Give a version of a model: by number, by a stage, or the newest.

        Raises
        ------
        NotFound
            If there is no such model or stage.
        VersionNotFound
            If there is no version of that number.
        """
        with self._index.reading() as tables:
            return found(tables, name, which)

    def __getitem__(self, name: str) -> ModelVersion:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def names(self) -> list[str]:
        """Name all models."""
        with self._index.reading() as tables:
            return tables.models()

    def versions(self, name: str) -> list[ModelVersion]:
        """Give all versions of a model, oldest first."""
        with self._index.reading() as tables:
            return tables.versions(known(tables, name))

    def lineage(self, name: str, which: Which = None) -> tuple[ModelVersion, ...]:
        """Give a version, the one it was made from, that one's, and so on as far as they are here."""
        with self._index.reading() as tables:
            line = [found(tables, name, which)]
            while line[-1].parent and (parent := tables.version(*line[-1].parent)):
                line.append(parent)
        return tuple(line)

    def diff(self, old: ModelVersion, new: ModelVersion) -> Diff:
        """Say what is different between two versions: files, sizes, metrics, signature, origin, params."""
        for version in (old, new):
            if not isinstance(version, ModelVersion):
                raise BadValue(f"diff compares two versions, as push and get give them; got {version!r}.")
        return compare(old, new)

    def describe(
        self, name: str, which: Which = None, *, note: str | None = None, tags: Mapping[str, str] | None = None
    ) -> ModelVersion:
        """Give a version another note, or other tags; what is not given stays."""
        with self._index.changing() as tables:
            version = found(tables, name, which)
            version = replace(
                version,
                note=version.note if note is None else note,
                tags=version.tags if tags is None else checked_tags(tags),
            )
            tables.describe(version)
        return version

    # Stages.

    def stage(self, name: str, stage: str, which: Which) -> ModelVersion:
        """Let a stage, such as ``"production"``, point to a version; nothing happens when it does already.

        Raises
        ------
        BadValue
            If the stage's name breaks its rule.
        NotFound, VersionNotFound
            If there is no such model or version.
        """
        checked_stage(stage)
        with self._index.changing() as tables:
            version = found(tables, name, which)
            now = tables.current(name, stage)
            if now is None or now[1] != version.number:
                before = now[0] if now else None
                tables.move(name, stage, version.number, before=before, at_s=time.time(), how="stage")
        return version

    def rollback(self, name: str, stage: str) -> ModelVersion:
        """Let a stage point to what it pointed to before; once more goes further back.

        Raises
        ------
        NotFound
            If there is no such model or stage, or nothing before.
        """
        with self._index.changing() as tables:
            staged = found(tables, name, stage)
            now = tables.current(name, stage)
            if now is None or now[2] is None:
                raise NotFound(
                    f"a stage goes back to where it pointed before; before version {staged.number}, {stage!r} of "
                    f"{name!r} pointed to none."
                )
            number, before = tables.moved(now[2])
            tables.move(name, stage, number, before=before, at_s=time.time(), how="rollback")
            return found(tables, name, number)

    def stages(self, name: str) -> dict[str, int]:
        """Say to which version each stage of a model points."""
        with self._index.reading() as tables:
            return tables.stages(known(tables, name))

    def history(self, name: str, stage: str) -> tuple[Move, ...]:
        """Give all that a stage has pointed to, oldest first."""
        with self._index.reading() as tables:
            found(tables, name, stage)
            return tables.history(name, stage)

    # Files.

    def package(self, name: str, which: Which = None) -> Package:
        """Give the files of a version, checked against their hashes.

        Raises
        ------
        DeployError
            If one of them is damaged.
        """
        return read_package(self._objects, self.get(name, which))

    def function(self, name: str, which: Which = None, /, **settings: Any) -> Function:
        """Make the function that serves a version, for :func:`fnlab.deploy`.

        Parameters
        ----------
        name, which
            The version, as in :meth:`get`.
        **settings
            As in :class:`fnlab.functions.Function`; by default those that the pushed function had.

        Raises
        ------
        DeployError
            If a file of it is damaged.
        """
        version = self.get(name, which)
        default = {"name": version.name, **version.settings, "package": read_package(self._objects, version)}
        return Function(**{**default, **settings})

    def verify(self) -> Checked:
        """Read every file again and compare it with its hash; name what is damaged.

        Raises
        ------
        PlatformError
            If the index itself is damaged.
        """
        with self._index.reading() as tables:
            tables.check()
            versions = [version for name in tables.models() for version in tables.versions(name)]
        return check(self._objects, versions)

    def remove(self, name: str, which: Which) -> None:
        """Forget a version; :meth:`gc` then frees its files. Its number is not given again.

        Raises
        ------
        StillNeeded
            If a stage points to it, or could be rolled back to it.
        """
        with self._index.changing() as tables:
            version = found(tables, name, which)
            if stage := tables.reachable(name).get(version.number):
                raise StillNeeded(
                    f"a version that a stage may lead to stays; {stage!r} of {name!r} points, or can be rolled back, "
                    f"to version {version.number}."
                )
            tables.remove(version)

    def gc(self) -> Swept:
        """Remove the files that no version has: of removed versions, and of pushes that were interrupted."""
        with self._index.changing() as tables:  # so that nobody pushes meanwhile
            return self._objects.sweep(tables.wanted())

    def __repr__(self) -> str:
        return f"Registry({str(self.path)!r}, {len(self.names())} models)"

    def _repr_html_(self) -> str:
        with self._index.reading() as tables:
            rows = {name: _line(tables, name) for name in tables.models()}
        return facts(f"Registry {self.path}", rows or {"models": "none yet"})


def _check_own(path: Path) -> None:
    """Refuse a folder that holds something else than a registry, or what is none."""
    if not path.exists() or (path / _INDEX).exists():
        return
    if not path.is_dir():
        raise BadValue(f"a registry needs a folder; {str(path)!r} is none.")
    if others := sorted({entry.name for entry in path.iterdir()} - {"registry.lock"}):
        raise BadValue(f"a registry needs a folder of its own; {str(path)!r} holds {others[0]!r}.")


def _line(tables: Tables, name: str) -> str:
    newest = tables.newest(name)
    stages = ", ".join(f"{stage} {number}" for stage, number in tables.stages(name).items())
    return "; ".join(part for part in (f"newest {newest.number}" if newest else "no version", stages) if part)
