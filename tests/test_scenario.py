"""A scenario is a line of text, and playing it gives the same day each time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.scenario import Scenario, play
from fnlab.workload import Profile

PAGE = Profile.of_service(4.5, cpu_share=0.29, init_s=1.5)


@given(
    st.builds(
        Scenario,
        peak_per_hour=st.floats(1, 1e5) | st.integers(1, 10**5),
        keep_alive_s=st.floats(0, 1e4),
        memory_mib=st.integers(128, 10240),
        max_instances=st.integers(1, 500),
        curve=st.sampled_from(["elasticity", "cost"]),
        seed=st.integers(0, 2**32),
    )
)
def test_text_and_back(scenario):
    """Every scenario survives being written as words."""
    assert Scenario.of(scenario.text) == scenario


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("peak=800", "a scenario's words are name=value with peak_per_hour, .*; got 'peak=800'"),
        ("memory_mib", "got 'memory_mib'"),
        ("memory_mib=much", "memory_mib must be a number; got 'much'"),
    ],
)
def test_words_that_mean_nothing_are_refused(text, sentence):
    """The sentence shows which word."""
    with pytest.raises(BadValue, match=sentence):
        Scenario.of(text)


def test_the_books_day_under_the_books_machine():
    """800 page views of 4.5 s in the busiest hour are one Erlang: one machine, and a handful of instances."""
    outlook = play(Scenario(), profile=PAGE, machine_per_hour=800)
    assert outlook.machines == 1
    assert outlook.per_instance_h == pytest.approx(800, rel=0.01)
    assert len(outlook.trace) == 9934
    assert 4 <= outlook.timeline.peak_instances.max() <= 10
    assert outlook.trace == play(Scenario(), profile=PAGE, machine_per_hour=800).trace


def test_more_memory_serves_faster_and_fewer_instances_refuse():
    """Twice the memory, half the service time; a cap of one instance throttles."""
    twice = play(Scenario(memory_mib=1024), profile=PAGE, machine_per_hour=800)
    capped = play(Scenario(max_instances=1), profile=PAGE, machine_per_hour=800)
    assert twice.per_instance_h == pytest.approx(1600, rel=0.01)
    assert capped.trace.throttled > 1000
    assert capped.timeline.peak_instances.max() == 1
