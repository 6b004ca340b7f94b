"""A support vector machine that is fitted anew at every stroke: points that the reader draws, under four choices."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from html import escape
from typing import Any

from fnlab import figures
from fnlab.errors import FnlabError
from fnlab.figures.plane import PLANE
from fnlab.figures.svm import redraw_margin
from fnlab.widgets.draw import DrawData, Rows, points_of
from fnlab.widgets.parts import Figure, FigureWidget, Ruler, ipywidgets
from fnlab.widgets.svm_choice import DEGREES, KERNELS, MOST_STEPS, SvmChoice

#: For each number with a slider, the values on offer.
_SLIDERS: dict[str, tuple[float, ...]] = {
    "C": (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
    "gamma": (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
    "degree": DEGREES,
}


class SvmPlayground(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """The widget of :func:`svm_playground`.

    Attributes
    ----------
    drawing : DrawData
        The points.
    model : fitted classifier or None
        What is shown; None while there are not two classes.
    figure : FigureWidget
        Brought up to date in place.
    controls : dict of str to widget
        By the names of :class:`SvmChoice`.
    text, note : Text, HTML
        The whole state as a line to copy or replace; why a line cannot be taken.
    ruler : Ruler
        How wide the figure's place is.
    """

    def __init__(self, drawing: DrawData, choice: SvmChoice) -> None:
        super().__init__()
        self.drawing, self._choice = drawing, choice
        self._fit()
        self.figure = FigureWidget(self.static())
        self.ruler = Ruler()
        self.controls = {name: _control(name, value) for name, value in asdict(choice).items()}
        self.text = ipywidgets.Text(
            description="state",
            continuous_update=False,
            tooltip="Copy this line to share choices and points; paste another one and press Enter to see it.",
            layout={"width": "auto"},
        )
        self.note = ipywidgets.HTML()
        beside = {"flex": "1 1 360px", "min_width": "0"}
        left = ipywidgets.VBox([drawing, *self.controls.values()], layout=beside)
        right = ipywidgets.VBox([self.ruler, self.figure], layout=beside)
        both = ipywidgets.Box([left, right], layout={"flex_flow": "row wrap", "grid_gap": "12px"})
        self.children = [both, self.text, self.note]
        for control in self.controls.values():
            control.observe(self._chosen, names="value")
        self._say()
        drawing.observe(self._drawn, names="points")
        self.text.observe(self._typed, names="value")
        self.ruler.observe(self._measured, names="width_px")

    @property
    def choice(self) -> SvmChoice:
        """The choices that are shown; setting them moves the controls and the figure."""
        return self._choice

    @choice.setter
    def choice(self, choice: SvmChoice) -> None:
        self._choice = choice
        for name, value in asdict(choice).items():
            _set(self.controls[name], name, value, handler=self._chosen)
        self.refresh()

    @property
    def state(self) -> str:
        """Choices and points as one line; setting it shows them.

        Raises
        ------
        BadValue
            If a word of a new line breaks a rule; then nothing changes.
        """
        return f"{self._choice.text} {self.drawing.text}".strip()

    @state.setter
    def state(self, text: str) -> None:
        words = text.split()
        choice = SvmChoice.of(word for word in words if ":" not in word)
        points = points_of(" ".join(word for word in words if ":" in word), classes=self.drawing.classes)
        self.drawing.unobserve(self._drawn, names="points")
        self.drawing.points = points
        self.drawing.observe(self._drawn, names="points")
        self.choice = choice

    def static(self) -> Figure:
        """Draw the same as a plain figure, for a page without a kernel."""
        return figures.margin(self.model, self.drawing.X, self.drawing.y, **self._drawn_as, plane=PLANE)

    @property
    def _drawn_as(self) -> dict[str, Any]:
        title = None if self.model is not None else "Draw points of two classes"
        title = title if self._done else f"Not done after {MOST_STEPS:,} steps: an approximation"
        return {"classes": range(self.drawing.classes), "title": title}

    def refresh(self) -> None:
        """Fit, and bring the figure up to date."""
        self._fit()
        redraw_margin(self.figure, self.model, self.drawing.X, self.drawing.y, **self._drawn_as)
        self._say()

    def _fit(self) -> None:
        self.model, self._done = self._choice.fit(self.drawing.X, self.drawing.y)

    def _say(self) -> None:
        """Let the controls and the line of text say what is shown."""
        self.controls["gamma"].disabled = self._choice.kernel == "linear"
        self.controls["degree"].disabled = self._choice.kernel != "poly"
        self.text.value = self.state
        self.note.value = ""

    def _drawn(self, _: Mapping[str, Any]) -> None:
        self.refresh()

    def _chosen(self, change: Mapping[str, Any]) -> None:
        name = next(name for name, control in self.controls.items() if control is change["owner"])
        self._choice = replace(self._choice, **{name: change["new"]})
        self.refresh()

    def _typed(self, change: Mapping[str, Any]) -> None:
        if change["new"] == self.state:
            self.note.value = ""
            return
        try:
            self.state = change["new"]
        except FnlabError as error:
            self.note.value = f"<b>{escape(str(error))}</b>"

    def _measured(self, change: Mapping[str, Any]) -> None:
        self.figure.layout.width = change["new"]


def svm_playground(
    points: Rows | None = None,
    *,
    classes: int = 2,
    choice: SvmChoice | None = None,
    seed: int = 0,
) -> SvmPlayground:
    """Draw points and watch a support vector machine follow, under its choices.

    Parameters
    ----------
    points, classes, seed
        As in :class:`~fnlab.widgets.DrawData`.
    choice : SvmChoice, optional
        Where to begin.

    Raises
    ------
    BadValue
        If the points break a rule.
    """
    return SvmPlayground(DrawData(points, classes=classes, seed=seed), choice or SvmChoice())


def _control(name: str, value: Any) -> Any:
    style: dict[str, Any] = {"description": name, "style": {"description_width": "60px"}, "layout": {"width": "auto"}}
    if name == "kernel":
        return ipywidgets.ToggleButtons(
            options=KERNELS, value=value, description=name, style={"description_width": "60px", "button_width": "auto"}
        )
    return ipywidgets.SelectionSlider(options=_options(name, value), value=value, **style)


def _options(name: str, value: float) -> list[tuple[str, float]]:
    """Offer the usual values and the one that is set."""
    return [(f"{each:g}", each) for each in sorted({*_SLIDERS[name], value})]


def _set(control: Any, name: str, value: Any, *, handler: Callable[[Mapping[str, Any]], None]) -> None:
    """Move a control without hearing of it."""
    control.unobserve(handler, names="value")
    if name != "kernel" and value not in dict(control.options).values():
        control.options = _options(name, value)
    control.value = value
    control.observe(handler, names="value")
