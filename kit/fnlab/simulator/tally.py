"""What many functions did, in numbers: counts and times for each function and each batch of the window."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.simulator.ledger import COLD, COUNTS, INVOCATIONS, PEAK, REJECTED, SECONDS
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.units import short_duration

if TYPE_CHECKING:
    import pandas as pd


class BatchMean(NamedTuple):
    """A mean over batches, and the standard error that their spread gives it."""

    value: float
    standard_error: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Tally:
    """Counts and times of a population.

    A batch is a stretch of the window, and all batches are of one length; what overlaps an edge is divided there. An
    invocation is cold when an instance was started for it, even if that took no time. What was promised and still
    starts counts as idle.

    Parameters
    ----------
    counts : ndarray of shape (n_functions, n_batches, n_counts)
        The columns of :data:`~fnlab.simulator.ledger.COUNTS`.
    seconds : ndarray of shape (n_functions, n_batches, n_seconds)
        The columns of :data:`~fnlab.simulator.ledger.SECONDS`.
    done : ndarray of shape (n_functions,)
        Which functions were simulated to the end; the others, after an interrupt, are all zero.
    memory_mib : ndarray of shape (n_functions,)
        Size of an instance.
    duration_s : float
        Length of the window.
    traces : dict of int to Trace
        The rows of the functions that were asked for.
    """

    counts: np.ndarray
    seconds: np.ndarray
    done: Column
    memory_mib: Column
    duration_s: float
    traces: dict[int, Trace] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.done)

    def __getitem__(self, name: str) -> Column:
        """Give a number for each function: ``tally["cold"]``; the peak is the largest, the others are sums."""
        by_batch = self._by_batch(name)
        column: Column = by_batch.max(axis=1, initial=0) if name == "peak" else by_batch.sum(axis=1)
        return column

    @property
    def invocations(self) -> int:
        """How many requests arrived."""
        return int(self.counts[..., INVOCATIONS].sum())

    @property
    def cold_share(self) -> float:
        """Cold starts as a share of the invocations that were served; 0 when none was."""
        served = self.invocations - int(self.counts[..., REJECTED].sum())
        return int(self.counts[..., COLD].sum()) / served if served else 0.0

    @property
    def frame(self) -> "pd.DataFrame":
        """A row a function: every count and time, and whether it was finished."""
        import pandas as pd

        names = (*COUNTS, *SECONDS, "idle_s")
        return pd.DataFrame({name: self[name] for name in names} | {"memory_mib": self.memory_mib, "done": self.done})

    def estimate(self, name: str, *, per: str, function: int | None = None, skip: int = 1) -> BatchMean:
        """Estimate a share or a time average by batch means.

        Parameters
        ----------
        name : str
            A column: ``"cold"`` or ``"idle_s"``, say.
        per : str
            Another column, such as ``"invocations"``; or ``"time"``, for the mean number of busy or idle instances.
        function : int, optional
            Which; all together by default.
        skip : int
            Batches that are left out because the pool, empty at first, has not settled.

        Raises
        ------
        BadValue
            If fewer than two batches are left.
        """
        batches = self.counts.shape[1] - skip
        if batches < 2:
            raise BadValue(f"batch means need at least two batches after the first {skip}; got {max(0, batches)}.")
        chosen = slice(None) if function is None else slice(function, function + 1)
        above = self._by_batch(name)[chosen, skip:].sum(axis=0)
        if per == "time":
            below = np.full(batches, self.duration_s / self.counts.shape[1])
        else:
            below = self._by_batch(per)[chosen, skip:].sum(axis=0)
        if not below.all():
            raise BadValue(f"every batch must have some {per} for a mean; got a batch with none: take fewer batches.")
        value = above.sum() / below.sum()
        # Batches of unequal size: the spread of what each lies above or below the overall ratio.
        spread = (above - value * below) / below.mean()
        return BatchMean(float(value), float(spread.std(ddof=1) / np.sqrt(batches)))

    def _by_batch(self, name: str) -> np.ndarray:
        if name == "idle_s":
            idle_s: np.ndarray = np.maximum(0.0, self._by_batch("instance_s") - self._by_batch("busy_s"))
            return idle_s
        for names, table in ((COUNTS, self.counts), (SECONDS, self.seconds)):
            if name in names:
                by_batch: np.ndarray = table[..., names.index(name)]
                return by_batch
        raise BadValue(f"a tally has the columns {', '.join((*COUNTS, *SECONDS, 'idle_s'))}; got {name!r}.")

    def __repr__(self) -> str:
        of = "" if self.done.all() else f"of {len(self):,} "
        return (
            f"Tally({int(self.done.sum()):,} {of}functions, {self.invocations:,} invocations, "
            f"{self.cold_share:.2%} cold; {short_duration(self.duration_s)})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "functions": f"{int(self.done.sum()):,}" + ("" if self.done.all() else f" of {len(self):,}"),
            "invocations": f"{self.invocations:,}",
            "cold": f"{int(self['cold'].sum()):,} ({self.cold_share:.2%})",
            "rejected": f"{int(self['rejected'].sum()):,}",
            "instances at once, at most": f"{int(self.counts[..., PEAK].max(initial=0)):,} of one function",
            "busy": short_duration(float(self["busy_s"].sum())),
            "idle": short_duration(float(self["idle_s"].sum())),
            "window": short_duration(self.duration_s),
        }
        return facts("Tally", rows)
