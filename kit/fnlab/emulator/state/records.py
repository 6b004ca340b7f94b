"""What the platform knows of a function: its draft, versions, aliases and settings."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fnlab.functions import DRAFT, Alias, AsyncPolicy, Function, Package, Scaler

#: How the draft is called from outside: by AWS, by Alibaba.
DRAFT_NAMES = frozenset({"$LATEST", "LATEST"})


def new_revision() -> str:
    """Name a state, so that a change can be made conditional on it."""
    return str(uuid.uuid4())


@dataclass(frozen=True, kw_only=True)
class Version:
    """A function as it was at one moment.

    Attributes
    ----------
    number : int
        :data:`~fnlab.functions.DRAFT` for what may still change; 1, 2, … for what has been published and never will.
    function : Function
        What runs.
    revision : str
        Another one after each change.
    modified_s : float
        When it was made or changed; seconds since 1970.
    description : str
        For people.
    notes : Mapping
        What a door was told and the platform has no use for; given back as it came.
    """

    number: int
    function: Function
    modified_s: float
    revision: str = field(default_factory=new_revision)
    description: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_draft(self) -> bool:
        """Whether it may still change."""
        return self.number == DRAFT


@dataclass(frozen=True, kw_only=True)
class Named:
    """An alias as it is now, and the way back.

    Attributes
    ----------
    alias : Alias
        What it is.
    revision : str
        Another one after each change.
    previous : int or None
        The version it led to before it led to this one; None while it has led to one only.
    """

    alias: Alias
    previous: int | None = None
    revision: str = field(default_factory=new_revision)


@dataclass(frozen=True, kw_only=True)
class LayerVersion:
    """Files that functions share, under a name and a number."""

    name: str
    number: int
    package: Package
    created_s: float
    description: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Entry:
    """All that is known of one function. Changed by the platform only; doors read.

    Attributes
    ----------
    draft : Version
        What was deployed last.
    versions : dict of int to Version
        What was published, oldest first.
    aliases : dict of str to Named
        By name.
    tags : dict
        Free text by key.
    reserved : int or None
        Most requests at once, over all versions; that many are also kept free for it. None: whatever is left.
    provisioned : dict of str to int
        Instances kept ready, by version number or alias name.
    policies : dict of str to AsyncPolicy
        For asynchronous events, by qualifier; ``"$LATEST"`` is the draft's.
    urls : dict of str to Mapping
        Settings of the function's URLs, by qualifier.
    notes : dict
        What doors keep for their callers, beside all versions.
    """

    name: str
    draft: Version
    created_s: float
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, Named] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    reserved: int | None = None
    provisioned: dict[str, int] = field(default_factory=dict)
    policies: dict[str, AsyncPolicy] = field(default_factory=dict)
    urls: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    published: int = 0  # the highest number ever given; a number is never given twice

    @property
    def latest(self) -> Version:
        """The newest published version; the draft if there is none."""
        return self.versions[max(self.versions)] if self.versions else self.draft

    @property
    def wanted(self) -> set[int]:
        """Versions that somebody is led to: by an alias, or because instances are promised."""
        aliases = [named.alias for named in self.aliases.values()]
        led_to = {number for alias in aliases for number in (alias.version, *alias.weights)}
        return led_to | {self._number(qualifier) for qualifier in self.provisioned}

    def provisioned_of(self, number: int) -> int:
        """Count the provisioned instances of a version, by its number or by aliases that lead to it."""
        return sum(amount for qualifier, amount in self.provisioned.items() if self._number(qualifier) == number)

    def promised_of(self, number: int) -> int:
        """Count the instances that a version must keep ready: its own, and those of aliases that lead to it.

        Its own are kept as long as anybody is led to it: by an alias, or because it is the newest.
        """
        own = self._of(number).function.scaling.min_instances if self.is_current(number) else 0
        return max(own, self.provisioned_of(number))

    def rules_of(self, number: int) -> tuple[Scaler, ...]:
        """Give the rules by which a version promises instances; none once nobody is led to it."""
        return self._of(number).function.scaling.rules if self.is_current(number) else ()

    def is_current(self, number: int) -> bool:
        """Whether anybody is led to a version."""
        return number == self.latest.number or number in self.wanted

    def _of(self, number: int) -> Version:
        return self.versions.get(number, self.draft)

    def _number(self, qualifier: str) -> int:
        if qualifier in DRAFT_NAMES:
            return DRAFT
        return int(qualifier) if qualifier.isdigit() else self.aliases[qualifier].alias.version
