"""What arrives, and how much work it brings.

A :class:`Workload` is a sorted array of arrival times; :func:`poisson`, :func:`day`, :func:`burst`, :func:`renewal`,
:func:`markov_modulated`, :func:`flash_crowd`, :func:`timer` and :func:`from_counts` make one. A :class:`Profile` says
how long a function's init and one request take, as :class:`Law` objects. A :class:`Population` is many functions at
once, and a :class:`Recording` what a public trace tells of them; ``read_…`` make one.
"""

from fnlab.workload.arrivals import Workload, burst, curves, day, poisson
from fnlab.workload.counts import Rule, from_counts
from fnlab.workload.faults import Faults
from fnlab.workload.heavy import Burr, Lognormal, Pareto, Weibull
from fnlab.workload.laws import Constant, Empirical, Exponential, Law, Quantiles
from fnlab.workload.population import Population
from fnlab.workload.processes import flash_crowd, markov_modulated, renewal, timer
from fnlab.workload.profile import Profile
from fnlab.workload.published import Published, published
from fnlab.workload.readers import (
    read_azure2019,
    read_azure2021,
    read_csv,
    read_huawei2023,
    read_huawei2025_cold_starts,
    read_huawei2025_requests,
    write_csv,
)
from fnlab.workload.recording import Recording

__all__ = [
    "Burr",
    "Constant",
    "Empirical",
    "Exponential",
    "Faults",
    "Law",
    "Lognormal",
    "Pareto",
    "Population",
    "Profile",
    "Published",
    "Quantiles",
    "Recording",
    "Rule",
    "Weibull",
    "Workload",
    "burst",
    "curves",
    "day",
    "flash_crowd",
    "from_counts",
    "markov_modulated",
    "poisson",
    "published",
    "read_azure2019",
    "read_azure2021",
    "read_csv",
    "read_huawei2023",
    "read_huawei2025_cold_starts",
    "read_huawei2025_requests",
    "renewal",
    "timer",
    "write_csv",
]
