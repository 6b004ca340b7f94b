"""Trace and price sheet to bill: what a run would have cost, and what a machine would have cost instead.

A trace becomes a :class:`Usage` (requests, GB-seconds, vCPU-seconds), and a usage becomes a :class:`Bill`. Prices and
billing rules are dated facts in ``sheets/*.toml``; a bill says of every line where its price comes from and whether it
is confirmed. Money is :class:`decimal.Decimal`, each bill in its own currency: there is no exchange rate here.
"""

from fnlab.cost.comparison import Comparison, compare
from fnlab.cost.nouns import Bill, Line
from fnlab.cost.pricing import bill, price
from fnlab.cost.quantities import Usage, usage
from fnlab.cost.sheets import Fact, Machine, Sheet, Tier, names, sheet
from fnlab.cost.vm import machines, vm_bill

__all__ = [
    "Bill",
    "Comparison",
    "Fact",
    "Line",
    "Machine",
    "Sheet",
    "Tier",
    "Usage",
    "bill",
    "compare",
    "machines",
    "names",
    "price",
    "sheet",
    "usage",
    "vm_bill",
]
