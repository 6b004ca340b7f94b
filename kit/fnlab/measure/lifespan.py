"""How long an instance lives, two ways."""

from dataclasses import dataclass
from math import nan

import numpy as np

from fnlab.measure.totals import say_s
from fnlab.trace import Kind, Trace


@dataclass(frozen=True, kw_only=True)
class Lifespan:
    """Mean life of the instances that requests started.

    Attributes
    ----------
    by_littles_law_s : float
        Mean number alive, divided by the rate at which they are started; NaN when none was started. Every second of
        every life in the window counts.
    of_expired_s : float
        Plain mean of those that stopped inside the window; NaN when none did. It leaves out those that are still alive,
        which are the long-lived ones, so it is too small; with a policy that keeps some alive nearly for ever it is
        far too small.
    started, expired, alive : int
        How many were started in the window, stopped in it, and were alive when it closed.
    """

    by_littles_law_s: float
    of_expired_s: float
    started: int
    expired: int
    alive: int

    def __repr__(self) -> str:
        return (
            f"Lifespan({say_s(self.by_littles_law_s)} by Little's law; {say_s(self.of_expired_s)} on average of the "
            f"{self.expired:,} expired, while {self.alive:,} live on)"
        )


def lifespan(trace: Trace) -> Lifespan:
    """Estimate how long an instance lives.

    Little's law (J. D. C. Little, "A proof for the queuing formula L = λW", Operations Research 9 (1961)) gives the
    mean life as servers / (λ p), where λ is the rate of requests and p the share of them that starts an instance. Over
    a window that is instance time over instances started. The ends of the window make an error that shrinks as it gets
    longer: lives that began before it count in the time and not in the number.

    Instances that were promised (provisioned) are left out, because no request starts them.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> recorder = Recorder(memory_mib=128)
    >>> for at in (1.0, 2.0):
    ...     instance = recorder.created(at)
    >>> recorder.stopped(instance, 5.0)
    >>> lifespan(recorder.trace(10.0))
    Lifespan(6 s by Little's law; 3 s on average of the 1 expired, while 1 live on)
    """
    columns = trace.instance_columns
    asked = columns["kind"] == Kind.ON_DEMAND
    created_s, stopped_s = columns["created_s"][asked], columns["stopped_s"][asked]
    alive_s = (trace.alive_until_s[asked] - created_s).clip(min=0)
    # An instance that is cut by the window's begin was ready at 0.
    there = (created_s <= 0) & (columns["ready_s"][asked] <= 0)
    started = int(np.sum(~there & (created_s < trace.duration_s)))
    expired = stopped_s < trace.duration_s
    return Lifespan(
        by_littles_law_s=float(alive_s.sum()) / started if started else nan,
        of_expired_s=float(alive_s[expired & ~there].mean()) if (expired & ~there).any() else nan,
        started=started,
        expired=int(expired.sum()),
        alive=int(np.sum(~expired & (created_s < trace.duration_s))),
    )
