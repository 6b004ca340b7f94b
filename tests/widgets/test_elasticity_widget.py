"""The widget without a browser and without a kernel: its controls, its figures, its sentence."""

import json
import subprocess
import sys

import numpy as np
import plotly.io as pio
import pytest

from fnlab import figures
from fnlab.errors import BadValue
from fnlab.scenario import Scenario, play
from fnlab.widgets import ElasticityWidget, elasticity
from fnlab.workload import Constant, Profile

SLOW = Profile(init_s=Constant(1.5), cpu_s=Constant(1.3))
FAST = Profile(init_s=Constant(1.5), cpu_s=Constant(0.0004))
SMALL = Scenario(peak_per_hour=60, curve="cost")


#: A program in which a package is not installed.
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
import fnlab.{room}
"""


def expected(scenario: Scenario, profile: Profile = SLOW) -> list:
    """Play and draw afresh."""
    seen = play(scenario, profile=profile, machine_per_hour=800)
    return [
        figures.elasticity(seen.timeline, per_instance_h=seen.per_instance_h),
        figures.cost(seen.timeline, seen.bill, seen.machine_bill, machines=seen.machines, per_machine_h=800),
    ]


def same(shown, wanted) -> bool:
    """Compare all that is drawn; each trace of a widget has an identity besides."""
    left, right = (json.loads(pio.to_json(each)) for each in (shown, wanted))
    for trace in left["data"]:
        trace.pop("uid", None)
    return bool(left == right)


@pytest.mark.parametrize(
    ("name", "value"), [("peak_per_hour", 900), ("keep_alive_s", 60), ("memory_mib", 1024), ("max_instances", 1)]
)
def test_moving_a_slider_plays_the_scenario_and_changes_the_figures(name, value) -> None:
    """The figures become what a fresh play and fresh figures give; traces are neither added nor replaced."""
    widget = elasticity(SLOW, scenario=SMALL)
    before = [list(figure.data) for figure in widget.figures]
    widget.sliders[name].value = value
    moved = Scenario(**{"peak_per_hour": 60, "curve": "cost", name: value})
    assert widget.scenario == moved
    for shown, wanted, traces in zip(widget.figures, expected(moved), before, strict=True):
        assert same(shown, wanted)
        assert list(shown.data) == traces


def test_a_move_is_one_message_a_figure(monkeypatch) -> None:
    """Each figure gets one update, however many of its properties change."""
    widget = elasticity(SLOW, scenario=SMALL)
    sent = []
    for figure in widget.figures:
        monkeypatch.setattr(figure, "_send_update_msg", lambda *_, figure=figure, **__: sent.append(figure))
        monkeypatch.setattr(figure, "_send_restyle_msg", lambda *_, **__: pytest.fail("a message of its own"))
        monkeypatch.setattr(figure, "_send_relayout_msg", lambda *_, **__: pytest.fail("a message of its own"))
    widget.sliders["peak_per_hour"].value = 1000
    assert [id(figure) for figure in sent] == [id(figure) for figure in widget.figures]


def test_figures_follow_from_linear_to_logarithmic_and_back() -> None:
    """What depends on the scenario besides the data, such as an axis type, follows as well."""
    widget = elasticity(FAST, scenario=SMALL)
    assert widget.figures[1].layout.yaxis.type == "log"
    widget.scenario = far = Scenario(peak_per_hour=20_000, memory_mib=10_240, keep_alive_s=0)
    assert all(same(shown, wanted) for shown, wanted in zip(widget.figures, expected(far, FAST), strict=True))
    widget.scenario = SMALL
    assert all(same(shown, wanted) for shown, wanted in zip(widget.figures, expected(SMALL, FAST), strict=True))


def test_static_twins_show_what_the_widget_shows() -> None:
    """They are plain figures with the same content."""
    widget = elasticity(SLOW, scenario=SMALL)
    widget.sliders["keep_alive_s"].value = 10
    twins = widget.static()
    assert [type(twin).__name__ for twin in twins] == ["Figure", "Figure"]
    assert all(same(shown, twin) for shown, twin in zip(widget.figures, twins, strict=True))


def test_setting_the_scenario_moves_the_controls_even_to_a_value_that_is_not_on_offer() -> None:
    """1,210 page views are not among the slider's rounded values, and are kept as they are."""
    widget = elasticity(SLOW)
    widget.scenario = Scenario(peak_per_hour=1210, keep_alive_s=77, max_instances=500, curve="cost", seed=4)
    assert {name: slider.value for name, slider in widget.sliders.items()} == {
        "peak_per_hour": 1210,
        "keep_alive_s": 77,
        "memory_mib": 512,
        "max_instances": 500,
    }
    assert widget.scenario == Scenario(peak_per_hour=1210, keep_alive_s=77, max_instances=500, curve="cost", seed=4)
    assert widget.text.value == widget.scenario.text
    widget.scenario = Scenario(peak_per_hour=1230)
    assert widget.sliders["peak_per_hour"].value == 1230


def test_setting_the_scenario_plays_it_once(monkeypatch) -> None:
    """The controls that it moves do not play it again."""
    played = []
    monkeypatch.setattr(
        "fnlab.widgets.day.play", lambda scenario, **given: played.append(scenario) or play(scenario, **given)
    )
    widget = elasticity(SLOW, scenario=SMALL)
    widget.scenario = Scenario(peak_per_hour=1210, memory_mib=300)
    widget.sliders["keep_alive_s"].value = 5
    assert played == [
        SMALL,
        Scenario(peak_per_hour=1210, memory_mib=300),
        Scenario(peak_per_hour=1210, memory_mib=300, keep_alive_s=5),
    ]


def test_a_pasted_text_is_applied() -> None:
    """The text of one widget, entered in another, shows the same."""
    one, other = elasticity(SLOW, scenario=SMALL), elasticity(SLOW)
    one.sliders["max_instances"].value = 2
    other.text.value = one.text.value
    assert other.scenario == one.scenario
    assert all(same(left, right) for left, right in zip(other.figures, one.figures, strict=True))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("peak=3", "got &#x27;peak=3&#x27;."),
        ("peak_per_hour=many", "peak_per_hour must be a number; got &#x27;many&#x27;."),
        ("memory_mib=1", "memory_mib must be"),
        ("seed=-1", "seed must be a whole number from 0; got -1."),
        ("peak_per_hour=1e9", "peak_per_hour must be at most 100,000"),
        ("curve=flat", "curve must be one of elasticity, cost; got &#x27;flat&#x27;."),
    ],
)
def test_a_bad_text_shows_its_sentence_and_changes_nothing(text, sentence) -> None:
    """No exception reaches the kernel; the figures and sliders stay."""
    widget = elasticity(SLOW, scenario=SMALL)
    widget.text.value = text
    assert sentence in widget.numbers.value
    assert widget.scenario == SMALL
    assert all(same(shown, wanted) for shown, wanted in zip(widget.figures, expected(SMALL), strict=True))
    widget.text.value = SMALL.text
    assert sentence not in widget.numbers.value


def test_numbers_name_cold_starts_and_both_bills() -> None:
    """The line below the sliders says what the figures show."""
    widget = elasticity(SLOW, scenario=Scenario(peak_per_hour=1210, curve="cost"))
    for words in ("16,640</b> page views", "169</b> cold starts", "0</b> throttled", "0.63 USD", "2.00 USD"):
        assert words in widget.numbers.value
    assert len(widget.outlook.trace) == 16_640
    np.testing.assert_array_equal(widget.figures[0].data[3].y[:-1], widget.outlook.timeline.instances)


def test_an_unknown_keyword_is_an_error() -> None:
    """A slip of the pen does not pass in silence."""
    with pytest.raises(TypeError, match="machine_per_houer"):
        elasticity(SLOW, machine_per_houer=3)


def test_bills_in_two_currencies_are_refused_at_once() -> None:
    """There is no exchange rate."""
    with pytest.raises(BadValue, match="one currency"):
        elasticity(SLOW, sheet="alibaba-fc-cn")


def test_a_machine_is_found_on_its_own_sheet() -> None:
    """A function and a machine of the same vendor, in its currency."""
    widget = elasticity(SLOW, scenario=SMALL, sheet="alibaba-fc-cn", machine="ecs.c7.large")
    assert isinstance(widget, ElasticityWidget)
    assert widget.outlook.machine_bill.currency == "CNY"


def test_figures_are_as_wide_as_the_page_and_stay_so() -> None:
    """The browser tells the width; moving a slider does not change it."""
    widget = elasticity(SLOW, scenario=SMALL)
    assert [figure.layout.width for figure in widget.figures] == [None, None]
    widget.ruler.set_state({"width_px": 912})
    widget.sliders["keep_alive_s"].value = 60
    assert [figure.layout.width for figure in widget.figures] == [912, 912]


@pytest.mark.parametrize(
    ("room", "package"), [("figures", "plotly"), ("widgets", "ipywidgets"), ("widgets", "anywidget")]
)
def test_a_missing_package_is_named_with_what_to_install(room, package) -> None:
    """One sentence instead of an import error from deep inside."""
    code = ABSENT.format(package=package, room=room)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith(f'needs {package}, which is not installed; run pip install "fnlab[lab]".')
    assert "MissingExtra" in done.stderr
