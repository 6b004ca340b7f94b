"""Trace to numbers: what the load was, how many instances followed it, and how close a prediction came.

Every function here is pure: it reads the columns of a :class:`~fnlab.trace.Trace`, keeps no state, draws nothing, and
cannot tell a simulated trace from a measured one.
"""

from fnlab.measure.agreement import Agreement, compare_traces
from fnlab.measure.bins import Timeline, timeline
from fnlab.measure.estimate import Estimate, batch_means
from fnlab.measure.footprint import Footprint, Footprints, footprint
from fnlab.measure.forked import Futures, futures
from fnlab.measure.lifespan import Lifespan, lifespan
from fnlab.measure.slo import Attainment, AttainmentTimeline, slo, slo_timeline
from fnlab.measure.steady import cold_share, mean_level, mean_time, throttled_share
from fnlab.measure.steps import Steps, steps
from fnlab.measure.times import durations_s, percentiles, wait_s
from fnlab.measure.totals import Summary, summary
from fnlab.measure.usage import Band, Utilisation, band, utilisation

__all__ = [
    "Agreement",
    "Attainment",
    "AttainmentTimeline",
    "Band",
    "Estimate",
    "Footprint",
    "Footprints",
    "Futures",
    "Lifespan",
    "Steps",
    "Summary",
    "Timeline",
    "Utilisation",
    "band",
    "batch_means",
    "cold_share",
    "compare_traces",
    "durations_s",
    "footprint",
    "futures",
    "lifespan",
    "mean_level",
    "mean_time",
    "percentiles",
    "slo",
    "slo_timeline",
    "steps",
    "summary",
    "throttled_share",
    "timeline",
    "utilisation",
    "wait_s",
]
