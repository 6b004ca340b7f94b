"""Logs of real clouds become traces: every form of a line, stated rules for what it does not tell, bad lines."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue, DataError
from fnlab.trace import Status, read_fc_log, read_lambda_log
from fnlab.trace.recorder import billed_s


@pytest.fixture
def log(tmp_path):
    """Write lines into a file."""

    def write(*lines):
        file = tmp_path / "function.log"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    return write


def report(duration_ms=3.01, billed_ms=4, size=128, *, init_ms=None, more="", between="\t"):
    """One REPORT line as AWS writes it."""
    fields = [
        "REPORT RequestId: 8f5",
        f"Duration: {duration_ms} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {size} MB",
        "Max Memory Used: 36 MB",
    ]
    if init_ms is not None:
        fields.append(f"Init Duration: {init_ms} ms")
    return between.join(fields) + between + more


def test_a_recorded_line_is_read(log):
    """Duration, billed duration, memory and init of a line as a real log has it; the billed time is the line's own."""
    made = read_lambda_log(log("START RequestId: 8f5 Version: 3", report(init_ms="110.10"), "END RequestId: 8f5"))
    trace = made.trace
    assert len(trace) == 1
    assert trace["init_s"].tolist() == pytest.approx([0.1101])
    assert (trace["end_s"] - trace["start_s"]).tolist() == pytest.approx([0.00301])
    assert trace["billed_s"].tolist() == [0.004]
    assert trace["memory_mib"].tolist() == [128]
    assert trace["status"].tolist() == [Status.OK]
    assert math.isnan(made.began_at_s)


def test_fields_may_stand_in_any_order_and_be_separated_by_spaces(log):
    """The emulator of the runtime interface writes the init first; some exports turn tabs into spaces."""
    emulator = (
        "REPORT RequestId: 1\tInit Duration: 0.12 ms\tDuration: 40.00 ms\tBilled Duration: 41 ms\tMemory Size: 3008 MB"
    )
    made = read_lambda_log(log(emulator, report(between="  ")))
    assert made.trace["init_s"].tolist() == pytest.approx([0.00012, 0])
    assert made.trace["memory_mib"].tolist() == [3008, 128]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("Status: timeout", Status.TIMEOUT),
        ('Status: timeout\\n"', Status.TIMEOUT),
        ("Status: error\tError Type: Runtime.ExitError", Status.ERROR),
        ("Status: error\tError Type: Runtime.OutOfMemory", Status.OUT_OF_MEMORY),
        ("Status: success", Status.OK),
        ("XRAY TraceId: 1-5e-34\tSegmentId: 5f\tSampled: true", Status.OK),
    ],
)
def test_optional_fields_tell_how_it_ended(log, more, status):
    """Status and error type where they are; fields of a tracer and the end of a JSON text do no harm."""
    assert read_lambda_log(log(report(more=more))).trace["status"].tolist() == [status]


def test_a_restore_from_a_snapshot_is_an_init(log):
    """It is what the request waited for."""
    line = report(more="Restore Duration: 474.16 ms\tBilled Restore Duration: 75 ms")
    assert read_lambda_log(log(line)).trace["init_s"].tolist() == pytest.approx([0.47416])


def test_without_times_invocations_follow_one_another(log):
    """Each comes when the one before has ended, on the same instance; an init opens a new one."""
    trace = read_lambda_log(log(report(100, 100, init_ms=50), report(200, 200), report(10, 10, init_ms=20))).trace
    assert trace["arrival_s"].tolist() == pytest.approx([0, 0.15, 0.35])
    assert trace["instance"].tolist() == [0, 0, 1]
    assert trace.duration_s == pytest.approx(0.38)


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-24T10:00:{:02d}.500Z ",
        "2026-11-24T10:00:{:02d}.500+00:00 2026/11/24/[$LATEST]0f00 ",
        "2026-11-24 10:00:{:02d}.500\t",
        "2026-11-24T18:00:{:02d}.500+08:00 ",
        "17955144{:02d}500,",
    ],
)
def test_a_line_in_a_text_of_cloudwatch_has_its_time(log, moment):
    """Whatever way the time is written before it: the invocation ended then."""
    made = read_lambda_log(log(*(moment.format(second) + report(500, 500) for second in (3, 1))))
    assert made.trace["arrival_s"].tolist() == [0, 2]
    assert made.trace["end_s"].tolist() == [0.5, 2.5]
    assert made.began_at_s == pytest.approx(1_795_514_401)


def test_a_log_stream_is_an_instance(log):
    """Two streams are two instances, however their invocations lie; a stream lives from its first to its last."""
    stamp = "2026-11-24T10:00:{}Z 2026/11/24/[$LATEST]{} "
    lines = [
        stamp.format("01", "aa") + report(100, 100, init_ms=300),
        stamp.format("05", "bb") + report(100, 100),
        stamp.format("09", "aa") + report(100, 100),
    ]
    trace = read_lambda_log(log(*lines)).trace
    assert trace["instance"].tolist() == [0, 1, 0]
    assert trace.instance_columns["created_s"].tolist() == pytest.approx([0, 4.3])
    assert trace.instance_columns["ready_s"].tolist() == pytest.approx([0.3, 4.3])
    assert trace.instance_columns["stopped_s"].tolist() == pytest.approx([8.4, 4.4])


def test_without_streams_warm_invocations_go_to_what_is_idle(log):
    """Two at once need two instances; one later takes the instance used last; another memory size is never shared."""
    stamp = "2026-11-24T10:00:0{}Z "
    lines = [
        stamp.format(2) + report(1000, 1000, init_ms=100),
        stamp.format(3) + report(1500, 1500),
        stamp.format(6) + report(1000, 1000),
        stamp.format(8) + report(1000, 1000, size=512),
    ]
    assert read_lambda_log(log(*lines)).trace["instance"].tolist() == [0, 1, 1, 2]


def test_what_is_billed_is_billed_of_the_trace(log):
    """Busy seconds and the sum of billed durations are those of the lines."""
    made = read_lambda_log(log(*(report(ms, ms + 1) for ms in (10, 20, 30))))
    assert made.trace["billed_s"].sum() == pytest.approx(0.063)
    assert made.trace.busy_s == pytest.approx(0.06)
    assert "0.063 s" in made._repr_html_()
    assert "3 invocations" in repr(made)


def test_whole_milliseconds_stay_whole(log):
    """A clock that counts from 1970 does not make 3 ms a hair longer, which other sheets would round up to 4."""
    lines = [f"2026-11-24T1{hour}:07:0{hour}.123Z " + report("3.00", 3, init_ms="7.00") for hour in range(10)]
    trace = read_lambda_log(log(*lines)).trace
    assert billed_s(0, trace["end_s"] - trace["start_s"]).tolist() == [0.003] * 10
    assert (trace["end_s"] - trace["start_s"] + trace["init_s"]).tolist() == pytest.approx([0.01] * 10, abs=1e-9)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            report("abc"),
            (
                "function.log, line 2, column 33 ('Duration'): must be a number from 0 to 1,000,000,000; got 'abc'. "
                'Correct the line, or leave such lines out with on_bad="skip".'
            ),
        ),
        (
            "REPORT RequestId: 1\tDuration: 3 ms",
            (
                "function.log, line 2, column 1: must be followed by 'Billed Duration'; "
                "got 'REPORT RequestId: 1\\tDuration: 3 ms'. "
                'Correct the line, or leave such lines out with on_bad="skip".'
            ),
        ),
    ],
)
def test_a_bad_line_is_told_by_line_and_column(log, line, sentence):
    """Reading stops in one sentence; with skip, the line is counted and the others are read."""
    file = log(report(), line, report())
    with pytest.raises(DataError) as caught:
        read_lambda_log(file)
    assert str(caught.value) == sentence
    made = read_lambda_log(file, on_bad="skip")
    assert len(made.trace) == 2
    assert made.skipped.count == 1
    assert made.skipped.sentences[0].startswith("function.log, line 2, column")
    assert "1, the first: function.log, line 2" in made._repr_html_()


def test_times_are_on_every_line_or_on_none(log):
    """A line without a time among others with one is bad: nobody could say when it was."""
    file = log("2026-11-24T10:00:01Z " + report(), report())
    with pytest.raises(DataError, match=r"line 2, column 1: must be a time, as other lines of the log have one"):
        read_lambda_log(file)
    assert len(read_lambda_log(file, on_bad="skip").trace) == 1


def test_a_log_without_reports_is_refused(log, tmp_path):
    """A text of something else, a file that is not there, and an on_bad that is none."""
    with pytest.raises(DataError, match=r"a log must hold at least one good line with 'REPORT RequestId:'"):
        read_lambda_log(log("nothing here"))
    with pytest.raises(DataError, match=r"a file to read must be there"):
        read_lambda_log(tmp_path / "none.log")
    with pytest.raises(BadValue, match=r"on_bad must be one of stop, skip; got 'ignore'\."):
        read_lambda_log(log(report()), on_bad="ignore")


def test_a_tail_of_function_compute_is_read(log):
    """The summary behind an invocation's lines; the service bills what the line says."""
    made = read_fc_log(
        log(
            "FC Invoke Start RequestId: 7b",
            "hello, Duration is a word here",
            "FC Invoke End RequestId: 7b",
            "",
            "Duration: 3.17 ms, Billed Duration: 100 ms, Memory Size: 512 MB, Max Memory Used: 54.58 MB",
        )
    )
    assert made.trace["billed_s"].tolist() == [0.1]
    assert made.trace["memory_mib"].tolist() == [512]
    assert made.trace.cold_starts == 0


SUMMARY = "Duration: 200.00 ms, Billed Duration: 200 ms, Memory Size: 512 MB, Max Memory Used: 54.58 MB"


def test_an_initialiser_is_a_cold_start(log):
    """With times its length is known and the invocation ended at its End; without, the start is seen all the same."""
    stamp = "2026-11-24T10:00:0{} "
    timed = [
        stamp.format("1.000Z") + "FC Initialize Start RequestId: 7b",
        stamp.format("2.500Z") + "FC Initialize End RequestId: 7b",
        stamp.format("2.500Z") + "FC Invoke Start RequestId: 7b",
        stamp.format("2.700Z") + "FC Invoke End RequestId: 7b",
        SUMMARY,
        stamp.format("5.000Z") + "FC Invoke Start RequestId: 8c",
        stamp.format("5.200Z") + "FC Invoke End RequestId: 8c",
        SUMMARY,
    ]
    trace = read_fc_log(log(*timed)).trace
    assert trace["init_s"].tolist() == pytest.approx([1.5, 0])
    assert trace["arrival_s"].tolist() == pytest.approx([0, 4], abs=1e-6)
    assert trace["instance"].tolist() == [0, 0]
    plain = read_fc_log(log(*(line.removeprefix(line[:25]) if "FC " in line else line for line in timed))).trace
    assert plain.cold.tolist() == [True, False]
    assert plain["init_s"].max() == pytest.approx(1e-5)


def test_a_bad_summary_is_told_by_line_and_column(log):
    """As for the other cloud."""
    with pytest.raises(
        DataError, match=r"line 2, column 38 \('Billed Duration'\): must be a number from 0 to 1,000,000,000; got '-1'"
    ):
        read_fc_log(log(SUMMARY, "Duration: 3.17 ms,  Billed Duration: -1 ms, Memory Size: 512 MB"))


CALLS = st.lists(
    st.tuples(st.integers(1, 10**6), st.one_of(st.just(0), st.integers(1, 10**6)), st.sampled_from([128, 512])),
    min_size=1,
    max_size=30,
)


@given(CALLS)
def test_reading_what_was_written_gives_it_back(tmp_path_factory, calls):
    """Durations, inits, memory and billed time of generated lines come back, to the hundredth of a millisecond."""
    file = tmp_path_factory.mktemp("logs") / "function.log"
    lines = [
        report(
            f"{execution / 100:.2f}", math.ceil(execution / 100), size, init_ms=f"{init / 100:.2f}" if init else None
        )
        for execution, init, size in calls
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    trace = read_lambda_log(file).trace
    assert trace["init_s"].tolist() == pytest.approx([init / 1e5 for _, init, _ in calls])
    assert (trace["end_s"] - trace["start_s"]).tolist() == pytest.approx([call[0] / 1e5 for call in calls], abs=1e-9)
    assert trace["billed_s"].tolist() == pytest.approx([math.ceil(call[0] / 100) / 1e3 for call in calls])
    assert trace["memory_mib"].tolist() == [call[2] for call in calls]
    assert (trace["instance"] >= 0).all()
