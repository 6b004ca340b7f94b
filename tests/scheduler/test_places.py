"""Several requests an instance, the queue, the growth limit and new rules at run time, as literal lists."""

import pytest

from fnlab.errors import BadValue
from fnlab.functions import Scaling
from fnlab.scheduler import (
    Arrived,
    Assign,
    Crashed,
    Finished,
    Queue,
    Ready,
    Reject,
    Resized,
    Scheduler,
    Start,
    Stop,
    Woken,
)


def told(scaling, *events):
    """Feed (time, event) pairs; return the (time, decision) pairs."""
    scheduler = Scheduler(scaling)
    return [(now_s, decision) for now_s, event in events for decision in scheduler.on(event, now_s)]


def arrivals(names, at_s=0.0):
    """One request after another at the same moment."""
    return [(at_s, Arrived(name)) for name in names]


# Several requests an instance.


def test_a_starting_instance_is_filled_before_the_next_one_starts():
    """Two places: the second request joins the first one's instance, the third starts another."""
    assert told(Scaling(concurrency=2), *arrivals("abc")) == [
        (0.0, Start("i1")),
        (0.0, Assign("a", "i1", "cold")),
        (0.0, Assign("b", "i1", "cold")),
        (0.0, Start("i2")),
        (0.0, Assign("c", "i2", "cold")),
    ]


def test_a_busy_instance_with_room_comes_before_an_idle_one_and_that_before_a_starting_one():
    """First fit among the busy, then an idle one, then one on its way."""
    assert (
        told(
            Scaling(concurrency=2),
            *arrivals("abcd"),
            (1.0, Ready("i1")),
            (1.0, Ready("i2")),
            (2.0, Finished("c")),
            (2.0, Finished("d")),  # i2 is idle, i1 full
            (3.0, Finished("a")),
            (4.0, Arrived("e")),  # shares i1, though i2 is idle
            (4.0, Arrived("f")),
            (4.0, Arrived("g")),
            (4.0, Arrived("h")),  # all full: starts i3
            (5.0, Finished("f")),
            (5.0, Arrived("i")),  # a place on i2, although i3 has one too
            (5.0, Arrived("j")),
        )[6:]
        == [
            (4.0, Assign("e", "i1", "shared")),
            (4.0, Assign("f", "i2", "idle")),
            (4.0, Assign("g", "i2", "shared")),
            (4.0, Start("i3")),
            (4.0, Assign("h", "i3", "cold")),
            (5.0, Assign("i", "i2", "shared")),
            (5.0, Assign("j", "i3", "cold")),
        ]
    )


def test_an_idle_instance_comes_before_a_starting_one():
    """The place on the instance that is still starting would have to be waited for."""
    assert told(
        Scaling(concurrency=2),
        *arrivals("abc"),
        (1.0, Ready("i1")),
        (2.0, Finished("a")),
        (2.0, Finished("b")),
        (3.0, Arrived("d")),
    )[-1] == (3.0, Assign("d", "i1", "idle"))


def test_the_oldest_with_room_is_filled_first():
    """Whichever has been given a place back last, the request goes to the first instance that has one."""
    assert told(
        Scaling(concurrency=2),
        *arrivals("abcdef"),
        *((1.0, Ready(name)) for name in ("i1", "i2", "i3")),
        (2.0, Finished("e")),
        (3.0, Finished("c")),
        (4.0, Arrived("g")),
        (4.0, Arrived("h")),
    )[-2:] == [(4.0, Assign("g", "i2", "shared")), (4.0, Assign("h", "i3", "shared"))]


def test_an_instance_is_idle_when_its_last_request_ends():
    """The keep-alive counts from there."""
    scheduler = Scheduler(Scaling(concurrency=3, keep_alive_s=60))
    for name in "abc":
        scheduler.on(Arrived(name), 0.0)
    scheduler.on(Ready("i1"), 1.0)
    for name, at_s in (("b", 2.0), ("a", 3.0)):
        scheduler.on(Finished(name), at_s)
        assert (scheduler.wake_at(), scheduler.working) == (None, 1)
    scheduler.on(Finished("c"), 4.0)
    assert (scheduler.wake_at(), scheduler.working, scheduler.alive) == (64.0, 0, 1)


def test_a_minimum_that_is_starting_serves_nobody_before_it_is_ready():
    """A request starts its own instance meanwhile; once the promised one is ready, it takes as many as it has room."""
    assert told(
        Scaling(concurrency=2, min_instances=1),
        (0.0, Woken()),
        (0.1, Arrived("a")),
        (0.2, Arrived("b")),
        (0.5, Ready("i1")),
        (0.6, Arrived("c")),
        (0.7, Arrived("d")),
    ) == [
        (0.0, Start("i1", "min instances")),
        (0.1, Start("i2")),
        (0.1, Assign("a", "i2", "cold")),
        (0.2, Assign("b", "i2", "cold")),
        (0.6, Assign("c", "i1", "idle")),
        (0.7, Assign("d", "i1", "shared")),
    ]


def test_a_crash_loses_every_request_on_the_instance():
    """All are forgotten: their names may come again, and none of them can finish any more."""
    scheduler = Scheduler(Scaling(concurrency=3))
    for name in "abcd":
        scheduler.on(Arrived(name), 0.0)
    assert (scheduler.serving, scheduler.alive) == (4, 2)
    assert scheduler.on(Crashed("i1"), 1.0) == []
    assert (scheduler.serving, scheduler.alive, scheduler.working) == (1, 1, 1)
    with pytest.raises(BadValue, match=r"only a request that is being served can finish; 'b' is not\."):
        scheduler.on(Finished("b"), 2.0)
    assert scheduler.on(Arrived("b"), 2.0) == [Assign("b", "i2", "cold")]


# The queue.


def test_requests_wait_in_order_of_arrival():
    """With one instance and one place, who came first is served first, and nobody overtakes."""
    assert told(
        Scaling(max_instances=1, max_wait_s=10),
        *arrivals("abc"),
        (1.0, Ready("i1")),
        (2.0, Finished("a")),
        (2.0, Arrived("d")),
        (3.0, Finished("b")),
        (4.0, Finished("c")),
        (5.0, Finished("d")),
    ) == [
        (0.0, Start("i1")),
        (0.0, Assign("a", "i1", "cold")),
        (0.0, Queue("b", "max instances")),
        (0.0, Queue("c", "max instances")),
        (2.0, Assign("b", "i1", "idle")),
        (2.0, Queue("d", "max instances")),
        (3.0, Assign("c", "i1", "idle")),
        (4.0, Assign("d", "i1", "idle")),
    ]


def test_a_wait_ends_at_its_limit():
    """Each request waits its own time; the alarm names the first."""
    scheduler = Scheduler(Scaling(max_instances=1, max_wait_s=2))
    for name, at_s in (("a", 0.0), ("b", 0.5), ("c", 1.0)):
        scheduler.on(Arrived(name), at_s)
    assert (scheduler.wake_at(), scheduler.waiting) == (2.5, 2)
    assert scheduler.on(Woken(), 2.4) == []
    assert scheduler.on(Woken(), 2.5) == [Reject("b", "waited too long")]
    assert (scheduler.wake_at(), scheduler.waiting) == (3.0, 1)


def test_a_place_at_the_very_end_of_a_wait_is_in_time():
    """A tie goes to who waits; a moment later the wait is over, even if nobody woke the scheduler in time."""
    head = [*arrivals("ab"), (0.5, Ready("i1"))]
    rules = Scaling(max_instances=1, max_wait_s=2)
    assert told(rules, *head, (2.0, Finished("a")), (2.0, Woken()))[3:] == [(2.0, Assign("b", "i1", "idle"))]
    assert told(rules, *head, (2.1, Finished("a")))[3:] == [(2.1, Reject("b", "waited too long"))]
    assert told(rules, *head, (2.1, Arrived("c")))[3:] == [
        (2.1, Reject("b", "waited too long")),
        (2.1, Queue("c", "max instances")),
    ]


def test_a_promised_instance_that_becomes_ready_serves_who_waits():
    """As many as it has places."""
    assert told(
        Scaling(concurrency=2, min_instances=1, max_instances=1, max_wait_s=9),
        (0.0, Woken()),
        *arrivals("abc", 0.1),
        (0.5, Ready("i1")),
    )[4:] == [(0.5, Assign("a", "i1", "idle")), (0.5, Assign("b", "i1", "shared"))]


def test_after_a_crash_those_who_wait_get_a_new_instance():
    """The lost instance made room for another; it starts at once and takes as many as fit."""
    assert told(
        Scaling(concurrency=2, max_instances=1, max_wait_s=60),
        *arrivals("abcde"),
        (1.0, Crashed("i1")),
    )[6:] == [
        (1.0, Start("i2")),
        (1.0, Assign("c", "i2", "cold")),
        (1.0, Assign("d", "i2", "cold")),
    ]


def test_a_request_that_waits_does_not_arrive_again():
    """Its name is taken until it was served or refused."""
    with pytest.raises(BadValue, match=r"a request arrives once; 'b' is already being queued\."):
        told(Scaling(max_instances=1, max_wait_s=1), *arrivals("abb"))


# The growth limit.


def test_starts_beyond_the_burst_are_refused_until_a_token_is_back():
    """Two at once, then one every four seconds."""
    assert told(
        Scaling(burst=2, growth_per_s=0.25),
        *arrivals("abc"),
        *arrivals("d", 3.9),
        *arrivals("ef", 4.0),
    ) == [
        (0.0, Start("i1")),
        (0.0, Assign("a", "i1", "cold")),
        (0.0, Start("i2")),
        (0.0, Assign("b", "i2", "cold")),
        (0.0, Reject("c", "growth limit")),
        (3.9, Reject("d", "growth limit")),
        (4.0, Start("i3")),
        (4.0, Assign("e", "i3", "cold")),
        (4.0, Reject("f", "growth limit")),
    ]


def test_no_more_than_the_burst_is_saved_up():
    """After an hour without a start, two may start at once, and not three."""
    decisions = told(Scaling(keep_alive_s=1, burst=2, growth_per_s=1), *arrivals("ab"), *arrivals("cde", 3600.0))
    assert decisions[-1] == (3600.0, Reject("e", "growth limit"))
    assert [type(decision) for _, decision in decisions].count(Start) == 4


def test_who_waits_for_a_token_gets_it_before_who_comes_at_that_moment():
    """The alarm names the moment of the next token; the queue comes first."""
    scheduler = Scheduler(Scaling(burst=1, growth_per_s=0.5, max_wait_s=10))
    scheduler.on(Arrived("a"), 0.0)
    assert scheduler.on(Arrived("b"), 0.5) == [Queue("b", "growth limit")]
    assert scheduler.wake_at() == 2.0
    assert scheduler.on(Arrived("c"), 2.0) == [
        Start("i2"),
        Assign("b", "i2", "cold"),
        Queue("c", "growth limit"),
    ]
    assert scheduler.wake_at() == 4.0
    assert scheduler.on(Woken(), 4.0) == [Start("i3"), Assign("c", "i3", "cold")]


def test_a_token_at_the_very_end_of_a_wait_is_in_time():
    """As with a place."""
    events = [*arrivals("ab"), (2.0, Woken())]
    assert told(Scaling(burst=1, growth_per_s=0.5, max_wait_s=2), *events)[3:] == [
        (2.0, Start("i2")),
        (2.0, Assign("b", "i2", "cold")),
    ]


def test_starts_for_the_minimum_are_not_counted():
    """Three are promised, and one may still start for a request; a promised one that crashed is replaced."""
    assert told(
        Scaling(min_instances=3, burst=1, growth_per_s=0.1),
        (0.0, Woken()),
        (0.1, Crashed("i1")),
        (0.2, Arrived("a")),
        (0.3, Arrived("b")),
    )[3:] == [
        (0.1, Start("i4", "min instances")),
        (0.2, Start("i5")),
        (0.2, Assign("a", "i5", "cold")),
        (0.3, Reject("b", "growth limit")),
    ]


def test_at_the_maximum_no_token_is_lost():
    """A request that the maximum refuses does not count as a start."""
    events = [*arrivals("abbb"), (1.0, Crashed("i1")), *arrivals("c", 1.0)]
    assert told(Scaling(max_instances=1, burst=2, growth_per_s=0.001), *events)[2:] == [
        (0.0, Reject("b", "max instances")),
        (0.0, Reject("b", "max instances")),
        (0.0, Reject("b", "max instances")),
        (1.0, Start("i2")),
        (1.0, Assign("c", "i2", "cold")),
    ]


# New rules at run time.


def test_a_higher_minimum_starts_what_is_missing():
    """Provisioned capacity that is asked for while the function runs, beside what runs on demand."""
    assert told(
        Scaling(),
        *arrivals("a"),
        (1.0, Resized(Scaling(min_instances=3))),
    )[2:] == [(1.0, Start(name, "min instances")) for name in ("i2", "i3", "i4")]


def test_a_lower_minimum_stops_the_idle_at_once_and_the_busy_when_they_are():
    """What is promised is paid for as long as it is there."""
    assert told(
        Scaling(min_instances=3, keep_alive_s=10),
        (0.0, Woken()),
        *((1.0, Ready(name)) for name in ("i1", "i2", "i3")),
        (19.0, Arrived("a")),
        (21.0, Resized(Scaling(min_instances=0, keep_alive_s=10))),
        (30.0, Finished("a")),
    )[3:] == [
        (19.0, Assign("a", "i3", "idle")),
        (21.0, Stop("i1", "min instances")),
        (21.0, Stop("i2", "min instances")),
        (30.0, Stop("i3", "min instances")),
    ]


def test_a_lower_maximum_stops_the_idle_at_once_and_the_busy_when_they_are():
    """Four instances, one of them idle; two may remain. Whoever is idle first goes."""
    scheduler = Scheduler(Scaling(max_instances=4))
    for name in "abcd":
        scheduler.on(Arrived(name), 0.0)
    scheduler.on(Finished("b"), 1.0)
    assert scheduler.on(Resized(Scaling(max_instances=2)), 2.0) == [Stop("i2", "max instances")]
    assert scheduler.on(Arrived("e"), 3.0) == [Reject("e", "max instances")]
    assert scheduler.on(Finished("a"), 4.0) == [Stop("i1", "max instances")]
    assert scheduler.on(Finished("d"), 5.0) == []
    assert (scheduler.alive, scheduler.on(Arrived("f"), 6.0)) == (2, [Assign("f", "i4", "idle")])


def test_instances_above_the_maximum_take_no_further_requests():
    """Else a steady load would keep them for ever; the newest are the ones to leave."""
    scheduler = Scheduler(Scaling(max_instances=2, concurrency=2, max_wait_s=60))
    for name in "abcd":
        scheduler.on(Arrived(name), 0.0)
    scheduler.on(Resized(Scaling(max_instances=1, concurrency=2, max_wait_s=60)), 1.0)
    scheduler.on(Finished("c"), 2.0)
    assert scheduler.on(Arrived("e"), 3.0) == [Queue("e", "max instances")]
    assert scheduler.on(Finished("a"), 4.0) == [Assign("e", "i1", "shared")]
    assert scheduler.on(Finished("d"), 5.0) == [Stop("i2", "max instances")]


def test_a_higher_maximum_serves_those_who_wait():
    """At once, and those that were to leave stay."""
    scheduler = Scheduler(Scaling(max_instances=2, concurrency=2, max_wait_s=60))
    for name in "abcd":
        scheduler.on(Arrived(name), 0.0)
    scheduler.on(Resized(Scaling(max_instances=1, concurrency=2, max_wait_s=60)), 1.0)
    scheduler.on(Finished("d"), 2.0)
    for name in "efg":
        scheduler.on(Arrived(name), 3.0)
    assert scheduler.on(Resized(Scaling(max_instances=3, concurrency=2, max_wait_s=60)), 4.0) == [
        Assign("e", "i2", "shared"),
        Start("i3"),
        Assign("f", "i3", "cold"),
        Assign("g", "i3", "cold"),
    ]


def test_a_promised_instance_that_is_no_longer_wanted_stops_when_it_is_ready():
    """It is not idle before."""
    rules = Scaling(min_instances=2, max_instances=2)
    assert told(
        rules,
        (0.0, Woken()),
        (0.1, Resized(Scaling(max_instances=1))),
        (0.5, Ready("i1")),
        (0.6, Ready("i2")),
    )[2:] == [(0.5, Stop("i1", "min instances")), (0.6, Stop("i2", "min instances"))]


def test_a_crash_among_too_many_lets_the_others_stay():
    """One too many, and one crashes: nobody has to leave any more."""
    scheduler = Scheduler(Scaling(max_instances=2))
    scheduler.on(Arrived("a"), 0.0)
    scheduler.on(Arrived("b"), 0.0)
    scheduler.on(Resized(Scaling(max_instances=1)), 1.0)
    assert scheduler.on(Crashed("i1"), 2.0) == []
    assert scheduler.on(Finished("b"), 3.0) == []
    assert scheduler.on(Arrived("c"), 4.0) == [Assign("c", "i2", "idle")]


def test_after_such_a_crash_the_places_of_the_others_are_given_again():
    """The one that was to leave has room for a second request, and takes it."""
    scheduler = Scheduler(Scaling(max_instances=2, concurrency=2))
    for name in "abc":
        scheduler.on(Arrived(name), 0.0)
    scheduler.on(Resized(Scaling(max_instances=1, concurrency=2)), 1.0)
    scheduler.on(Crashed("i1"), 2.0)
    assert scheduler.on(Arrived("d"), 3.0) == [Assign("d", "i2", "cold")]


def test_more_places_hold_for_instances_that_were_full():
    """One place each becomes two, and who waits is served at once."""
    scheduler = Scheduler(Scaling(max_instances=1, max_wait_s=9))
    for name in "abc":
        scheduler.on(Arrived(name), 0.0)
    rules = Scaling(max_instances=1, max_wait_s=9, concurrency=2)
    assert scheduler.on(Resized(rules), 1.0) == [Assign("b", "i1", "cold")]


def test_a_resize_gives_no_new_tokens_unless_it_sets_the_growth():
    """Else the limit could be had around by setting something else."""
    growth = {"burst": 1, "growth_per_s": 0.001}
    scheduler = Scheduler(Scaling(**growth))
    scheduler.on(Arrived("a"), 0.0)
    scheduler.on(Resized(Scaling(max_instances=7, **growth)), 1.0)
    assert scheduler.on(Arrived("b"), 1.0) == [Reject("b", "growth limit")]
    scheduler.on(Resized(Scaling(burst=2, growth_per_s=0.001)), 2.0)
    assert scheduler.on(Arrived("c"), 2.0) == [Start("i2"), Assign("c", "i2", "cold")]


def test_a_shorter_wait_holds_for_those_who_wait_already():
    """Without a queue, all of them are refused."""
    scheduler = Scheduler(Scaling(max_instances=1, max_wait_s=60))
    for name in "abc":
        scheduler.on(Arrived(name), 0.0)
    assert scheduler.on(Resized(Scaling(max_instances=1)), 1.0) == [
        Reject("b", "waited too long"),
        Reject("c", "waited too long"),
    ]


# Placement by reuse.


@pytest.mark.parametrize(
    ("reuse", "serves"),
    [("newest", "i3"), ("oldest", "i1"), ("most-recently-used", "i2"), ("least-recently-used", "i1")],
)
def test_by_reuse_any_instance_with_room_is_a_candidate(reuse, serves):
    """i1 and i2 serve one of two, i3 is idle and got rid of its requests before i2 did of one."""
    scheduler = Scheduler(Scaling(concurrency=2, reuse=reuse, placement="by-reuse"))
    for name in "abcdef":
        scheduler.on(Arrived(name), 0.0)
    for name in ("i1", "i2", "i3"):
        scheduler.on(Ready(name), 0.5)
    for at_s, name in ((1.0, "a"), (2.0, "e"), (3.0, "f"), (4.0, "c")):
        scheduler.on(Finished(name), at_s)
    (assigned,) = scheduler.on(Arrived("g"), 5.0)
    assert assigned.instance == serves


def test_by_reuse_a_starting_instance_takes_a_second_request():
    """It is the newest with a free place, although an older one has nothing to do."""
    assert told(
        Scaling(concurrency=2, reuse="newest", placement="by-reuse"),
        *arrivals("abc"),
        (0.5, Ready("i1")),
        (1.0, Finished("a")),
        (1.0, Finished("b")),
        (1.1, Arrived("d")),
    )[-1] == (1.1, Assign("d", "i2", "cold"))
