"""What the kernels carry from block to block, as records; and which sources their machine code comes from.

Records cost nothing to hand on. An array does: numba counts its references at every call, which takes ten times as long
as the work itself. So a pool is one array of lines and one record.
"""

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

import numpy as np

SOURCES = (
    "ledger.py",
    "kernel_books.py",
    "kernel_agenda.py",
    "kernel_line.py",
    "kernel_moves.py",
    "kernel_events.py",
    "kernel_stack.py",
)

#: numba keeps machine code by the types of arguments, and compiles anew when the file changes in which the function
#: stands, but not those that it calls. With this in the name of a field, a change in any file is another type.
_VERSION = sha256(b"".join((files(__package__) / name).read_bytes() for name in SOURCES)).hexdigest()[:16]


def record(**types: str) -> np.dtype[np.void]:
    """Lay out a record; it is another one when the sources of the kernels change."""
    return np.dtype([*types.items(), (f"sources_{_VERSION}", "u1")], align=True)


#: Line n of a pool's book: the instance in slot n, place n in three orders.
LINE = record(
    # an instance: what it is, whether it can serve, when it became idle and who did before and after it
    number="i8", load="i8", is_ready="?", is_used="?", created_s="f8", ready_s="f8", since_s="f8",
    before="i8", after="i8",
    # its turn, lowest first, and its place in the heap of those that have one; who has the n-th place
    turn="i8", place="i8", in_line="i8",
    # what is to come, a heap: when, in which order at one moment, in which slot
    due_s="f8", order="i8", slot="i8",
    # who waits, a ring: request, arrival, and how long it takes
    request="i8", arrival_s="f8", work_s="f8",
)  # fmt: skip

#: How a pool stands.
POOL = record(
    # instances: alive, starting, serving; how many have ever been, were so here, and have a turn
    alive="i8", unready="i8", busy="i8", started="i8", base="i8", lined_up="i8",
    # slots: a free one, the first that was never used, and the ends of what is idle on demand
    free="i8", unused="i8", longest_idle="i8", latest_idle="i8",
    # requests: how many have arrived and wait, and where the ring begins; moments to come; what orders equal ones
    arrived="i8", waiting="i8", first="i8", coming="i8", serial="i8",
    # the growth limit: tokens taken, since when
    taken="i8", full_s="f8",
    # the present batch and its totals
    batch="i8", until_s="f8", end_s="f8",
    counted="i8", cold="i8", rejected="i8", expired="i8", waited="i8", peak="i8",
    busy_s="f8", instance_s="f8", wait_s="f8",
)  # fmt: skip

#: How a pool without a queue stands: what is on its heap and its rings, and the totals of the present batch.
STACK = record(
    busy="u8", head="u8", tail="u8", promised_head="u8", promised_tail="u8",
    alive="u8", started="u8", serial="u8", batch="u8",
    busy_s="f8", instance_s="f8", overhang_s="f8",
)  # fmt: skip

#: Row n of a run: of the n-th request, and of the n-th instance.
ROW = record(
    instance="i8", start_s="f8", end_s="f8", init_s="f8",
    created_s="f8", ready_s="f8", stopped_s="f8",
)  # fmt: skip


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
    keeps_rows: bool
