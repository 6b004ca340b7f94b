"""The same platform on paper: a workload and a profile in, a trace out, in milliseconds.

:func:`run` picks an engine. The reference engine drives the scheduler itself; the fast one is a loop of our own,
proved equal to the reference, invocation for invocation, by generated scenarios in the tests.
"""

from fnlab.simulator.engine import Engine, run

__all__ = ["Engine", "run"]
