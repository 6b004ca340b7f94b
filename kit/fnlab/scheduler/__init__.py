"""Who serves a request: a state machine that decides and never sleeps.

It is told what happened and when, and answers with decisions. The emulator carries them out with processes and a
clock, the simulator with a heap, so the two cannot disagree.
"""

from fnlab.scheduler.messages import (
    RANK,
    Arrived,
    Assign,
    Crashed,
    Decision,
    Event,
    Finished,
    Queue,
    Ready,
    Reject,
    Resized,
    Start,
    Stop,
    Woken,
)
from fnlab.scheduler.scheduler import Scheduler

__all__ = [
    "RANK",
    "Arrived",
    "Assign",
    "Crashed",
    "Decision",
    "Event",
    "Finished",
    "Queue",
    "Ready",
    "Reject",
    "Resized",
    "Scheduler",
    "Start",
    "Stop",
    "Woken",
]
