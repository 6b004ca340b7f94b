"""What ``static/live.js`` needs to keep a widget live on a page: a day, its durations, the sliders and the prices."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal, get_args

import numpy as np

from fnlab.cost import sheet
from fnlab.cost.vm import machine_on, sheet_of
from fnlab.errors import BadValue
from fnlab.functions import Function, Package
from fnlab.scenario import Scenario
from fnlab.units import S_PER_H
from fnlab.widgets.prices import price_list
from fnlab.workload import Profile
from fnlab.workload.arrivals import curve_per_hour

Widget = Literal["elasticity", "cost", "keep-alive"]

#: For each choice that a page may offer: its label and, as (words, value), where its slider can stand.
Sliders = Mapping[str, tuple[str, Sequence[tuple[str, float]]]]

#: So many values stand for a law of durations; the page draws from them.
_VALUES = 500

#: What a page can move: the arrivals, and rules that are numbers.
_MOVABLE = ("peak_per_hour", "keep_alive_s", "max_instances")


def live(
    widgets: Sequence[Widget],
    scenario: Scenario,
    *,
    profile: Profile,
    sliders: Sliders,
    machine_per_hour: float = 800,
    sheet_name: str = "aws-lambda",
    machine: str = "t3.medium",
) -> dict[str, Any]:
    """Describe for a page, as JSON, figures that move under the same sliders.

    Parameters
    ----------
    widgets : sequence of str
        For each figure what it shows: ``"elasticity"`` (:func:`fnlab.figures.elasticity`), ``"cost"``
        (:func:`fnlab.figures.cost`) or ``"keep-alive"`` (a trace named "every keep-alive" with idle instance-hours and
        the share of cold starts, and one named "this one").
    scenario : Scenario
        Where the sliders stand at first, and what does not move.
    profile : Profile
        How long a page view keeps an instance busy.
    sliders : Mapping
        For each choice that moves, its label and the words and values that it can take.
    machine_per_hour : float
        Page views an hour that one bought machine can serve.
    sheet_name, machine : str
        Whose prices, and the machine to compare with, in one currency.

    Raises
    ------
    BadValue
        If the widget or a slider is none that a page has, or the two currencies differ.
    """
    _check("widgets", widgets, get_args(Widget))
    _check("sliders", sliders, _MOVABLE)
    if "keep-alive" in widgets and "keep_alive_s" not in sliders:
        raise BadValue("the widget 'keep-alive' must have a slider for keep_alive_s; got none.")
    share = Function(name="page", handler="page:view", package=Package({}), memory_mib=scenario.memory_mib).cpu_share
    rng = np.random.default_rng(scenario.seed)
    rented = machine_on(sheet(sheet_of(machine)), machine)
    prices = price_list(sheet_name, memory_mib=scenario.memory_mib)
    if (rents_in := sheet(sheet_of(machine)).currency) != prices["currency"]:
        raise BadValue(
            f"sheet and machine must be in one currency, for fnlab has no exchange rate; "
            f"got {prices['currency']} and {rents_in}."
        )
    return {
        "widgets": list(widgets),
        "setting": dict(word.split("=") for word in scenario.text.split()),
        "per_hour": curve_per_hour(scenario.curve),
        "seed": scenario.seed,
        "scaling": {"keep_alive_s": scenario.keep_alive_s, "max_instances": scenario.max_instances},
        "peak_per_hour": scenario.peak_per_hour,
        "service_s": profile.draw_service_s(rng, _VALUES, cpu_share=share).tolist(),
        "init_s": profile.init_s.draw(rng, _VALUES).tolist(),
        "per_instance_h": S_PER_H / profile.mean_service_s(share),
        "machine_per_h": machine_per_hour,
        "machine_price_per_h": float(rented.price.number),
        "prices": prices,
        "sliders": {
            name: {"label": label, "options": list(options), "value": getattr(scenario, name)}
            for name, (label, options) in sliders.items()
        },
    }


def _check(what: str, asked: Iterable[str], known: Sequence[str]) -> None:
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise BadValue(f"{what} on a page must be of {', '.join(known)}; got {', '.join(unknown)}.")


def script() -> str:
    """Give ``live.js`` and what it imports as one plain script.

    A browser loads no modules for a page that was opened as a file, so such a page holds this in a deferred or last
    ``<script>``; a page that a server sends can load ``live.js`` as the module that it is.
    """
    folder = files("fnlab.widgets") / "static"
    texts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in ("pool", "day", "live")]
    body = "\n".join(re.sub(r"^import .*\n|^export ", "", text, flags=re.MULTILINE) for text in texts)
    return f'(() => {{\n"use strict";\n{body}}})();\n'
