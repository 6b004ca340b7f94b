"""What the scheduler does with any policy, as literal lists of what it is told and what it answers."""

from math import inf

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.functions import Keep, LoadView, Scaling
from fnlab.scheduler import (
    Arrived,
    Assign,
    Crashed,
    Evicted,
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


def told(scaling, *events, room=None):
    """Feed (time, event) pairs; return the (time, decision) pairs."""
    scheduler = Scheduler(scaling, room=room)
    return [(now_s, decision) for now_s, event in events for decision in scheduler.on(event, now_s)]


class Noting:
    """A keep-alive policy that writes down what it is told, and cannot be copied."""

    def __init__(self, answer):
        self.answer, self.views = answer, []

    def __call__(self, view):
        self.views.append((view.now_s, view.idle, view.alive, list(view.gaps_s)))
        return self.answer

    def __deepcopy__(self, memo):
        return self


# Keep-alive policies.


def test_a_policy_is_asked_once_for_each_time_an_instance_becomes_idle():
    """Not when it is ready for a request, not while another request is on it, not by alarms."""
    noting = Noting(100.0)
    told(
        Scaling(keep_alive=noting, concurrency=2),
        (0.0, Arrived("a")),
        (0.0, Arrived("b")),
        (0.0, Arrived("c")),
        (1.0, Ready("i1")),
        (1.0, Ready("i2")),
        (2.0, Finished("a")),
        (3.0, Finished("b")),
        (4.0, Woken()),
        (5.0, Finished("c")),
        (9.0, Arrived("d")),
        (10.0, Finished("d")),
    )
    assert noting.views == [(3.0, 1, 2, []), (5.0, 2, 2, []), (10.0, 2, 2, [4.0])]


def test_pauses_begin_with_the_last_request_and_end_with_the_next():
    """An instance that becomes ready in between begins none, and neither does the first event."""
    noting = Noting(1000.0)
    told(
        Scaling(keep_alive=noting, min_instances=1),
        (0.0, Woken()),
        (5.0, Ready("i1")),
        (10.0, Arrived("a")),
        (20.0, Finished("a")),
        (25.0, Resized(Scaling(keep_alive=noting, min_instances=2))),
        (30.0, Ready("i2")),
        (50.0, Arrived("b")),
        (50.0, Arrived("c")),
        (50.0, Arrived("d")),
        (60.0, Finished("d")),
    )
    assert noting.views == [(60.0, 1, 3, [30.0])]


def test_a_pause_begins_when_the_last_request_is_lost_with_its_instance():
    """Nothing runs after a crash either."""
    noting = Noting(1000.0)
    events = [(0.0, Arrived("a")), (4.0, Crashed("i1")), (9.0, Arrived("b")), (10.0, Finished("b"))]
    told(Scaling(keep_alive=noting), *events)
    assert noting.views == [(10.0, 1, 1, [5.0])]


def test_a_policy_of_ones_own_is_a_function():
    """Twice the median pause, once there are three: ten lines at most."""

    def twice_the_median(view):
        gaps_s = sorted(view.gaps_s)
        if len(gaps_s) < 3:
            return view.keep_alive_s
        return 2 * gaps_s[len(gaps_s) // 2]

    scheduler = Scheduler(Scaling(keep_alive_s=600, keep_alive=twice_the_median))
    for number, at_s in enumerate((0.0, 10.0, 20.0)):
        scheduler.on(Arrived(number), at_s)
        scheduler.on(Finished(number), at_s + 1)
        assert scheduler.wake_at() == at_s + 601
    scheduler.on(Arrived(3), 30.0)
    scheduler.on(Finished(3), 31.0)
    assert scheduler.wake_at() == 31 + 18
    assert scheduler.on(Woken(), 49.0) == [Stop("i1", "keep-alive over")]


def test_a_pre_warmed_instance_starts_when_due_serves_who_comes_and_expires_unused():
    """Unloaded at once; started 60 s later; kept for 30 s from when it is ready."""
    rules = Scaling(keep_alive=lambda view: Keep(for_s=0, prewarm_after_s=60, prewarm_for_s=30))
    head = [(0.0, Arrived("a")), (1.0, Finished("a")), (1.0, Woken()), (61.0, Woken()), (63.0, Ready("i2"))]
    begin = [(0.0, Start("i1")), (0.0, Assign("a", "i1", "cold")), (1.0, Stop("i1")), (61.0, Start("i2", "pre-warm"))]
    assert told(rules, *head, (93.0, Arrived("b"))) == [*begin, (93.0, Assign("b", "i2", "idle"))]
    assert told(rules, *head, (93.0, Woken())) == [*begin, (93.0, Stop("i2"))]


def test_an_arrival_cancels_the_pre_warming():
    """Even one at the very moment: it starts an instance of its own."""
    scheduler = Scheduler(Scaling(keep_alive=lambda view: Keep(for_s=0, prewarm_after_s=60, prewarm_for_s=30)))
    scheduler.on(Arrived("a"), 0.0)
    scheduler.on(Finished("a"), 1.0)
    assert scheduler.on(Woken(), 1.0) == [Stop("i1")]
    assert scheduler.wake_at() == 61.0
    assert scheduler.on(Arrived("b"), 61.0) == [Start("i2"), Assign("b", "i2", "cold")]
    assert (scheduler.wake_at(), scheduler.on(Woken(), 99.0)) == (None, [])


def test_a_pre_warming_that_the_maximum_forbids_is_left_out():
    """And it is not tried again for ever."""
    rules = Scaling(max_instances=1, keep_alive=lambda view: Keep(for_s=100, prewarm_after_s=60, prewarm_for_s=30))
    scheduler = Scheduler(rules)
    scheduler.on(Arrived("a"), 0.0)
    scheduler.on(Finished("a"), 1.0)
    assert scheduler.on(Woken(), 61.0) == []
    assert scheduler.wake_at() == 101.0


def test_an_instance_that_is_kept_for_ever_names_no_moment():
    """There is nothing to wake up for, and nothing is written down for each request."""
    scheduler = Scheduler(Scaling(keep_alive=lambda view: inf))
    for number in range(5):
        scheduler.on(Arrived(number), float(number))
        scheduler.on(Finished(number), number + 0.5)
    assert (scheduler.wake_at(), scheduler.alive, scheduler._fleet._lifetimes._order) == (None, 1, [])


@pytest.mark.parametrize("seconds", [5, 5.0, np.int64(5), np.float32(5)])
def test_seconds_may_be_written_as_any_number(seconds):
    """Numpy's are as good as Python's."""
    scheduler = Scheduler(Scaling(keep_alive=lambda view: seconds))
    scheduler.on(Arrived("a"), 0.0)
    scheduler.on(Finished("a"), 1.0)
    assert scheduler.wake_at() == 6.0


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (-1, r"for_s=-1"),
        (float("nan"), r"for_s=nan"),
        ("long", r"for_s='long'"),
        (None, r"for_s=None"),
        (True, r"for_s=True"),
        (Keep(for_s=1, prewarm_after_s=-2), r"prewarm_after_s=-2"),
        (Keep(for_s=1, prewarm_after_s=2, prewarm_for_s=float("nan")), r"prewarm_for_s=nan"),
        (Keep(for_s=1, prewarm_after_s=2, prewarm_for_s="long"), r"prewarm_for_s='long'"),
    ],
)
def test_a_keep_alive_that_makes_no_sense_is_refused(answer, found):
    """In one sentence, when it is given."""
    scheduler = Scheduler(Scaling(keep_alive=lambda view: answer))
    scheduler.on(Arrived("a"), 0.0)
    with pytest.raises(BadValue, match=rf"a keep-alive policy must answer with seconds of at least 0; got {found}\."):
        scheduler.on(Finished("a"), 1.0)


# Rules and autoscalers.


@pytest.mark.parametrize("answer", [-1, 2.5, float("nan"), inf, "three", None, True])
@pytest.mark.parametrize("kind", ["rule", "autoscaler"])
def test_a_number_of_instances_that_makes_no_sense_is_refused(answer, kind):
    """In one sentence, when it is given."""
    policy = {"rules": (lambda view: answer,)} if kind == "rule" else {"autoscaler": lambda view: answer}
    with pytest.raises(BadValue, match=r"must answer with a whole number of at least 0; got .*\."):
        Scheduler(Scaling(max_wait_s=9, **policy)).on(Woken(), 0.0)


@pytest.mark.parametrize("answer", [2, 2.0, np.int32(2), np.float64(2)])
def test_a_number_of_instances_may_be_written_as_any_whole_number(answer):
    """Numpy's are as good as Python's."""
    assert len(Scheduler(Scaling(rules=(lambda view: answer,))).on(Woken(), 0.0)) == 2


def test_the_surplus_of_a_rule_stops_at_once_and_the_busy_ones_when_they_are_idle():
    """Three, then one: two are idle, one is busy. The newest leaves last, when its request has ended."""
    answers = iter([3, 0])
    assert told(
        Scaling(rules=(lambda view: next(answers),)),
        (0.0, Woken()),
        *((1.0, Ready(f"i{number}")) for number in (1, 2, 3)),
        (2.0, Arrived("a")),
        (60.0, Woken()),
        (61.0, Finished("a")),
    )[3:] == [
        (2.0, Assign("a", "i3", "idle")),
        (60.0, Stop("i1", "min instances")),
        (60.0, Stop("i2", "min instances")),
        (61.0, Stop("i3", "min instances")),
    ]


def test_new_rules_that_want_the_same_stop_nobody():
    """They are asked before anything is stopped."""
    scheduler = Scheduler(Scaling(rules=(lambda view: 2,)))
    scheduler.on(Woken(), 0.0)
    for name in ("i1", "i2"):
        scheduler.on(Ready(name), 1.0)
    assert scheduler.on(Resized(Scaling(rules=(lambda view: 3,))), 2.0) == [Start("i3", "min instances")]


def test_a_rule_is_asked_at_the_first_event_and_at_whole_multiples_of_its_tick():
    """However late the alarm rings, and whenever it began."""

    class Every7s:
        tick_s = 7

        def __call__(self, view):
            asked.append(view.now_s)
            return 0

    asked = []
    scheduler = Scheduler(Scaling(rules=(Every7s(),)))
    moments_s = [3.0, 7.0, 14.0, 20.0, 22.5, 28.0]
    for at_s in moments_s:
        scheduler.on(Woken(), at_s)
        assert scheduler.wake_at() > at_s
    assert asked == [3.0, 7.0, 14.0, 22.5, 28.0]


def test_an_autoscaler_from_zero_is_given_its_first_instance_by_the_first_request():
    """It measures nothing before; the request waits for whatever is free first."""
    assert told(
        Scaling(autoscaler=lambda view: 0, max_wait_s=60),
        (0.0, Woken()),
        (1.0, Arrived("a")),
        (1.0, Arrived("b")),
        (2.0, Ready("i1")),
        (3.0, Finished("a")),
        (4.0, Finished("b")),
        (60.0, Woken()),
    ) == [
        (1.0, Start("i1")),
        (1.0, Queue("a", "first free")),
        (1.0, Queue("b", "first free")),
        (2.0, Assign("a", "i1", "cold")),
        (3.0, Assign("b", "i1", "idle")),
        (60.0, Stop("i1", "autoscaler")),
    ]


def test_an_autoscaler_at_zero_does_not_starve_who_waits():
    """It says none at every tick, the init takes longer than a tick: the instance stays while anybody waits for it."""

    class Zero:
        tick_s = 1

        def __call__(self, view):
            return 0

    assert told(
        Scaling(autoscaler=Zero(), max_wait_s=inf),
        (0.0, Arrived("a")),
        (1.0, Woken()),
        (2.0, Woken()),
        (2.5, Ready("i1")),
        (3.0, Woken()),
        (9.5, Finished("a")),
    )[2:] == [(2.5, Assign("a", "i1", "cold")), (9.5, Stop("i1", "autoscaler"))]


def test_a_new_autoscaler_sees_the_requests_that_are_there():
    """Three run when it takes over: it is told of three, not of none."""

    def as_many_as_requests(view: LoadView) -> int:
        return int(view.mean_demand(60))

    scheduler = Scheduler(Scaling(max_wait_s=9))
    for name in "abc":
        scheduler.on(Arrived(name), 0.0)
    assert scheduler.on(Resized(Scaling(max_wait_s=9, autoscaler=as_many_as_requests)), 5.0) == []
    scheduler.on(Finished("a"), 6.0)
    assert scheduler.alive == 3


# First-free binding, queues, memory.


def test_a_waiting_request_takes_the_first_place_that_is_free():
    """The one that was started for it comes too late, and stays idle; AWS Lambda would have let it wait."""
    assert told(
        Scaling(binding="first-free", max_wait_s=60),
        (0.0, Arrived("a")),
        (1.0, Ready("i1")),
        (2.0, Arrived("b")),
        (2.5, Finished("a")),
        (4.0, Ready("i2")),
        (5.0, Arrived("c")),
    ) == [
        (0.0, Start("i1")),
        (0.0, Queue("a", "first free")),
        (1.0, Assign("a", "i1", "cold")),
        (2.0, Start("i2")),
        (2.0, Queue("b", "first free")),
        (2.5, Assign("b", "i1", "idle")),
        (5.0, Assign("c", "i2", "idle")),
    ]


def test_first_free_with_starts_left_names_no_moment_in_the_past():
    """What it waits for is the instance that is starting, not a start."""
    scheduler = Scheduler(Scaling(binding="first-free", burst=10, growth_per_s=1, max_wait_s=10))
    scheduler.on(Arrived("a"), 5.0)
    assert scheduler.wake_at() == 15.0


def test_a_wait_without_end_names_no_moment():
    """Infinity is not a time to wake up at."""
    scheduler = Scheduler(Scaling(max_instances=1, max_wait_s=inf))
    scheduler.on(Arrived("a"), 0.0)
    assert scheduler.on(Arrived("b"), 0.0) == [Queue("b", "max instances")]
    assert scheduler.wake_at() is None


def test_a_full_queue_refuses_and_starts_nothing_for_whom_it_refuses():
    """Two places in the queue, and an instance on its way for each."""
    arrivals = [(0.0, Arrived(name)) for name in "abc"]
    assert told(Scaling(binding="first-free", max_wait_s=60, max_queue=2), *arrivals) == [
        (0.0, Start("i1")),
        (0.0, Queue("a", "first free")),
        (0.0, Start("i2")),
        (0.0, Queue("b", "first free")),
        (0.0, Reject("c", "queue full")),
    ]
    assert told(Scaling(max_instances=1, max_wait_s=60, max_queue=1), *arrivals)[2:] == [
        (0.0, Queue("b", "max instances")),
        (0.0, Reject("c", "queue full")),
    ]


def test_first_free_needs_a_queue():
    """With no place in it nobody would ever be served."""
    with pytest.raises(BadValue, match=r"where requests wait for a place, max_queue must be at least 1; got 0\."):
        Scaling(binding="first-free", max_wait_s=9, max_queue=0)


def test_an_evicted_instance_stops_and_only_an_idle_one_can_be():
    """Its memory is needed elsewhere; its function starts another when it has to."""
    scheduler = Scheduler(Scaling(keep_alive_s=60))
    scheduler.on(Arrived("a"), 0.0)
    with pytest.raises(BadValue, match=r"only an idle on-demand instance can be evicted; 'i1' is none\."):
        scheduler.on(Evicted("i1"), 0.5)
    scheduler.on(Finished("a"), 1.0)
    assert scheduler.on(Evicted("i1"), 2.0) == [Stop("i1", "evicted")]
    assert (scheduler.wake_at(), scheduler.alive) == (None, 0)


def test_without_memory_a_request_waits_and_no_alarm_rings_before_its_time():
    """There are starts left and no room: somebody else has to say that there is."""
    scheduler = Scheduler(Scaling(burst=10, growth_per_s=1, max_wait_s=10), room=lambda now_s: now_s >= 7)
    assert scheduler.on(Arrived("a"), 5.0) == [Queue("a", "no memory")]
    assert scheduler.wake_at() == 15.0
    assert scheduler.on(Woken(), 7.0) == [Start("i1"), Assign("a", "i1", "cold")]


def test_no_room_is_made_for_a_start_that_the_growth_limit_forbids():
    """Else another function would lose its idle instance for nothing."""
    asked = []
    rules = Scaling(burst=1, growth_per_s=0.1)
    told(rules, (0.0, Arrived("a")), (0.0, Arrived("b")), room=lambda now_s: asked.append(now_s) or True)
    assert asked == [0.0]


def test_a_new_version_takes_over_and_the_old_instances_serve_out():
    """The idle one stops at once, the busy one when it is; what comes next starts an instance of the new version."""
    assert told(
        Scaling(min_instances=1),
        (0.0, Woken()),
        (0.0, Ready("i1")),
        (1.0, Arrived("a")),
        (1.0, Arrived("b")),
        (2.0, Finished("b")),
        (3.0, Resized(Scaling(min_instances=1), replaces=True)),
        (4.0, Arrived("c")),
        (5.0, Finished("a")),
    )[2:] == [
        (1.0, Start("i2")),
        (1.0, Assign("b", "i2", "cold")),
        (3.0, Stop("i2", "replaced")),
        (3.0, Start("i3", "min instances")),
        (4.0, Start("i4")),
        (4.0, Assign("c", "i4", "cold")),
        (5.0, Stop("i1", "replaced")),
    ]
