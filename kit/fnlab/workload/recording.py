"""What a public trace tells of many functions: when each was called, how long it took, how large it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from zlib import crc32

import numpy as np

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.trace.rows import Skipped
from fnlab.trace.table import Column
from fnlab.units import require, short_duration
from fnlab.workload.arrivals import Workload, generator
from fnlab.workload.counts import Rule
from fnlab.workload.laws import Law
from fnlab.workload.population import Population


class Arrivals(Protocol):
    """Calls of many functions, as far as a trace tells them."""

    @property
    def duration_s(self) -> float:
        """Length of the window."""

    @property
    def totals(self) -> Column:
        """Calls of each function."""

    def times_s(self, row: int, rule: Rule, rng: np.random.Generator) -> Column:
        """Give one function's calls, sorted; `rule` places what is only counted."""

    def take(self, rows: Column) -> "Arrivals":
        """Keep some functions, in the order given."""


class Durations(Protocol):
    """Durations of many functions, as far as a trace tells them."""

    @property
    def mean_s(self) -> Column:
        """Mean of each function; NaN where it is unknown."""

    def law(self, row: int) -> Law | None:
        """Give one function's durations to draw from; None where they are unknown."""

    def take(self, rows: Column) -> "Durations":
        """Keep some functions, in the order given."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Recording:
    """Many functions, as a public trace recorded them. The readers of this room make one.

    A function is named by its row or by its name. Times count from the beginning of the recording.

    Attributes
    ----------
    title : str
        What was recorded.
    names : tuple of str
        The functions.
    arrivals : Arrivals
        Their calls.
    service, init : Durations or None
        How long their calls and their cold starts took; None where the trace does not tell.
    memory_mib, cpu_share : ndarray of shape (n_functions,) or None
        Size of an instance, and its share of a CPU; NaN for functions of which the trace does not tell.
    skipped : Skipped
        Rows of the files that were left out because they were bad.
    """

    title: str
    names: tuple[str, ...]
    arrivals: Arrivals = field(repr=False)
    service: Durations | None = None
    init: Durations | None = None
    memory_mib: Column | None = None
    cpu_share: Column | None = None
    skipped: Skipped = field(default_factory=Skipped)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def duration_s(self) -> float:
        """Length of the window."""
        return self.arrivals.duration_s

    @property
    def invocations(self) -> Column:
        """Calls of each function."""
        return self.arrivals.totals

    def row(self, function: str | int) -> int:
        """Find a function by its name or row.

        Raises
        ------
        BadValue
            If there is none.
        """
        if isinstance(function, str):
            if function not in self.names:
                raise BadValue(f"a function of {self.title} must be one of its {len(self):,} names; got {function!r}.")
            return self.names.index(function)
        if not 0 <= function < len(self):
            raise BadValue(f"a row of {self.title} must be from 0 to {len(self) - 1}; got {function!r}.")
        return int(function)

    def top(self, count: int) -> "Recording":
        """Keep the functions with the most calls, the first of them in row 0."""
        require("count", count, at_least=0)
        return self._take(np.argsort(-self.invocations, kind="stable")[: int(count)])

    def only(self, functions: Sequence[str | int]) -> "Recording":
        """Keep some functions, in the order given."""
        return self._take(np.array([self.row(function) for function in functions], dtype=np.intp))

    def workload(self, function: str | int = 0, *, rule: Rule = "uniform", seed: int = 0) -> Workload:
        """Give one function's calls.

        Where the trace has counts only, `rule` places them; see :func:`~fnlab.workload.from_counts`. The moments
        depend on the seed and on the function's name, so they are the same in every selection of functions.
        """
        row = self.row(function)
        rng = generator(seed, crc32(self.names[row].encode()))
        return Workload(self.arrivals.times_s(row, rule, rng), self.duration_s, self.names[row])

    def service_law(self, function: str | int = 0) -> Law:
        """Give the durations of one function's calls, to draw from.

        Raises
        ------
        BadValue
            If the recording does not tell them.
        """
        return self._law(self.service, function, "how long a call takes")

    def init_law(self, function: str | int = 0) -> Law:
        """Give the durations of one function's cold starts, to draw from.

        Raises
        ------
        BadValue
            If the recording does not tell them.
        """
        return self._law(self.init, function, "how long a cold start takes")

    def population(self, *, service_s: float | None = None, memory_mib: float | None = None) -> Population:
        """Give the functions as a population: Poisson calls at the mean rate, exponential service of the mean.

        Parameters
        ----------
        service_s, memory_mib : float, optional
            Values for functions of which the recording does not tell them. Without one, such functions are left out.

        Raises
        ------
        BadValue
            If nothing is left.
        """
        nothing = np.full(len(self), np.nan)
        service = nothing if self.service is None else self.service.mean_s
        memory = nothing if self.memory_mib is None else self.memory_mib
        if service_s is not None:
            service = np.where(np.isnan(service), service_s, service)
        if memory_mib is not None:
            memory = np.where(np.isnan(memory), memory_mib, memory)
        known = ~(np.isnan(service) | np.isnan(memory))
        if not known.any():
            raise BadValue(
                f"a population needs service times and memory, and {self.title} has no function with both; "
                "give service_s= or memory_mib= for those without."
            )
        return Population(
            rate_per_s=self.invocations[known] / self.duration_s,
            service_s=service[known],
            memory_mib=memory[known],
            duration_s=self.duration_s,
        )

    def _law(self, durations: Durations | None, function: str | int, what: str) -> Law:
        law = None if durations is None else durations.law(self.row(function))
        if law is None:
            raise BadValue(f"{self.title} does not tell {what} for the function {self.names[self.row(function)]!r}.")
        return law

    def _take(self, rows: Column) -> "Recording":
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            arrivals=self.arrivals.take(rows),
            service=self.service and self.service.take(rows),
            init=self.init and self.init.take(rows),
            memory_mib=None if self.memory_mib is None else self.memory_mib[rows],
            cpu_share=None if self.cpu_share is None else self.cpu_share[rows],
        )

    def __repr__(self) -> str:
        return (
            f"Recording({self.title!r}, {len(self):,} functions, {int(self.invocations.sum()):,} calls "
            f"in {short_duration(self.duration_s)}; skipped {self.skipped.count:,})"
        )

    def _repr_html_(self) -> str:
        counts = self.invocations
        rows = {
            "functions": f"{len(self):,}",
            "calls": f"{int(counts.sum()):,}",
            "window": short_duration(self.duration_s),
            "calls of the busiest function": f"{int(counts.max(initial=0)):,}",
            "rows skipped": str(self.skipped),
        }
        return facts(f"Recording {self.title}", rows)
