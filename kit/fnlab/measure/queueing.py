"""Queues with several servers: how often a request finds all of them busy, and how long it waits.

Arrivals are Poisson, service times exponential and independent, requests wait in the order of their arrival: M/M/c
(A. K. Erlang, 1917; L. Kleinrock, *Queueing Systems I*, 1975, sections 3.5 and 3.6). Nothing here is a factorial or a
power, so thousands of servers are no harder than three.
"""

from math import exp, inf

from fnlab.errors import BadValue
from fnlab.units import require


def erlang_b(servers: int, load: float) -> float:
    """Share of requests that are lost when nothing may wait (M/M/c/c).

    Parameters
    ----------
    servers : int
        At least 0.
    load : float
        Offered load in erlangs: arrival rate times mean service time.

    Raises
    ------
    BadValue
        If `servers` is not a whole number of at least 0 or `load` is negative.

    Examples
    --------
    >>> round(erlang_b(10, 8), 8)
    0.12166106
    """
    _check(servers, load, least=0)
    blocked = 1.0
    for number in range(1, servers + 1):
        carried = load * blocked
        blocked = carried / (number + carried)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Share of requests that wait; 1 when the load is not below the number of servers, for then the queue only grows.

    Parameters
    ----------
    servers : int
        At least 1.
    load : float
        Offered load in erlangs.

    Raises
    ------
    BadValue
        If `servers` is not a whole number of at least 1 or `load` is negative.

    Examples
    --------
    >>> round(erlang_c(25, 20), 8)
    0.20910283
    """
    _check(servers, load, least=1)
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


def waits_longer(servers: int, *, arrivals_per_s: float, service_s: float, than_s: float) -> float:
    """Share of requests that wait longer than a time: ``C(c, a) exp(-(c / service_s - arrivals_per_s) than_s)``.

    Raises
    ------
    BadValue
        As :func:`erlang_c`, or if a rate or time is negative.

    Examples
    --------
    >>> waits_longer(1, arrivals_per_s=0.5, service_s=1.0, than_s=0.0)
    0.5
    """
    require("than_s", than_s, at_least=0)
    load = _load(arrivals_per_s, service_s)
    waiting = erlang_c(servers, load)
    if load >= servers or not service_s:
        return waiting
    return waiting * exp(-(servers / service_s - arrivals_per_s) * than_s)


def mean_wait_s(servers: int, *, arrivals_per_s: float, service_s: float) -> float:
    """Mean time that a request waits, those that do not wait included; infinite when the queue only grows.

    Raises
    ------
    BadValue
        As :func:`waits_longer`.

    Examples
    --------
    >>> mean_wait_s(1, arrivals_per_s=0.5, service_s=1.0)
    1.0
    """
    load = _load(arrivals_per_s, service_s)
    waiting = erlang_c(servers, load)
    return inf if load >= servers else waiting * service_s / (servers - load)


def _load(arrivals_per_s: float, service_s: float) -> float:
    require("arrivals_per_s", arrivals_per_s, at_least=0)
    require("service_s", service_s, at_least=0)
    return arrivals_per_s * service_s


def _check(servers: int, load: float, *, least: int) -> None:
    if not isinstance(servers, int) or isinstance(servers, bool) or servers < least:
        raise BadValue(f"servers must be a whole number of at least {least}; got {servers!r}.")
    require("load", load, at_least=0)
