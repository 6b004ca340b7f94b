"""Figures of choices: two futures of one past, and the table of a sweep."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from fnlab.errors import BadValue
from fnlab.figures import futures, sweep
from fnlab.figures.style import INK, PALETTE
from fnlab.measure import timeline
from fnlab.trace import Recorder, Status, Trace

TABLE = pd.DataFrame(
    {
        "keep_alive_s": [60, 600, 60, 600],
        "memory_mib": [512, 512, 128, 128],
        "cold_share": [0.2, 0.05, 0.4, 0.1],
        "low": [0.1, 0.04, 0.3, 0.05],
        "high": [0.3, 0.06, 0.5, 0.15],
        "latency_p95_s": [1.5, 0.5, 3.0, 2.0],
    }
)


def a_run(*, keep_s: float) -> Trace:
    """A request each 900 s of an hour; an instance is kept for 10 s, after half an hour for as long as is said."""
    recorder = Recorder(memory_mib=128)
    for at in (0, 900, 1800, 2700):
        instance = recorder.created(at)
        recorder.ready(instance, at + 1)
        recorder.invocation(arrival_s=at, start_s=at + 1, end_s=at + 2, init_s=1, status=Status.OK, instance=instance)
        recorder.stopped(instance, at + 2 + (keep_s if at >= 1800 else 10))
    return recorder.trace(3600.0)


def test_two_futures_draw_the_past_once_and_both_after_it() -> None:
    """Instances and cold starts are the timeline's, split where they part; colours and dashes differ."""
    short, long = a_run(keep_s=10), a_run(keep_s=400)
    figure = futures(short, long, at_s=1800, bin_s=900, names=("short", "long"))
    past, one, other, past_cold, one_cold, other_cold = figure.data
    line, line_of_other = (timeline(trace, bin_s=900) for trace in (short, long))
    np.testing.assert_allclose(past.x, [0, 0.25, 0.5])
    np.testing.assert_allclose(past.y, line.instances[[0, 1, 1]])
    np.testing.assert_allclose(one.x, [0.5, 0.75, 1])
    np.testing.assert_allclose(one.y, line.instances[[2, 3, 3]])
    np.testing.assert_allclose(other.y, line_of_other.instances[[2, 3, 3]])
    assert (past_cold.y.tolist(), one_cold.y.tolist(), other_cold.y.tolist()) == ([1, 1], [1, 1], [1, 1])
    assert (past.line.color, one.line.color, other.line.color) == (INK, *PALETTE[:2])
    assert one.line.dash != other.line.dash
    assert [trace.name for trace in figure.data[:3]] == ["shared past", "short", "long"]


def test_the_moment_they_part_is_marked_and_what_follows_is_said() -> None:
    """A line at the moment in the axis's unit, and a sentence with what measure counted after it."""
    figure = futures(a_run(keep_s=10), a_run(keep_s=400), at_s=1800, bin_s=900)
    assert figure.layout.shapes[0].x0 == figure.layout.annotations[0].x == 0.5
    assert "2 cold starts and 24 s of instance time or 2 cold starts and 13.4 min" in figure.layout.title.text
    assert "that part after 30 min" in figure.layout.meta["summary"]
    in_seconds = futures(a_run(keep_s=10), a_run(keep_s=400), at_s=1800, x_hours=False)
    assert in_seconds.layout.shapes[0].x0 == 1800
    assert in_seconds.layout.xaxis.title.text == "time (s)"


def test_money_is_drawn_as_it_was_given() -> None:
    """Amounts by moment; the part before the mark once, and both go on from its last point."""
    times_s = [0, 900, 1800, 2700, 3600]
    costs = ((times_s, [0, 1, 2, 3, 4]), (times_s, [0, 1, 2, 4, 6]))
    figure = futures(a_run(keep_s=10), a_run(keep_s=400), at_s=1800, bin_s=900, costs=costs, currency="CNY")
    past, one, other = figure.data[6:]
    assert (past.y, one.y, other.y) == ((0, 1, 2), (2, 3, 4), (2, 4, 6))
    np.testing.assert_allclose(other.x, [0.5, 0.75, 1])
    assert figure.layout.yaxis3.title.text == "CNY so far"
    assert figure.layout.xaxis.anchor == "y3"


def test_money_needs_an_amount_for_each_moment() -> None:
    """Two moments with one amount are refused, and so are none."""
    for times_s, amounts in (([0, 1], [0]), ([], [])):
        with pytest.raises(BadValue, match=r"a cost must have one amount a moment, and at least one; got"):
            futures(a_run(keep_s=10), a_run(keep_s=10), at_s=0, costs=((times_s, amounts), (times_s, amounts)))


@pytest.mark.parametrize("at_s", [0, 3600])
def test_runs_may_part_at_the_very_ends(at_s) -> None:
    """All of it is future, or all of it past."""
    assert type(futures(a_run(keep_s=10), a_run(keep_s=10), at_s=at_s)) is go.Figure


def test_a_sweep_draws_one_line_a_choice() -> None:
    """Sorted along x; each line has its colour, its mark and its choice in words; the measure is a percentage."""
    figure = sweep(TABLE.iloc[::-1], x="keep_alive_s", y="cold_share", by="memory_mib")
    assert [trace.name for trace in figure.data] == ["memory 128 MiB", "memory 512 MiB"]
    assert [trace.x.tolist() for trace in figure.data] == [[60, 600], [60, 600]]
    assert [trace.y.tolist() for trace in figure.data] == [[0.4, 0.1], [0.2, 0.05]]
    assert len({trace.marker.symbol for trace in figure.data}) == 2
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("keep-alive (s)", "cold share")
    assert figure.layout.yaxis.tickformat == "~%"
    assert figure.layout.xaxis.ticktext == ("60", "600")


def test_a_sweep_says_where_the_measure_is_least_and_most() -> None:
    """The summary is one sentence for who cannot see the figure; rows without a number are passed over."""
    figure = sweep(TABLE, x="keep_alive_s", y="cold_share", by="memory_mib")
    assert figure.layout.meta["summary"] == (
        "Cold share goes from 5.00% at keep-alive 600 s and memory 512 MiB "
        "to 40.00% at keep-alive 60 s and memory 128 MiB."
    )
    some = TABLE.assign(latency_p95_s=[1.5, np.nan, np.nan, 20.0])
    summary = sweep(some, x="keep_alive_s", y="latency_p95_s", by="memory_mib").layout.meta["summary"]
    assert summary.startswith("Latency p95 (s) goes from 1.5 at keep-alive 60 s")
    none = TABLE.assign(latency_p95_s=np.nan)
    summary = sweep(none, x="keep_alive_s", y="latency_p95_s", by="memory_mib").layout.meta["summary"]
    assert summary == "Latency p95 (s) is unknown everywhere."


def test_an_interval_is_an_area_around_its_line() -> None:
    """There along the upper end and back along the lower one."""
    area, line = sweep(TABLE.iloc[:2], x="keep_alive_s", y="cold_share", low="low", high="high").data
    assert area.x == (60, 600, 600, 60)
    assert area.y == (0.3, 0.06, 0.04, 0.1)
    assert area.fill == "toself"
    assert line.showlegend is False


def test_choices_far_apart_are_on_a_logarithmic_axis_and_words_on_one_of_words() -> None:
    """Ten times is not far; sixteen times is; a policy's name has no size."""
    far = TABLE.iloc[:2].assign(keep_alive_s=[60, 960])
    words = TABLE.iloc[:2].assign(policy=["fixed", "hybrid"])
    axes = [
        sweep(frame, x=x, y="cold_share").layout.xaxis
        for frame, x in ((TABLE.iloc[:2], "keep_alive_s"), (far, "keep_alive_s"), (words, "policy"))
    ]
    assert [axis.type for axis in axes] == [None, "log", "category"]


def test_a_sweep_of_two_choices_is_a_map() -> None:
    """One cell a combination, in order of both choices, with its value; a missing one is empty."""
    figure = sweep(TABLE.iloc[:3], x="keep_alive_s", y="latency_p95_s", by="memory_mib", kind="map")
    (cells,) = figure.data
    assert (cells.x, cells.y) == (("60", "600"), ("128", "512"))
    np.testing.assert_array_equal(cells.z, [[3, np.nan], [1.5, 0.5]])
    assert cells.colorbar.title.text == "latency p95 (s)"
    assert figure.layout.title.text == "Latency p95 by keep-alive and memory"


@pytest.mark.parametrize(
    ("frame", "choices", "said"),
    [
        (TABLE, {"x": "speed"}, r"a column must be one of keep_alive_s, memory_mib, .*; got 'speed'\."),
        (TABLE, {"by": "keep_alive_s"}, r"x and by must be two choices; got 'keep_alive_s' twice\."),
        (TABLE, {}, r"each value of keep_alive_s must have one row; got 2 for keep-alive 60 s; select rows"),
        (TABLE.iloc[:0], {}, r"a sweep must have at least one row; got none\."),
        (TABLE, {"kind": "map"}, r"each value of keep_alive_s must have one row"),
        (TABLE.iloc[:2], {"kind": "map"}, r"a map needs two choices, x and by"),
        (TABLE.iloc[:2], {"kind": "pie"}, r"kind must be 'lines' or 'map'; got 'pie'\."),
        (TABLE.iloc[:2], {"low": "low"}, r"an interval needs both ends; got low='low' and high=None\."),
        (
            pd.DataFrame({"keep_alive_s": [1] * 9, "memory_mib": range(9), "cold_share": [0.1] * 9}),
            {"by": "memory_mib"},
            r"at most 8 lines; got 9; draw a map",
        ),
    ],
)
def test_tables_that_cannot_be_drawn(frame, choices, said) -> None:
    """The sentence says the rule, what was found, and what to do."""
    with pytest.raises(BadValue, match=said):
        sweep(frame, **({"x": "keep_alive_s", "y": "cold_share"} | choices))
