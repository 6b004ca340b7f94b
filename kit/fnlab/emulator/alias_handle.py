"""A name that callers keep, while the version behind it changes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from fnlab.display import facts
from fnlab.emulator.state.records import Named
from fnlab.emulator.target import Target
from fnlab.functions import DRAFT, Alias, Function

if TYPE_CHECKING:
    from fnlab.emulator.emulator import Emulator


class AliasHandle(Target):
    """An alias of a function, to call and to point elsewhere. Nobody who calls it notices more than other answers.

    Examples
    --------
    ``live = fn.alias("live", weights={3: 0.1})`` lets one request in ten try version 3; ``live.point_to(3)`` lets all
    of them; ``live.rollback()`` goes back.
    """

    def __init__(self, name: str, alias: str, *, emulator: "Emulator") -> None:
        super().__init__(name, alias, emulator=emulator)

    @property
    def alias(self) -> Alias:
        """Where it leads now."""
        return self._named.alias

    @property
    def version(self) -> int:
        """The version that it leads to; weights may send a share of the requests elsewhere."""
        return self.alias.version

    @property
    def weights(self) -> dict[int, float]:
        """Other versions and the share of requests that they get."""
        return dict(self.alias.weights)

    @property
    def previous(self) -> int | None:
        """The version that it led to before, for :meth:`rollback`; None while it has led to one only."""
        return self._named.previous

    @property
    def function(self) -> Function:
        """What it leads to now."""
        return self.emulator.run_here(
            lambda: self.emulator.platform.catalog.version(self.name, self.qualifier).function
        )

    def point_to(self, version: int, *, weights: Mapping[int, float] | None = None) -> None:
        """Let it lead to another version, and some requests to others still.

        Parameters
        ----------
        weights : Mapping of int to float, optional
            Other versions and the share of requests that they get. By default none.

        Raises
        ------
        VersionNotFound, BadValue
            If a version is not published, or the shares break a rule.
        """

        def move() -> None:
            catalog = self.emulator.platform.catalog
            before = catalog.alias(self.name, self.qualifier).alias
            catalog.change_alias(self.name, replace(before, version=version, weights=weights or {}))

        self.emulator.run_here(move)

    def rollback(self) -> int:
        """Undo: a canary gets no more requests; without one, the alias leads where it led before.

        Returns
        -------
        int
            The version that it leads to from now on.

        Raises
        ------
        VersionNotFound
            If it has led to one version only.
        """
        return self.emulator.run_here(
            lambda: self.emulator.platform.catalog.rollback(self.name, self.qualifier).alias.version
        )

    def drop(self) -> None:
        """Take the alias away; the versions stay."""
        self.emulator.run_here(lambda: self.emulator.platform.catalog.drop_alias(self.name, self.qualifier))

    @property
    def _named(self) -> Named:
        return self.emulator.run_here(lambda: self.emulator.platform.catalog.alias(self.name, self.qualifier))

    def __repr__(self) -> str:
        alias = self.alias
        shares = "".join(f", {share:.0%} to {_said(version)}" for version, share in alias.weights.items())
        return f"AliasHandle({self.name!r}, {self.qualifier!r}, version {_said(alias.version)}{shares})"

    def _repr_html_(self) -> str:
        named = self._named
        main = 1 - sum(named.alias.weights.values())
        rows = {f"version {_said(named.alias.version)}": f"{main:.0%} of requests"}
        rows |= {f"version {_said(version)}": f"{share:.0%}" for version, share in named.alias.weights.items()}
        if named.previous is not None:
            rows["before"] = f"version {_said(named.previous)}"
        return facts(f"Alias {self.qualifier} of {self.name}", rows)


def set_alias(
    emulator: "Emulator", name: str, alias: str, *, version: int, weights: Mapping[int, float] | None
) -> AliasHandle:
    """Give the handle of an alias: as it is, with other weights, or, when there is none, a new one to a version."""

    def put() -> None:
        catalog = emulator.platform.catalog
        if alias not in catalog[name].aliases:
            catalog.add_alias(name, Alias(name=alias, version=version, weights=weights or {}))
        elif weights is not None:
            catalog.change_alias(name, replace(catalog.alias(name, alias).alias, weights=weights))

    emulator.run_here(put)
    return AliasHandle(name, alias, emulator=emulator)


def _said(version: int) -> str:
    return "$LATEST" if version == DRAFT else str(version)
