"""A trace from what an engine wrote down for each request and each instance."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fnlab.trace import Kind, Status, Trace
from fnlab.trace.recorder import billed_s
from fnlab.trace.table import Column
from fnlab.workload import Workload

#: Told from time to time how many requests are done.
OnBlock = Callable[[int], None]


def ignore(requests: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Rows:
    """What became of each request, and when each instance came and went.

    Parameters
    ----------
    instance : ndarray of shape (n_requests,)
        Who served it; -1 for nobody.
    start_s, end_s, init_s : ndarray of shape (n_requests,)
        As in the table of a trace.
    created_s, ready_s, stopped_s : ndarray of shape (n_instances,)
        The provisioned ones first; NaN for one that did not stop.
    """

    instance: Column
    start_s: Column
    end_s: Column
    init_s: Column
    created_s: Column
    ready_s: Column
    stopped_s: Column

    @staticmethod
    def without_queue(  # one argument a column
        *,
        arrival_s: Column,
        service_s: Column,
        init_s: Column,
        instance: Column,
        created_s: Column,
        stopped_s: Column,
        least: int,
        replaces: bool,
    ) -> "Rows":
        """Work the times out for one request an instance: it starts at once, or when the instance made for it is ready.

        Of the `least` provisioned instances nobody waits for one. With `replaces` a request that starts an instance
        takes no time of its own.
        """
        cold = _firsts(instance, least)
        start_s = arrival_s.copy()
        start_s[cold] += init_s[instance[cold]]
        # The wait is recorded as the difference of two clock readings, as the reference and the emulator do.
        execution_s = np.where(cold, 0.0, service_s) if replaces else service_s
        return Rows(
            instance=instance,
            start_s=start_s,
            end_s=np.where(instance >= 0, start_s + execution_s, arrival_s),
            init_s=start_s - arrival_s,
            created_s=created_s,
            ready_s=created_s + init_s[: len(created_s)],
            stopped_s=stopped_s,
        )

    def trace(self, workload: Workload, *, memory_mib: int, least: int) -> Trace:
        """Put the two tables together."""
        count, made = len(self.instance), len(self.created_s)
        return Trace(
            {
                "arrival_s": workload.arrivals_s,
                "start_s": self.start_s,
                "end_s": self.end_s,
                "init_s": self.init_s,
                "status": np.where(self.instance >= 0, np.int8(Status.OK), np.int8(Status.THROTTLED)),
                "instance": self.instance,
                "version": np.ones(count, dtype="i4"),
                "memory_mib": np.full(count, memory_mib, dtype="i4"),
                "billed_s": billed_s(self.init_s, self.end_s - self.start_s),
            },
            {
                "created_s": self.created_s,
                "ready_s": self.ready_s,
                "stopped_s": self.stopped_s,
                "kind": np.where(np.arange(made) < least, Kind.PROVISIONED, Kind.ON_DEMAND),
                "version": np.ones(made),
                "memory_mib": np.full(made, memory_mib),
            },
            workload.duration_s,
        )


def _firsts(instance: Column, least: int) -> Column:
    """Tell which requests are the first of an instance that was started for them; numbers are given in that order."""
    newest = np.maximum.accumulate(np.concatenate(([least - 1], instance)))
    firsts: Column = newest[1:] > newest[:-1]
    return firsts
