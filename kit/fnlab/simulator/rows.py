"""A trace from what an engine wrote down for each request and each instance."""

from dataclasses import dataclass

import numpy as np

from fnlab.functions import Function
from fnlab.trace import Kind, Status, Trace
from fnlab.trace.recorder import billed_s
from fnlab.trace.table import Column
from fnlab.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What became of each request, and when each instance came and went.

    Parameters
    ----------
    instance : ndarray of shape (n_requests,)
        Who served it; -1 for nobody.
    init_s : ndarray of shape (n_requests,)
        How long it waited for an instance to start.
    execution_s : ndarray of shape (n_requests,)
        How long it ran.
    created_s, ready_s, stopped_s : ndarray of shape (n_instances,)
        The provisioned ones first; NaN for one that did not stop.
    """

    instance: Column
    init_s: Column
    execution_s: Column
    created_s: Column
    ready_s: Column
    stopped_s: Column

    def trace(self, function: Function, workload: Workload) -> Trace:
        """Put the two tables together."""
        arrival_s, served = workload.arrivals_s, self.instance >= 0
        start_s = arrival_s + self.init_s
        end_s = np.where(served, start_s + self.execution_s, arrival_s)
        # The wait is recorded as the difference of two clock readings, as the reference and the emulator do.
        init_s = start_s - arrival_s
        made = len(self.created_s)
        return Trace(
            {
                "arrival_s": arrival_s,
                "start_s": start_s,
                "end_s": end_s,
                "init_s": init_s,
                "status": np.where(served, Status.OK, Status.THROTTLED),
                "instance": self.instance,
                "version": np.ones(len(arrival_s)),
                "memory_mib": np.full(len(arrival_s), function.memory_mib),
                "billed_s": billed_s(init_s, end_s - start_s),
            },
            {
                "created_s": self.created_s,
                "ready_s": self.ready_s,
                "stopped_s": self.stopped_s,
                "kind": np.where(np.arange(made) < function.scaling.min_instances, Kind.PROVISIONED, Kind.ON_DEMAND),
                "version": np.ones(made),
                "memory_mib": np.full(made, function.memory_mib),
            },
            workload.duration_s,
        )
