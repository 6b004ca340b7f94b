"""Whose idle instance goes when several functions share a memory: the lowest priority first."""

from fnlab.scheduler.shared import Candidate


def lru(candidate: Candidate) -> float:
    """Let the least recently used go first.

    Examples
    --------
    >>> lru(Candidate(function="f", now_s=7.0, uses=3, init_s=2.0, memory_mib=512, clock=0.0))
    7.0
    """
    return candidate.now_s


def greedy_dual(candidate: Candidate) -> float:
    """Let go first what is seldom used, quick to start again and large, and what has not been used for long.

    The priority is ``clock + frequency * cost / size``: requests of the function so far, its init, its memory. The
    clock is the highest priority evicted so far, so that an old merit is worth less and less.

    References
    ----------
    A. Fuerst and P. Sharma, "FaasCache: keeping serverless computing alive with greedy-dual caching", ASPLOS 2021,
    doi 10.1145/3445814.3446757.

    Examples
    --------
    >>> greedy_dual(Candidate(function="f", now_s=7.0, uses=3, init_s=2.0, memory_mib=512, clock=0.5))
    0.51171875
    """
    return candidate.clock + candidate.uses * candidate.init_s / candidate.memory_mib


def largest_first(candidate: Candidate) -> float:
    """Let the largest go first, and of equal ones the longest idle.

    Examples
    --------
    >>> largest_first(Candidate(function="f", now_s=7.0, uses=3, init_s=2.0, memory_mib=512, clock=0.0))
    -512.0
    """
    return -float(candidate.memory_mib)
