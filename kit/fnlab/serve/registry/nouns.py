"""What a registry tells of: versions of models, moves of stages, the state of its files. All of them are frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fnlab.display import facts


@dataclass(frozen=True)
class StoredFile:
    """One file of a model's package: its path in there, the hash of its content, its size in bytes."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A model as it was pushed. It never changes, but for its note and its tags.

    Attributes
    ----------
    name, number : str, int
        Which model, and which version of it: 1, 2, … in the order in which they came.
    sha256 : str
        Hash of all its files.
    files : tuple of StoredFile
        In the order of their paths.
    manifest : Mapping
        What ``manifest.json`` says.
    params : Mapping
        Settings of the estimator, as far as JSON holds them; the others as text.
    parent : tuple of (str, int) or None
        The version it was made from: its model and number.
    created_s : float
        When it was pushed; seconds since 1970.
    note : str
        For people.
    tags : Mapping of str to str
        For programs.
    settings : Mapping
        How it is served, unless one says otherwise: handler, memory, timeout, limits, payload.
    """

    name: str
    number: int
    sha256: str
    files: tuple[StoredFile, ...]
    manifest: Mapping[str, Any] = field(repr=False, hash=False)
    params: Mapping[str, Any] = field(repr=False, hash=False)
    parent: tuple[str, int] | None
    created_s: float
    note: str
    tags: Mapping[str, str] = field(hash=False)
    settings: Mapping[str, Any] = field(repr=False, hash=False)

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def framework(self) -> str:
        """What the model was made with; empty where the manifest does not say."""
        return str(self.manifest.get("framework", ""))

    @property
    def versions(self) -> Mapping[str, str]:
        """The packages that made it, each with its version, as far as the manifest says."""
        told = self.manifest.get("versions")
        found = {str(name): str(version) for name, version in told.items()} if isinstance(told, dict) else {}
        python = self.manifest.get("python_version")
        return found | ({"python": str(python)} if python else {})

    @property
    def metrics(self) -> Mapping[str, float]:
        """How good it is on held-out rows, as far as the manifest says."""
        told = self.manifest.get("metrics")
        if not isinstance(told, dict):
            return {}
        return {str(name): value for name, value in told.items() if isinstance(value, int | float)}

    @property
    def dataset_name(self) -> str:
        """The data that it learned from; empty where the manifest does not say."""
        return str(self.manifest.get("dataset_name", ""))

    @property
    def dataset_sha256(self) -> str:
        """Hash of that data; empty where the manifest does not say."""
        return str(self.manifest.get("dataset_sha256", ""))

    def __repr__(self) -> str:
        said = [self.framework, *(f"{name} {value:.4g}" for name, value in self.metrics.items())]
        told = ", ".join(part for part in (*said, f"{self.size_bytes:,} bytes") if part)
        return f"ModelVersion({self.name!r}, {self.number}, {told})"

    def _repr_html_(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        rows = {
            "made with": f"{self.framework} ({versions})" if versions else self.framework,
            "learned from": f"{self.dataset_name} {self.dataset_sha256[:12]}",
            "metrics": ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items()),
            "files": ", ".join(f"{file.path} ({file.size_bytes:,} bytes)" for file in self.files),
            "parent": f"{self.parent[0]} {self.parent[1]}" if self.parent else "",
            "pushed": when(self.created_s),
            "note": self.note,
            "tags": ", ".join(f"{key}={value}" for key, value in self.tags.items()),
            "sha256": self.sha256[:12],
        }
        return facts(f"{self.name}, version {self.number}", {key: text for key, text in rows.items() if text.strip()})


@dataclass(frozen=True)
class Move:
    """A stage began to point to a version.

    Attributes
    ----------
    name, stage : str
        Which stage of which model.
    number : int
        The version.
    at_s : float
        When; seconds since 1970.
    how : str
        ``"stage"``, or ``"rollback"`` when it went back there.
    """

    name: str
    stage: str
    number: int
    at_s: float
    how: str

    def __repr__(self) -> str:
        back = " back" if self.how == "rollback" else ""
        return f"Move({self.stage} of {self.name!r}{back} to version {self.number}, {when(self.at_s)})"


@dataclass(frozen=True)
class Damage:
    """A file of a version that is not what it was: which one, and what is wrong with it."""

    name: str
    number: int
    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} of {self.name!r} version {self.number} {self.problem}"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What reading everything again has shown; true when nothing is damaged.

    Attributes
    ----------
    objects, size_bytes : int
        How much was read.
    damaged : tuple of Damage
        Files that are not what they were, each once for every version that has it.
    """

    objects: int
    size_bytes: int
    damaged: tuple[Damage, ...]

    def __bool__(self) -> bool:
        return not self.damaged


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What was removed because no version needs it: how many files, and their bytes."""

    objects: int
    size_bytes: int


def when(at_s: float) -> str:
    """Write a moment as a date and a time of day, in UTC."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
