"""Trace and price sheet to bill: what a run would have cost, and what machines would have cost instead.

A trace becomes a :class:`Usage` (requests, GB-seconds, vCPU-seconds), and a usage becomes a :class:`Bill`. Prices and
billing rules are dated facts in ``sheets/*.toml``; a bill says of every line where its price comes from and whether it
is confirmed. :func:`compare` sets all sheets and a fleet of machines side by side, :func:`what_if` another memory size
or keep-alive. Money is :class:`decimal.Decimal`, each bill in its own currency: there is no exchange rate here.
"""

from fnlab.cost.break_even import machine_break_even, provisioned_break_even
from fnlab.cost.changes import Outcome, WhatIf, what_if
from fnlab.cost.comparison import Comparison, compare
from fnlab.cost.demands import Demand
from fnlab.cost.fleets import Fleet, fleet
from fnlab.cost.nouns import Bill, Line
from fnlab.cost.pricing import bill, price
from fnlab.cost.quantities import usage
from fnlab.cost.reading import names, sheet
from fnlab.cost.sheets import Fact, Item, Machine, Sheet, Size, Tier
from fnlab.cost.usages import Usage
from fnlab.cost.vm import machines, vm_bill

__all__ = [
    "Bill",
    "Comparison",
    "Demand",
    "Fact",
    "Fleet",
    "Item",
    "Line",
    "Machine",
    "Outcome",
    "Sheet",
    "Size",
    "Tier",
    "Usage",
    "WhatIf",
    "bill",
    "compare",
    "fleet",
    "machine_break_even",
    "machines",
    "names",
    "price",
    "provisioned_break_even",
    "sheet",
    "usage",
    "vm_bill",
    "what_if",
]
