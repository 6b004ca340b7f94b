"""The same platform on paper: a workload and a profile in, a trace out, in milliseconds.

:func:`run` picks an engine. The reference engine drives the scheduler itself; the faster ones are loops of our own,
proved equal to the reference, invocation for invocation, by generated scenarios in the tests. :func:`run_together` lets
several functions share one memory; :func:`simulate_many` totals a whole platform of them.
"""

from fnlab.simulator.engine import Engine
from fnlab.simulator.many import simulate_many
from fnlab.simulator.runs import Simulated, run, tried
from fnlab.simulator.tally import BatchMean, Tally
from fnlab.simulator.together import Tenant, Together, run_together

__all__ = [
    "BatchMean",
    "Engine",
    "Simulated",
    "Tally",
    "Tenant",
    "Together",
    "run",
    "run_together",
    "simulate_many",
    "tried",
]
