"""Many functions at once, as columns: how often each is called, how long it runs, how large it is."""

from dataclasses import dataclass, fields

import numpy as np

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import S_PER_H, require, short_duration
from fnlab.workload.arrivals import Workload, feasible, generator
from fnlab.workload.heavy import Lognormal
from fnlab.workload.published import published


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """Functions that share a platform, in a window of time. Each array has one entry a function.

    Parameters
    ----------
    rate_per_s : ndarray of shape (n_functions,)
        Mean rate of arrivals, each a Poisson process.
    service_s : ndarray of shape (n_functions,)
        Mean of the service time, which is exponential.
    memory_mib : ndarray of shape (n_functions,)
        Size of an instance.
    duration_s : float
        Length of the window.
    """

    rate_per_s: Column
    service_s: Column
    memory_mib: Column
    duration_s: float

    def __post_init__(self) -> None:
        require("duration_s", self.duration_s, above=0)
        for field in fields(self):
            if field.name == "duration_s":
                continue
            column = np.ascontiguousarray(getattr(self, field.name), dtype="f8")
            if column.ndim != 1 or not np.isfinite(column).all() or (column < 0).any():
                raise BadValue(f"{field.name} must be one row of finite numbers from 0; got {column!r}.")
            object.__setattr__(self, field.name, column)
        if len({len(self.rate_per_s), len(self.service_s), len(self.memory_mib)}) > 1:
            raise BadValue(
                f"the columns of a population must have one length; got {len(self.rate_per_s)} rates, "
                f"{len(self.service_s)} service times and {len(self.memory_mib)} memory sizes."
            )

    def __len__(self) -> int:
        return len(self.rate_per_s)

    @property
    def expected_invocations(self) -> float:
        """Mean number of invocations of the whole window, over all functions."""
        return float(self.rate_per_s.sum() * self.duration_s)

    @staticmethod
    def azure_like(
        functions: int = 40_000, invocations: float = 100_000_000, *, hours: float = 24, seed: int = 0
    ) -> "Population":
        """Draw a population with the published distributions of Azure Functions in 2019.

        Popularity falls with the rank as a Zipf-Mandelbrot law, mean service times are lognormal (cut to a stated
        range), memory is Burr XII; the three are independent of each other, which no paper claims. The numbers and
        their sources are in ``published.toml``; see :func:`~fnlab.workload.published`. This is not the trace.

        Parameters
        ----------
        functions : int
            How many; row 0 is the most popular.
        invocations : float
            Expected number in the whole window, over all functions.
        hours : float
            Length of the window.
        seed : int
            Same seed, same population. Popularity is not random.

        Examples
        --------
        >>> azure = Population.azure_like(seed=1)
        >>> azure
        Population(40,000 functions, about 100,000,000 invocations in 24 h)
        >>> [round(azure.share_of_top(count), 3) for count in (1, 10, 100)]
        [0.138, 0.458, 0.733]
        """
        popularity = published("azure-popularity").parameters
        return Population.zipf(functions, invocations, **popularity, hours=hours, seed=seed)

    @staticmethod
    def zipf(
        functions: int,
        invocations: float,
        *,
        exponent: float = 1.0,
        offset: float = 0.0,
        hours: float = 24,
        seed: int = 0,
    ) -> "Population":
        """Draw a population as :meth:`azure_like` does, with a popularity of one's own.

        The function of rank r (from 1) has a share of all invocations in proportion to ``(r + offset)**-exponent``:
        Zipf's law, and with an offset Mandelbrot's, which flattens its head.

        Examples
        --------
        >>> zipf = Population.zipf(3, 1100, hours=1)
        >>> (zipf.rate_per_s * 3600).round().tolist()
        [600.0, 300.0, 200.0]
        """
        require("functions", functions, at_least=1)
        require("invocations", invocations, at_least=0)
        require("exponent", exponent, at_least=0)
        require("offset", offset, at_least=0)
        require("hours", hours, above=0)
        feasible(functions)
        weights = (np.arange(1, int(functions) + 1) + offset) ** -exponent
        service_rng, memory_rng = generator(seed).spawn(2)
        service = Lognormal(**published("azure-duration").parameters, **published("azure-duration-range").parameters)
        return Population(
            rate_per_s=weights / weights.sum() * invocations / (hours * S_PER_H),
            service_s=service.draw(service_rng, int(functions)),
            memory_mib=published("azure-memory").law.draw(memory_rng, int(functions)),
            duration_s=hours * S_PER_H,
        )

    def workload(self, row: int, *, seed: int = 0) -> Workload:
        """Draw the requests of one function, by a rule that any engine can follow.

        The generator is ``Generator(PCG64(seed).jumped(row))`` of :mod:`numpy.random`. Its standard exponentials are
        added up one after another; the sums, divided by the rate, are the arrivals, up to the first beyond the window.

        Examples
        --------
        >>> Population.zipf(3, 1100, hours=1).workload(0, seed=1)
        Workload('function 0', 610 requests in 1 h)
        """
        if not 0 <= row < len(self):
            raise BadValue(f"row must be from 0 to {len(self) - 1}; got {row!r}.")
        rate_per_s = float(self.rate_per_s[row])
        window = rate_per_s * self.duration_s
        feasible(window)
        bits = generator(seed).bit_generator
        assert isinstance(bits, np.random.PCG64), "numpy's default"  # narrows the type
        rng = np.random.Generator(bits.jumped(row))
        # Four standard deviations above the expected number: one block is nearly always enough.
        block = int(window + 4 * np.sqrt(window)) + 16
        sums = np.cumsum(rng.standard_exponential(block))
        while sums[-1] < window:
            more = rng.standard_exponential(block)
            more[0] += sums[-1]  # as if it were one long sum, to the last digit
            sums = np.append(sums, np.cumsum(more))
        arrivals_s = sums / rate_per_s if rate_per_s else np.empty(0)
        return Workload(arrivals_s[arrivals_s < self.duration_s], self.duration_s, f"function {row}")

    def share_of_top(self, count: int) -> float:
        """Share of all invocations that the most popular functions have."""
        require("count", count, at_least=0)
        total = self.rate_per_s.sum()
        return float(np.sort(self.rate_per_s)[::-1][: int(count)].sum() / total) if total else 0.0

    def top(self, count: int) -> "Population":
        """Keep the most popular functions, the first of them in row 0."""
        require("count", count, at_least=0)
        rows = np.argsort(-self.rate_per_s, kind="stable")[: int(count)]
        return Population(
            rate_per_s=self.rate_per_s[rows],
            service_s=self.service_s[rows],
            memory_mib=self.memory_mib[rows],
            duration_s=self.duration_s,
        )

    def __repr__(self) -> str:
        return (
            f"Population({len(self):,} functions, about {self.expected_invocations:,.0f} invocations "
            f"in {self.duration_s / S_PER_H:g} h)"
        )

    def _repr_html_(self) -> str:
        def median(column: Column) -> float:
            return float(np.median(column)) if len(column) else 0.0

        rows = {
            "functions": f"{len(self):,}",
            "invocations, expected": f"{self.expected_invocations:,.0f}",
            "window": short_duration(self.duration_s),
            "share of the most popular 1 / 10 / 100": " / ".join(f"{self.share_of_top(n):.1%}" for n in (1, 10, 100)),
            "median service time": short_duration(median(self.service_s)),
            "median memory": f"{median(self.memory_mib):.0f} MiB",
            "busy instances, expected": f"{(self.rate_per_s * self.service_s).sum():,.1f}",
        }
        return facts("Population", rows)
