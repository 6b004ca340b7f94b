"""Queues that would grow without end."""

from math import inf

from fnlab.errors import BadValue
from fnlab.functions import Scaling


def refuse_endless_queue(scaling: Scaling, load: float) -> None:
    """Refuse rules under which requests wait without a limit for fewer places than the load needs.

    Parameters
    ----------
    scaling : Scaling
        The rules.
    load : float
        Requests in service on average if none had to wait: arrival rate times mean service time.

    Raises
    ------
    BadValue
        Names the load and the places.

    Examples
    --------
    >>> refuse_endless_queue(Scaling(max_instances=2, max_wait_s=inf), 1.5)
    """
    if scaling.max_wait_s != inf or scaling.max_queue is not None:
        return
    places = scaling.max_instances * scaling.concurrency
    if load >= places:
        raise BadValue(
            f"a queue without a limit needs a load below its places; got {load:.4g} requests in service on average for "
            f"{places} places ({scaling.max_instances} instances): set max_wait_s or max_queue, or raise max_instances."
        )
