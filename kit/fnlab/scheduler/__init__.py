"""Who serves a request: a state machine that decides and never sleeps.

It is told what happened and when, and answers with decisions. The emulator carries them out with processes and a
clock, the simulator with a heap, so the two cannot disagree. :class:`Admission` stands before the schedulers of all
functions and guards what they share; :mod:`~fnlab.scheduler.retry` decides about events that nobody waits for.
"""

from fnlab.scheduler.admission import Admission, Refusal
from fnlab.scheduler.messages import (
    RANK,
    Arrived,
    Assign,
    Crashed,
    Decision,
    Event,
    Evicted,
    Finished,
    Queue,
    Ready,
    Reject,
    Resized,
    Start,
    Stop,
    Woken,
)
from fnlab.scheduler.retry import Ending, GivenUp, Retry, Succeeded, Verdict, after_attempt, is_too_old
from fnlab.scheduler.scheduler import Scheduler

__all__ = [
    "RANK",
    "Admission",
    "Arrived",
    "Assign",
    "Crashed",
    "Decision",
    "Ending",
    "Event",
    "Evicted",
    "Finished",
    "GivenUp",
    "Queue",
    "Ready",
    "Refusal",
    "Reject",
    "Resized",
    "Retry",
    "Scheduler",
    "Start",
    "Stop",
    "Succeeded",
    "Verdict",
    "Woken",
    "after_attempt",
    "is_too_old",
]
