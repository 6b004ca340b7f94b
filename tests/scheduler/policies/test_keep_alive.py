"""Keep-alive policies: answers as literal values."""

from math import inf

import pytest

from fnlab.errors import BadValue
from fnlab.functions import IdleView, Keep, Scaling
from fnlab.scheduler import Arrived, Assign, Finished, Ready, Scheduler, Start, Stop, Woken
from fnlab.scheduler.policies import Fixed, HybridHistogram, TimerWarmUp, facts

MIN = 60.0


def view(gaps_s=(), *, now_s=0.0, idle=1, keep_alive_s=300.0):
    """An instance that has become idle."""
    return IdleView(now_s, idle, idle, keep_alive_s, list(gaps_s))


def test_fixed_answers_the_same_to_everything():
    """Infinity is a time, too; less than none is not."""
    assert (Fixed(0)(view()), Fixed(inf)(view())) == (0, inf)
    with pytest.raises(BadValue, match=r"seconds must be at least 0; got -1\."):
        Fixed(-1)


def test_few_pauses_say_nothing():
    """Nine of ten: the instance is kept for the histogram's range, or for what is stated."""
    assert HybridHistogram()(view([MIN] * 9)) == Keep(for_s=4 * 60 * MIN)
    assert HybridHistogram(fallback_s=600)(view([MIN] * 9)) == Keep(for_s=600)


def test_regular_pauses_are_slept_through():
    """All in the bin from 10 to 11 minutes: started 10 % before the one, kept until 10 % after the other."""
    keep = HybridHistogram()(view([10.5 * MIN] * 20))
    assert keep == Keep(for_s=0.0, prewarm_after_s=9 * MIN, prewarm_for_s=pytest.approx((12.1 - 9) * MIN))


def test_head_and_tail_leave_out_the_outliers():
    """100 pauses: 4 short ones and 1 long one do not count, the fifth short one and the second long one do."""

    def pauses(short, long):
        return [0.5 * MIN] * short + [30.5 * MIN] * (100 - short - long) + [99.5 * MIN] * long

    assert HybridHistogram()(view(pauses(4, 1))).prewarm_after_s == 27 * MIN
    assert HybridHistogram()(view(pauses(4, 1))).prewarm_for_s == pytest.approx((31 * 1.1 - 27) * MIN)
    assert HybridHistogram()(view(pauses(5, 1))) == Keep(for_s=pytest.approx(31 * 1.1 * MIN))
    assert HybridHistogram()(view(pauses(4, 2))).prewarm_for_s == pytest.approx((100 * 1.1 - 27) * MIN)
    assert HybridHistogram(tail=0.95)(view(pauses(4, 5))).prewarm_for_s == pytest.approx((31 * 1.1 - 27) * MIN)


def test_pauses_that_differ_in_everything_are_not_representative():
    """One in each of four bins, ten times: the counts are all 10, their variation is 0."""
    evenly = [minute * MIN for minute in range(4)] * 10
    assert HybridHistogram(range_s=4 * MIN)(view(evenly)) == Keep(for_s=4 * MIN)
    # 240 bins, 48 pauses in bins of their own: a variation of sqrt(240 / 48 - 1) = 2 is just enough; 49 are too many.
    assert HybridHistogram()(view([minute * MIN for minute in range(48)])).for_s < 4 * 60 * MIN
    assert HybridHistogram()(view([minute * MIN for minute in range(49)])).for_s == 4 * 60 * MIN


def test_pauses_beyond_the_range_are_forecast_from_the_last_few():
    """Half of them are as long as the range or longer: the median of the last five, give or take 15 %."""
    long = [4 * 3600.0, 20000.0, 30000.0, 20000.0, 20000.0]
    keep = HybridHistogram()(view([MIN] * 5 + long))
    assert keep == Keep(for_s=0.0, prewarm_after_s=17000.0, prewarm_for_s=pytest.approx(6000.0))
    assert HybridHistogram()(view([MIN] * 6 + long)).prewarm_after_s == 0.9 * MIN  # 5 of 11 are too few


def test_each_pause_is_counted_once():
    """Asked after every pause, it answers as if asked once at the end."""
    gaps_s = [float(17 * number % 400) for number in range(200)]
    step_by_step = HybridHistogram()
    answers = [step_by_step(view(gaps_s[: count + 1])) for count in range(200)]
    assert answers[-1] == HybridHistogram()(view(gaps_s))
    assert step_by_step._histogram.within == 200


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"head": 0.99, "tail": 0.05}, r"head and tail must be shares in this order; got 0\.99 and 0\.05\."),
        ({"margin": 1}, r"margin must be a share below 1; got 1\."),
        ({"bin_s": 0}, r"bin_s must be above 0; got 0\."),
        ({"range_s": 30}, r"range_s must be at least 60; got 30\."),
        ({"least_gaps": 0}, r"least_gaps must be a whole number of at least 1; got 0\."),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, sentence):
    """In one sentence."""
    with pytest.raises(BadValue, match=sentence):
        HybridHistogram(**settings)


def test_the_histogram_in_the_scheduler():
    """Called every 20 minutes: unloaded at once, started again in time, and warm when the request comes."""
    scheduler = Scheduler(Scaling(keep_alive=HybridHistogram(least_gaps=3, fallback_s=60)))
    for number in range(4):  # three pauses of 1199 s, each too long for the 60 s
        scheduler.on(Arrived(number), 1200.0 * number)
        scheduler.on(Ready(f"i{number + 1}"), 1200.0 * number)
        scheduler.on(Finished(number), 1200.0 * number + 1)
    assert scheduler.on(Woken(), 3601.0) == [Stop("i4", "keep-alive over")]
    assert scheduler.wake_at() == 3601.0 + 0.9 * 19 * 60
    assert scheduler.on(Woken(), 4627.0) == [Start("i5", "pre-warm")]
    scheduler.on(Ready("i5"), 4628.0)
    assert scheduler.on(Arrived("a"), 4800.0) == [Assign("a", "i5", "idle")]


def test_pings_closer_than_the_keep_alive_hold_instances_for_ever():
    """The first idle ones, as many as are called; one more is kept as ever."""
    warm = TimerWarmUp(300, instances=2)
    assert [warm(view(idle=idle)).for_s for idle in (1, 2, 3)] == [inf, inf, 300]


def test_the_last_used_of_several_is_the_one_that_stays():
    """Two requests at once; whichever ends first is at the bottom of the stack and stays, the other expires."""
    scheduler = Scheduler(Scaling(keep_alive_s=300, keep_alive=TimerWarmUp(240)))
    for name in "ab":
        scheduler.on(Arrived(name), 0.0)
    scheduler.on(Finished("b"), 1.0)
    scheduler.on(Finished("a"), 2.0)
    assert scheduler.wake_at() == 302.0
    assert scheduler.on(Woken(), 302.0) == [Stop("i1", "keep-alive over")]
    assert (scheduler.wake_at(), scheduler.alive) == (None, 1)


def test_pings_further_apart_than_the_keep_alive_start_a_new_one():
    """Pings at 900, 1800, …: idle at 5 s, gone at 305 s, a new one from 900 s on. Idle at 700 s, found at 900 s."""
    ping = TimerWarmUp(900)
    assert ping(view(now_s=5.0)) == Keep(for_s=300, prewarm_after_s=895, prewarm_for_s=300)
    assert ping(view(now_s=700.0)) == Keep(for_s=500, prewarm_after_s=1100, prewarm_for_s=300)
    assert ping(view(now_s=700.0, idle=2)).for_s == 300
    assert ping(view(now_s=900.0)).prewarm_after_s == 900  # the ping of this moment is over


@pytest.mark.parametrize(
    "group",
    [
        "knative", "hybrid_histogram", "hybrid_histogram_details", "hybrid_histogram_ours", "provisioned_utilization",
        "provisioned_utilization_cool_down", "target_tracking_ours",
    ],
)  # fmt: skip
def test_every_default_has_a_source_a_date_and_a_status(group):
    """And the status is one of those that are used everywhere."""
    assert {"source", "as_of", "status"} <= facts(group).keys()
    assert facts(group)["status"] in {"confirmed", "secondary", "unconfirmed", "illustrative"}
