"""What the scheduler is told, and what it answers.

Requests and instances are names: any hashable value for a request, ``"i1"``, ``"i2"``, … for instances, in the
order in which they are started.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple


class Arrived(NamedTuple):
    """A request came in."""

    request: Hashable


class Ready(NamedTuple):
    """An instance finished its init."""

    instance: str


class Finished(NamedTuple):
    """A request ended, well or badly, and its instance lives on."""

    request: Hashable


class Crashed(NamedTuple):
    """An instance is gone without having been told to stop; a request on it is lost."""

    instance: str


class Woken(NamedTuple):
    """The moment that :meth:`Scheduler.wake_at` named has come (or the very first moment of all)."""


class Start(NamedTuple):
    """Start a new instance."""

    instance: str
    reason: str = "no idle instance"


class Assign(NamedTuple):
    """Give the request to the instance; if that is still starting, as soon as it is ready."""

    request: Hashable
    instance: str
    reason: str = "idle"


class Reject(NamedTuple):
    """Refuse the request."""

    request: Hashable
    reason: str = "max instances"


class Stop(NamedTuple):
    """Stop the instance; it is idle."""

    instance: str
    reason: str = "keep-alive over"


Event = Arrived | Ready | Finished | Crashed | Woken
Decision = Start | Assign | Reject | Stop

#: Which of several events at the very same moment comes first. Instances are given back before they are asked for,
#: and asked for before they expire: a pause exactly as long as the keep-alive is warm.
RANK: Mapping[type[Event], int] = {Crashed: 0, Finished: 1, Ready: 2, Arrived: 3, Woken: 4}
