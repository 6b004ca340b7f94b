"""Every builder: the numbers it was given are the numbers it draws, and it says in a sentence what it shows."""

from decimal import Decimal

import numpy as np
import plotly.graph_objects as go
import pytest

from fnlab.cost import Bill, Comparison, Line
from fnlab.errors import BadValue
from fnlab.figures import cold_start, compare_bills, confusion, cost, elasticity, footprints, images, redraw
from fnlab.learn.metrics import classifier_metrics
from fnlab.measure import Footprints, Timeline, footprint
from fnlab.trace import Phase


def line(*, throttled=(0.0, 0.0, 0.0), instances=(1.0, 2.0, 0.5)) -> Timeline:
    """Three bins of half an hour."""
    load = np.array([400.0, 800.0, 200.0])
    return Timeline(
        bin_s=1800.0,
        start_s=np.array([0.0, 1800.0, 3600.0]),
        width_s=np.array([1800.0, 1800.0, 1800.0]),
        arrivals_per_h=load,
        served_per_h=load - throttled,
        throttled_per_h=np.array(throttled),
        instances=np.array(instances),
        peak_instances=np.array([1, 3, 1]),
        busy=np.array([0.5, 1.0, 0.25]),
        billed_s=np.array([30.0, 60.0, 10.0]),
        cold_starts=np.array([2, 1, 0]),
    )


def a_bill(amount: str, currency: str = "USD", *, sheet: str = "aws-lambda", status: str = "confirmed") -> Bill:
    """One line, one amount."""
    only = Line(
        item="thing",
        quantity=Decimal(1),
        unit="h",
        unit_price=Decimal(amount),
        amount=Decimal(amount),
        status=status,
        source="a test",
    )
    return Bill(sheet=sheet, title=sheet.upper(), currency=currency, lines=(only,))


def a_confusion():
    """Four rows of three classes, one of them wrong."""
    return classifier_metrics(np.array([3, 3, 5, 7]), np.array([3, 5, 5, 7]))


def weighed(name="a", *, imports_s=1.0):
    """A function that starts in a quarter of a second beside its imports."""
    phases = (Phase("spawn", 0.25), Phase("imports", imports_s), Phase("deserialise", 0.5))
    return footprint(name, starts=[phases], calls_s=[0.002], package_bytes=2**20, installed_bytes=2**20, peak_mib=80.0)


BUILDERS = {
    "footprints": lambda: footprints(Footprints((weighed(),))),
    "confusion": lambda: confusion(a_confusion()),
    "images": lambda: images(np.zeros((2, 4)), shape=(2, 2)),
    "cold_start": lambda: cold_start([Phase("spawn", 0.002), Phase("imports", 1.0, {"numpy": 0.9})]),
    "elasticity": lambda: elasticity(line(), per_instance_h=800),
    "elasticity of two": lambda: elasticity(line(), per_instance_h=800, compare=line()),
    "cost": lambda: cost(line(), a_bill("1"), a_bill("2"), machines=1),
    "compare_bills": lambda: compare_bills(Comparison((a_bill("1"), a_bill("2", "CNY", sheet="alibaba-fc-cn")))),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_a_builder_gives_a_plain_figure_with_a_sentence(name) -> None:
    """The figure is plain, transparent, and its summary is one sentence."""
    figure = BUILDERS[name]()
    assert type(figure) is go.Figure
    assert figure.layout.template.layout.paper_bgcolor == "rgba(0, 0, 0, 0)"
    summary = figure.layout.meta["summary"]
    assert summary.endswith(".")
    assert "\n" not in summary


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("confusion", {"predicted class", "true class"}),
        ("cold_start", {"time since the start (ms)"}),
        ("elasticity", {"time (hours)", "page views per hour", "instances alive"}),
        ("cost", {"time (hours)", "USD per hour", "USD so far"}),
        ("compare_bills", {"cost (CNY or USD, logarithmic)"}),
    ],
)
def test_axes_say_what_they_count_and_in_which_unit(name, titles) -> None:
    """Every axis with numbers has a title with its unit."""
    layout = BUILDERS[name]().layout
    axes = [layout[key] for key in layout.to_plotly_json() if key.startswith(("xaxis", "yaxis"))]
    assert {axis.title.text for axis in axes if axis.title.text} == titles


def test_confusion_puts_right_and_wrong_counts_in_their_cells() -> None:
    """The diagonal and the rest are two maps that add up to the matrix; the truth is the row."""
    metrics = a_confusion()
    right, wrong = confusion(metrics, noun="digit").data
    np.testing.assert_array_equal(np.nan_to_num(right.z) + np.nan_to_num(wrong.z), metrics.confusion)
    assert right.x == right.y == ("3", "5", "7")
    assert wrong.z[0, 1] == 1
    assert np.isnan(wrong.z[1, 0])


def test_confusion_names_the_most_frequent_mistake() -> None:
    """The summary tells which class was taken for which, or that none was."""
    assert "the digit 3 taken for 5, 1 times" in confusion(a_confusion(), noun="digit").layout.meta["summary"]
    perfect = classifier_metrics(np.array([1, 2]), np.array([1, 2]))
    assert confusion(perfect).layout.meta["summary"].endswith("none is wrong.")


def test_images_draw_the_rows_and_mark_the_mistakes() -> None:
    """Each row is one map of the given shape; a caption shows the truth and, when it differs, the prediction."""
    rows = np.arange(12.0).reshape(2, 6)
    figure = images(rows, shape=(2, 3), truth=[4, 9], predicted=[4, 7])
    np.testing.assert_array_equal([trace.z for trace in figure.data], rows.reshape(2, 2, 3))
    assert figure.layout.xaxis.title.text == "4"
    assert figure.layout.xaxis2.title.text == "9 → <b>7</b>"
    assert figure.layout.meta["summary"] == "2 pictures, 1 of them mistaken: 9 taken for 7."


def test_images_go_on_in_a_second_line_after_ten() -> None:
    """The eleventh picture is at the left again, below the first."""
    layout = images(np.zeros((11, 4)), shape=(2, 2)).layout
    assert layout.xaxis11.domain == layout.xaxis.domain
    assert layout.yaxis11.domain[1] < layout.yaxis.domain[0]


@pytest.mark.parametrize(
    ("rows", "truth", "found"),
    [
        (np.zeros((2, 5)), None, r"rows must hold pictures of 2 x 2 pixels; got shape \(2, 5\)."),
        (np.zeros((0, 4)), None, r"got shape \(0, 4\)"),
        (np.zeros((2, 4)), [1], "truth must have one class for each of 2 pictures; got 1."),
    ],
)
def test_images_refuse_what_does_not_fit(rows, truth, found) -> None:
    """The sentence says the rule and what was found."""
    with pytest.raises(BadValue, match=found):
        images(rows, shape=(2, 2), truth=truth)


def test_cold_start_lays_the_phases_end_to_end() -> None:
    """A phase begins where the one before ended; the packages begin where their phase does, the largest first."""
    phases = [Phase("spawn", 0.002), Phase("imports", 1.0, {"numpy": 0.3, "scipy": 0.6}), Phase("load", 0.05)]
    figure = cold_start(phases)
    assert [trace.name for trace in figure.data[:3]] == ["spawn 2 ms", "imports 1,000 ms", "load 50 ms"]
    assert [trace.base[0] for trace in figure.data[:3]] == [0, 2, 1002]
    packages = figure.data[3]
    assert packages.text == ("scipy", "numpy")
    assert packages.x == (600, 300)
    assert packages.base == (2, 602)


def test_cold_start_names_only_what_has_room_and_adds_up_the_small_ones() -> None:
    """A sliver has no label in the bar; many small packages are one part named "…" that tells them when pointed at."""
    small = {f"tiny{number}": 0.004 for number in range(30)}
    figure = cold_start([Phase("spawn", 0.002), Phase("imports", 1.4, {"scipy": 1.0, **small})])
    assert figure.data[0].text == ("",)
    packages = figure.data[2]
    assert packages.text == ("scipy", "…")
    assert packages.x == pytest.approx((1000, 120))
    assert packages.customdata[1].startswith("30 small ones: 120 ms")
    assert packages.customdata[1].endswith("and 10 more")


def test_a_cold_start_without_phases_is_refused() -> None:
    """There is nothing to draw."""
    with pytest.raises(BadValue, match="at least one phase"):
        cold_start([])


def test_elasticity_draws_the_timeline_as_it_is() -> None:
    """Load, throttled, capacity and instances are the timeline's arrays, held to the end of the last bin."""
    timeline = line(throttled=(0.0, 100.0, 0.0))
    load, throttled, capacity, instances, peak = elasticity(timeline, per_instance_h=800).data
    np.testing.assert_array_equal(load.x, [0, 0.5, 1, 1.5])
    np.testing.assert_array_equal(load.y, [400, 800, 200, 200])
    np.testing.assert_array_equal(throttled.y, timeline.throttled_per_h)
    np.testing.assert_array_equal(throttled.base, timeline.served_per_h)
    np.testing.assert_array_equal(capacity.y, [800, 1600, 400, 400])
    np.testing.assert_array_equal(instances.y, [1, 2, 0.5, 0.5])
    np.testing.assert_array_equal(peak.y, [1, 3, 1, 1])
    assert instances.yaxis == peak.yaxis == "y2"


def test_elasticity_in_seconds() -> None:
    """A run of minutes has an axis of seconds."""
    figure = elasticity(line(), per_instance_h=800, x_hours=False)
    np.testing.assert_array_equal(figure.data[0].x, [0, 1800, 3600, 5400])
    assert figure.layout.xaxis.title.text == "time (s)"


def test_a_capacity_far_above_the_load_is_left_out_and_the_subtitle_says_so() -> None:
    """Otherwise the load would be a line on the ground."""
    near, far = elasticity(line(), per_instance_h=800), elasticity(line(), per_instance_h=2_604_861)
    assert near.data[2].visible is True
    assert far.data[2].visible is False
    assert "One instance serves 2,604,861 page views an hour: capacity is off the scale" in far.layout.title.text


def test_elasticity_lays_a_second_run_over_the_first() -> None:
    """Both have their names and their own instances."""
    figure = elasticity(line(), per_instance_h=800, compare=line(instances=(3.0, 3.0, 3.0)), names=("paper", "real"))
    drawn = {trace.name: trace for trace in figure.data}
    assert list(drawn) == [
        "load", "throttled, paper", "throttled, real", "capacity, paper", "paper", "capacity, real", "real",
    ]  # fmt: skip
    np.testing.assert_array_equal(drawn["paper"].y, [1, 2, 0.5, 0.5])
    np.testing.assert_array_equal(drawn["real"].y, [3, 3, 3, 3])
    assert drawn["paper"].line.color != drawn["real"].line.color
    assert drawn["real"].line.dash != drawn["paper"].line.dash


def test_cost_follows_the_billed_seconds_and_the_machines_do_not() -> None:
    """10 USD over 30, 60 and 10 billed seconds in half hours is 6, 12 and 2 an hour; 6 USD of machines is 4 flat."""
    figure = cost(line(), a_bill("10"), a_bill("6"), machines=2, per_machine_h=800)
    rent, used, paid, rent_so_far, paid_so_far = figure.data
    np.testing.assert_allclose(rent.y, [4, 4, 4, 4])
    np.testing.assert_allclose(paid.y, [6, 12, 2, 2])
    np.testing.assert_allclose(used.y, [1, 2, 0.5, 0.5])
    np.testing.assert_allclose(rent_so_far.y, [0, 2, 4, 6])
    np.testing.assert_allclose(paid_so_far.y, [0, 3, 9, 10])
    assert (rent.name, paid.name) == ("2 machines: 6.00 USD", "pay as you go: 10.00 USD")
    assert "29% of what they can do is used" in figure.layout.title.text


def test_cost_without_the_machines_capacity_does_not_draw_its_use() -> None:
    """The trace is there and hidden, so that both kinds of figure have the same traces."""
    figure = cost(line(), a_bill("10"), a_bill("6"), machines=1)
    assert figure.data[1].visible is False
    assert figure.layout.title.text == "Money follows the load"


@pytest.mark.parametrize(("machines", "kind"), [("49", "linear"), ("51", "log")])
def test_costs_that_are_far_apart_are_drawn_on_a_logarithmic_axis(machines, kind) -> None:
    """Above fifty times, the smaller one would not be seen."""
    assert cost(line(), a_bill("1"), a_bill(machines), machines=1).layout.yaxis.type == kind


def test_bills_in_two_currencies_are_refused() -> None:
    """The sentence names both."""
    with pytest.raises(BadValue, match="no exchange rate; got CNY and USD"):
        cost(line(), a_bill("1", "CNY"), a_bill("1"), machines=1)


def test_compare_bills_groups_by_currency_and_marks_doubt() -> None:
    """One bar a bill, the dearest of each currency first; the label has the amount and what is not confirmed."""
    figure = compare_bills(
        Comparison(
            (
                a_bill("0.5"),
                a_bill("2", sheet="vm-aws", status="secondary"),
                a_bill("3", "CNY", sheet="alibaba-fc-cn", status="unconfirmed"),
            )
        )
    )
    assert {trace.name: (trace.x, trace.y) for trace in figure.data} == {
        "CNY": ((3.0,), ("ALIBABA-FC-CN<br><b>3.00 CNY</b>, unconfirmed",)),
        "USD": ((2.0, 0.5), ("VM-AWS: thing<br><b>2.00 USD</b>, secondary", "AWS-LAMBDA<br><b>0.50 USD</b>")),
    }
    assert figure.layout.xaxis.type == "log"


def test_redraw_makes_a_figure_equal_to_a_fresh_one() -> None:
    """Traces, title, axis types and summary follow; no trace is added."""
    shown = elasticity(line(), per_instance_h=800)
    fresh = elasticity(line(throttled=(0.0, 500.0, 0.0)), per_instance_h=1e6)
    redraw(shown, fresh)
    assert shown.to_json() == fresh.to_json()


def test_a_run_without_a_single_invocation_can_be_drawn() -> None:
    """Nothing arrives, nothing is billed."""
    nothing = np.zeros(1)
    empty = Timeline(
        bin_s=60.0, start_s=nothing, width_s=np.array([60.0]), arrivals_per_h=nothing, served_per_h=nothing,
        throttled_per_h=nothing, cold_starts=nothing.astype(int), instances=nothing, peak_instances=nothing.astype(int),
        busy=nothing, billed_s=nothing,
    )  # fmt: skip
    np.testing.assert_array_equal(elasticity(empty, per_instance_h=800).data[0].y, [0, 0])
    np.testing.assert_array_equal(cost(empty, a_bill("0"), a_bill("1"), machines=1).data[2].y, [0, 0])


def test_footprints_are_in_the_order_of_their_starts_and_the_parts_add_up() -> None:
    """The fastest is on top; process, imports and model are the whole start, which the last part says."""
    shown = footprints(Footprints((weighed("slow", imports_s=2.0), weighed("fast"))))
    assert list(shown.data[0].y) == ["fast", "slow"]
    parts = {trace.name: list(trace.x) for trace in shown.data if trace.name.startswith("start")}
    assert parts == {"start: process": [250, 250], "start: imports": [1000, 2000], "start: model": [500, 500]}
    assert list(shown.data[3].text) == ["1,750", "2,750"]
    assert shown.layout.meta["summary"].endswith("fast starts fastest, in 1.75 s; slow slowest, in 2.75 s.")


def test_no_footprint_is_no_figure() -> None:
    """It says so."""
    with pytest.raises(BadValue, match=r"at least one; got none\."):
        footprints(Footprints(()))
