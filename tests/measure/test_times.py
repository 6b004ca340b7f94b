"""Percentiles of the parts of an invocation's time."""

from math import isnan

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.measure import durations_s, percentiles
from fnlab.trace import Recorder


def test_each_part_of_the_time(busy_platform) -> None:
    """Latency is from arrival to end, wait is what is neither init nor service; init is of the cold ones only."""
    parts = {of: durations_s(busy_platform, of).tolist() for of in ("latency", "service", "init", "wait")}
    assert parts == {"latency": [4, 2, 5], "service": [2, 2, 3], "init": [2], "wait": [0, 0, 2]}


@pytest.mark.parametrize("of", ["latency", "service", "init", "wait"])
def test_percentiles_are_numpys(served, of) -> None:
    """On a thousand random times they are the linearly interpolated ones."""
    rng = np.random.default_rng(3)
    trace = served(np.arange(1000.0), service=rng.exponential(1, 1000), init=rng.random(1000), wait=rng.random(1000))
    found = percentiles(trace, of=of)
    assert list(found) == [50, 95, 99, 99.9]
    np.testing.assert_allclose(list(found.values()), np.percentile(durations_s(trace, of), list(found)))


def test_nobody_has_no_percentile() -> None:
    """Without invocations each one is NaN."""
    found = percentiles(Recorder(memory_mib=128).trace(1.0), (50, 99))
    assert all(isnan(value) for value in found.values())


@pytest.mark.parametrize(
    ("which", "of", "said"),
    [
        ((101,), "latency", r"a percentage must be at most 100; got 101\."),
        ((-1,), "latency", r"a percentage must be at least 0; got -1\."),
        (("p50",), "latency", r"a percentage must be a number; got 'p50'\."),
        ((50,), "sleep", r"of must be one of latency, service, init, wait; got 'sleep'\."),
    ],
)
def test_what_cannot_be_asked_of_times(busy_platform, which, of, said) -> None:
    """The sentence says the rule and what was found."""
    with pytest.raises(BadValue, match=said):
        percentiles(busy_platform, which, of=of)
