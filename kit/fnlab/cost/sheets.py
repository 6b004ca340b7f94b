"""The nouns of a price sheet: dated facts, and which of them make which line of a bill."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import Literal, get_args

from fnlab.errors import BadValue

Status = Literal["confirmed", "secondary", "unconfirmed"]
Scheme = Literal["functions", "machine-hours"]


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A price that holds up to a quantity of the month; `up_to` is None for the last one."""

    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class Size:
    """vCPU on sale, from `least_vcpu` to `most_vcpu` in steps, and the memory that they may be bought with."""

    least_vcpu: Decimal
    most_vcpu: Decimal
    step: Decimal
    least_mib: int
    most_mib: int

    def fits(self, vcpu: Decimal, memory_mib: int) -> bool:
        """Say whether such an instance is on sale."""
        on_step = not (vcpu - self.least_vcpu) % self.step
        return on_step and self.least_vcpu <= vcpu <= self.most_vcpu and self.least_mib <= memory_mib <= self.most_mib


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One value of a sheet, with where it comes from.

    Attributes
    ----------
    name : str
        As in the file.
    value : Decimal, bool or None
        The value; None when the fact is a list.
    tiers : tuple of Tier
        Prices by volume, cheapest volume last.
    values, sizes : tuple of Decimal, tuple of Size
        What is on sale.
    per : Decimal
        For how many units the value is, 1 unless the vendor sells in lots.
    unit, source, as_of, note : str
        What the value means, where and when it was read.
    status : str
        ``"confirmed"``, ``"secondary"`` (no page of the vendor) or ``"unconfirmed"`` (one weak source, or none).
    """

    name: str
    value: Decimal | bool | None
    tiers: tuple[Tier, ...] = ()
    values: tuple[Decimal, ...] = ()
    sizes: tuple[Size, ...] = ()
    per: Decimal = Decimal(1)
    unit: str
    source: str
    as_of: str
    status: Status
    note: str = ""

    @property
    def number(self) -> Decimal:
        """The value of one unit."""
        if not isinstance(self.value, Decimal):
            raise BadValue(f"{self.name} must be a single number to be used as one; it is {self.value!r}.")
        return self.value / self.per

    @property
    def prices(self) -> tuple[Tier, ...]:
        """The tiers; a single price is one tier without end."""
        return self.tiers or (Tier(up_to=None, price=self.number),)

    @property
    def cited(self) -> str:
        """The source and its date."""
        return f"{self.source} (as of {self.as_of})"


@dataclass(frozen=True, kw_only=True)
class Item:
    """How one line of a bill comes about: a quantity of the usage times a price.

    Attributes
    ----------
    item : str
        What the line is called.
    meter, unit : str
        The attribute of :class:`~fnlab.cost.Usage` that is billed, and its unit.
    price : str
        The fact that prices it. Lines of one price fill its tiers one after another. ``{gpu}`` stands for the
        chosen GPU.
    factor, factor_unit : str
        The fact that converts the quantity before it is priced, and into what.
    free : str
        The fact that says how much of it is free each month; lines that name the same one share it.
    rules : tuple of str
        Facts behind the quantity, whose doubts are the line's.
    only_if_used : bool
        Whether the line is left out when there is nothing of it.
    any_load : bool
        Whether it is the same at any load, such as what is paid for a version and not for its use.
    """

    item: str
    meter: str
    unit: str
    price: str
    factor: str = ""
    factor_unit: str = ""
    free: str = ""
    rules: tuple[str, ...] = ()
    only_if_used: bool = False
    any_load: bool = False


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
        What it prices: ``"functions"`` by usage, or ``"machine-hours"``.
    currency, region : str
        ISO code of the currency; where the prices hold.
    limits : str
        Whose :class:`~fnlab.functions.Limits` go with it; empty where the sheet itself says what is on sale.
    facts : Mapping of str to Fact
        Prices and rules.
    gpu_facts : Mapping of str to Fact
        What holds instead for an instance with a GPU.
    gpus : tuple of str
        The GPUs on sale.
    items : tuple of Item
        The lines of a bill; empty for machines.
    machines : Mapping of str to Machine
        What can be rented; empty for functions.
    notes : tuple of str
        What every bill of this sheet assumes.
    """

    name: str
    title: str
    scheme: Scheme
    currency: str
    region: str
    limits: str = ""
    facts: Mapping[str, Fact]
    gpu_facts: Mapping[str, Fact]
    gpus: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    machines: Mapping[str, Machine]
    notes: tuple[str, ...] = ()

    def __getitem__(self, fact: str) -> Fact:
        if fact not in self.facts:
            raise BadValue(f"the sheet {self.name!r} holds {', '.join(self.facts)}; got {fact!r}.")
        return self.facts[fact]

    def __contains__(self, fact: object) -> bool:
        return fact in self.facts

    @cached_property
    def every_fact(self) -> tuple[Fact, ...]:
        """Facts, those for a GPU, and the machines' prices."""
        return (*self.facts.values(), *self.gpu_facts.values(), *(each.price for each in self.machines.values()))

    @cached_property
    def meters(self) -> frozenset[str]:
        """What has to be metered for a bill."""
        return frozenset(item.meter for item in self.items)

    @cached_property
    def cores_apart(self) -> bool:
        """Whether vCPU is sold apart from memory."""
        return any("vcpu" in meter for meter in self.meters)

    @cached_property
    def with_gpu(self) -> "Sheet":
        """The same sheet for an instance with a GPU."""
        return replace(self, facts={**self.facts, **self.gpu_facts})

    def holds(self, rule: str) -> bool:
        """Say whether the sheet has a rule, and it is true."""
        return rule in self.facts and self.facts[rule].value is True

    def __repr__(self) -> str:
        return f"Sheet({self.name!r}, {self.currency}, {len(self.every_fact)} facts)"

    def _repr_html_(self) -> str:
        head = "<tr><th>fact</th><th>value</th><th>unit</th><th>as of</th><th>status</th></tr>"
        rows = "".join(
            f"<tr title='{escape(fact.source, quote=True)}'><td style='text-align:left'>{escape(fact.name)}</td>"
            f"<td>{_values(fact)}</td><td>{escape(fact.unit)}</td><td>{fact.as_of}</td><td>{marked(fact.status)}</td></tr>"
            for fact in self.every_fact
        )
        return f"<table><caption>{escape(self.title)}, {escape(self.region)}</caption>{head}{rows}</table>"


def worst(statuses: Iterable[Status]) -> Status:
    """Give the least certain of some statuses; nothing at all is confirmed."""
    order = get_args(Status)
    return max(statuses, key=order.index, default="confirmed")


def marked(status: Status) -> str:
    """Write a status as HTML, so that what is not confirmed is seen."""
    return {"confirmed": "confirmed", "secondary": "<em>secondary</em>"}.get(status, f"<mark>{status}</mark>")


def _values(fact: Fact) -> str:
    if fact.tiers:
        return "; ".join(f"{tier.price:f}" + (f" up to {tier.up_to:,}" if tier.up_to else "") for tier in fact.tiers)
    if fact.values or fact.sizes:
        sizes = [f"{each.least_vcpu:f} to {each.most_vcpu:f}" for each in fact.sizes]
        return ", ".join([*(f"{value:f}" for value in fact.values), *sizes])
    return f"{fact.value:f}" if isinstance(fact.value, Decimal) else str(fact.value).lower()
