"""Knative's autoscaler: its specification line by line as literal lists, and what it does to instances."""

import pytest

from fnlab.errors import BadValue
from fnlab.functions import LoadView, Scaling
from fnlab.scheduler import Arrived, Assign, Finished, Queue, Ready, Scheduler, Start, Stop, Woken
from fnlab.scheduler.policies import KnativeKpa

#: Ten places, all of them aimed at: a target of 10 requests an instance.
TEN = {"target_utilization": 1.0, "initial_scale": 0, "scale_to_zero_grace_s": 0}


def view(now_s, stable, panic, ready, *, concurrency=10, windows_s=(60, 6)):
    """A tick with these two averages."""
    means = dict(zip(windows_s, (stable, panic), strict=True))
    return LoadView(now_s, ready, ready, 0, 0, 0, concurrency, means.__getitem__, lambda over_s: 0.0)


def desired(kpa, *ticks):
    """Feed (now, stable average, panic average, ready) and return the answers."""
    return [kpa(view(*tick)) for tick in ticks]


@pytest.mark.parametrize(
    ("settings", "concurrency", "per_instance"),
    [
        ({}, 10, 7.0),  # 10 places, 70 %
        ({}, 100, 70.0),  # what an unlimited revision gets by default
        ({"target": 5}, 10, 3.5),  # an annotation below the places
        ({"target": 50}, 10, 7.0),  # above them it is the places that hold
        ({"target_utilization": 0.001}, 1, 0.01),  # never below 0.01
    ],
)
def test_the_target_is_a_share_of_the_places(settings, concurrency, per_instance):
    """The smaller of annotation and places, times the utilization."""
    assert KnativeKpa(**settings).per_instance(concurrency) == pytest.approx(per_instance)


def test_the_answer_is_the_stable_average_over_the_target_rounded_up():
    """14 requests at 7 an instance are two instances, 14.1 are three; a rounding error is no third."""
    assert desired(KnativeKpa(initial_scale=0), (100, 14, 7, 2)) == [2]
    assert desired(KnativeKpa(initial_scale=0), (100, 14.1, 7, 2)) == [3]
    assert desired(KnativeKpa(initial_scale=0), (100, 14.000000000001, 7, 2)) == [2]


def test_none_ready_counts_as_one():
    """3 instances asked for by the short window, 0 ready: 3 / 1 is over the threshold of 2, so it panics."""
    assert desired(KnativeKpa(**TEN), (100, 8, 30, 0)) == [3]


def test_a_step_up_is_limited_by_the_ready_ones():
    """Rate 1.1 with 3 ready: ceil(3.3) = 4 although 9 are wanted; panic needs 6 and is not reached by 4."""
    kpa = KnativeKpa(max_scale_up_rate=1.1, **TEN)
    kpa(view(0, 30, 30, 1))
    assert desired(KnativeKpa(max_scale_up_rate=1.1, **TEN), (0, 10, 10, 1), (2, 90, 30, 3)) == [1, 4]


def test_a_step_down_is_limited_by_the_ready_ones():
    """Rate 2: of 7 at least 3 stay, of 3 one, of 1 none."""
    ticks = [(0, 10, 10, 1), (100, 1, 1, 7), (102, 1, 1, 3), (104, 0, 0, 1)]
    assert desired(KnativeKpa(**TEN), *ticks) == [1, 3, 1, 0]


def test_the_activation_scale_holds_as_soon_as_anything_is_wanted():
    """One would do, four are started; with nothing wanted it has no say, and above it neither."""
    ticks = [(0, 1, 1, 1), (2, 50, 50, 4), (200, 0, 0, 1)]
    assert desired(KnativeKpa(activation_scale=4, **TEN), *ticks) == [4, 5, 0]


def test_panic_begins_at_twice_the_ready_ones_and_takes_the_larger_window():
    """2 ready: 3 wanted by the short window are no panic, and the stable 2 hold; 4 are, and 4 hold."""
    calm = [(0, 10, 10, 1)]
    assert desired(KnativeKpa(**TEN), *calm, (100, 20, 30, 2)) == [1, 2]
    assert desired(KnativeKpa(**TEN), *calm, (100, 20, 40, 2)) == [1, 4]
    assert desired(KnativeKpa(**TEN), *calm, (100, 50, 40, 2)) == [1, 5]  # the stable one may be larger


def test_in_panic_the_number_never_sinks_and_leaves_after_a_stable_window():
    """Panic at 100 s with 4; calm from 102 s. At exactly 160 s it still holds, at 162 s it is over."""
    assert desired(
        KnativeKpa(**TEN),
        (0, 10, 10, 1),
        (100, 10, 40, 2),  # panics: 4 / 2
        (102, 10, 10, 4),
        (130, 20, 60, 4),  # 6 / 4 is below the threshold: more, and no longer panic
        (132, 10, 10, 6),
        (160, 10, 10, 6),
        (162, 10, 10, 6),  # over: floor(6 / 2)
    ) == [1, 4, 4, 6, 6, 6, 3]


def test_panic_lasts_longer_if_it_is_over_the_threshold_again():
    """A second peak at 150 s moves the end to after 210 s."""
    assert desired(
        KnativeKpa(**TEN),
        (0, 10, 10, 1),
        (100, 10, 40, 2),
        (150, 10, 80, 4),
        (162, 10, 10, 8),
        (210, 10, 10, 8),
        (212, 10, 10, 8),
    ) == [1, 4, 8, 8, 8, 4]


def test_the_next_panic_begins_anew():
    """What was the most in the last one is forgotten."""
    assert desired(KnativeKpa(**TEN), (0, 10, 10, 1), (10, 10, 90, 1), (100, 10, 10, 1), (110, 10, 30, 1)) == [
        1,
        9,
        1,
        3,
    ]


def test_it_starts_in_panic_where_instances_are_there_already():
    """It has no history to shrink five instances by, and keeps them for a stable window."""
    assert desired(KnativeKpa(**TEN), (7, 1, 1, 5), (66, 1, 1, 5), (68, 1, 1, 5)) == [5, 5, 2]


def test_a_smaller_number_waits_for_the_scale_down_delay():
    """Four at 2 s hold until just before 302 s."""
    kpa = KnativeKpa(scale_down_delay_s=300, panic_threshold=100, **TEN)
    assert desired(kpa, (2, 40, 40, 1), (300, 10, 10, 1), (302, 10, 10, 1)) == [4, 4, 1]


def test_bounds_hold_last():
    """Whatever is wanted; a maximum of 0 is none."""
    bounded = KnativeKpa(**TEN, min_scale=2, max_scale=3)
    assert desired(bounded, (0, 0, 0, 0), (100, 90, 90, 1), (300, 0, 0, 1)) == [2, 3, 2]
    assert desired(KnativeKpa(**TEN), (0, 5000, 5000, 1)) == [500]


def test_the_initial_scale_holds_until_it_was_attained():
    """Three at first, even while only two are ready; then what is needed."""
    kpa = KnativeKpa(target_utilization=1.0, initial_scale=3, panic_threshold=100)
    assert desired(kpa, (0, 0, 0, 0), (2, 10, 10, 2), (4, 10, 10, 3), (200, 10, 10, 2)) == [3, 3, 1, 1]


def test_the_last_instance_stays_for_the_stable_window_and_the_grace():
    """Active since 0: not before 60 s is it inactive, and 30 s later it goes. A request in between begins anew."""
    kpa = KnativeKpa(target_utilization=1.0, initial_scale=1)
    ticks = [(0, 0, 0, 0), (2, 0, 0, 1), (58, 0, 0, 1), (60, 0, 0, 1), (88, 0, 0, 1), (90, 0, 0, 1)]
    assert desired(kpa, *ticks) == [1, 1, 1, 1, 1, 0]
    assert desired(kpa, (92, 0.1, 1, 0), (150, 0, 0, 1), (152, 0, 0, 1), (180, 0, 0, 1), (182, 0, 0, 1)) == [
        1, 1, 1, 1, 0
    ]  # fmt: skip


@pytest.mark.parametrize(("share", "window_s"), [(0.1, 6), (0.125, 8), (0.01, 1), (1, 60)])
def test_the_panic_window_is_in_whole_seconds(share, window_s):
    """The nearest, and at least one."""
    assert KnativeKpa(panic_share=share).panic_window_s == window_s


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"max_scale_up_rate": 1}, r"max_scale_up_rate must be above 1; got 1\."),
        ({"target": 0}, r"target must be above 0; got 0\."),
        ({"min_scale": 1.5}, r"min_scale must be a whole number of at least 0; got 1\.5\."),
        ({"min_scale": 3, "max_scale": 2}, r"min_scale must not exceed max_scale; got 3 and 2\."),
        ({"tick_s": float("nan")}, r"tick_s must be finite; got nan\."),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, sentence):
    """In one sentence."""
    with pytest.raises(BadValue, match=sentence):
        KnativeKpa(**settings)


def play(scheduler, until_s, events):
    """Tell it what happens, and wake it whenever it asked for that; return the decisions."""
    told = []
    for at_s, event in [*events, (until_s, None)]:
        while (due_s := scheduler.wake_at()) is not None and due_s < at_s:
            told += [(due_s, decision) for decision in scheduler.on(Woken(), due_s)]
        if event is not None:
            told += [(at_s, decision) for decision in scheduler.on(event, at_s)]
    return told


def test_it_drives_the_scheduler_from_one_to_many_to_none():
    """Idle at first, then ten long requests at once: one a place, at 70 %, makes ceil(10 / 0.7) = 15 in panic.

    They come at 100 s. At 102 s the average over 6 s is 10 * 2 / 6 = 3.3, which is ceil(4.76) = 5 instances; at 104 s
    it is 6.7, which is 10; at 106 s it is 10, which is 15. The one from the beginning went at 90 s, after 60 s and 30.
    """
    scheduler = Scheduler(Scaling(autoscaler=KnativeKpa(), max_wait_s=600, keep_alive_s=0))
    told = play(scheduler, 99, [(0, Woken()), (1, Ready("i1"))])
    assert told == [(0, Start("i1", "autoscaler")), (90, Stop("i1", "autoscaler"))]

    arrivals = [(100, Arrived(number)) for number in range(10)]
    told = play(scheduler, 107, arrivals)
    assert told[:3] == [
        (100, Start("i2")),
        (100, Queue(0, "first free")),
        (100, Queue(1, "first free")),
    ]
    starts = [at_s for at_s, decision in told if isinstance(decision, Start)]
    assert [starts.count(at_s) for at_s in (100, 102, 104, 106)] == [1, 4, 5, 5]

    ready = [(107, Ready(f"i{number}")) for number in range(2, 17)]
    told = play(scheduler, 107.5, ready)
    assert told == [(107, Assign(number, f"i{number + 2}", "cold")) for number in range(10)]
    told = play(scheduler, 400, [(108, Finished(number)) for number in range(10)])
    stops = [at_s for at_s, decision in told if isinstance(decision, Stop)]
    # Both the panic of 106 s and the last request of 108 s are out of the window at 168 s. From then on 15 are halved:
    # 7, 3, 1. At 174 s nothing is asked for any more, and 30 s later the last one goes.
    assert [(at_s, stops.count(at_s)) for at_s in sorted(set(stops))] == [(168, 8), (170, 4), (172, 2), (204, 1)]
    assert scheduler.alive == 0


def test_every_scheduler_works_with_a_copy_of_its_own():
    """What one of them learned, the next does not know."""
    kpa = KnativeKpa(**TEN)
    for _ in range(2):
        scheduler = Scheduler(Scaling(autoscaler=kpa, max_wait_s=9, concurrency=10))
        assert scheduler.on(Woken(), 0.0) == []
    assert not kpa._memory.begun
    assert kpa == KnativeKpa(**TEN)
