"""What another keep-alive or memory size would have made of a trace."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.cost import bill, what_if
from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.simulator import run
from fnlab.trace import Kind, Recorder, Status, Trace
from fnlab.workload import Constant, Profile, Workload


def served(
    *spans: tuple[int, float, float],
    init_s: float = 0.5,
    stopped_s: dict[int, float] | None = None,
    kind: Kind = Kind.ON_DEMAND,
    duration_s: float = 3600.0,
) -> Trace:
    """Requests as (instance, arrival, execution); the first of an instance is cold."""
    recorder, seen = Recorder(memory_mib=1024), set[int]()
    for instance in sorted({span[0] for span in spans}):
        first_s = min(arrival_s for which, arrival_s, _ in spans if which == instance)
        recorder.created(first_s, kind)
        recorder.ready(instance, first_s + init_s)
    for instance, arrival_s, run_s in spans:
        wait_s = 0.0 if instance in seen or kind == Kind.PROVISIONED else init_s
        seen.add(instance)
        recorder.invocation(
            arrival_s=arrival_s,
            start_s=arrival_s + wait_s,
            end_s=arrival_s + wait_s + run_s,
            init_s=wait_s,
            status=Status.OK,
            instance=instance,
        )
    for instance, at_s in (stopped_s or {}).items():
        recorder.stopped(instance, at_s)
    return recorder.trace(duration_s)


def function(keep_alive_s: float) -> Function:
    """A function with one CPU that takes the most recently used instance."""
    scaling = Scaling(keep_alive_s=keep_alive_s)
    return Function(
        name="f", handler="main:handler", package=Package({"main.py": b""}), memory_mib=1769, scaling=scaling
    )


def test_a_gap_longer_than_the_keep_alive_is_a_new_instance() -> None:
    """Idle for 98.5 s: with 60 s kept, a second instance with its own init; both end 60 s after their work."""
    trace = served((0, 1.0, 1.0), (0, 101.0, 1.0))
    made = what_if(trace, "aws-lambda", keep_alive_s=60)
    assert (made.before.cold_starts, made.after.cold_starts) == (1, 2)
    after = made.after.trace
    assert after["start_s"].tolist() == [1.5, 101.5]
    assert after["end_s"].tolist() == [2.5, 102.5]
    assert after.instance_columns["created_s"].tolist() == [1.0, 101.0]
    assert after.instance_columns["stopped_s"].tolist() == [62.5, 162.5]
    assert made.after.instance_s == 123.0
    assert made.saved == -Decimal("0.5") * Decimal("0.0000166667")
    assert "1 starts are added" in made.notes[0]


def test_a_gap_equal_to_the_keep_alive_is_warm() -> None:
    """As in the simulators: exactly 98.5 s of idleness."""
    assert what_if(served((0, 1.0, 1.0), (0, 101.0, 1.0)), "aws-lambda", keep_alive_s=98.5).after.cold_starts == 1


def test_a_longer_keep_alive_spares_a_start() -> None:
    """The instance stopped at 62.5 s would have been there at 101 s: one instance, one cold start."""
    trace = served((0, 1.0, 1.0), (1, 101.0, 1.0), stopped_s={0: 62.5, 1: 162.5})
    made = what_if(trace, "aws-lambda", keep_alive_s=600)
    assert made.after.cold_starts == 1
    assert made.after.trace["end_s"].tolist() == [2.5, 102.0]
    assert made.after.trace.instance_columns["stopped_s"].tolist() == [702.0]
    assert made.after.instance_s == 701.0
    assert made.saved == Decimal("0.5") * Decimal("0.0000166667")
    assert "1 starts are spared" in made.notes[0]


@pytest.mark.parametrize(("keep_alive_s", "cold"), [(90, 5), (95, 4), (98.6, 3)])
def test_an_instance_is_continued_once_and_the_latest_first(keep_alive_s: float, cold: int) -> None:
    """Two stopped, idle for 98.5 and 94.5 s when three come at once: each is taken once, if it is still kept."""
    spans = [(0, 0.0, 1.0), (1, 0.0, 5.0), (2, 100.0, 1.0), (3, 100.0, 1.0), (4, 100.0, 1.0)]
    made = what_if(served(*spans, stopped_s={0: 61.5, 1: 65.5}), "aws-lambda", keep_alive_s=keep_alive_s)
    assert made.after.cold_starts == len(made.after.trace.instance_columns["kind"]) == cold
    assert made.after.trace["instance"][2] == (1 if cold < 5 else 2)


@pytest.mark.parametrize(("was_s", "would_s"), [(60, 20), (20, 60), (20, 200), (100, 100)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_recount_is_what_the_simulator_finds(was_s: float, would_s: float, seed: int) -> None:
    """With most recent use and next to no init: cold starts and instance time of a run with the other keep-alive."""
    rng = np.random.default_rng(seed)
    workload = Workload(np.sort(rng.uniform(0, 20_000, 800)), 20_000.0)
    profile = Profile(init_s=Constant(1e-6), cpu_s=Constant(7.0))
    there, here = (run(function(keep_s), workload, profile=profile) for keep_s in (would_s, was_s))
    after = what_if(here, "aws-lambda", keep_alive_s=would_s).after
    assert after.cold_starts == there.cold_starts
    assert after.instance_s == pytest.approx(there.instance_s, rel=1e-9)
    assert len(after.trace.instances) == len(there.instances)
    assert after.trace["start_s"] == pytest.approx(there["start_s"], abs=1e-4)


@settings(max_examples=25)
@given(st.lists(st.floats(0, 5000), min_size=1, max_size=60), st.floats(0, 500), st.floats(0, 500))
def test_a_longer_keep_alive_never_adds_a_start(arrivals_s: list[float], one_s: float, other_s: float) -> None:
    """More time kept, no more cold starts and no less instance time; every request stays served."""
    profile = Profile(init_s=Constant(0.25), cpu_s=Constant(1.0))
    trace = run(function(100.0), Workload(np.sort(arrivals_s), 6000.0), profile=profile)
    less, more = (what_if(trace, "aws-lambda", keep_alive_s=keep_s).after for keep_s in sorted((one_s, other_s)))
    assert more.cold_starts <= less.cold_starts
    assert more.trace.served.sum() == less.trace.served.sum() == trace.served.sum()
    assert (more.trace.latency_s >= 1.0 - 1e-9).all()


def test_provisioned_instances_and_refused_requests_stay() -> None:
    """They do not expire, and there is nothing to keep."""
    trace = served((0, 1.0, 1.0), (0, 900.0, 1.0), kind=Kind.PROVISIONED)
    assert what_if(trace, "aws-lambda", keep_alive_s=0).after.trace == trace
    recorder = Recorder(memory_mib=512)
    recorder.refused(1.0)
    assert what_if(recorder.trace(60.0), "aws-lambda", keep_alive_s=5).after.trace == recorder.trace(60.0)
    empty = Recorder(memory_mib=512).trace(60.0)
    assert "No start is added or spared" in what_if(empty, "aws-lambda", keep_alive_s=5).notes[0]


def test_a_spared_start_that_was_recorded_as_a_whole_runs_as_long_as_a_warm_one() -> None:
    """Where cold replaces warm, the trace has no execution of it; the note says what is taken."""
    trace = served((0, 0.0, 0.0), (0, 10.0, 2.0), (1, 100.0, 0.0), stopped_s={0: 20.0})
    made = what_if(trace, "aws-lambda", keep_alive_s=1000)
    assert made.after.trace["end_s"].tolist() == [0.5, 12.0, 102.0]
    assert any("mean of the warm requests" in note for note in made.notes)


def test_an_added_start_needs_a_length() -> None:
    """A trace without a cold start does not say how long one takes."""
    warm = served((0, 1.0, 1.0), (0, 101.0, 1.0), init_s=0.0)
    with pytest.raises(BadValue, match=r"init_s must be given where a keep-alive of 60 s adds cold starts .* got None"):
        what_if(warm, "aws-lambda", keep_alive_s=60)
    made = what_if(warm, "aws-lambda", keep_alive_s=60, init_s=0.25)
    assert made.after.trace["init_s"].tolist() == [0.0, 0.25]
    assert "as given" in made.notes[0]


def test_memory_alone_changes_no_duration() -> None:
    """Half the memory is half the bill of the duration, and a note says what that rests on."""
    trace = served((0, 1.0, 2.0), (0, 101.0, 1.0))
    made = what_if(trace, "aws-lambda", memory_mib=512)
    lines = [each.bill.lines[0].amount for each in (made.before, made.after)]
    assert lines[1] * 2 == lines[0]
    assert (made.after.trace.latency_s == trace.latency_s).all()
    assert "Durations are unchanged" in made.notes[1]
    assert "whether 512 MiB is enough is not checked" in made.notes[0]


def test_memory_scales_the_part_that_is_cpu_work() -> None:
    """From 1,024 to 512 MiB on Lambda is half a CPU's share: with 80 % CPU work, 1.8 times as long; init stays."""
    trace = served((0, 1.0, 2.0), (0, 101.0, 1.0), stopped_s={0: 200.0})
    made = what_if(trace, "aws-lambda", memory_mib=512, cpu_share_of_time=0.8)
    after = made.after.trace
    assert (after["end_s"] - after["start_s"]).tolist() == pytest.approx([3.6, 1.8])
    assert after["init_s"].tolist() == [0.5, 0.0]
    assert after["billed_s"].tolist() == pytest.approx([4.1, 1.8])
    assert after.instance_columns["stopped_s"].tolist() == pytest.approx([200.8])
    assert "1024 MiB: x 1.8" in made.notes[1]
    assert made.after.bill.lines[0].quantity == Decimal("2.95")  # (4.1 + 1.8) s at half a GB


def test_code_of_one_thread_gains_nothing_beyond_one_cpu() -> None:
    """From 1,769 MiB to twice that: one thread stays as fast, two threads are twice as fast."""
    trace = run(
        function(60.0), Workload(np.array([0.0]), 60.0), profile=Profile(init_s=Constant(0.5), cpu_s=Constant(2.0))
    )
    one, two = (
        what_if(trace, "aws-lambda", memory_mib=3538, cpu_share_of_time=1.0, threads=threads) for threads in (1, 2)
    )
    assert one.after.latency_s(0.5) == pytest.approx(2.5)
    assert two.after.latency_s(0.5) == pytest.approx(1.5)


def test_requests_that_would_overlap_are_counted() -> None:
    """Slower by half, the first is still at work when the second comes to its instance: the note says so."""
    made = what_if(served((0, 0.0, 2.0), (0, 3.0, 2.0)), "aws-lambda", memory_mib=512, cpu_share_of_time=1.0)
    assert made.notes[2].startswith("1 requests would begin while the one before them still runs")


def test_memory_and_keep_alive_together() -> None:
    """First the durations, then the gaps they leave: a slower request leaves a shorter gap, which is warm."""
    trace = served((0, 0.0, 50.0), (0, 100.0, 1.0))
    assert what_if(trace, "aws-lambda", keep_alive_s=40).after.cold_starts == 2
    made = what_if(trace, "aws-lambda", memory_mib=512, cpu_share_of_time=0.5, keep_alive_s=40)
    assert made.after.cold_starts == 1


def test_times_and_a_free_tier_reach_both_bills() -> None:
    """A month of such hours, within the free tier."""
    trace = served((0, 1.0, 2.0))
    made = what_if(trace, "aws-lambda", keep_alive_s=10, times=30, free_tier=True)
    assert made.before.bill == bill(trace, "aws-lambda", times=30, free_tier=True)
    assert made.after.bill.total == 0


def test_what_would_have_been_is_shown_with_its_doubts() -> None:
    """Both sides as HTML and as a frame; what is unconfirmed is marked."""
    made = what_if(served((0, 1.0, 1.0), (0, 101.0, 1.0)), "alibaba-fc-intl", keep_alive_s=60)
    shown = made._repr_html_()
    assert "<mark>unconfirmed</mark>" in shown
    assert "starts are added" in shown
    assert list(made.frame["cold_starts"]) == [1, 2]
    assert repr(made).endswith("1 -> 2 cold starts, unconfirmed)")


def test_bad_changes_are_refused_in_one_sentence() -> None:
    """The rule, the value, what to do."""
    trace = served((0, 1.0, 1.0))
    with pytest.raises(BadValue, match=r"memory_mib or a keep_alive_s, or both; got neither\."):
        what_if(trace, "aws-lambda")
    with pytest.raises(BadValue, match=r"keep_alive_s must be at least 0; got -1\."):
        what_if(trace, "aws-lambda", keep_alive_s=-1)
    with pytest.raises(BadValue, match=r"keep_alive_s must be .*got nan"):
        what_if(trace, "aws-lambda", keep_alive_s=float("nan"))
    with pytest.raises(BadValue, match=r"memory_mib must be a whole number of at least 1; got 0\.5\."):
        what_if(trace, "aws-lambda", memory_mib=0.5)  # type: ignore[arg-type]
    with pytest.raises(BadValue, match=r"memory_mib"):
        what_if(trace, "aws-lambda", memory_mib=20_000)
    with pytest.raises(BadValue, match=r"cpu_share_of_time must be at most 1; got 80\."):
        what_if(trace, "aws-lambda", memory_mib=512, cpu_share_of_time=80)
    with pytest.raises(BadValue, match=r"cpu_share_of_time must come with a memory_mib"):
        what_if(trace, "aws-lambda", keep_alive_s=5, cpu_share_of_time=0.5)
    with pytest.raises(BadValue, match=r"how many vCPU come with the memory must be known; for Azure"):
        what_if(trace, "azure-flex", memory_mib=2048, cpu_share_of_time=0.5)


def test_a_shorter_life_is_a_smaller_bill_where_a_life_is_billed() -> None:
    """An L4 that waits for an hour against one that is kept for a minute, on Cloud Run by the instance."""
    trace = served((0, 0.0, 10.0))
    made = what_if(trace, "cloud-run-instance", keep_alive_s=60, vcpu=2, gpu="l4", gpu_size=1)
    amounts = [
        next(line.quantity for line in side.bill.lines if line.item == "GPU") for side in (made.before, made.after)
    ]
    assert amounts == [3600, Decimal("70.5")]
