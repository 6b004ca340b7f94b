"""The token bucket: so many at once, so many a second, and an alarm that can be trusted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.functions import Limits
from fnlab.scheduler.bucket import TokenBucket


@given(st.integers(1, 50), st.floats(0.001, 1000), st.floats(0, 1e4), st.integers(1, 80))
def test_a_token_is_there_at_the_very_moment_that_was_named(capacity, per_s, start_s, count):
    """The full bucket gives its capacity at once; afterwards each named moment gives one, and never an earlier one."""
    bucket = TokenBucket(capacity, per_s=per_s)
    assert [bucket.take(start_s) for _ in range(capacity)] == [True] * capacity
    taken_s = []
    for _ in range(count):
        at_s = bucket.next_at()
        assert bucket.take(at_s)
        taken_s.append(at_s)
    assert all(later > earlier for earlier, later in pairwise(taken_s))


@given(st.integers(1, 10), st.floats(0.1, 10), st.lists(st.floats(0, 60), max_size=100).map(sorted), st.data())
def test_no_window_gives_more_than_the_burst_and_its_share(capacity, per_s, times_s, data):
    """In any window of the run: at most the capacity and what came back meanwhile."""
    bucket = TokenBucket(capacity, per_s=per_s)
    taken_s = [at_s for at_s in times_s if bucket.take(at_s)]
    first = data.draw(st.integers(0, len(taken_s)))
    last = data.draw(st.integers(first, len(taken_s)))
    window = taken_s[first:last]
    if window:
        assert len(window) <= capacity + per_s * (window[-1] - window[0]) + 1e-6


def test_the_vendors_growth_in_numbers():
    """AWS starts 1,000 at once and 1,000 more in ten seconds; Alibaba 100 at once and 100 a minute."""
    for provider, burst, span_s in (("aws-lambda", 1000, 10), ("alibaba-fc", 100, 60)):
        limits = Limits.of(provider)
        bucket = TokenBucket(limits.burst, per_s=limits.growth_per_s)
        assert [bucket.take(0.0) for _ in range(burst + 5)].count(True) == burst
        assert [bucket.take(float(span_s)) for _ in range(burst + 5)].count(True) == burst
        assert limits.growth_per_s == pytest.approx(burst / span_s)
