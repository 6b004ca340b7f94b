"""Price sheets: dated facts, read from ``sheets/*.toml``."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal, get_args

from fnlab.errors import BadValue

Status = Literal["confirmed", "secondary", "unconfirmed"]
Scheme = Literal["gb-seconds", "compute-units", "machine-hours"]


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A price that holds up to a quantity of the month; `up_to` is None for the last one."""

    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One value of a sheet, with where it comes from.

    Attributes
    ----------
    name : str
        As in the file.
    value : Decimal, bool or None
        The value; None when the fact is a list of `tiers`.
    tiers : tuple of Tier
        Prices by volume, cheapest volume last.
    per : Decimal
        For how many units the value is, 1 unless the vendor sells in lots.
    unit, source, as_of, note : str
        What the value means, where and when it was read.
    status : str
        ``"confirmed"``, ``"secondary"`` (no page of the vendor) or ``"unconfirmed"`` (one weak source, or none).
    """

    name: str
    value: Decimal | bool | None
    tiers: tuple[Tier, ...]
    per: Decimal
    unit: str
    source: str
    as_of: str
    status: Status
    note: str

    @property
    def number(self) -> Decimal:
        """The value of one unit."""
        if not isinstance(self.value, Decimal):
            raise BadValue(f"{self.name} must be a single number to be used as one; it is {self.value!r}.")
        return self.value / self.per


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A virtual machine on a sheet: its size, and its price an hour as a :class:`Fact`."""

    name: str
    vcpu: int
    memory_gib: int
    gpu: str
    price: Fact


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """A vendor's prices for one product in one region.

    Attributes
    ----------
    name, title : str
        How the sheet is called in code and in print.
    scheme : str
        How usage becomes money: ``"gb-seconds"``, ``"compute-units"`` or ``"machine-hours"``.
    currency, region : str
        ISO code of the currency; where the prices hold.
    limits : str
        Whose :class:`~fnlab.functions.Limits` go with it; empty for machines.
    facts : Mapping of str to Fact
        Prices and rules.
    machines : Mapping of str to Machine
        What can be rented; empty for functions.
    """

    name: str
    title: str
    scheme: Scheme
    currency: str
    region: str
    limits: str
    facts: Mapping[str, Fact]
    machines: Mapping[str, Machine]

    def __getitem__(self, fact: str) -> Fact:
        if fact not in self.facts:
            raise BadValue(f"the sheet {self.name!r} holds {', '.join(self.facts)}; got {fact!r}.")
        return self.facts[fact]

    def __contains__(self, fact: object) -> bool:
        return fact in self.facts

    def __repr__(self) -> str:
        return f"Sheet({self.name!r}, {self.currency}, {len(self.facts) + len(self.machines)} facts)"

    def _repr_html_(self) -> str:
        head = "<tr><th>fact</th><th>value</th><th>unit</th><th>as of</th><th>status</th></tr>"
        every = [*self.facts.values(), *(machine.price for machine in self.machines.values())]
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(fact.name)}</td><td>{_values(fact)}</td>"
            f"<td>{escape(fact.unit)}</td><td>{fact.as_of}</td><td>{marked(fact.status)}</td></tr>"
            for fact in every
        )
        return f"<table><caption>{escape(self.title)}, {escape(self.region)}</caption>{head}{rows}</table>"


def names(*schemes: Scheme) -> tuple[str, ...]:
    """Name the sheets there are, or those of the given schemes.

    Examples
    --------
    >>> names("machine-hours")
    ('vm-alibaba', 'vm-aws')
    """
    folder = files("fnlab.cost") / "sheets"
    every = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(name for name in every if not schemes or _read(name).scheme in schemes)


def sheet(name: str) -> Sheet:
    """Read a price sheet by name.

    Raises
    ------
    BadValue
        If there is no sheet of that name; the message lists those there are.
    """
    if name not in names():
        raise BadValue(f"a price sheet is one of {', '.join(names())}; got {name!r}.")
    return _read(name)


def worst(statuses: Iterable[Status]) -> Status:
    """Give the least certain of some statuses; nothing at all is confirmed."""
    order = get_args(Status)
    return max(statuses, key=order.index, default="confirmed")


def marked(status: Status) -> str:
    """Write a status as HTML, so that what is not confirmed is seen."""
    return {"confirmed": "confirmed", "secondary": "<em>secondary</em>"}.get(status, f"<mark>{status}</mark>")


@cache
def _read(name: str) -> Sheet:
    text = (files("fnlab.cost") / "sheets" / f"{name}.toml").read_text(encoding="utf-8")
    entries: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
    renting = entries.pop("machine", {})
    head = {key: entries.pop(key) for key in ("title", "scheme", "currency", "region")}
    return Sheet(
        name=name,
        limits=entries.pop("limits", ""),
        facts={key: _fact(key, entry) for key, entry in entries.items()},
        machines={key: _machine(key, entry) for key, entry in renting.items()},
        **head,
    )


def _fact(name: str, entry: Mapping[str, Any]) -> Fact:
    value = entry.get("value")
    return Fact(
        name=name,
        value=value if value is None or isinstance(value, bool) else Decimal(value),
        tiers=tuple(_tier(tier) for tier in entry.get("tiers", ())),
        per=Decimal(entry.get("per", 1)),
        unit=entry["unit"],
        source=entry["source"],
        as_of=entry["as_of"],
        status=entry["status"],
        note=entry.get("note", ""),
    )


def _tier(entry: Mapping[str, Any]) -> Tier:
    return Tier(up_to=Decimal(entry["up_to"]) if "up_to" in entry else None, price=Decimal(entry["price"]))


def _machine(name: str, entry: Mapping[str, Any]) -> Machine:
    return Machine(
        name=name,
        vcpu=entry["vcpu"],
        memory_gib=entry["memory_gib"],
        gpu=entry.get("gpu", ""),
        price=_fact(name, entry),
    )


def _values(fact: Fact) -> str:
    if fact.tiers:
        return "; ".join(f"{tier.price:f}" + (f" up to {tier.up_to:,}" if tier.up_to else "") for tier in fact.tiers)
    return f"{fact.value:f}" if isinstance(fact.value, Decimal) else str(fact.value).lower()
