"""What is different between two versions of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fnlab.display import facts
from fnlab.serve.manifest import MANIFEST
from fnlab.serve.registry.nouns import ModelVersion

#: Keys of a manifest that say how the model is to be called and what it answers.
_SIGNATURE = frozenset(
    {"format", "n_features", "dtype", "input", "output", "takes", "predicts", "classes", "scores"},
)
#: Keys that follow from the files.
_HASHES = frozenset({"files", "artefact_sha256"})

#: A value before and after; None where there was, or is, none.
Change = tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Diff:
    """Two versions, and what is different between them; false when nothing is.

    Each mapping holds only what has changed: by name, the value before and after, None where there is none.

    Attributes
    ----------
    old, new : ModelVersion
        The versions.
    files : Mapping of str to (int, int)
        Bytes of each file whose content has changed, by its path. The manifest is left out: what it says is in the
        others.
    metrics : Mapping of str to (float, float)
        How good the models are.
    signature : Mapping of str to (object, object)
        How they are called and what they answer.
    origin : Mapping of str to (object, object)
        What they were made with and from: framework, versions, data, licence.
    params : Mapping of str to (object, object)
        Settings of the estimators.
    """

    old: ModelVersion
    new: ModelVersion
    files: Mapping[str, Change]
    metrics: Mapping[str, Change]
    signature: Mapping[str, Change]
    origin: Mapping[str, Change]
    params: Mapping[str, Change]

    @property
    def size_bytes(self) -> int:
        """How many bytes the new version has more; negative when it is smaller."""
        return self.new.size_bytes - self.old.size_bytes

    def __bool__(self) -> bool:
        return any((self.files, self.metrics, self.signature, self.origin, self.params))

    def __repr__(self) -> str:
        parts = [f"{len(self.files)} {'file' if len(self.files) == 1 else 'files'}, {self.size_bytes:+,} bytes"]
        for changes in (self.metrics, self.signature, self.origin, self.params):
            parts += [f"{name} {_shown(*change)}" for name, change in changes.items()]
        return f"Diff({_pair(self)}: {'; '.join(parts) if self else 'the same'})"

    def _repr_html_(self) -> str:
        rows = {"size": f"{_text(self.old.size_bytes)} → {_text(self.new.size_bytes)} bytes ({self.size_bytes:+,})"}
        for kind in ("files", "metrics", "signature", "origin", "params"):
            changes: Mapping[str, Change] = getattr(self, kind)
            for name, change in changes.items():
                rows[f"{kind}: {name}"] = _shown(*change)
        return facts(f"{_pair(self)}", rows if self else {"all": "the same"})


def diff(old: ModelVersion, new: ModelVersion) -> Diff:
    """Compare two versions, of one model or of two."""
    before, after = ({file.path: file for file in version.files} for version in (old, new))
    changed = [
        path
        for path in sorted({*before, *after} - {MANIFEST})
        if path not in before or path not in after or before[path].sha256 != after[path].sha256
    ]
    sizes = {
        path: tuple(side[path].size_bytes if path in side else None for side in (before, after)) for path in changed
    }
    rest = ({*old.manifest, *new.manifest} - _HASHES) - _SIGNATURE - {"metrics"}
    return Diff(
        old=old,
        new=new,
        files={path: (bytes_before, bytes_after) for path, (bytes_before, bytes_after) in sizes.items()},
        metrics=_changes(old.metrics, new.metrics),
        signature=_changes(_part(old, _SIGNATURE), _part(new, _SIGNATURE)),
        origin=_changes(_part(old, rest), _part(new, rest)),
        params=_changes(old.params, new.params),
    )


def _part(version: ModelVersion, keys: frozenset[str] | set[str]) -> dict[str, Any]:
    return {key: value for key, value in version.manifest.items() if key in keys}


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Change]:
    """Compare two mappings; a mapping inside is compared by its own keys."""
    found: dict[str, Change] = {}
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            found |= {f"{key}.{name}": change for name, change in _changes(before, after).items()}
        elif before != after or (key in old) != (key in new):
            found[key] = (before, after)
    return found


def _pair(found: Diff) -> str:
    old, new = found.old, found.new
    if old.name == new.name:
        return f"{old.name!r} {old.number} → {new.number}"
    return f"{old.name!r} {old.number} → {new.name!r} {new.number}"


def _shown(before: Any, after: Any) -> str:
    return f"{_text(before)} → {_text(after)}"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
