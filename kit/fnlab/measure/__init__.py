"""Trace to numbers: what the load was, how many instances followed it, and how close a prediction came.

Every function here is pure: it reads the columns of a :class:`~fnlab.trace.Trace`, keeps no state, draws nothing, and
cannot tell a simulated trace from a measured one.
"""

from fnlab.measure.agreement import Agreement, compare_traces
from fnlab.measure.bins import Timeline, steps, timeline
from fnlab.measure.totals import Summary, summary

__all__ = ["Agreement", "Summary", "Timeline", "compare_traces", "steps", "summary", "timeline"]
