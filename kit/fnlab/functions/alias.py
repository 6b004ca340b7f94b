"""A name for a version, and how a share of its requests may go to another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fnlab.errors import BadValue

#: The version that is not a version yet: what was deployed last and has not been published.
DRAFT = 0

_NAME = re.compile(r"(?!\d+$)[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, kw_only=True)
class Alias:
    """A name that callers use, while the version behind it changes.

    Parameters
    ----------
    name : str
        Letters, digits, ``-`` and ``_``; not only digits, for those are versions.
    version : int
        Where requests go; :data:`DRAFT` for what is not published.
    weights : Mapping of int to float
        Other versions and the share of requests that they get, together less than 1: a canary.
    description : str
        For people.

    Examples
    --------
    >>> Alias(name="live", version=2, weights={3: 0.1})
    Alias(name='live', version=2, weights=mappingproxy({3: 0.1}), description='')
    """

    name: str
    version: int
    weights: Mapping[int, float] = field(default_factory=dict)
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadValue(
                f"an alias must be 1 to 128 letters, digits, - or _, and not only digits; got {self.name!r}."
            )
        object.__setattr__(self, "weights", MappingProxyType(dict(self.weights)))
        for version, share in self.weights.items():
            if not 0 <= share <= 1:
                raise BadValue(f"an alias's weights must be from 0 to 1; got {share!r} for version {version}.")
            if version == self.version:
                raise BadValue(f"an alias's weights name other versions than its own; got {version}.")
        if sum(self.weights.values()) > 1:
            raise BadValue(f"an alias's weights must not exceed 1 together; got {sum(self.weights.values()):g}.")

    def pick(self, point: float) -> int:
        """Choose a version for a point from 0 to 1, be it random or made from a key.

        Examples
        --------
        >>> canary = Alias(name="live", version=2, weights={3: 0.1})
        >>> canary.pick(0.05), canary.pick(0.5)
        (3, 2)
        """
        for version, share in sorted(self.weights.items()):
            if point < share:
                return version
            point -= share
        return self.version
