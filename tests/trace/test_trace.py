"""The table in the middle: totals, round trip, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue, DataError
from fnlab.trace import INSTANCE_COLUMNS, INVOCATION_COLUMNS, Kind, Recorder, Status, Trace


def small():
    """One cold call of 2 s on an instance that took 1 s to start, one warm one of 1 s, one refused."""
    recorder = Recorder(memory_mib=512, version=3)
    instance = recorder.created(10.0)
    recorder.ready(instance, 11.0)
    recorder.invocation(arrival_s=20.0, start_s=20.0, end_s=21.0, init_s=0.0, status=Status.ERROR, instance=instance)
    recorder.invocation(arrival_s=10.0, start_s=11.0, end_s=13.0, init_s=1.0, status=Status.OK, instance=instance)
    recorder.refused(12.0)
    recorder.stopped(instance, 81.0)
    return recorder.trace(100.0)


def test_the_totals_of_a_small_trace():
    """Every total by hand: alive 71 s, busy 1 + 2 + 1 s, one of two served calls cold."""
    trace = small()
    assert trace["arrival_s"].tolist() == [10.0, 12.0, 20.0]
    assert (len(trace), trace.cold_starts, trace.cold_share, trace.throttled) == (3, 1, 0.5, 1)
    assert (trace.instance_s, trace.busy_s, trace.idle_s) == (71.0, 4.0, 67.0)
    assert trace["billed_s"].tolist() == [3.0, 0.0, 1.0]
    assert trace.latency_s.tolist() == [3.0, 0.0, 1.0]


def overlapping(spans, *, init_s=0.0):
    """Requests from and to these seconds, each given with its instance."""
    recorder = Recorder(memory_mib=128)
    for _ in range(1 + max(instance for instance, _, _ in spans)):
        recorder.created(0.0)
    for instance, from_s, to_s in spans:
        recorder.invocation(
            arrival_s=from_s, start_s=from_s + init_s, end_s=to_s, init_s=init_s, status=Status.OK, instance=instance
        )
    return recorder.trace(100.0)


def test_requests_at_once_are_busy_time_once():
    """0 to 3 s and 1 to 2 s and 2.5 to 4 s on one instance are 4 s; the same time on another counts again."""
    spans = [(0, 0.0, 3.0), (0, 1.0, 2.0), (0, 2.5, 4.0), (0, 10.0, 11.0), (1, 1.0, 2.0)]
    assert overlapping(spans).busy_s == 6.0
    assert overlapping([(0, 0.0, 3.0), (0, 3.0, 5.0)]).busy_s == 5.0
    assert overlapping([(0, 5.0, 9.0), (0, 6.0, 9.0)], init_s=1.0).busy_s == 4.0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=30))
def test_busy_time_is_the_union_of_each_instance(spans):
    """Second by second: an instance is busy in those that any of its requests covers."""
    covered = {(instance, at) for instance, begin, length in spans for at in range(begin, begin + length)}
    rows = [(instance, float(begin), float(begin + length)) for instance, begin, length in spans]
    assert overlapping(rows).busy_s == len(covered)


def test_a_living_instance_counts_to_the_end_of_the_window():
    """And one that stopped after it, too."""
    recorder = Recorder(memory_mib=128)
    recorder.created(40.0, Kind.PROVISIONED)
    recorder.stopped(recorder.created(90.0), 500.0)
    assert recorder.trace(100.0).instance_s == 70.0


def test_a_window_is_a_trace_of_its_own():
    """Times count from its beginning; who left before is gone, who was there before begins with it."""
    recorder = Recorder(memory_mib=128)
    gone, stays = recorder.created(0.0), recorder.created(5.0)
    recorder.ready(gone, 1.0)
    recorder.ready(stays, 6.0)
    recorder.invocation(arrival_s=1, start_s=1, end_s=2, init_s=0, status=Status.OK, instance=gone)
    recorder.stopped(gone, 8.0)
    recorder.invocation(arrival_s=12, start_s=12.5, end_s=13, init_s=0, status=Status.OK, instance=stays)
    recorder.refused(14.0)
    recorder.invocation(arrival_s=20, start_s=20, end_s=21, init_s=0, status=Status.OK, instance=stays)
    recorder.stopped(stays, 30.0)
    cut = recorder.trace(40.0).window(10.0, 20.0)
    assert cut["arrival_s"].tolist() == [2.0, 4.0]
    assert cut["instance"].tolist() == [0, -1]
    assert cut.instance_columns["created_s"].tolist() == [0.0]
    assert np.isnan(cut.instance_columns["stopped_s"]).tolist() == [True]
    assert (cut.duration_s, cut.instance_s) == (10.0, 10.0)


def test_traces_of_one_time_merge_into_one():
    """Invocations in the order of their arrival, each still on its own instance."""
    merged = Trace.merged([small(), small()], 100.0)
    assert merged["arrival_s"].tolist() == [10.0, 10.0, 12.0, 12.0, 20.0, 20.0]
    assert merged["instance"].tolist() == [0, 1, -1, -1, 0, 1]
    assert merged.instance_s == 2 * small().instance_s
    assert len(Trace.merged([], 5.0)) == 0


def test_a_window_lies_within_its_trace():
    """Anything else is refused."""
    with pytest.raises(BadValue, match=r"a window must lie from 0 to 100 s; got 50 to 101"):
        small().window(50, 101)


def test_rows_that_went_to_a_file_are_in_the_trace(tmp_path, monkeypatch):
    """A platform that runs for days holds a bounded number of rows in memory."""
    monkeypatch.setattr("fnlab.trace.recorder._HELD_ROWS", 3)
    spilled, held = Recorder(memory_mib=128, spill=tmp_path / "rows"), Recorder(memory_mib=128)
    for number in range(10):
        for recorder in (spilled, held):
            recorder.refused(10.0 - number)
    assert len(spilled._invocations) == 8  # one row of eight columns
    assert spilled.trace(20.0) == held.trace(20.0)


@pytest.mark.parametrize(
    ("init_s", "execution_s", "billed_s"),
    [(0, 0.0001, 0.001), (0, 0.002, 0.002), (0.1, 0.2, 0.3), (0, 0.0020001, 0.003), (1.2003, 0.0004, 1.201)],
)
def test_billed_time_is_rounded_up_to_a_millisecond(init_s, execution_s, billed_s):
    """A whole millisecond stays one, even where floating point puts a speck above it."""
    recorder = Recorder(memory_mib=128)
    instance = recorder.created(0)
    recorder.invocation(
        arrival_s=0, start_s=init_s, end_s=init_s + execution_s, init_s=init_s, status=Status.OK, instance=instance
    )
    assert recorder.trace(10)["billed_s"][0] == pytest.approx(billed_s, abs=1e-12)


def test_dataframes_say_names_not_numbers():
    """Status and kind by name, cold as a column."""
    frame = small().invocations
    assert [*frame.columns] == [*INVOCATION_COLUMNS, "cold"]
    assert frame.status.tolist() == ["ok", "throttled", "error"]
    assert frame.cold.tolist() == [True, False, False]
    assert small().instances.kind.tolist() == ["on_demand"]


@given(
    st.lists(
        st.tuples(*[st.floats(0, 1e6)] * 3, st.floats(0, 10), st.sampled_from(Status), st.integers(-1, 5)), max_size=20
    ),
    st.lists(st.tuples(st.floats(0, 1e6), st.floats() | st.just(float("nan")), st.sampled_from(Kind)), max_size=6),
)
def test_parquet_gives_back_the_very_same_trace(tmp_path_factory, invocations, instances):
    """Every number, NaN included, and the duration."""
    recorder = Recorder(memory_mib=1024, version=2)
    for created_s, stopped_s, kind in instances:
        recorder.stopped(recorder.created(created_s, kind), stopped_s)
    for arrival_s, start_s, end_s, init_s, status, instance in invocations:
        recorder.invocation(
            arrival_s=arrival_s,
            start_s=start_s,
            end_s=end_s,
            init_s=init_s,
            status=status,
            instance=min(instance, len(instances) - 1),
        )
    trace = recorder.trace(1e6)
    assert Trace.load(trace.save(tmp_path_factory.mktemp("trace"))) == trace


def test_a_folder_without_a_trace_is_refused(tmp_path):
    """The sentence names the file that is missing."""
    with pytest.raises(DataError, match=r"must hold invocations\.parquet"):
        Trace.load(tmp_path)


def test_tables_with_other_columns_or_ragged_ones_are_refused():
    """A trace has its columns, all of one length."""
    good = {name: np.zeros(2) for name in INVOCATION_COLUMNS}
    none = {name: np.zeros(0) for name in INSTANCE_COLUMNS}
    with pytest.raises(BadValue, match="must have the columns arrival_s"):
        Trace(good | {"latency": np.zeros(2)}, none, 1)
    with pytest.raises(BadValue, match=r"must have one length; got \[2, 3\]"):
        Trace(good | {"end_s": np.zeros(3)}, none, 1)


def test_an_empty_trace_has_totals_of_zero():
    """Nothing happened, and nothing breaks."""
    trace = Recorder(memory_mib=128).trace(60)
    assert (len(trace), trace.cold_share, trace.instance_s, trace.busy_s) == (0, 0.0, 0.0, 0.0)
    assert "0 invocations" in repr(trace)
