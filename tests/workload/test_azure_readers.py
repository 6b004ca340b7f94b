"""The Azure traces of 2019 and 2021, in files of their exact formats, synthetic."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.errors import BadValue, DataError
from fnlab.workload import Population, read_azure2019, read_azure2021

MINUTES = range(1, 1441)
SHARES = (0, 1, 25, 50, 75, 99, 100)
INVOCATIONS = "HashOwner,HashApp,HashFunction,Trigger," + ",".join(map(str, MINUTES))
DURATIONS = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum," + ",".join(
    f"percentile_Average_{share}" for share in SHARES
)
MEMORY = "HashOwner,HashApp,SampleCount,AverageAllocatedMb," + ",".join(
    f"AverageAllocatedMb_pct{share}" for share in (1, 5, 25, 50, 75, 95, 99, 100)
)
SKIP = 'Correct the line, or leave such lines out with on_bad="skip".'


def counted(function, counts, *, app="a", owner="o"):
    """A row of calls a minute; minutes that are not given have none."""
    cells = [0] * 1440
    for minute, count in counts.items():
        cells[minute] = count
    return f"{owner},{app},{function},http," + ",".join(map(str, cells))


def lasting(function, average, percentiles, *, app="a", owner="o"):
    """A row of durations in milliseconds."""
    cells = [average, 10, percentiles[0], percentiles[-1], *percentiles]
    return f"{owner},{app},{function}," + ",".join(map(str, cells))


def allocated(average, *, app="a", owner="o"):
    """A row of an application's memory."""
    return f"{owner},{app},7,{average}," + ",".join([str(average)] * 8)


@pytest.fixture
def write(tmp_path):
    """Write a file with a header and rows."""

    def written(name, header, *rows):
        file = tmp_path / f"{name}.csv"
        file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return file

    return written


def test_a_day_of_2019_is_joined_from_its_three_files(write):
    """Counts, durations in seconds and memory; the same hashes with another owner are other functions."""
    day = read_azure2019(
        write("inv", INVOCATIONS, counted("f", {0: 3, 1439: 1}), counted("f", {5: 9}, owner="p"), counted("g", {})),
        write("dur", DURATIONS, lasting("f", 100, (1, 2, 50, 90, 110, 400, 900)), lasting("x", 1, [1] * 7)),
        write("mem", MEMORY, allocated(170), allocated(99, owner="p")),
    )
    assert day.names == ("o/a/f", "p/a/f", "o/a/g")
    assert day.invocations.tolist() == [4, 9, 0]
    assert day.duration_s == 86_400
    assert day.memory_mib.tolist() == [170, 99, 170]
    assert day.service.mean_s[0] == pytest.approx(0.1)
    assert np.isnan(day.service.mean_s[1:]).all()
    assert day.service_law("o/a/f").values_s == pytest.approx((0.001, 0.002, 0.05, 0.09, 0.11, 0.4, 0.9))
    assert day.skipped.count == 0


def test_counts_become_arrivals_by_a_rule_and_a_seed(write):
    """The minutes of the file, whatever the rule; the same moments in every selection of functions."""
    day = read_azure2019(write("inv", INVOCATIONS, counted("f", {2: 3}), counted("g", {2: 50, 7: 1})))
    assert day.workload("o/a/f", rule="spread").arrivals_s.tolist() == [120, 140, 160]
    chosen = day.workload("o/a/g", seed=3)
    assert np.flatnonzero(chosen.counts()).tolist() == [2, 7]
    assert np.array_equal(chosen.arrivals_s, day.top(1).workload(0, seed=3).arrivals_s)
    assert not np.array_equal(chosen.arrivals_s, day.workload(1, seed=4).arrivals_s)


def test_a_recording_becomes_a_population(write):
    """Rates, means and memory of the functions that have all; values for the others where they are given."""
    files = (
        write("inv", INVOCATIONS, counted("f", {0: 864}), counted("g", {0: 1}), counted("h", {1: 1}, app="b")),
        write("dur", DURATIONS, lasting("f", 100, [100] * 7), lasting("h", 300, [300] * 7, app="b")),
        write("mem", MEMORY, allocated(170)),
    )
    day = read_azure2019(*files)
    known = day.population()
    assert (len(known), known.rate_per_s[0], known.service_s[0], known.memory_mib[0]) == (1, 0.01, 0.1, 170)
    filled = day.population(service_s=2, memory_mib=128)
    assert filled.service_s.tolist() == [0.1, 2, 0.3]
    assert filled.memory_mib.tolist() == [170, 170, 128]
    with pytest.raises(BadValue, match=r"a population needs service times and memory, and Azure Functions 2019 has no"):
        read_azure2019(files[0]).population()


def test_functions_are_selected_by_name_row_and_rank(write):
    """Top-n by calls, or in the order given; an unknown one is refused."""
    day = read_azure2019(
        write("inv", INVOCATIONS, counted("f", {0: 1}), counted("g", {0: 5}), counted("h", {0: 3, 9: 1})),
        write("dur", DURATIONS, lasting("h", 100, [7] * 7)),
    )
    assert day.top(2).names == ("o/a/g", "o/a/h")
    assert day.top(2).invocations.tolist() == [5, 4]
    chosen = day.only(["o/a/h", 0])
    assert chosen.names == ("o/a/h", "o/a/f")
    assert chosen.service_law().mean_s == pytest.approx(0.007)
    assert chosen.workload(0).counts()[9] == 1
    with pytest.raises(BadValue, match=r"a function of Azure Functions 2019 must be one of its 3 names; got 'k'"):
        day.workload("k")
    with pytest.raises(BadValue, match=r"a row of Azure Functions 2019 must be from 0 to 2; got 3"):
        day.workload(3)
    with pytest.raises(
        BadValue, match=r"Azure Functions 2019 does not tell how long a call takes for the function 'o/a/f'"
    ):
        day.service_law("o/a/f")
    with pytest.raises(BadValue, match=r"rule must be one of uniform, spread, start, clump; got 'late'"):
        day.workload("o/a/f", rule="late")
    with pytest.raises(BadValue, match=r"does not tell how long a cold start takes"):
        day.init_law("o/a/f")


BAD_COUNTS = [
    (counted("g", {2: "x"}), "column 7 ('3'): must be a whole number from 0 to 2,147,483,647; got 'x'."),
    (counted("g", {0: -4}), "column 5 ('1'): must be a whole number from 0 to 2,147,483,647; got '-4'."),
    (counted("g", {0: 2**31}), "column 5 ('1'): must be a whole number from 0 to 2,147,483,647; got '2147483648'."),
    (counted("g", {1: 1.5}), "column 6 ('2'): must be a whole number from 0 to 2,147,483,647; got '1.5'."),
    (counted("g", {1: ""}), "column 6 ('2'): must be a whole number from 0 to 2,147,483,647; got ''."),
    (counted("g", {1: "nan"}), "column 6 ('2'): must be a whole number from 0 to 2,147,483,647; got 'nan'."),
    ("o,a,g,http,1,2", "the whole row: must be of 1444 cells, as line 1 is; got 6."),
    (
        counted("f", {}),
        "column 3 ('HashFunction'): must be of a line of its own; an earlier line has the same; got 'o/a/f'.",
    ),
]


@pytest.mark.parametrize(("row", "sentence"), BAD_COUNTS)
def test_a_bad_row_is_told_by_line_and_column(write, row, sentence):
    """Reading stops in one sentence; with skip, the row is counted, and those after it keep their place."""
    file = write("inv", INVOCATIONS, counted("f", {0: 1}), "", row, counted("h", {3: 2}))
    with pytest.raises(DataError) as caught:
        read_azure2019(file)
    assert str(caught.value) == f"inv.csv, line 4, {sentence} {SKIP}"
    day = read_azure2019(file, on_bad="skip")
    assert (day.names, day.invocations.tolist(), day.skipped.count) == (("o/a/f", "o/a/h"), [1, 2], 1)
    assert day.skipped.sentences == (f"inv.csv, line 4, {sentence}",)
    assert "skipped 1" in repr(day)
    assert "line 4" in day._repr_html_()


def test_the_first_bad_row_of_the_file_is_told_first(write):
    """Whatever is wrong with it: rows of another length do not overtake bad cells."""
    file = write("inv", INVOCATIONS, "o,a", counted("f", {0: "x"}), "o,a", counted("g", {0: -1}))
    with pytest.raises(DataError, match=r"line 2, the whole row"):
        read_azure2019(file)
    twice = write("twice", INVOCATIONS, counted("f", {}), counted("f", {}), counted("g", {0: "x"}))
    with pytest.raises(DataError, match=r"twice.csv, line 3, column 3"):
        read_azure2019(twice)
    skipped = read_azure2019(file, on_bad="skip").skipped
    assert [sentence.split(",")[1] for sentence in skipped.sentences] == [" line 2", " line 3", " line 4", " line 5"]
    assert skipped.count == 4


def test_percentiles_that_fall_are_bad(write):
    """A row of durations whose median is below its first quartile, and one that occurs twice."""
    inv = write("inv", INVOCATIONS, counted("f", {0: 1}), counted("g", {0: 1}))
    dur = write("dur", DURATIONS, lasting("f", 5, (1, 2, 9, 8, 10, 11, 12)), lasting("g", 5, [5] * 7))
    with pytest.raises(
        DataError, match=r"dur.csv, line 2, column 11 \('percentile_Average_50'\): must be at least percentile_A"
    ):
        read_azure2019(inv, dur)
    day = read_azure2019(inv, dur, on_bad="skip")
    assert day.skipped.count == 1
    assert np.isnan(day.service.mean_s).tolist() == [True, False]
    twice = write("mem", MEMORY, allocated(170), allocated(180))
    with pytest.raises(DataError, match=r"mem.csv, line 3, column 2 \('HashApp'\): must be of a line of its own"):
        read_azure2019(inv, None, twice)


def test_a_missing_column_or_file_is_named(write, tmp_path):
    """Before anything is read."""
    with pytest.raises(
        DataError, match=r"inv.csv, line 1: must have the column '7'; its columns are HashOwner, HashApp"
    ):
        read_azure2019(write("inv", INVOCATIONS.replace(",7,", ",seven,"), counted("f", {})))
    with pytest.raises(DataError, match=r"a file to read must be there; '.*none.csv' is not"):
        read_azure2019(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"dur.csv, line 1: must name the columns; it is empty"):
        read_azure2019(write("inv", INVOCATIONS), write("dur", ""))


def test_a_column_named_twice_is_refused(write):
    """Nobody could say which is meant."""
    with pytest.raises(DataError, match=r"calls.csv, line 1: must name each column once; 'app' occurs more often"):
        read_azure2021(write("calls", "app,func,end_timestamp,duration,app", "a,f,1,1,b"))


def test_marks_and_line_ends_of_other_systems_do_no_harm(tmp_path):
    """A byte order mark before the header, carriage returns at the ends, columns in quotes and in another order."""
    file = tmp_path / "calls.csv"
    file.write_bytes(b'\xef\xbb\xbf"func","duration",app,end_timestamp\r\nf,"0.5",a,2\r\ng,1,a,x\r\n')
    with pytest.raises(DataError, match=r"line 3, column 4 \('end_timestamp'\): must be a number from 0; got 'x'"):
        read_azure2021(file)
    trace = read_azure2021(file, on_bad="skip")
    assert (trace.names, trace.workload().arrivals_s.tolist()) == (("a/f",), [1.5])


def test_a_file_of_bytes_is_refused_in_a_sentence(tmp_path):
    """Not text, and text with bytes that are none."""
    file = tmp_path / "inv.csv"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"inv.csv must be a text file"):
        read_azure2019(file)
    file.write_bytes(b"app,func,end_timestamp,duration\n\xc3\xa4,f,1,1\n\xff,f\n")
    with pytest.raises(DataError, match=r"inv.csv, line 3: must be text in UTF-8; invalid start byte"):
        read_azure2021(file, on_bad="skip")
    file.write_bytes(b"app,func\r,end_timestamp,duration\n")
    with pytest.raises(DataError, match=r"inv.csv, line 1: must name the columns, separated by commas; new-line char"):
        read_azure2021(file)


def test_files_may_be_compressed(write, tmp_path):
    """As they are downloaded, without unpacking them."""
    plain = write("inv", INVOCATIONS, counted("f", {7: 3}))
    packed = tmp_path / "inv.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_azure2019(packed).workload().counts()[7] == 3
    packed.write_bytes(gzip.compress(plain.read_bytes())[:-9])
    with pytest.raises(DataError, match=r"inv.csv.gz must be a "):
        read_azure2019(packed)


def test_lines_are_right_across_pieces_of_a_large_file(write):
    """A bad row after thousands of good, blank and ragged ones has its own line's number."""
    rows = [counted(f"f{number}", {number % 1440: 1}) for number in range(4_000)]
    rows[1_000] = ""
    rows[2_500] = "short"
    rows[3_900] = counted("g", {0: "?"})
    day = read_azure2019(write("inv", INVOCATIONS, *rows), on_bad="skip")
    assert [sentence.split(",")[1] for sentence in day.skipped.sentences] == [" line 2502", " line 3902"]
    assert len(day) == 3_997
    assert day.invocations.sum() == 3_997
    assert day.workload("o/a/f3999").counts()[3_999 % 1440] == 1


CALLS_2021 = "app,func,end_timestamp,duration"


def test_calls_of_2021_came_at_their_end_less_their_duration(write):
    """Sorted for each function, not before 0; a duration of 0 is 1 ms; the window is whole hours."""
    trace = read_azure2021(write("calls", CALLS_2021, "a,f,10.5,0.5", "a,g,0.2,0.3", "a,f,3700.25,3600.25", "a,f,9,0"))
    assert trace.names == ("a/f", "a/g")
    assert trace.workload("a/f").arrivals_s.tolist() == [9, 10, 100]
    assert trace.workload("a/g").arrivals_s.tolist() == [0]
    assert sorted(trace.service_law("a/f").samples_s) == [0.001, 0.5, 3600.25]
    assert trace.duration_s == 3600
    assert read_azure2021(write("calls", CALLS_2021, "a,f,1,1"), hours=336).duration_s == 336 * 3600


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("a,f,soon,1", "column 3 ('end_timestamp'): must be a number from 0; got 'soon'."),
        ("a,f,5,-1", "column 4 ('duration'): must be a number from 0; got '-1'."),
        ("a,f,5,inf", "column 4 ('duration'): must be a number from 0; got 'inf'."),
        ("a,f,5", "the whole row: must be of 4 cells, as line 1 is; got 3."),
    ],
)
def test_a_bad_call_of_2021_is_told(write, row, sentence):
    """By line and column."""
    file = write("calls", CALLS_2021, "a,f,1,1", row)
    with pytest.raises(DataError) as caught:
        read_azure2021(file)
    assert str(caught.value) == f"calls.csv, line 3, {sentence} {SKIP}"
    assert read_azure2021(file, on_bad="skip").skipped.count == 1


def test_a_trace_without_a_good_row_is_refused(write):
    """Skipping everything leaves nothing to work with; a window that cuts calls off is refused, too."""
    with pytest.raises(DataError, match=r"calls.csv must hold at least one row that is not bad; it holds none"):
        read_azure2021(write("calls", CALLS_2021, "a,f,x,1"), on_bad="skip")
    with pytest.raises(BadValue, match=r"hours must hold all calls, of which the last comes at 2.5 h; got 2"):
        read_azure2021(write("calls", CALLS_2021, "a,f,9000,0"), hours=2)


@given(
    st.lists(
        st.tuples(st.sampled_from("fgh"), st.floats(0, 1e5), st.floats(0.001, 1e4)),
        min_size=1,
        max_size=40,
    )
)
def test_reading_calls_that_were_written_gives_them_back(tmp_path_factory, calls):
    """Arrivals and durations of each function, digit for digit but for the subtraction."""
    file = tmp_path_factory.mktemp("calls") / "calls.csv"
    rows = [f"a,{name},{start + duration!r},{duration!r}" for name, start, duration in calls]
    file.write_text("\n".join([CALLS_2021, *rows]), encoding="utf-8")
    trace = read_azure2021(file)
    for name in trace.names:
        mine = sorted(call for call in calls if f"a/{call[0]}" == name)
        assert trace.workload(name).arrivals_s.tolist() == pytest.approx([call[1] for call in mine], abs=1e-6)
        assert sorted(trace.service_law(name).samples_s) == sorted(call[2] for call in mine)


@settings(max_examples=15)  # a file of 1,440 columns takes its time
@given(
    st.lists(st.dictionaries(st.integers(0, 1439), st.integers(1, 10**6), max_size=8), min_size=1, max_size=6),
    st.sampled_from(["uniform", "spread", "start", "clump"]),
)
def test_reading_counts_that_were_written_gives_them_back(tmp_path_factory, functions, rule):
    """Counts of each function and minute, in every selection; few enough become arrivals with the same counts."""
    file = tmp_path_factory.mktemp("counts") / "inv.csv"
    rows = [counted(f"f{number}", counts) for number, counts in enumerate(functions)]
    file.write_text("\n".join([INVOCATIONS, *rows]), encoding="utf-8")
    day = read_azure2019(file)
    assert day.invocations.tolist() == [sum(counts.values()) for counts in functions]
    for chosen in (day, day.top(3)):
        for row, name in enumerate(chosen.names):
            counts = functions[int(name.removeprefix("o/a/f"))]
            mine = chosen.arrivals.groups.of_row(row)
            assert dict(zip(chosen.arrivals.bins[mine], chosen.arrivals.counts[mine], strict=True)) == counts
            if sum(counts.values()) < 10_000:
                placed = chosen.workload(name, rule=rule).counts()
                assert {int(minute): int(placed[minute]) for minute in np.flatnonzero(placed)} == counts


def test_a_population_written_as_a_trace_is_read_as_one(write):
    """Functions like Azure's, through the three files and back: rates within chance, means and sizes exactly."""
    azure = Population.azure_like(40, 200_000, seed=3)
    inv, dur, mem = [], [], []
    for row in range(len(azure)):
        minutes = azure.workload(row, seed=1).counts()
        inv.append(counted("f", dict(enumerate(minutes.tolist())), app=f"a{row}"))
        dur.append(lasting("f", repr(float(azure.service_s[row] * 1000)), [1] * 7, app=f"a{row}"))
        mem.append(allocated(repr(float(azure.memory_mib[row])), app=f"a{row}"))
    back = read_azure2019(write("i", INVOCATIONS, *inv), write("d", DURATIONS, *dur), write("m", MEMORY, *mem))
    population = back.population()
    expected = azure.rate_per_s * azure.duration_s
    assert (abs(population.rate_per_s * 86_400 - expected) < 5 * np.sqrt(expected) + 5).all()
    assert population.service_s == pytest.approx(azure.service_s)
    assert population.memory_mib == pytest.approx(azure.memory_mib)
