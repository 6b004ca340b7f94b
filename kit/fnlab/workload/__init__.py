"""What arrives, and how much work it brings.

A :class:`Workload` is a sorted array of arrival times; :func:`day`, :func:`poisson` and :func:`burst` make one. A
:class:`Profile` says how long a function's init and one request take, as :class:`Law` objects.
"""

from fnlab.workload.arrivals import Workload, burst, curves, day, poisson
from fnlab.workload.faults import Faults
from fnlab.workload.laws import Constant, Empirical, Exponential, Law
from fnlab.workload.population import Population
from fnlab.workload.profile import Profile

__all__ = [
    "Constant",
    "Empirical",
    "Exponential",
    "Faults",
    "Law",
    "Population",
    "Profile",
    "Workload",
    "burst",
    "curves",
    "day",
    "poisson",
]
