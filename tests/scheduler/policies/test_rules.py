"""Rules for provisioned instances, and target tracking of all: answers as literal values."""

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.functions import LoadView, Scaling
from fnlab.scheduler import Arrived, Finished, Ready, Scheduler, Start, Stop, Woken
from fnlab.scheduler.policies import Predicted, ProvisionedUtilisation, Scheduled, TargetTracking

H = 3600.0


def view(now_s, *, demand=0.0, on_provisioned=0.0, concurrency=1):
    """A tick with these averages."""
    return LoadView(now_s, 0, 0, 0, 0, 0, concurrency, lambda over_s: demand, lambda over_s: on_provisioned)


def test_a_schedule_holds_from_its_beginning_to_before_its_end_every_day():
    """From 8 to 18 o'clock, today and tomorrow."""
    rule = Scheduled(from_s=8 * H, to_s=18 * H, instances=5)
    moments_s = [8 * H - 1, 8 * H, 18 * H - 1, 18 * H, 32 * H]
    assert [rule(view(now_s)) for now_s in moments_s] == [0, 5, 5, 0, 5]


def test_a_schedule_may_last_over_midnight():
    """From 22 to 6 o'clock."""
    rule = Scheduled(from_s=22 * H, to_s=6 * H, instances=2)
    assert [rule(view(hour * H)) for hour in (0, 5.9, 6, 21.9, 22, 25, 31)] == [2, 2, 0, 0, 2, 2, 0]


def test_a_schedule_may_hold_only_once():
    """The next day it does not come again."""
    rule = Scheduled(from_s=8 * H, to_s=18 * H, instances=5, every_s=None)
    assert [rule(view(hour * H)) for hour in (9, 33)] == [5, 0]


def test_utilisation_divides_by_target_and_places():
    """3 requests on average at 60 % are 5 instances; with two places each, 3."""
    rule = ProvisionedUtilisation(least=1, most=8)
    assert rule(view(0, on_provisioned=3.0)) == 5
    assert rule(view(0, on_provisioned=3.0, concurrency=2)) == 3
    assert [rule(view(0, on_provisioned=busy)) for busy in (0.0, 50.0)] == [1, 8]


def test_utilisation_cools_down_before_it_sinks():
    """Up at once; down when the last larger number is as old as the cool-down."""
    rule = ProvisionedUtilisation(least=1, most=99, cool_down_s=120)
    loads = [(0, 6.0), (60, 0.6), (119, 0.6), (120, 0.6)]
    assert [rule(view(now_s, on_provisioned=busy)) for now_s, busy in loads] == [10, 10, 10, 1]
    at_once = ProvisionedUtilisation(least=1, most=99)
    assert [at_once(view(now_s, on_provisioned=busy)) for now_s, busy in loads[:2]] == [10, 1]


def test_target_tracking_counts_all_requests_and_goes_down_after_a_calm_spell():
    """2.9 requests at 70 % are ceil(4.14) = 5; 300 s later 1 is enough."""
    scaler = TargetTracking()
    assert [scaler(view(now_s, demand=demand)) for now_s, demand in ((0, 2.9), (60, 0.5), (300, 0.5))] == [5, 5, 1]
    assert TargetTracking(least=2, most=4)(view(0, demand=50.0)) == 4
    assert TargetTracking(least=2, most=4)(view(0)) == 2


def test_a_prediction_is_there_before_its_slot_begins():
    """Slots of a minute, asked once a minute, an init of up to 30 s: the next slot counts, and then no more."""
    rule = Predicted(profile=np.array([0, 0, 3.5, 0, 0]), ahead_s=30)
    assert [rule(view(60.0 * minute)) for minute in range(6)] == [0, 4, 4, 0, 0, 0]
    assert [rule(view(60.0 * minute, concurrency=2)) for minute in (1, 6)] == [2, 2]  # the day has five minutes
    assert Predicted(profile=[2.0], slot_s=H, target=0.5)(view(0)) == 4


def test_a_prediction_from_past_days_is_littles_law():
    """60 and 180 requests in a minute, of 2 s each, are 4 in the system on average."""
    rule = Predicted.from_days(np.array([[0, 60], [0, 180]]), service_s=2)
    assert rule.profile == (0.0, 4.0)
    assert rule == Predicted(profile=[0.0, 4.0])  # so it can be told whether rules have changed


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Scheduled(from_s=0, to_s=0, instances=1), r"from_s and to_s must be two moments of the 86400 s .*"),
        (lambda: Scheduled(from_s=9, to_s=8, instances=1, every_s=None), r"to_s must be above 9; got 8\."),
        (
            lambda: Scheduled(from_s=0, to_s=9, instances=-1),
            r"instances must be a whole number of at least 0; got -1\.",
        ),
        (lambda: ProvisionedUtilisation(least=0, most=3), r"least must be a whole number of at least 1; got 0\."),
        (lambda: ProvisionedUtilisation(least=4, most=3), r"most must be a whole number of at least 4; got 3\."),
        (lambda: TargetTracking(target=1.2), r"target must be at most 1; got 1\.2\."),
        (lambda: Predicted(profile=[]), r"profile must hold numbers of at least 0; got \[\]\."),
        (lambda: Predicted(profile=[-1]), r"profile must hold numbers of at least 0; got \[-1\]\."),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, sentence):
    """In one sentence."""
    with pytest.raises(BadValue, match=sentence):
        make()


def test_the_largest_of_several_rules_holds_and_the_surplus_stops_at_once():
    """One by the minimum, two from 60 s on, three from 120 to 180 s: then one of three stops, and no keep-alive."""
    scheduler = Scheduler(
        Scaling(
            min_instances=1,
            rules=(
                Scheduled(from_s=60, to_s=600, instances=2),
                Scheduled(from_s=120, to_s=180, instances=3),
            ),
        )
    )
    told = {0.0: scheduler.on(Woken(), 0.0)}
    while (at_s := scheduler.wake_at()) <= 600:
        for number in range(1, 4):
            scheduler.on(Ready(f"i{number}"), at_s)  # whichever is starting
        told[at_s] = scheduler.on(Woken(), at_s)
    assert list(told) == [60.0 * minute for minute in range(11)]
    assert {at_s: decisions for at_s, decisions in told.items() if decisions} == {
        0.0: [Start("i1", "min instances")],
        60.0: [Start("i2", "min instances")],
        120.0: [Start("i3", "min instances")],
        180.0: [Stop("i1", "min instances")],
        600.0: [Stop("i2", "min instances")],
    }


def test_utilisation_grows_by_the_inverse_of_its_target():
    """One provisioned instance, always busy: 1 / 0.6 are 2; then 2 busy make 4."""
    scheduler = Scheduler(Scaling(rules=(ProvisionedUtilisation(least=1, most=9),)))
    scheduler.on(Woken(), 0.0)
    scheduler.on(Ready("i1"), 0.0)
    scheduler.on(Arrived("a"), 0.0)
    assert scheduler.on(Woken(), 60.0) == [Start("i2", "min instances")]
    scheduler.on(Ready("i2"), 60.0)
    scheduler.on(Arrived("b"), 60.0)
    assert scheduler.on(Woken(), 120.0) == [Start("i3", "min instances"), Start("i4", "min instances")]
    for name in ("i3", "i4"):
        scheduler.on(Ready(name), 121.0)
    for name in "ab":
        scheduler.on(Finished(name), 121.0)
    assert [type(decision) for decision in scheduler.on(Woken(), 240.0)] == [Stop, Stop, Stop]
