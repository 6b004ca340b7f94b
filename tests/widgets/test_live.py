"""What a page is given so that its figures move."""

import json

import pytest

from fnlab.errors import BadValue
from fnlab.scenario import Scenario
from fnlab.widgets.live import live
from fnlab.workload import Profile, day
from fnlab.workload.arrivals import curve_per_hour

PROFILE = Profile.of_service(4.5, cpu_share=512 / 1769, init_s=1.5)
SLIDERS = {"keep_alive_s": ("keep-alive", [("none", 0), ("5 min", 300)])}


def test_a_page_is_given_plain_json_with_the_scenario_in_it():
    """It survives JSON, its setting is the scenario's text, and its durations are the profile's."""
    scenario = Scenario(peak_per_hour=1210, curve="cost", seed=4)
    given = live(["elasticity", "cost"], scenario, profile=PROFILE, sliders=SLIDERS)
    assert json.loads(json.dumps(given)) == given | {
        "sliders": {"keep_alive_s": {"label": "keep-alive", "options": [["none", 0], ["5 min", 300]], "value": 300}}
    }
    assert Scenario.of(" ".join(f"{name}={value}" for name, value in given["setting"].items())) == scenario
    assert set(given["service_s"]) == {4.5}
    assert set(given["init_s"]) == {1.5}
    assert given["per_instance_h"] == 800
    assert given["prices"]["gb"] == "0.5"


def test_a_curve_is_the_days():
    """Scaled to its own highest hour, the curve's counts are those of the day."""
    assert curve_per_hour("cost") == day(1210, curve="cost").per_hour().tolist()
    with pytest.raises(BadValue, match=r"^curve must be one of elasticity, cost; got 'flat'\.$"):
        curve_per_hour("flat")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"widgets": ["svm"]}, r"^widgets on a page must be of elasticity, cost, keep-alive; got svm\.$"),
        ({"sliders": {"memory_mib": ("memory", [])}}, r"^sliders on a page must be of .*; got memory_mib\.$"),
        ({"widgets": ["keep-alive"], "sliders": {}}, r"must have a slider for keep_alive_s; got none\.$"),
        ({"sheet_name": "alibaba-fc-cn"}, r"^sheet and machine must be in one currency, .*; got CNY and USD\.$"),
    ],
)
def test_what_a_page_does_not_have_is_refused(changed, sentence):
    """In one sentence, with what was given."""
    given = {"widgets": ["elasticity"], "sliders": SLIDERS} | changed
    with pytest.raises(BadValue, match=sentence):
        live(given.pop("widgets"), Scenario(), profile=PROFILE, **given)
