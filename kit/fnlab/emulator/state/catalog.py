"""Functions, versions, aliases and settings: the state that all doors share. Nothing runs here."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fnlab.emulator.home import Home
from fnlab.emulator.state.ledger import Ledger
from fnlab.emulator.state.records import DRAFT_NAMES, Entry, LayerVersion, Named, Version, new_revision
from fnlab.emulator.state.store import Store
from fnlab.errors import (
    AliasNotFound,
    AlreadyExists,
    BadValue,
    FunctionNotFound,
    LayerNotFound,
    RevisionMismatch,
    SettingNotFound,
    StillNeeded,
    VersionNotFound,
)
from fnlab.functions import DRAFT, Alias, AsyncPolicy, Function, Limits, Package


class Catalog:
    """What is deployed, kept in the store: a change is there for good when the method returns.

    Parameters
    ----------
    store : Store
        Where it is kept.
    home : Home
        Where the packages' files are.
    on_change : callable
        Hears the name of a function after each change to it.
    """

    def __init__(self, store: Store, home: Home, *, on_change: Callable[[str], None]) -> None:
        self._ledger = Ledger(store, home)
        self._on_change = on_change
        self._entries, self._layers = self._ledger.read()

    # Functions.

    def __iter__(self) -> Iterator[Entry]:
        """Go through the functions, by name."""
        return iter([self._entries[name] for name in sorted(self._entries)])

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a function of this name."""
        return name in self._entries

    def __getitem__(self, name: str) -> Entry:
        """Find a function.

        Raises
        ------
        FunctionNotFound
            If there is none of this name; the message names those that are.
        """
        if name not in self._entries:
            known = ", ".join(sorted(self._entries)) or "none yet"
            raise FunctionNotFound(f"only a deployed function can be found; deployed: {known}; got {name!r}.")
        return self._entries[name]

    def get(self, name: str) -> Entry | None:
        """Find a function, or say that there is none."""
        return self._entries.get(name)

    def create(
        self,
        function: Function,
        *,
        description: str = "",
        notes: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Entry:
        """Take a new function in, as a draft.

        Raises
        ------
        AlreadyExists
            If the name is taken.
        """
        if function.name in self._entries:
            raise AlreadyExists(f"a function's name must be free; {function.name!r} is taken.")
        now_s = time.time()
        draft = Version(
            number=DRAFT, function=function, modified_s=now_s, description=description, notes=dict(notes or {})
        )
        entry = Entry(name=function.name, draft=draft, created_s=now_s, tags=dict(tags or {}))
        self._entries[function.name] = entry
        return self._keep(entry)

    def update(
        self,
        name: str,
        function: Function,
        *,
        description: str | None = None,
        notes: Mapping[str, Any] | None = None,
        revision: str | None = None,
    ) -> Entry:
        """Put another function in place of the draft; what is not given stays.

        Raises
        ------
        FunctionNotFound, RevisionMismatch
            If there is none, or `revision` is given and is not the draft's.
        """
        entry = self[name]
        _check_revision(f"the draft of {name!r}", entry.draft.revision, revision)
        entry.draft = replace(
            entry.draft,
            function=function,
            modified_s=time.time(),
            revision=new_revision(),
            description=entry.draft.description if description is None else description,
            notes=entry.draft.notes if notes is None else dict(notes),
        )
        return self._keep(entry)

    def delete(self, name: str, qualifier: str | None = None) -> None:
        """Forget a function, or one published version of it.

        Raises
        ------
        FunctionNotFound, VersionNotFound
            If there is no such thing.
        StillNeeded
            If an alias leads to the version.
        """
        entry = self[name]
        if qualifier is None:
            del self._entries[name]
            self._ledger.forget(name)
            self._on_change(name)
            return
        if qualifier in DRAFT_NAMES:
            raise BadValue(f"a draft cannot be deleted without its function; got {name!r}, {qualifier!r}.")
        number = self.version(name, qualifier).number
        needed = [
            alias
            for alias, named in entry.aliases.items()
            if number == named.alias.version or number in named.alias.weights
        ]
        if needed:
            raise StillNeeded(
                f"a version must have no alias to be deleted; version {number} of {name!r} has {', '.join(needed)}."
            )
        del entry.versions[number]
        _drop_settings(entry, str(number))
        self._keep(entry)

    def tag(self, name: str, tags: Mapping[str, str], *, drop: tuple[str, ...] = ()) -> None:
        """Add tags to a function, and take others away."""
        for key, value in tags.items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise BadValue(f"a tag must be text; got {key!r}: {value!r}.")
        entry = self[name]
        entry.tags = {key: value for key, value in entry.tags.items() if key not in drop} | dict(tags)
        self._keep(entry)

    # Versions and aliases.

    def publish(self, name: str, *, description: str | None = None, revision: str | None = None) -> Version:
        """Make the draft a version; if nothing has changed since the last one, that is the answer.

        Raises
        ------
        FunctionNotFound, RevisionMismatch
            If there is none, or `revision` is given and is not the draft's.
        """
        entry = self[name]
        draft = entry.draft
        _check_revision(f"the draft of {name!r}", draft.revision, revision)
        last = entry.versions.get(entry.published)
        if last is not None and (last.function, last.notes) == (draft.function, draft.notes):
            return last
        entry.published += 1
        version = replace(
            draft,
            number=entry.published,
            modified_s=time.time(),
            revision=new_revision(),
            description=draft.description if description is None else description,
        )
        entry.versions[version.number] = version
        self._keep(entry)
        return version

    def version(self, name: str, qualifier: str | None = None, *, point: float = 1.0) -> Version:
        """Find what a qualifier leads to: nothing or ``$LATEST``, a number, or an alias.

        Parameters
        ----------
        point : float
            For an alias with weights: a number from 0 to 1 that picks among the versions; at 1 the alias's main one.

        Raises
        ------
        FunctionNotFound, VersionNotFound, AliasNotFound
            If there is no such thing.
        """
        entry = self[name]
        if qualifier is None or qualifier in DRAFT_NAMES:
            return entry.draft
        if not qualifier.isdigit():
            return self._numbered(entry, self.alias(name, qualifier).alias.pick(point))
        return self._numbered(entry, int(qualifier))

    def alias(self, name: str, alias: str) -> Named:
        """Find an alias."""
        entry = self[name]
        if alias not in entry.aliases:
            known = ", ".join(entry.aliases) or "none"
            raise AliasNotFound(f"an alias must exist to be used; {name!r} has {known}; got {alias!r}.")
        return entry.aliases[alias]

    def add_alias(self, name: str, alias: Alias) -> Named:
        """Take a new alias in."""
        entry = self[name]
        if alias.name in entry.aliases:
            raise AlreadyExists(f"an alias's name must be free; {alias.name!r} of {name!r} is taken.")
        return self._set_alias(entry, alias)

    def change_alias(self, name: str, alias: Alias, *, revision: str | None = None) -> Named:
        """Let an alias lead elsewhere: to roll forward, to roll back, or to try a version with a few requests."""
        before = self.alias(name, alias.name)
        _check_revision(f"the alias {alias.name!r} of {name!r}", before.revision, revision)
        moved = alias.version != before.alias.version
        return self._set_alias(self[name], alias, previous=before.alias.version if moved else before.previous)

    def rollback(self, name: str, alias: str) -> Named:
        """Undo: a canary gets no more requests; without one, the alias leads where it led before.

        A rollback is a change like any other, so the next one leads forward again.

        Raises
        ------
        VersionNotFound
            If the alias has led to one version only, or that version is gone.
        """
        named = self.alias(name, alias)
        if any(named.alias.weights.values()):
            return self.change_alias(name, replace(named.alias, weights={}))
        if named.previous is None:
            raise VersionNotFound(
                f"an alias goes back to where it led before; {alias!r} of {name!r} has led to version "
                f"{named.alias.version or '$LATEST'} only."
            )
        return self.change_alias(name, replace(named.alias, version=named.previous, weights={}))

    def drop_alias(self, name: str, alias: str) -> None:
        """Forget an alias; one that is not there is as good as forgotten."""
        entry = self[name]
        if entry.aliases.pop(alias, None) is not None:
            _drop_settings(entry, alias)
            self._keep(entry)

    # Settings.

    def reserve(self, name: str, requests: int | None) -> None:
        """Keep this many requests at once for a function, and allow it no more; None gives them back."""
        if requests is not None and (not isinstance(requests, int) or isinstance(requests, bool) or requests < 0):
            raise BadValue(f"reserved concurrency must be a whole number of at least 0; got {requests!r}.")
        entry = self[name]
        entry.reserved = requests
        self._keep(entry)

    def provision(self, name: str, qualifier: str, instances: int) -> None:
        """Keep this many instances ready for a version or an alias; 0 for none."""
        if not isinstance(instances, int) or isinstance(instances, bool) or instances < 0:
            raise BadValue(f"provisioned instances must be a whole number of at least 0; got {instances!r}.")
        entry = self[name]
        self.version(name, qualifier)
        entry.provisioned.pop(qualifier, None)
        if instances:
            entry.provisioned[qualifier] = instances
        self._keep(entry)

    def set_policy(self, name: str, qualifier: str, policy: AsyncPolicy | None) -> None:
        """Say what becomes of asynchronous events; None for the defaults."""
        self._set(name, qualifier, "policies", policy)

    def policy(self, name: str, qualifier: str | None = None) -> AsyncPolicy:
        """Say what becomes of asynchronous events that come in by this qualifier."""
        entry = self[name]
        usual = AsyncPolicy(max_retries=Limits.of(entry.draft.function.limits).async_retries)
        return entry.policies.get(qualifier or "$LATEST", usual)

    def set_url(self, name: str, qualifier: str, settings: Mapping[str, Any] | None) -> None:
        """Give the function a URL, or take it away."""
        self._set(name, qualifier, "urls", dict(settings) if settings is not None else None)

    def note(self, name: str, key: str, content: Any) -> None:
        """Keep something, made of what JSON knows, for the callers of a door; None to forget it."""
        entry = self[name]
        entry.notes.pop(key, None)
        if content is not None:
            entry.notes[key] = content
        self._keep(entry)

    def _set(self, name: str, qualifier: str, what: str, value: Any) -> None:
        entry = self[name]
        self.version(name, qualifier)
        settings: dict[str, Any] = getattr(entry, what)
        if value is None:
            if settings.pop(qualifier, None) is None:
                raise SettingNotFound(f"only what was set can be taken away; {name!r}, {qualifier!r} has no {what}.")
        else:
            settings[qualifier] = value
        self._keep(entry)

    # Layers.

    @property
    def layers(self) -> list[LayerVersion]:
        """All versions of all layers, oldest first."""
        return list(self._layers.values())

    def add_layer(
        self, name: str, package: Package, *, description: str = "", notes: Mapping[str, Any] | None = None
    ) -> LayerVersion:
        """Publish the next version of a layer."""
        number = self._ledger.next_layer(name)
        layer = LayerVersion(
            name=name,
            number=number,
            package=package,
            created_s=time.time(),
            description=description,
            notes=dict(notes or {}),
        )
        self._layers[name, number] = layer
        self._ledger.write_layer(layer)
        return layer

    def layer(self, name: str, number: int) -> LayerVersion:
        """Find a layer's version."""
        if (name, number) not in self._layers:
            raise LayerNotFound(f"a layer must exist to be used; there is no version {number} of {name!r}.")
        return self._layers[name, number]

    def drop_layer(self, name: str, number: int) -> None:
        """Forget a layer's version; functions that use it keep its files."""
        if self._layers.pop((name, number), None) is not None:
            self._ledger.forget_layer(name, number)

    def _set_alias(self, entry: Entry, alias: Alias, *, previous: int | None = None) -> Named:
        for number in (alias.version, *alias.weights):
            self._numbered(entry, number)
        named = entry.aliases[alias.name] = Named(alias=alias, previous=previous)
        self._keep(entry)
        return named

    def _numbered(self, entry: Entry, number: int) -> Version:
        if number == DRAFT:
            return entry.draft
        if number not in entry.versions:
            known = ", ".join(map(str, entry.versions)) or "none"
            raise VersionNotFound(f"a version must be published; {entry.name!r} has {known}; got {number}.")
        return entry.versions[number]

    def _keep(self, entry: Entry) -> Entry:
        self._ledger.write(entry)
        self._on_change(entry.name)
        return entry


def _drop_settings(entry: Entry, qualifier: str) -> None:
    """Forget what was set for a qualifier that is no more."""
    for settings in (entry.provisioned, entry.policies, entry.urls):
        settings.pop(qualifier, None)


def _check_revision(what: str, found: str, expected: str | None) -> None:
    if expected is not None and expected != found:
        raise RevisionMismatch(f"{what} must still be at the revision that the caller knows; it is at {found}.")
