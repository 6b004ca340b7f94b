"""What follows an attempt at an event that nobody waits for, with the vendors' numbers."""

from itertools import pairwise

import pytest

from fnlab.functions import AsyncPolicy, Limits
from fnlab.scheduler import Ending, GivenUp, Retry, Succeeded, after_attempt, is_too_old

AWS = Limits.of("aws-lambda").async_backoff
FC = Limits.of("alibaba-fc").async_backoff


def history(policy, endings, *, backoff=AWS):
    """When each attempt takes place, each over at once, and what the last verdict is."""
    attempts = refusals = 0
    now_s, times_s = 0.0, []
    for ending in endings:
        times_s.append(now_s)
        refused = ending in {Ending.THROTTLED, Ending.PLATFORM_ERROR}
        attempts, refusals = attempts + (not refused), refusals + 1 if refused else 0
        verdict = after_attempt(
            policy, ending, attempts=attempts, refusals=refusals, queued_s=0.0, now_s=now_s, backoff=backoff
        )
        if not isinstance(verdict, Retry):
            break
        now_s = verdict.at_s
    return times_s, verdict


def test_aws_tries_an_erring_function_three_times():
    """One minute and then two minutes after an error; then its retries are exhausted."""
    assert history(AsyncPolicy(), [Ending.FUNCTION_ERROR] * 9) == ([0, 60, 180], GivenUp("RetriesExhausted"))


def test_no_retries_means_one_try():
    """AWS allows 0 to 2."""
    policy = AsyncPolicy(max_retries=0)
    assert history(policy, [Ending.FUNCTION_ERROR]) == ([0], GivenUp("RetriesExhausted"))


def test_the_last_delay_holds_for_all_that_follow():
    """Alibaba allows up to eight retries; here every ten seconds after a first one at once."""
    policy = AsyncPolicy(max_retries=8, delays_s=(0, 10))
    times_s, verdict = history(policy, [Ending.FUNCTION_ERROR] * 20)
    assert times_s == [0, 0, 10, 20, 30, 40, 50, 60, 70]
    assert verdict == GivenUp("RetriesExhausted")


def test_success_ends_it():
    """On whichever try, and however old the event is by then."""
    endings = [Ending.FUNCTION_ERROR, Ending.THROTTLED, Ending.SUCCESS]
    assert history(AsyncPolicy(), endings) == ([0, 60, 61], Succeeded())
    assert history(AsyncPolicy(max_age_s=60), [Ending.FUNCTION_ERROR, Ending.SUCCESS]) == ([0, 60], Succeeded())


@pytest.mark.parametrize("ending", [Ending.THROTTLED, Ending.PLATFORM_ERROR])
def test_aws_backs_off_from_one_second_to_five_minutes(ending):
    """What the function is not to blame for is tried again for six hours, ever more rarely, and costs no attempt."""
    times_s, verdict = history(AsyncPolicy(), [ending] * 200)
    waits_s = [later - earlier for earlier, later in pairwise(times_s)]
    assert waits_s[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(waits_s[9:]) == {300}
    assert 6 * 3600 - 300 < times_s[-1] <= 6 * 3600
    assert verdict == GivenUp("EventAgeExceeded")


def test_alibaba_backs_off_from_half_a_second_for_five_hours():
    """0.5, 1, 2, 4, 8 seconds and so on."""
    policy = AsyncPolicy(max_retries=3, max_age_s=5 * 3600)
    times_s, verdict = history(policy, [Ending.THROTTLED] * 200, backoff=FC)
    waits_s = [later - earlier for earlier, later in pairwise(times_s)]
    assert waits_s == [0.5 * 2**n for n in range(15)]
    assert verdict == GivenUp("EventAgeExceeded")


def test_throttles_between_errors_cost_no_attempt():
    """Three runs, whatever is refused between them; the back-off begins anew after a run."""
    error, throttle = Ending.FUNCTION_ERROR, Ending.THROTTLED
    endings = [throttle, throttle, error, throttle, error, throttle, throttle, error]
    assert history(AsyncPolicy(), endings) == ([0, 1, 3, 63, 64, 184, 185, 187], GivenUp("RetriesExhausted"))


def test_an_event_as_old_as_allowed_is_still_tried():
    """A try exactly at the maximum age is made; a moment later it is not."""
    assert history(AsyncPolicy(max_age_s=60), [Ending.FUNCTION_ERROR] * 2)[0] == [0, 60]
    assert history(AsyncPolicy(max_age_s=59.9), [Ending.FUNCTION_ERROR] * 2) == ([0], GivenUp("EventAgeExceeded"))
    policy = AsyncPolicy(max_age_s=60)
    assert [is_too_old(policy, queued_s=5, now_s=now_s) for now_s in (5, 65, 65.1)] == [False, False, True]


def test_nothing_reserved_is_given_up_at_once():
    """A function that somebody switched off gets no retries."""
    assert history(AsyncPolicy(), [Ending.ZERO_RESERVED]) == ([0], GivenUp("ZeroReservedConcurrency"))


def test_many_refusals_wait_the_longest_wait():
    """However often it was refused, the wait is a number."""
    assert (AWS.wait_s(10_000), FC.wait_s(10_000)) == (300, 18_000)
