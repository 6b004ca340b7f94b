"""Many functions at once, as columns: how often each is called, how long it runs, how large it is."""

from dataclasses import dataclass, fields

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import S_PER_H, require


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """Functions that share a platform, in a window of time. Each array has one entry a function.

    Parameters
    ----------
    rate_per_s : ndarray of shape (n_functions,)
        Mean rate of arrivals, each a Poisson process.
    service_s : ndarray of shape (n_functions,)
        Mean of the service time, which is exponential.
    memory_mib : ndarray of shape (n_functions,)
        Size of an instance.
    duration_s : float
        Length of the window.
    """

    rate_per_s: Column
    service_s: Column
    memory_mib: Column
    duration_s: float

    def __post_init__(self) -> None:
        require("duration_s", self.duration_s, above=0)
        for field in fields(self):
            if field.name == "duration_s":
                continue
            column = np.ascontiguousarray(getattr(self, field.name), dtype="f8")
            if column.ndim != 1 or not np.isfinite(column).all() or (column < 0).any():
                raise BadValue(f"{field.name} must be one row of finite numbers from 0; got {column!r}.")
            object.__setattr__(self, field.name, column)
        if len({len(self.rate_per_s), len(self.service_s), len(self.memory_mib)}) > 1:
            raise BadValue(
                f"the columns of a population must have one length; got {len(self.rate_per_s)} rates, "
                f"{len(self.service_s)} service times and {len(self.memory_mib)} memory sizes."
            )

    def __len__(self) -> int:
        return len(self.rate_per_s)

    @property
    def expected_invocations(self) -> float:
        """Mean number of invocations of the whole window, over all functions."""
        return float(self.rate_per_s.sum() * self.duration_s)

    def __repr__(self) -> str:
        return (
            f"Population({len(self):,} functions, about {self.expected_invocations:,.0f} invocations "
            f"in {self.duration_s / S_PER_H:g} h)"
        )
