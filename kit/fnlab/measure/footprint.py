"""What a function takes up: space on disk, time to start and to answer, and memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.trace import Phase
from fnlab.units import BYTES_PER_MIB, short_duration


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """One function, as weighed.

    Attributes
    ----------
    name : str
        What it is called in the comparison.
    package_bytes, installed_bytes : int
        Files that are uploaded; and files of the installed distributions that its start imports.
    cold_s, warm_s : float
        Medians: from the decision to start an instance until it is ready, and execution of a request on a warm one.
    phases : tuple of Phase
        The cold start of median length, part by part.
    peak_mib : float
        The most memory that an instance has used.
    cold_starts, calls : int
        How many were measured.
    """

    name: str
    package_bytes: int
    installed_bytes: int
    cold_s: float
    warm_s: float
    phases: tuple[Phase, ...]
    peak_mib: float
    cold_starts: int
    calls: int

    @property
    def import_s(self) -> float:
        """Seconds of its median cold start that went into importing packages."""
        return sum(phase.seconds for phase in self.phases if phase.name == "imports")

    @property
    def load_s(self) -> float:
        """Seconds of it that went into reading the model and making it ready."""
        return sum(phase.seconds for phase in self.phases if phase.name in LOADING)

    @property
    def row(self) -> dict[str, str]:
        """The same as text."""
        return {
            "package": f"{self.package_bytes / 1024:,.1f} KiB",
            "imports on disk": f"{self.installed_bytes / BYTES_PER_MIB:,.0f} MiB",
            "cold start": short_duration(self.cold_s),
            "of it imports": short_duration(self.import_s),
            "of it loading": short_duration(self.load_s),
            "warm call": short_duration(self.warm_s),
            "peak memory": f"{self.peak_mib:,.0f} MiB",
        }

    def _repr_html_(self) -> str:
        return facts(f"Footprint of {self.name}", self.row)


#: The phases of a start in which a model's own files are read and made ready.
LOADING = frozenset({"artefact read", "deserialise", "first predict"})


@dataclass(frozen=True)
class Footprints:
    """Several functions, weighed in turn on the same machine; in order, and by name."""

    each: tuple[Footprint, ...]

    def __getitem__(self, name: str) -> Footprint:
        """Find one by its name."""
        for footprint in self.each:
            if footprint.name == name:
                return footprint
        raise BadValue(f"a footprint is one of {', '.join(one.name for one in self.each)}; got {name!r}.")

    def __iter__(self) -> Iterator[Footprint]:
        return iter(self.each)

    def __len__(self) -> int:
        return len(self.each)

    def times_shorter(self, before: str, after: str) -> float:
        """Say how many times shorter the second one's median cold start is than the first one's."""
        return self[before].cold_s / self[after].cold_s

    def __repr__(self) -> str:
        return f"Footprints({', '.join(f'{one.name}: {short_duration(one.cold_s)} cold' for one in self.each)})"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{title}</th>" for title in ("", *self.each[0].row)) if self.each else ""
        body = "".join(
            f"<tr><th>{one.name}</th>{''.join(f'<td>{cell}</td>' for cell in one.row.values())}</tr>"
            for one in self.each
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def footprint(
    name: str,
    *,
    starts: Sequence[Sequence[Phase]],
    calls_s: Sequence[float],
    package_bytes: int,
    installed_bytes: int,
    peak_mib: float,
) -> Footprint:
    """Sum up the measurements of one function.

    Parameters
    ----------
    starts : sequence of (sequence of Phase)
        The phases of each cold start.
    calls_s : sequence of float
        Execution of each request that met a warm instance.

    Raises
    ------
    BadValue
        If there is no start or no call.
    """
    if not starts or not calls_s:
        raise BadValue(
            f"a footprint needs a cold start and a warm call; {name!r} has {len(starts)} and {len(calls_s)}."
        )
    ordered = sorted(starts, key=_seconds)
    return Footprint(
        name=name,
        package_bytes=package_bytes,
        installed_bytes=installed_bytes,
        cold_s=median(map(_seconds, starts)),
        warm_s=median(calls_s),
        phases=tuple(ordered[len(ordered) // 2]),
        peak_mib=peak_mib,
        cold_starts=len(starts),
        calls=len(calls_s),
    )


def packages(phases: Sequence[Phase]) -> Mapping[str, float]:
    """Give the top-level packages that a start imported, and the seconds that each took."""
    seconds: dict[str, float] = {}
    for phase in phases:
        for name, spent_s in phase.parts.items():
            seconds[name] = seconds.get(name, 0.0) + spent_s
    return seconds


def _seconds(phases: Sequence[Phase]) -> float:
    return sum(phase.seconds for phase in phases)
