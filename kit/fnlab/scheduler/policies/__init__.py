"""Ready-made policies for :class:`~fnlab.functions.Scaling`: plain callables, each a page to read and to change.

:mod:`~fnlab.scheduler.policies.keep_alive` says how long an idle instance is kept,
:mod:`~fnlab.scheduler.policies.rules` how many instances are promised,
:mod:`~fnlab.scheduler.policies.autoscale` how many there are in all, and
:mod:`~fnlab.scheduler.policies.eviction` who leaves a memory that several functions share. The default numbers and
where they come from are in ``policies.toml``.
"""

from fnlab.scheduler.policies.autoscale import KnativeKpa, TargetTracking
from fnlab.scheduler.policies.eviction import greedy_dual, largest_first, lru
from fnlab.scheduler.policies.facts import facts
from fnlab.scheduler.policies.keep_alive import Fixed, HybridHistogram, TimerWarmUp
from fnlab.scheduler.policies.rules import Predicted, ProvisionedUtilisation, Scheduled

__all__ = [
    "Fixed",
    "HybridHistogram",
    "KnativeKpa",
    "Predicted",
    "ProvisionedUtilisation",
    "Scheduled",
    "TargetTracking",
    "TimerWarmUp",
    "facts",
    "greedy_dual",
    "largest_first",
    "lru",
]
