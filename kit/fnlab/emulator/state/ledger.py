"""Writes what the catalog knows into the store, and reads it back when an emulator starts again."""

from dataclasses import asdict
from typing import Any

from fnlab.emulator.home import Home
from fnlab.emulator.state import codec
from fnlab.emulator.state.records import Entry, LayerVersion, Named, Version
from fnlab.emulator.state.store import Store

_ENTRY, _VERSION, _LAYER, _COUNTER = "function", "version", "layer", "layer counter"


class Ledger:
    """The catalog's way to the store and to the files of packages.

    Parameters
    ----------
    store, home : Store, Home
        Where records and where files are.
    """

    def __init__(self, store: Store, home: Home) -> None:
        self._store, self._home = store, home
        self._written: dict[tuple[str, int], str] = {}  # the revision of each version as it is in the store

    def read(self) -> tuple[dict[str, Entry], dict[tuple[str, int], LayerVersion]]:
        """Read everything."""
        entries = {record.function: self._entry(record.function, record.body) for record in self._store.all(_ENTRY)}
        layers = {
            (record.function, int(record.key)): LayerVersion(
                **{**record.body, "package": self._home.package(record.body["package"])}
            )
            for record in self._store.all(_LAYER)
        }
        return entries, layers

    def write(self, entry: Entry) -> None:
        """Write a function with all that belongs to it; versions that have not changed stay as they are."""
        with self._store.transaction():
            current = {version.number: version for version in (entry.draft, *entry.versions.values())}
            for number, version in current.items():
                if self._written.get((entry.name, number)) != version.revision:
                    self._write_version(entry.name, version)
            for name, number in [key for key in self._written if key[0] == entry.name and key[1] not in current]:
                self._store.remove(_VERSION, name, str(number))
                del self._written[name, number]
            self._store.put(_ENTRY, entry.name, "", _settings(entry))

    def forget(self, name: str) -> None:
        """Remove a function with all that belongs to it."""
        with self._store.transaction():
            self._store.remove(_ENTRY, name)
            self._store.remove(_VERSION, name)
        for key in [key for key in self._written if key[0] == name]:
            del self._written[key]

    def next_layer(self, name: str) -> int:
        """Give the next number of a layer; none is given twice."""
        before = self._store.get(_COUNTER, name, "")
        return 1 + (before["published"] if before else 0)

    def write_layer(self, layer: LayerVersion) -> None:
        """Write a layer's version and its files."""
        self._home.unpack(layer.package)
        plain = {name: getattr(layer, name) for name in LayerVersion.__dataclass_fields__}
        with self._store.transaction():
            self._store.put(_COUNTER, layer.name, "", {"published": layer.number})
            self._store.put(_LAYER, layer.name, str(layer.number), plain | {"package": layer.package.sha256})

    def forget_layer(self, name: str, number: int) -> None:
        """Remove a layer's version; its files stay, for functions may use them."""
        self._store.remove(_LAYER, name, str(number))

    def _write_version(self, name: str, version: Version) -> None:
        for package in (version.function.package, *version.function.layers):
            self._home.unpack(package)
        plain = {field: getattr(version, field) for field in Version.__dataclass_fields__}
        body = plain | {"function": codec.function_to_json(version.function), "notes": dict(version.notes)}
        self._store.put(_VERSION, name, str(version.number), body)
        self._written[name, version.number] = version.revision

    def _entry(self, name: str, settings: dict[str, Any]) -> Entry:
        numbered = {int(record.key): self._version(record.body) for record in self._store.all(_VERSION, name)}
        for number, version in numbered.items():
            self._written[name, number] = version.revision
        return Entry(
            name=name,
            draft=numbered.pop(0),
            versions=dict(sorted(numbered.items())),
            aliases={
                key: Named(**{**content, "alias": codec.alias_from_json(content["alias"])})
                for key, content in settings["aliases"].items()
            },
            policies={key: codec.policy_from_json(content) for key, content in settings["policies"].items()},
            **{field: settings[field] for field in _PLAIN},
        )

    def _version(self, body: dict[str, Any]) -> Version:
        return Version(**{**body, "function": codec.function_from_json(body["function"], self._home.package)})


#: What of an entry is JSON as it is.
_PLAIN = ("created_s", "tags", "reserved", "provisioned", "urls", "notes", "published")


def _settings(entry: Entry) -> dict[str, Any]:
    aliases = {
        key: {
            "alias": codec.alias_to_json(named.alias),
            "revision": named.revision,
            "previous": named.previous,
        }
        for key, named in entry.aliases.items()
    }
    policies = {key: asdict(policy) for key, policy in entry.policies.items()}
    return {field: getattr(entry, field) for field in _PLAIN} | {"aliases": aliases, "policies": policies}
