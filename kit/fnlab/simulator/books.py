"""What the compiled scheduler carries from block to block: rules, and arrays about instances and requests."""

from typing import NamedTuple

import numpy as np

from fnlab.trace.table import Column


class RowBuffers(NamedTuple):
    """Where the rows of a run are written."""

    instance: Column
    start_s: Column
    end_s: Column
    init_s: Column
    created_s: Column
    ready_s: Column
    stopped_s: Column


class Rules(NamedTuple):
    """What :class:`fnlab.functions.Scaling` says, and whether a start's time is all its request takes."""

    keep_s: float
    most: int
    least: int
    policy: int
    concurrency: int
    max_wait_s: float
    max_queue: int
    hands_over: bool
    burst: int
    growth_per_s: float
    replaces: bool


class Books(NamedTuple):
    """Everything that is carried from block to block, in arrays."""

    state: np.ndarray
    clock: np.ndarray
    # of an instance, by slot
    number: np.ndarray
    load: np.ndarray
    is_ready: np.ndarray
    is_used: np.ndarray
    created_s: np.ndarray
    ready_s: np.ndarray
    since_s: np.ndarray
    shelf: np.ndarray
    place: np.ndarray
    before: np.ndarray
    after: np.ndarray
    free: np.ndarray
    # shelves: heaps by number, with their sizes, and the two ends of what is idle, longest idle first
    heaps: np.ndarray
    sizes: np.ndarray
    ends: np.ndarray
    # what is to come: ends of requests and of starts, as heaps
    end_s: np.ndarray
    end_serial: np.ndarray
    end_slot: np.ndarray
    up_s: np.ndarray
    up_serial: np.ndarray
    up_slot: np.ndarray
    # who waits, as a ring
    queued: np.ndarray
    queued_s: np.ndarray
    queued_work_s: np.ndarray
