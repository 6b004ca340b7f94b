"""The scheduler, as literal lists of what it is told and what it answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.functions import Scaling
from fnlab.scheduler import Arrived, Assign, Crashed, Finished, Ready, Reject, Scheduler, Start, Stop, Woken


def told(scaling, *events):
    """Feed (time, event) pairs; return the (time, decision) pairs."""
    scheduler = Scheduler(scaling)
    return [(now_s, decision) for now_s, event in events for decision in scheduler.on(event, now_s)]


def test_cold_then_warm():
    """The first request starts an instance and waits for it; the next finds it idle."""
    assert told(
        Scaling(keep_alive_s=60),
        (0.0, Arrived("a")),
        (0.4, Ready("i1")),
        (1.0, Finished("a")),
        (2.0, Arrived("b")),
    ) == [(0.0, Start("i1")), (0.0, Assign("a", "i1", "cold")), (2.0, Assign("b", "i1"))]


def test_overlapping_requests_start_an_instance_each():
    """An instance serves one request at a time, and a starting one is already taken."""
    assert told(Scaling(), (0.0, Arrived("a")), (0.1, Arrived("b"))) == [
        (0.0, Start("i1")),
        (0.0, Assign("a", "i1", "cold")),
        (0.1, Start("i2")),
        (0.1, Assign("b", "i2", "cold")),
    ]


def test_throttled_at_the_maximum():
    """With all instances busy and no more allowed, a request is refused; once one is free, it is served."""
    assert told(
        Scaling(max_instances=1),
        (0.0, Arrived("a")),
        (0.1, Arrived("b")),
        (1.0, Finished("a")),
        (1.1, Arrived("c")),
    ) == [
        (0.0, Start("i1")),
        (0.0, Assign("a", "i1", "cold")),
        (0.1, Reject("b")),
        (1.1, Assign("c", "i1")),
    ]


def test_keep_alive_counts_from_the_last_completion():
    """An idle instance stops exactly one keep-alive after its last request ended."""
    scheduler = Scheduler(Scaling(keep_alive_s=60))
    scheduler.on(Arrived("a"), 0.0)
    scheduler.on(Ready("i1"), 0.4)
    assert scheduler.wake_at() is None
    scheduler.on(Finished("a"), 5.0)
    assert scheduler.wake_at() == 65.0
    assert scheduler.on(Woken(), 65.0) == [Stop("i1")]
    assert (scheduler.wake_at(), scheduler.alive) == (None, 0)


def test_a_pause_as_long_as_the_keep_alive_is_warm():
    """At equal times an arrival comes before an expiry; a moment later it is cold."""
    head = [(0.0, Arrived("a")), (1.0, Finished("a"))]
    assert told(Scaling(keep_alive_s=10), *head, (11.0, Arrived("b")))[-1] == (11.0, Assign("b", "i1"))
    assert told(Scaling(keep_alive_s=10), *head, (11.1, Arrived("b")))[2:] == [
        (11.1, Stop("i1")),
        (11.1, Start("i2")),
        (11.1, Assign("b", "i2", "cold")),
    ]


def test_keep_alive_of_zero_never_reuses_across_a_pause():
    """With no keep-alive an instance serves again only what arrives at the very moment it becomes free."""
    assert told(
        Scaling(keep_alive_s=0),
        (0.0, Arrived("a")),
        (1.0, Finished("a")),
        (1.0, Arrived("b")),
        (2.0, Finished("b")),
        (2.0, Woken()),
    ) == [
        (0.0, Start("i1")),
        (0.0, Assign("a", "i1", "cold")),
        (1.0, Assign("b", "i1")),
        (2.0, Stop("i1")),
    ]


def test_min_instances_are_started_first_and_never_stopped():
    """The minimum is there before the first request, outlives the keep-alive, and is all that remains."""
    assert told(
        Scaling(keep_alive_s=10, min_instances=1),
        (0.0, Woken()),
        (0.5, Ready("i1")),
        (1.0, Arrived("a")),
        (1.1, Arrived("b")),
        (2.0, Finished("a")),
        (3.0, Finished("b")),
        (12.0, Woken()),
        (99.0, Woken()),
    ) == [
        (0.0, Start("i1", "min instances")),
        (1.0, Assign("a", "i1")),
        (1.1, Start("i2")),
        (1.1, Assign("b", "i2", "cold")),
        (99.0, Stop("i2")),
    ]


def test_a_crash_frees_the_place_and_the_minimum_is_restored():
    """A crashed instance no longer counts; if it was one of the minimum, another takes its place."""
    assert told(
        Scaling(max_instances=1),
        (0.0, Arrived("a")),
        (0.5, Crashed("i1")),
        (1.0, Arrived("b")),
    )[2:] == [(1.0, Start("i2")), (1.0, Assign("b", "i2", "cold"))]
    assert told(Scaling(min_instances=1), (0.0, Woken()), (0.1, Ready("i1")), (5.0, Crashed("i1"))) == [
        (0.0, Start("i1", "min instances")),
        (5.0, Start("i2", "min instances")),
    ]


@pytest.mark.parametrize(
    ("reuse", "serves"),
    [("most-recently-used", "i1"), ("least-recently-used", "i3"), ("newest", "i3"), ("oldest", "i1")],
)
def test_reuse_policy_says_which_idle_instance_serves(reuse, serves):
    """Instances 3, 2 and 1 become idle in this order; the policy picks."""
    decisions = told(
        Scaling(reuse=reuse),
        (0.0, Arrived("a")),
        (0.0, Arrived("b")),
        (0.0, Arrived("c")),
        (1.0, Finished("c")),
        (2.0, Finished("b")),
        (3.0, Finished("a")),
        (4.0, Arrived("d")),
    )
    assert decisions[-1] == (4.0, Assign("d", serves))


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([(1.0, Arrived("a")), (0.5, Arrived("b"))], "time must not run backwards; got 0.5 after 1.0."),
        ([(0.0, Arrived("a")), (0.1, Arrived("a"))], "a request arrives once; 'a' is already being served."),
        ([(0.0, Finished("x"))], "only a request that is being served can finish; 'x' is not."),
        ([(0.0, Crashed("i9"))], "only a living instance can crash; 'i9' is not alive."),
    ],
)
def test_impossible_events_are_refused_in_a_sentence(events, sentence):
    """What cannot have happened is an error, not a silent state."""
    with pytest.raises(BadValue) as caught:
        told(Scaling(), *events)
    assert str(caught.value) == sentence


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 20)), max_size=40),
    st.integers(1, 4),
    st.integers(0, 2),
    st.sampled_from(["most-recently-used", "least-recently-used", "newest", "oldest"]),
)
def test_bounds_hold_under_any_traffic(jobs, most, least, reuse):
    """Never fewer than the minimum, never more than the maximum, and every request is assigned or refused once."""
    least = min(least, most)
    scheduler = Scheduler(Scaling(keep_alive_s=5, max_instances=most, min_instances=least, reuse=reuse))
    scheduler.on(Woken(), 0.0)
    events = sorted((arrival, 3, number, Arrived(number)) for number, (arrival, _) in enumerate(jobs))
    answered = []
    while events:
        now_s, _, _, event = events.pop(0)
        for decision in scheduler.on(event, now_s):
            if isinstance(decision, Assign | Reject):
                answered.append(decision.request)
            if isinstance(decision, Assign):
                end_s = now_s + jobs[decision.request][1]
                events = sorted([*events, (end_s, 1, decision.request, Finished(decision.request))])
        assert least <= scheduler.alive <= most
    assert sorted(answered) == list(range(len(jobs)))
