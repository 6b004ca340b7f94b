"""The limits of a provider: what memory and timeout may be, how much CPU comes with the memory, how fast it grows."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil, log
from typing import Any, NamedTuple

from fnlab.errors import BadValue
from fnlab.units import S_PER_MIN


class Backoff(NamedTuple):
    """Waits that grow by a factor from the first to the longest.

    Examples
    --------
    >>> [Backoff(first_s=1, factor=2, longest_s=300).wait_s(times) for times in (1, 2, 3, 10)]
    [1, 2, 4, 300]
    """

    first_s: float
    factor: float
    longest_s: float

    def wait_s(self, times: int) -> float:
        """Give the wait after so many refusals in a row, at least one."""
        enough = ceil(log(self.longest_s / self.first_s, self.factor))  # from here on the longest; no power overflows
        return min(self.first_s * self.factor ** min(times - 1, enough), self.longest_s)


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
    response_bytes : int
        Largest answer.
    async_retries : int
        Tries after the first of an event that nobody waits for, unless its function says otherwise.
    disk_mib : tuple of (int, int)
        Smallest and largest space for temporary files.
    instance_concurrency : tuple of (int, int)
        Least and most requests that one instance may be told to serve at once.
    account_concurrency : int
        How much of all functions may run at once by default: requests on AWS, instances on Alibaba.
    unreserved_concurrency : int
        What reservations must leave of it to the functions without one.
    requests_per_s : float or None
        Requests a second for each unit of concurrency; None where the provider has no such limit.
    burst, growth_per_s : int, float
        How many instances may start at once, and a second afterwards.
    async_backoff : Backoff
        Waits after an asynchronous event was refused.
    facts : Mapping
        The file as read: every value with its source, date and status.
    """

    name: str
    title: str
    memory_mib: tuple[int, int, int]
    timeout_s: tuple[float, float]
    memory_mib_per_vcpu: int
    request_bytes: int
    response_bytes: int
    async_retries: int
    disk_mib: tuple[int, int]
    instance_concurrency: tuple[int, int]
    account_concurrency: int
    unreserved_concurrency: int
    requests_per_s: float | None
    burst: int
    growth_per_s: float
    async_backoff: Backoff
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
    memory, timeout, places = facts["memory_mib"], facts["timeout_s"], facts["instance_concurrency"]
    growth, backoff = facts["growth"], facts["async_backoff"]
    return Limits(
        name=provider,
        title=facts["title"],
        memory_mib=(memory["min"], memory["max"], memory["step"]),
        timeout_s=(timeout["min"], timeout["max"]),
        memory_mib_per_vcpu=facts["memory_mib_per_vcpu"]["value"],
        request_bytes=facts["request_bytes"]["max"],
        # Where a provider states none for answers, its limit for requests holds.
        async_retries=facts["async_retries"]["default"],
        response_bytes=facts.get("response_bytes", facts["request_bytes"])["max"],
        disk_mib=(facts["disk_mib"]["min"], facts["disk_mib"]["max"]),
        instance_concurrency=(places["min"], places["max"]),
        account_concurrency=facts["account_concurrency"]["value"],
        unreserved_concurrency=facts["unreserved_concurrency"]["min"],
        requests_per_s=facts.get("request_rate", {}).get("per_concurrency"),
        burst=growth["burst"],
        growth_per_s=growth["per_min"] / S_PER_MIN,
        async_backoff=Backoff(backoff["first_s"], backoff["factor"], backoff["longest_s"]),
        facts=facts,
    )
