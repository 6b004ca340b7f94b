"""One trace on every price sheet, and the machine beside them."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from fnlab.cost.nouns import Bill, money
from fnlab.cost.pricing import bill
from fnlab.cost.sheets import marked, names
from fnlab.cost.vm import sheet_of, vm_bill
from fnlab.errors import BadValue
from fnlab.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """Bills for the same trace, each in its own currency; there is no exchange rate between them."""

    bills: tuple[Bill, ...]

    def __getitem__(self, sheet_name: str) -> Bill:
        """Give the bill of a sheet: ``comparison["aws-lambda"]``."""
        bills = {each.sheet: each for each in self.bills}
        if sheet_name not in bills:
            raise BadValue(f"a bill of this comparison is one of {', '.join(bills)}; got {sheet_name!r}.")
        return bills[sheet_name]

    @property
    def frame(self) -> "pd.DataFrame":
        """One row a bill."""
        import pandas as pd

        rows = [(each.sheet, each.title, each.total, each.currency, each.status) for each in self.bills]
        return pd.DataFrame(rows, columns=["sheet", "title", "total", "currency", "status"])

    def __repr__(self) -> str:
        return f"Comparison({'; '.join(f'{each.sheet} {money(each.total, each.currency)}' for each in self.bills)})"

    def _repr_html_(self) -> str:
        head = "<tr><th>price sheet</th><th>total</th><th>status</th></tr>"
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(_title(each))}</td><td>{money(each.total, each.currency)}</td>"
            f"<td>{marked(each.status)}</td></tr>"
            for each in self.bills
        )
        return f"<table><caption>What it costs</caption>{head}{rows}</table>"


def compare(
    trace: Trace, *, times: int = 1, machine: str = "t3.medium", count: int = 1, vcpu: float | None = None
) -> Comparison:
    """Price a trace on every sheet of functions, and as machines that ran all the time.

    Free tiers are left out, so that what is compared is prices.

    Parameters
    ----------
    times : int
        How often the trace is repeated, see :func:`bill`.
    machine, count : str, int
        Which machine would have been rented, and how many; see :func:`machines`.
    vcpu : float
        vCPU of an instance where they are sold apart from memory, see :func:`usage`.

    Raises
    ------
    BadValue
        As :func:`bill` and :func:`vm_bill`.
    """
    functions = [bill(trace, name, times=times) for name in names("gb-seconds")]
    functions += [bill(trace, name, times=times, vcpu=vcpu) for name in names("compute-units")]
    rented = vm_bill(trace, machine, count=count, times=times, sheet_name=sheet_of(machine))
    return Comparison((*functions, rented))


def _title(each: Bill) -> str:
    machine = each.sheet in names("machine-hours")
    return f"{each.title}: {each.lines[0].item}" if machine else each.title
