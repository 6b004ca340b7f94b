"""One trace on every price sheet, and the machines beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from fnlab.cost.break_even import break_even_load
from fnlab.cost.demands import SHARE, Demand
from fnlab.cost.fleets import Fleet, fleet_for
from fnlab.cost.meters import Meter
from fnlab.cost.nouns import Bill, money
from fnlab.cost.pricing import price
from fnlab.cost.quantities import Chosen, check_month, metered, sells_kept, sizes_on
from fnlab.cost.reading import names, sheet
from fnlab.cost.sheets import marked
from fnlab.cost.sizes import check_whole
from fnlab.cost.usages import Usage
from fnlab.errors import BadValue
from fnlab.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

#: A machine in each currency: two vCPU and 4 GiB.
MACHINES = ("t3.medium", "ecs.c7.large")


@dataclass(frozen=True)
class Comparison:
    """Bills for the same trace, each in its own currency; there is no exchange rate between them.

    Attributes
    ----------
    bills : tuple of Bill
        One a sheet of functions, then one a fleet of machines.
    left_out : Mapping of str to str
        Sheets on which the trace's instances are not on sale, and why.
    usages : Mapping of str to Usage
        Behind the bills of functions, by sheet.
    fleets : tuple of Fleet
        Behind the bills of machines, which are the last ones.
    """

    bills: tuple[Bill, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    usages: Mapping[str, Usage] = field(default_factory=dict, compare=False)
    fleets: tuple[Fleet, ...] = field(default=(), compare=False)

    def __getitem__(self, sheet_name: str) -> Bill:
        """Give the bill of a sheet: ``comparison["aws-lambda"]``."""
        bills = {each.sheet: each for each in self.bills}
        if sheet_name not in bills:
            why = f" ({self.left_out[sheet_name]})" if sheet_name in self.left_out else ""
            raise BadValue(f"a bill of this comparison is one of {', '.join(bills)}; got {sheet_name!r}{why}.")
        return bills[sheet_name]

    @cached_property
    def break_even(self) -> Mapping[str, float | None]:
        """At what multiple of the load machines become the cheaper way, by sheet of functions.

        Machines are the first in the same currency, and as many as meet the objective at that load; see
        :func:`~fnlab.cost.break_even.break_even_load`. None if never. A sheet without machines in its currency is not
        here.
        """
        found: dict[str, float | None] = {}
        for name, used in self.usages.items():
            for fleet, rent in zip(self.fleets, self.bills[len(self.usages) :], strict=True):
                if rent.currency == self[name].currency and name not in found:
                    found[name] = break_even_load(used, sheet(name), fleet, rent.total)
        return found

    @property
    def frame(self) -> "pd.DataFrame":
        """One row a bill."""
        import pandas as pd

        rows = [(each.sheet, each.title, each.total, each.currency, each.status) for each in self.bills]
        made = pd.DataFrame(rows, columns=["sheet", "title", "total", "currency", "status"])
        loads = pd.Series([self.break_even.get(name) for name in made["sheet"]], dtype="object")
        return made.assign(break_even_load=loads)

    def __repr__(self) -> str:
        return f"Comparison({'; '.join(_short(each) for each in self.bills)})"

    def _repr_html_(self) -> str:
        head = "<tr><th>price sheet</th><th>total</th><th>machines cheaper from</th><th>status</th></tr>"
        rows = "".join(
            f"<tr title='{escape(' '.join(each.notes), quote=True)}'><td style='text-align:left'>{escape(_title(each))}"
            f"</td><td>{money(each.total, each.currency)}</td><td>{self._from(each.sheet)}</td>"
            f"<td>{marked(each.status)}</td></tr>"
            for each in self.bills
        )
        missing = "".join(f"<li>{escape(name)}: {escape(why)}</li>" for name, why in self.left_out.items())
        return f"<table><caption>What it costs</caption>{head}{rows}</table>" + f"<ul>{missing}</ul>" * bool(missing)

    def _from(self, name: str) -> str:
        if name not in self.break_even:
            return ""
        load = self.break_even[name]
        return "never" if load is None else f"{load:,.3g} x the load"


def compare(
    trace: Trace,
    *,
    times: int = 1,
    machine: str | Sequence[str] = MACHINES,
    count: int | None = None,
    vcpu: float | None = None,
    slo_s: float | None = None,
    slo_share: float = SHARE,
) -> Comparison:
    """Price a trace on every sheet of functions, and as machines that would have met the same objective.

    Free tiers are left out, so that what is compared is prices.

    Parameters
    ----------
    times : int
        How often the trace is repeated, see :func:`bill`.
    machine : str or sequence of str
        Which machines would have been rented; by default one in each currency.
    count : int
        How many of them. Left out, as few as meet the objective: see :func:`~fnlab.cost.fleets.fleet`.
    vcpu : float
        vCPU of an instance where they are sold apart from memory, see :func:`usage`.
    slo_s, slo_share : float
        The objective: this share of requests within this time. Left out, the 95th percentile of the trace's own
        latency.

    Raises
    ------
    BadValue
        As :func:`bill`, :func:`~fnlab.cost.fleets.fleet` and :func:`vm_bill`; a sheet that does not sell such
        instances is left out, unless none does.
    """
    check_month(trace, times)
    if count is not None:
        check_whole("count", count)
    usages, left_out = _usages(trace, times, vcpu)
    demand = Demand.of(trace, slo_s=slo_s, slo_share=slo_share)
    rented = [fleet_for(demand, each, count=count) for each in ([machine] if isinstance(machine, str) else machine)]
    functions = [price(used, name) for name, used in usages.items()]
    machines = [fleet.bill(trace, times=times) for fleet in rented]
    return Comparison((*functions, *machines), left_out, usages, tuple(rented))


def _usages(trace: Trace, times: int, vcpu: float | None) -> tuple[dict[str, Usage], dict[str, str]]:
    """Meter the trace once for all sheets."""
    meters = {kept: Meter(trace, kept_apart=kept) for kept in (True, False)}
    usages, left_out = {}, {}
    for name in names("functions"):
        prices = sheet(name)
        meter = meters[sells_kept(prices)]
        chosen = Chosen(vcpu=vcpu if prices.cores_apart else None)
        try:
            sizes = sizes_on(meter, prices, chosen)
        except BadValue as error:
            left_out[name] = str(error)
            continue
        usages[name] = metered(meter, prices, sizes, times=times, chosen=chosen)
    apart = [name for name in names("functions") if sheet(name).cores_apart]
    if not usages or (vcpu is not None and all(name in left_out for name in apart)):
        raise BadValue(next(iter(left_out.values())) if not usages else left_out[apart[0]])
    return usages, left_out


def _short(each: Bill) -> str:
    doubt = f" ({each.status})" if each.status == "unconfirmed" else ""
    return f"{each.sheet} {money(each.total, each.currency)}{doubt}"


def _title(each: Bill) -> str:
    machine = each.sheet in names("machine-hours")
    return f"{each.title}: {each.lines[0].item}" if machine else each.title
