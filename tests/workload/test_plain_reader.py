"""A workload as a plain CSV: what was written comes back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue, DataError
from fnlab.workload import Workload, poisson, read_csv, write_csv


@given(
    st.lists(
        st.tuples(st.floats(0, 7200), st.floats(0.001, 1e3), st.floats(0.001, 9), st.integers(1, 10_240)),
        min_size=1,
        max_size=40,
    ),
    st.booleans(),
)
def test_what_was_written_comes_back(tmp_path_factory, rows, whole):
    """Every digit of arrivals, durations, inits and memory."""
    rows.sort()
    arrivals, durations, inits, memory = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    workload = Workload(arrivals, 7200)
    file = tmp_path_factory.mktemp("plain") / "shop.csv"
    write_csv(workload, file, **({"duration_s": durations, "init_s": inits, "memory_mib": memory} if whole else {}))
    read = read_csv(file, hours=2)
    assert np.array_equal(read.workload().arrivals_s, arrivals)
    assert read.duration_s == 7200
    if whole:
        assert sorted(read.service_law().samples_s) == sorted(durations)
        assert sorted(read.init_law().samples_s) == sorted(inits)
        assert read.memory_mib[0] in memory
    else:
        assert read.service is read.init is read.memory_mib is None


def test_a_generated_workload_comes_back(tmp_path):
    """Written and read, it is the same; its window is whole hours if none is given."""
    workload = poisson(0.1, hours=3, seed=4)
    back = read_csv(write_csv(workload, tmp_path / "a.csv")).workload()
    assert np.array_equal(back.arrivals_s, workload.arrivals_s)
    assert back.duration_s == workload.duration_s


def test_cells_may_be_empty_and_rows_in_any_order(tmp_path):
    """No init is a warm start; other columns are left alone; rows are sorted by time."""
    file = tmp_path / "shop.csv"
    file.write_text("who,arrival_s,init_s,duration_s\nx,9,,0.5\ny,3,2.5,\nz,4,0,0.25\n", encoding="utf-8")
    shop = read_csv(file)
    assert shop.names == ("shop",)
    assert shop.workload().arrivals_s.tolist() == [3, 4, 9]
    assert shop.init_law().mean_s == 2.5
    assert shop.service_law().mean_s == 0.375


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("arrival_s\n1\nlate\n", "shop.csv, line 3, column 1 ('arrival_s'): must be a number from 0; got 'late'."),
        ("arrival_s\n1\n\n-2\n", "shop.csv, line 4, column 1 ('arrival_s'): must be a number from 0; got '-2'."),
        ("arrival_s\n1\n1_0\n", "shop.csv, line 3, column 1 ('arrival_s'): must be a number from 0; got '1_0'."),
        (
            "arrival_s,init_s\n1,\n2,-inf\n",
            "shop.csv, line 3, column 2 ('init_s'): must be a number from 0, or empty; got '-inf'.",
        ),
        (
            "arrival_s,memory_mib\n1,128\n2,lots\n",
            "shop.csv, line 3, column 2 ('memory_mib'): must be a number from 0, or empty; got 'lots'.",
        ),
        ("arrival_s\n1\n2,3\n", "shop.csv, line 3, the whole row: must be of 1 cells, as line 1 is; got 2."),
    ],
)
def test_a_bad_row_is_told_by_line_and_column(tmp_path, text, sentence):
    """Stopped at, or left out and counted."""
    file = tmp_path / "shop.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_csv(file)
    assert str(caught.value).startswith(sentence)
    shop = read_csv(file, on_bad="skip")
    assert (len(shop.workload()), shop.skipped.count) == (1, 1)


def test_a_file_without_arrivals_is_refused(tmp_path):
    """The column is named."""
    file = tmp_path / "shop.csv"
    file.write_text("when\n1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"shop.csv, line 1: must have the column 'arrival_s'; its columns are when\."):
        read_csv(file)


def test_a_column_of_another_length_is_not_written(tmp_path):
    """One entry a request."""
    with pytest.raises(BadValue, match=r"duration_s must have an entry for each of the 1 requests; got 2\."):
        write_csv(Workload(np.ones(1), 5), tmp_path / "a.csv", duration_s=np.ones(2))
