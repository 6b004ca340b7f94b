"""What the scheduler is told, and what it answers.

Requests and instances are names: any hashable value for a request, ``"i1"``, ``"i2"``, … for instances, in the
order in which they are started.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from fnlab.functions import Scaling


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
    """An instance is gone without having been told to stop; every request on it is lost and never finishes."""

    instance: str


class Resized(NamedTuple):
    """Other rules hold from now on: another minimum, maximum, or anything else that they hold.

    With `replaces`, another version takes over too: the present instances serve out what they have, and stop.
    """

    scaling: Scaling
    replaces: bool = False


class Evicted(NamedTuple):
    """The memory of an idle instance is needed elsewhere: it is to stop."""

    instance: str


class Woken(NamedTuple):
    """The moment that :meth:`Scheduler.wake_at` named has come (or the very first moment of all)."""


class Start(NamedTuple):
    """Start a new instance.

    The reason is ``"no idle instance"`` for a request, ``"min instances"`` (a provisioned one), ``"pre-warm"``
    (ahead of a request, by a keep-alive policy) or ``"autoscaler"``.
    """

    instance: str
    reason: str = "no idle instance"


class Assign(NamedTuple):
    """Give the request to the instance; if that is still starting, as soon as it is ready.

    The reason is ``"idle"`` (the instance was ready and had nothing to do), ``"shared"`` (it was ready and serves
    others too) or ``"cold"`` (it is still starting, for this request or for one that came a little earlier; or it
    has just become ready, and the request waited for whatever would be free first).
    """

    request: Hashable
    instance: str
    reason: str = "idle"


class Queue(NamedTuple):
    """Let the request wait; an :class:`Assign` or a :class:`Reject` follows later.

    The reason is ``"max instances"``, ``"growth limit"``, ``"no memory"`` (in a pool shared with others) or ``"first
    free"`` (what was started, for this request or by an autoscaler, is not ready yet).
    """

    request: Hashable
    reason: str = "max instances"


class Reject(NamedTuple):
    """Refuse the request: one of the reasons of :class:`Queue`, ``"queue full"`` or ``"waited too long"``."""

    request: Hashable
    reason: str = "max instances"


class Stop(NamedTuple):
    """Stop the instance; it is idle.

    The reason is ``"keep-alive over"``, ``"max instances"`` or ``"min instances"`` after either sank, ``"autoscaler"``,
    ``"replaced"`` or ``"evicted"``.
    """

    instance: str
    reason: str = "keep-alive over"


Event = Arrived | Ready | Finished | Crashed | Resized | Evicted | Woken
Decision = Start | Assign | Queue | Reject | Stop

#: Which of several events at the very same moment comes first. Places are given back before they are asked for, and
#: asked for before anything expires: a pause exactly as long as the keep-alive is warm, and a place that is free at the
#: very end of a wait is still in time. New rules hold for what arrives at the moment they are made.
RANK: Mapping[type[Event], int] = {Crashed: 0, Finished: 1, Ready: 2, Resized: 3, Evicted: 3, Arrived: 4, Woken: 5}
