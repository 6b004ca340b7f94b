"""The limits of a provider: what memory and timeout may be, and how much CPU comes with the memory."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fnlab.errors import BadValue


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a provider allows one function to be.

    Attributes
    ----------
    name, title : str
        How the provider is called in code (``"aws-lambda"``) and in print.
    memory_mib : tuple of (int, int, int)
        Smallest, largest and step.
    timeout_s : tuple of (float, float)
        Shortest and longest.
    memory_mib_per_vcpu : int
        Memory that comes with one whole virtual CPU; less memory is a share of one.
    request_bytes : int
        Largest event of a synchronous call.
    disk_mib : tuple of (int, int)
        Smallest and largest space for temporary files.
    facts : Mapping
        The file as read: every value with its source, date and status.
    """

    name: str
    title: str
    memory_mib: tuple[int, int, int]
    timeout_s: tuple[float, float]
    memory_mib_per_vcpu: int
    request_bytes: int
    disk_mib: tuple[int, int]
    facts: Mapping[str, Any]

    @staticmethod
    def of(provider: str) -> "Limits":
        """Read a provider's limits by name.

        Raises
        ------
        BadValue
            If no provider of that name is known.

        Examples
        --------
        >>> Limits.of("aws-lambda").memory_mib
        (128, 10240, 1)
        """
        return _read(provider)

    def check_memory(self, memory_mib: int) -> None:
        """Refuse a memory size that the provider does not sell."""
        low, high, step = self.memory_mib
        whole = isinstance(memory_mib, int) and not isinstance(memory_mib, bool)
        if not whole or not low <= memory_mib <= high or (memory_mib - low) % step:
            raise BadValue(
                f"memory_mib must be a whole number from {low} to {high} in steps of {step} "
                f"({self.title}, as of {self.facts['memory_mib']['as_of']}); got {memory_mib!r}."
            )

    def check_timeout(self, timeout_s: float) -> None:
        """Refuse a timeout that the provider does not allow."""
        low, high = self.timeout_s
        if not isinstance(timeout_s, int | float) or not low <= timeout_s <= high:
            raise BadValue(
                f"timeout_s must be from {low:g} to {high:g} seconds "
                f"({self.title}, as of {self.facts['timeout_s']['as_of']}); got {timeout_s!r}."
            )

    def check_disk(self, disk_mib: int) -> None:
        """Refuse an amount of temporary space that the provider does not allow."""
        low, high = self.disk_mib
        if not isinstance(disk_mib, int) or isinstance(disk_mib, bool) or not low <= disk_mib <= high:
            raise BadValue(
                f"disk_mib must be a whole number from {low} to {high} "
                f"({self.title}, as of {self.facts['disk_mib']['as_of']}); got {disk_mib!r}."
            )

    def cpu_share(self, memory_mib: int) -> float:
        """Virtual CPUs that come with this much memory."""
        return memory_mib / self.memory_mib_per_vcpu


@cache
def _read(provider: str) -> Limits:
    folder = files("fnlab.functions") / "limits"
    known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if provider not in known:
        raise BadValue(f"limits must be one of {', '.join(known)}; got {provider!r}.")
    facts = tomllib.loads((folder / f"{provider}.toml").read_text(encoding="utf-8"))
    memory, timeout = facts["memory_mib"], facts["timeout_s"]
    return Limits(
        name=provider,
        title=facts["title"],
        memory_mib=(memory["min"], memory["max"], memory["step"]),
        timeout_s=(timeout["min"], timeout["max"]),
        memory_mib_per_vcpu=facts["memory_mib_per_vcpu"]["value"],
        request_bytes=facts["request_bytes"]["max"],
        disk_mib=(facts["disk_mib"]["min"], facts["disk_mib"]["max"]),
        facts=facts,
    )
