"""What becomes of an event that nobody waits for, after each attempt: a pure decision."""

from enum import Enum, auto
from typing import Literal, NamedTuple

from fnlab.functions import AsyncPolicy
from fnlab.functions.quota import Backoff

#: Why an event was given up, in the words of AWS Lambda's records.
Condition = Literal["RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"]


class Ending(Enum):
    """How an attempt ended.

    Attributes
    ----------
    SUCCESS
        The function answered.
    FUNCTION_ERROR
        It raised, ran too long, outgrew its memory or crashed.
    THROTTLED
        It was not run: nothing was free.
    PLATFORM_ERROR
        It was not run: the platform is in trouble.
    ZERO_RESERVED
        It was not run: nothing is reserved for it, and that is what somebody set.
    """

    SUCCESS = auto()
    FUNCTION_ERROR = auto()
    THROTTLED = auto()
    PLATFORM_ERROR = auto()
    ZERO_RESERVED = auto()


class Succeeded(NamedTuple):
    """The event is done."""


class Retry(NamedTuple):
    """Try again at this time."""

    at_s: float


class GivenUp(NamedTuple):
    """The event is not tried again; its end goes to whoever is to hear of it."""

    condition: Condition


Verdict = Succeeded | Retry | GivenUp


def after_attempt(
    policy: AsyncPolicy,
    ending: Ending,
    *,
    attempts: int,
    refusals: int,
    queued_s: float,
    now_s: float,
    backoff: Backoff,
) -> Verdict:
    """Say what follows an attempt.

    A function error is tried again after ``policy.delays_s``, at most ``policy.max_retries`` times. A refusal (a
    throttle, or trouble of the platform) is tried again after a wait that doubles each time; it costs no attempt. Both
    end when the next try would come after ``policy.max_age_s``: then it is given up now and not kept till then.

    Parameters
    ----------
    policy : AsyncPolicy
        The function's rules.
    ending : Ending
        How this attempt ended.
    attempts : int
        How often the function was run for this event, this attempt included if it was.
    refusals : int
        How often in a row it was refused, this time included if it was.
    queued_s, now_s : float
        When the event was accepted, and now.
    backoff : Backoff
        The waits after refusals, from :class:`fnlab.functions.Limits`.

    Examples
    --------
    >>> after_attempt(AsyncPolicy(), Ending.FUNCTION_ERROR, attempts=1, refusals=0, queued_s=0, now_s=2,
    ...               backoff=Backoff(1, 2, 300))
    Retry(at_s=62)
    """
    if ending is Ending.SUCCESS:
        return Succeeded()
    if ending is Ending.ZERO_RESERVED:
        return GivenUp("ZeroReservedConcurrency")
    if ending is Ending.FUNCTION_ERROR:
        if attempts > policy.max_retries:
            return GivenUp("RetriesExhausted")
        wait_s = policy.delays_s[min(attempts, len(policy.delays_s)) - 1]
    else:
        wait_s = backoff.wait_s(refusals)
    at_s = now_s + wait_s
    return GivenUp("EventAgeExceeded") if is_too_old(policy, queued_s=queued_s, now_s=at_s) else Retry(at_s)


def is_too_old(policy: AsyncPolicy, *, queued_s: float, now_s: float) -> bool:
    """Tell whether an event is not to be tried any more: asked before each attempt, and after a long standstill."""
    return now_s - queued_s > policy.max_age_s
