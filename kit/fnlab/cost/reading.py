"""Reads price sheets from ``sheets/*.toml``."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from fnlab.cost.sheets import Fact, Item, Machine, Scheme, Sheet, Size, Tier
from fnlab.errors import BadValue


def names(*schemes: Scheme) -> tuple[str, ...]:
    """Name the sheets there are, or those of the given schemes.

    Examples
    --------
    >>> names("machine-hours")
    ('vm-alibaba', 'vm-aws', 'vm-azure', 'vm-gcp')
    """
    return tuple(name for name in _every() if not schemes or _sheet(name).scheme in schemes)


def sheet(name: str) -> Sheet:
    """Read a price sheet by name.

    Raises
    ------
    BadValue
        If there is no sheet of that name; the message lists those there are.
    """
    if name not in _every():
        raise BadValue(f"a price sheet is one of {', '.join(_every())}; got {name!r}.")
    return _sheet(name)


def functions_sheet(given: str | Sheet) -> Sheet:
    """Find a sheet that prices functions; refuse one that prices machines."""
    found = given if isinstance(given, Sheet) else sheet(given)
    if found.scheme != "functions":
        raise BadValue(
            f"a function is billed by one of {', '.join(names('functions'))}; "
            f"got {found.name!r}, which prices machines."
        )
    return found


def _folder() -> Traversable:
    return files("fnlab.cost") / "sheets"


@cache
def _every() -> tuple[str, ...]:
    found = (entry.name for entry in _folder().iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(name.removesuffix(".toml") for name in found))


@cache
def _entries(name: str) -> Mapping[str, Any]:
    """Read a file; one that names a `base` holds only what differs from it."""
    text = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    own: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
    return {**_entries(own.pop("base")), **own} if "base" in own else own


@cache
def _sheet(name: str) -> Sheet:
    entries = dict(_entries(name))
    renting, with_gpu = entries.pop("machine", {}), entries.pop("gpu", {})
    items = tuple(_item(entry) for entry in entries.pop("line", ()))
    head = {key: entries.pop(key) for key in ("title", "scheme", "currency", "region")}
    return Sheet(
        name=name,
        limits=entries.pop("limits", ""),
        gpus=tuple(entries.pop("gpus", ())),
        notes=tuple(entries.pop("notes", ())),
        facts={key: _fact(key, entry) for key, entry in entries.items()},
        gpu_facts={key: _fact(key, entry) for key, entry in with_gpu.items()},
        machines={key: _machine(key, entry) for key, entry in renting.items()},
        items=items,
        **head,
    )


def _fact(name: str, entry: Mapping[str, Any]) -> Fact:
    value = entry.get("value")
    return Fact(
        name=name,
        value=value if value is None or isinstance(value, bool) else Decimal(value),
        tiers=tuple(_tier(tier) for tier in entry.get("tiers", ())),
        values=tuple(Decimal(each) for each in entry.get("values", ())),
        sizes=tuple(_size(size) for size in entry.get("sizes", ())),
        per=Decimal(entry.get("per", 1)),
        unit=entry["unit"],
        source=entry["source"],
        as_of=entry["as_of"],
        status=entry["status"],
        note=entry.get("note", ""),
    )


def _tier(entry: Mapping[str, Any]) -> Tier:
    return Tier(up_to=Decimal(entry["up_to"]) if "up_to" in entry else None, price=Decimal(entry["price"]))


def _size(entry: Mapping[str, Any]) -> Size:
    least, most = (Decimal(each) for each in entry["vcpu"])
    least_mib, most_mib = entry["memory_mib"]
    return Size(least_vcpu=least, most_vcpu=most, step=Decimal(entry["step"]), least_mib=least_mib, most_mib=most_mib)


def _item(entry: Mapping[str, Any]) -> Item:
    return Item(**{**entry, "rules": tuple(entry.get("rules", ()))})


def _machine(name: str, entry: Mapping[str, Any]) -> Machine:
    return Machine(
        name=name,
        vcpu=entry["vcpu"],
        memory_gib=entry["memory_gib"],
        gpu=entry.get("gpu", ""),
        price=_fact(name, entry),
    )
