"""Traces made by hand or by a few lines of numpy, for the tests of this room: fixtures that give the makers."""

import numpy as np
import pytest

from fnlab.trace import Kind, Recorder, Status, Trace


def served(arrivals, *, service=1.0, init=0.0, wait=0.0, duration_s=None, status=Status.OK) -> Trace:
    """Each invocation on an instance of its own, which lives as long as it is busy."""
    arrival_s = np.asarray(arrivals, dtype="f8")
    count = len(arrival_s)
    init_s, service_s = np.broadcast_to(init, count).astype("f8"), np.broadcast_to(service, count).astype("f8")
    start_s = arrival_s + np.broadcast_to(wait, count) + init_s
    invocations = {
        "arrival_s": arrival_s, "start_s": start_s, "end_s": start_s + service_s, "init_s": init_s,
        "status": np.broadcast_to(status, count), "instance": np.arange(count), "version": np.ones(count),
        "memory_mib": np.full(count, 128), "billed_s": service_s + init_s,
    }  # fmt: skip
    instances = {
        "created_s": start_s - init_s, "ready_s": start_s, "stopped_s": start_s + service_s,
        "kind": np.zeros(count), "version": np.ones(count), "memory_mib": np.full(count, 128),
    }  # fmt: skip
    window = float(invocations["end_s"].max(initial=0)) if duration_s is None else duration_s
    return Trace(invocations, instances, window)


def infinite_servers(*, rate: float, mean_s: float, duration_s: float, seed: int) -> Trace:
    """M/M/inf from empty: Poisson arrivals, exponential service, never a wait."""
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1 / rate, int(rate * duration_s * 1.2)))
    arrivals = arrivals[arrivals < duration_s]
    return served(arrivals, service=rng.exponential(mean_s, len(arrivals)), duration_s=duration_s)


def busy_platform() -> Trace:
    """20 s: one provisioned instance, and one on demand that shares its place between two requests; one is refused.

    The provisioned one starts for nobody from 0 to 3. A request that comes at 4 waits until 6 for the other one's init;
    a second one joins it from 7 to 9; one comes at 10, waits in the queue until 12 for the provisioned instance; one
    waits from 11 to 14 and is refused.
    """
    recorder = Recorder(memory_mib=128)
    promised = recorder.created(0.0, Kind.PROVISIONED)
    recorder.ready(promised, 3.0)
    shared = recorder.created(4.0)
    recorder.ready(shared, 6.0)
    for arrival_s, start_s, end_s, init_s, instance in (
        (4, 6, 8, 2, shared),
        (7, 7, 9, 0, shared),
        (10, 12, 15, 0, promised),
    ):
        recorder.invocation(
            arrival_s=arrival_s, start_s=start_s, end_s=end_s, init_s=init_s, status=Status.OK, instance=instance
        )
    recorder.refused(11, at_s=14)
    recorder.stopped(shared, 18.0)
    return recorder.trace(20.0)


@pytest.fixture(name="served")
def _served():
    """Give the maker of invocations that have an instance each."""
    return served


@pytest.fixture(name="infinite_servers")
def _infinite_servers():
    """Give the maker of a platform without limits."""
    return infinite_servers


@pytest.fixture(name="busy_platform")
def _busy_platform():
    """Give the trace with a bit of everything."""
    return busy_platform()
