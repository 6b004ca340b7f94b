"""How much of the instances is used: of those that existed, and of those one would have bought."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.measure.steps import steps
from fnlab.trace import Trace
from fnlab.units import require


@dataclass(frozen=True, kw_only=True)
class Band:
    """What is said of servers that are bought: between `low` and `high` of their capacity is used on average.

    Attributes
    ----------
    low, high : float
        Shares.
    title, source, as_of, status : str
        Where that is from, when it was read, and how sure it is.
    """

    title: str
    low: float
    high: float
    source: str
    as_of: str
    status: str

    def place(self, share: float) -> Literal["below", "within", "above"]:
        """Say where a share lies."""
        if share < self.low:
            return "below"
        return "above" if share > self.high else "within"

    def __str__(self) -> str:
        return f"{self.title} ({self.status}, as of {self.as_of}; {self.source})"


@dataclass(frozen=True, kw_only=True)
class Utilisation:
    """The used part of instances.

    Attributes
    ----------
    busy : float
        Time-mean of the busy instances.
    of_existing : float
        Of the time that instances existed, the share in which they had a request; 0 when none existed.
    capacity : float
        How many instances are compared with, as if bought for the whole window.
    of_capacity : float
        ``busy / capacity``; 0 when the capacity is.
    short : float
        Share of the time in which more were busy than the capacity has.
    band : Band
        What servers are said to be used.
    """

    busy: float
    of_existing: float
    capacity: float
    of_capacity: float
    short: float
    band: Band

    @property
    def place(self) -> Literal["below", "within", "above"]:
        """Where the use of the capacity lies against the band."""
        return self.band.place(self.of_capacity)

    def __repr__(self) -> str:
        return (
            f"Utilisation({self.of_existing:.1%} of existing instances, {self.of_capacity:.1%} of {self.capacity:g} "
            f"bought ones: {self.place} {self.band.title}, {self.band.status})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "of the instances that existed": f"{self.of_existing:.1%}",
            f"of {self.capacity:g} bought ones": f"{self.of_capacity:.1%}, {self.place} {self.band.title}",
            "time in which those are too few": f"{self.short:.1%}",
            "the band": str(self.band),
        }
        return facts("Utilisation", rows)


def utilisation(trace: Trace, *, capacity: float | None = None) -> Utilisation:
    """Say how much of the instances is used, and how that compares with servers that are bought.

    Parameters
    ----------
    trace : Trace
        What happened.
    capacity : float, optional
        Instances one would have bought for the whole window. Left out, it is the most that were busy at one moment:
        bought for the peak. A capacity in requests an hour is that number times the mean service time in hours.

    Raises
    ------
    BadValue
        If the capacity is not above 0.

    Examples
    --------
    >>> from fnlab.trace import Recorder, Status
    >>> recorder = Recorder(memory_mib=128)
    >>> instance = recorder.created(0.0)
    >>> recorder.invocation(arrival_s=0, start_s=0, end_s=10, init_s=0, status=Status.OK, instance=instance)
    >>> recorder.stopped(instance, 40.0)
    >>> utilisation(recorder.trace(100.0))
    Utilisation(25.0% of existing instances, 10.0% of 1 bought ones: within the book's 5-15 %, secondary)
    """
    if capacity is not None:
        require("capacity", capacity, above=0)
    if not trace.duration_s:
        raise BadValue("a utilisation needs a window longer than 0 s; got 0 s.")
    busy = steps(trace, "busy")
    bought = float(busy.peak if capacity is None else capacity)
    alive = trace.instance_s / trace.duration_s
    return Utilisation(
        busy=busy.mean,
        of_existing=busy.mean / alive if alive else 0.0,
        capacity=bought,
        of_capacity=busy.mean / bought if bought else 0.0,
        short=float(busy.shares[int(bought) + 1 :].sum()),
        band=band(),
    )


@cache
def band() -> Band:
    """Read what servers are said to be used."""
    fact = tomllib.loads((files("fnlab.measure") / "utilisation.toml").read_text(encoding="utf-8"))["of_capacity"]
    return Band(**{name: fact[name] for name in ("title", "low", "high", "source", "as_of", "status")})
