"""How many machines would have met the same service-level objective: sized by Erlang C."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fnlab.cost.demands import SHARE, Demand
from fnlab.cost.nouns import Bill
from fnlab.cost.reading import sheet
from fnlab.cost.sheets import Machine
from fnlab.cost.vm import machine_on, sheet_of, vm_bill
from fnlab.errors import BadValue
from fnlab.trace import Trace
from fnlab.units import MIB_PER_GIB, S_PER_H, short_duration

#: No search goes on beyond this many machines.
_MOST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Machines that run all the time.

    Attributes
    ----------
    machine : Machine
        Which.
    sheet : str
        Whose.
    count : int
        How many.
    workers : int
        Requests that one machine serves at once: one a vCPU, fewer if memory is short.
    demand : Demand
        What it was sized for.
    sized : bool
        False when the count was given.
    """

    machine: Machine
    sheet: str
    count: int
    workers: int
    demand: Demand
    sized: bool = True
    _most: dict[int, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def reached(self) -> float:
        """Share of requests that it answers in time."""
        return self.demand.reached(self.count * self.workers)

    def __repr__(self) -> str:
        within = short_duration(self.demand.slo_s)
        return f"Fleet({self.count} x {self.machine.name!r}, {self.reached:.2%} within {within})"

    def bill(self, trace: Trace, *, times: int = 1) -> Bill:
        """Price it for the trace's whole window; the notes say what was assumed."""
        made = vm_bill(trace, self.machine.name, count=self.count, times=times, sheet_name=self.sheet)
        return replace(made, notes=(*self._assumed(), *made.notes))

    def most_load(self, count: int) -> float:
        """Give the multiple of the arrivals up to which so many machines meet the objective; infinite with no work."""
        if count not in self._most:
            self._most[count] = self._searched(count)
        return self._most[count]

    def _searched(self, count: int) -> float:
        rate, mean_s, workers = self.demand.arrivals_per_s, self.demand.mean_service_s, count * self.workers
        if not self.demand.has_work:
            return float("inf")
        low, high = 0.0, workers / (rate * mean_s)
        while high - low > 1e-9 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if self.demand.reached(workers, middle) >= self.demand.share else (low, middle)
        return low

    def _assumed(self) -> tuple[str, ...]:
        demand = self.demand
        how = "The least machines by Erlang C" if self.sized else "The number of machines was given"
        sized_for = (
            f"{how}: {demand.arrivals_per_s * S_PER_H:,.0f} arrivals an hour at the busiest, "
            f"{short_duration(demand.mean_service_s)} of execution on average; {demand.share:.2%} of requests within "
            f"{short_duration(demand.slo_s)} asked for, {self.reached:.2%} reached."
        )
        served = (
            f"A machine serves {self.workers} requests at once, one a vCPU and no more than its memory holds, as fast "
            "as the trace's instances did."
        )
        taken = (
            "Taken: Poisson arrivals within the hour, one queue for all machines, waits as with exponential execution "
            "times (M/M/c), execution times as in the trace, no cold starts, no spare machine, no load balancer."
        )
        return sized_for, served, taken


def fleet(
    trace: Trace,
    machine: str = "t3.medium",
    *,
    count: int | None = None,
    slo_s: float | None = None,
    slo_share: float = SHARE,
) -> Fleet:
    """Find the least number of machines that answers a share of the requests of the busiest hour in time.

    Parameters
    ----------
    machine : str
        One of the machines on the sheets.
    count : int
        So many machines, whatever the objective.
    slo_s, slo_share : float
        The objective: this share of requests within this time. Left out, the 95th percentile of the trace's own
        latency.

    Raises
    ------
    BadValue
        If there is no such machine, it has too little memory for one instance, or the objective cannot be met.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> fleet(Recorder(memory_mib=512).trace(3600)).count
    1
    """
    return fleet_for(Demand.of(trace, slo_s=slo_s, slo_share=slo_share), machine, count=count)


def fleet_for(demand: Demand, machine: str, *, count: int | None = None) -> Fleet:
    """Size machines for a demand; see :func:`fleet`."""
    name = sheet_of(machine)
    rented = machine_on(sheet(name), machine)
    held = rented.memory_gib * MIB_PER_GIB // max(demand.memory_mib, 1)
    workers = min(rented.vcpu, held)
    if not workers:
        raise BadValue(
            f"a machine must hold an instance of {demand.memory_mib} MiB; got {machine!r} with "
            f"{rented.memory_gib * MIB_PER_GIB} MiB."
        )
    if count is not None:
        return Fleet(machine=rented, sheet=name, count=count, workers=workers, demand=demand, sized=False)
    least = _least(lambda number: demand.reached(number * workers) >= demand.share)
    return Fleet(machine=rented, sheet=name, count=least, workers=workers, demand=demand)


def _least(enough: Callable[[int], bool]) -> int:
    """Find the least number that is enough, given that any larger one is, too."""
    high = 1
    while not enough(high):
        high *= 2
        if high > _MOST:
            raise BadValue(f"the objective must be within reach of {_MOST:,} machines; it is not.")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
