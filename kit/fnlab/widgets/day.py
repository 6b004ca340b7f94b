"""A day's load under four sliders: instances and money follow."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

from fnlab import figures
from fnlab.cost.nouns import money
from fnlab.errors import FnlabError
from fnlab.scenario import Outlook, Scenario, play
from fnlab.units import S_PER_H, short_duration
from fnlab.widgets.parts import Figure, FigureWidget, Ruler, ipywidgets
from fnlab.workload import Profile

#: For each choice with a slider: its label, the values on offer, and how one is written.
_SLIDERS: dict[str, tuple[str, tuple[int, ...], Callable[[float], str]]] = {
    "peak_per_hour": (
        "busiest hour",
        (*range(50, 100), *range(100, 1000, 10), *range(1000, 10_000, 100), *range(10_000, 20_001, 1000)),
        lambda peak: f"{peak:,.6g} page views",
    ),
    "keep_alive_s": (
        "keep-alive",
        (0, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600),
        lambda seconds: short_duration(seconds) if seconds else "none",
    ),
    "memory_mib": (
        "memory",
        (128, 192, 256, 384, 512, 640, 768, 1024, 1280, 1536, 1769, 2048, 3008, 4096, 5120, 6144, 8192, 10_240),
        lambda mib: f"{mib:,} MiB",
    ),
    "max_instances": ("max instances", (*range(1, 21), *range(25, 101, 5), 125, 150, 200), lambda count: f"{count:,}"),
}


class ElasticityWidget(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """The widget of :func:`elasticity`.

    Attributes
    ----------
    outlook : Outlook
        What is shown.
    figures : tuple of FigureWidget
        Elasticity and cost, brought up to date in place.
    sliders : dict of str to SelectionSlider
        By the scenario's names.
    text, numbers : Text, HTML
        The scenario as a line to copy or replace; what follows from it, or why it cannot be.
    ruler : Ruler
        How wide the page is; the figures are made as wide.
    """

    def __init__(
        self, profile: Profile, *, machine_per_hour: float, scenario: Scenario, sheet: str, machine: str
    ) -> None:
        super().__init__()
        self._play = partial(play, profile=profile, machine_per_hour=machine_per_hour, sheet=sheet, machine=machine)
        self._machine_per_hour = machine_per_hour
        self.outlook: Outlook = self._play(scenario)
        self.figures = tuple(FigureWidget(each) for each in self.static())
        self.sliders = {name: _slider(name, getattr(scenario, name)) for name in _SLIDERS}
        self.text = ipywidgets.Text(
            description="scenario",
            continuous_update=False,
            tooltip="Copy this line to share the scenario; paste another one and press Enter to see it.",
            layout={"width": "auto"},
        )
        self.numbers = ipywidgets.HTML()
        self.ruler = Ruler()
        grid = ipywidgets.GridBox([*self.sliders.values()], layout={"grid_template_columns": "repeat(2, 1fr)"})
        self.children = [grid, self.text, self.numbers, *self.figures, self.ruler]
        for slider in self.sliders.values():
            slider.observe(self._slid, names="value")
        self._set_controls()
        self.text.observe(self._typed, names="value")
        self.ruler.observe(self._measured, names="width_px")

    @property
    def scenario(self) -> Scenario:
        """The choices that are shown; setting it moves the sliders and the figures."""
        return self.outlook.scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        self.outlook = self._play(scenario)
        self._set_controls()
        for shown, fresh in zip(self.figures, self.static(), strict=True):
            figures.redraw(shown, fresh)

    def static(self) -> list[Figure]:
        """Draw the same as plain figures, for a page without a kernel."""
        seen = self.outlook
        return [
            figures.elasticity(seen.timeline, per_instance_h=seen.per_instance_h),
            figures.cost(
                seen.timeline,
                seen.bill,
                seen.machine_bill,
                machines=seen.machines,
                per_machine_h=self._machine_per_hour,
            ),
        ]

    def _slid(self, change: Mapping[str, Any]) -> None:
        name = next(name for name, slider in self.sliders.items() if slider is change["owner"])
        self._try(lambda: replace(self.scenario, **{name: change["new"]}))

    def _typed(self, change: Mapping[str, Any]) -> None:
        if change["new"] != self.scenario.text:
            self._try(lambda: Scenario.of(change["new"]))
        else:
            self.numbers.value = _numbers(self.outlook)

    def _measured(self, change: Mapping[str, Any]) -> None:
        for figure in self.figures:
            figure.layout.width = change["new"]

    def _try(self, choose: Callable[[], Scenario]) -> None:
        """Show another scenario, or the sentence that says why not."""
        try:
            self.scenario = choose()
        except FnlabError as error:
            self.numbers.value = f"<b>{escape(str(error))}</b>"

    def _set_controls(self) -> None:
        """Let sliders, text and numbers say what is shown."""
        for name, slider in self.sliders.items():
            value = getattr(self.scenario, name)
            slider.unobserve(self._slid, names="value")
            if value not in dict(slider.options).values():
                slider.options = _options(name, value)
            slider.value = value
            slider.observe(self._slid, names="value")
        self.text.value = self.scenario.text
        self.numbers.value = _numbers(self.outlook)


def elasticity(
    profile: Profile,
    *,
    machine_per_hour: float = 800,
    scenario: Scenario | None = None,
    sheet: str = "aws-lambda",
    machine: str = "t3.medium",
) -> ElasticityWidget:
    """Show a day's load, the instances that follow it and the money that follows them, under four sliders.

    Parameters
    ----------
    profile : Profile
        How long a page view keeps an instance busy.
    machine_per_hour : float
        Page views an hour that one bought machine can serve.
    scenario : Scenario, optional
        Where to begin.
    sheet, machine : str
        Price sheet of the function, and the machine to compare with, in one currency.

    Raises
    ------
    BadValue
        If the scenario, sheet or machine breaks a rule.
    """
    return ElasticityWidget(
        profile, machine_per_hour=machine_per_hour, scenario=scenario or Scenario(), sheet=sheet, machine=machine
    )


def _slider(name: str, value: float) -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(
        options=_options(name, value),
        value=value,
        description=_SLIDERS[name][0],
        style={"description_width": "110px"},
        layout={"width": "auto"},
    )


def _options(name: str, value: float) -> list[tuple[str, float]]:
    """Offer the usual values and the one that is set."""
    _, usual, written = _SLIDERS[name]
    return [(written(each), each) for each in sorted({*usual, value})]


def _numbers(seen: Outlook) -> str:
    trace, rent = seen.trace, seen.machine_bill
    return (
        f"<b>{len(trace):,}</b> page views · <b>{trace.cold_starts:,}</b> cold starts ({trace.cold_share:.2%}) · "
        f"<b>{trace.throttled:,}</b> throttled · <b>{trace.instance_s / S_PER_H:,.1f}</b> instance-hours · "
        f"<b>{money(seen.bill.total, seen.bill.currency)}</b> by use, <b>{money(rent.total, rent.currency)}</b> for "
        f"{escape(rent.lines[0].item)}"
    )
