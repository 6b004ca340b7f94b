"""The stages of a request as a drawing."""

import pytest

from fnlab.errors import BadValue
from fnlab.figures import stages

TIMED = {
    "slow": {"decode": 0.0001, "predict": 0.003, "encode": 0.0002},
    "quick": {"decode": 0.0001, "predict": 0.0004},
}


def test_a_row_is_a_function_and_its_parts_add_up():
    """The quickest is on top, stages keep their order, and a stage that a function lacks is nothing."""
    figure = stages(TIMED)
    assert [trace.name for trace in figure.data] == ["decode", "predict", "encode"]
    assert {trace.y for trace in figure.data} == {("quick", "slow")}
    assert [trace.x for trace in figure.data] == [(100.0, 100.0), (400.0, 3000.0), (0.0, 200.0)]
    assert figure.data[-1].text == ("500", "3,300")
    assert figure.layout.xaxis.title.text == "time (µs)"


def test_the_summary_names_both_ends():
    """Readers who do not see the picture hear who takes least and most."""
    summary = stages(TIMED).layout.meta["summary"]
    assert "quick takes the least, 0.5 ms" in summary
    assert "slow the most, 3.3 ms" in summary


@pytest.mark.parametrize("nothing", [{}, {"a": {}}])
def test_nothing_timed_is_refused(nothing):
    """A figure of nothing says so."""
    with pytest.raises(BadValue, match="needs a function that has timed at least one; got none"):
        stages(nothing)
