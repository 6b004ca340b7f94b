"""The playground without a browser: what is drawn or chosen is fitted and shown."""

import json

import numpy as np
import plotly.io as pio
import pytest
from sklearn.svm import SVC

from fnlab import figures
from fnlab.errors import BadValue
from fnlab.figures.plane import PLANE
from fnlab.widgets import SvmChoice, svm_playground

FOUR = "0:-1,0 0:-3,1 1:1,0 1:3,-1"


def same(shown, wanted):
    """Compare all that is drawn; each trace of a widget has an identity besides."""
    left, right = (json.loads(pio.to_json(each)) for each in (shown, wanted))
    for trace in left["data"]:
        trace.pop("uid", None)
    return left == right


def expected(playground, **choices):
    """Fit and draw afresh."""
    X, y = playground.drawing.X, playground.drawing.y
    model = SVC(**choices, coef0=1).fit(X, y)
    return figures.margin(model, X, y, classes=range(2), plane=PLANE)


def test_a_dragged_point_is_fitted_and_shown():
    """What the browser sends while a point is dragged changes the model and the figure, in place."""
    playground = svm_playground(FOUR)
    traces = list(playground.figure.data)
    assert playground.model.support_.tolist() == [0, 2]
    playground.drawing.set_state({"points": [[-1, 0, 0], [0, 0, 0], [1, 0, 1], [3, -1, 1]]})
    assert playground.model.support_.tolist() == [1, 2]
    assert same(playground.figure, expected(playground, C=1, kernel="linear"))
    assert list(playground.figure.data) == traces


def test_a_drag_is_one_message_to_the_figure(monkeypatch):
    """However many traces change, the browser is told once."""
    playground, sent = svm_playground(), []
    monkeypatch.setattr(playground.figure, "_send_update_msg", lambda *_, **__: sent.append(1))
    monkeypatch.setattr(playground.figure, "_send_restyle_msg", lambda *_, **__: pytest.fail("a message of its own"))
    monkeypatch.setattr(playground.figure, "_send_relayout_msg", lambda *_, **__: pytest.fail("a message of its own"))
    playground.drawing.points = FOUR
    assert sent == [1]


@pytest.mark.parametrize(
    ("name", "value", "choices"),
    [
        ("C", 0.01, {"C": 0.01, "kernel": "rbf", "gamma": 0.5}),
        ("kernel", "poly", {"C": 1, "kernel": "poly", "gamma": 0.5, "degree": 2}),
        ("gamma", 10, {"C": 1, "kernel": "rbf", "gamma": 10}),
    ],
)
def test_a_control_fits_anew(name, value, choices):
    """The figure becomes what a fresh fit and a fresh figure give."""
    playground = svm_playground(choice=SvmChoice(kernel="rbf"))
    playground.controls[name].value = value
    assert getattr(playground.choice, name) == value
    assert same(playground.figure, expected(playground, **choices))


@pytest.mark.parametrize(("kernel", "gamma", "degree"), [("linear", 1, 1), ("rbf", 0, 1), ("poly", 0, 0)])
def test_controls_without_effect_are_disabled(kernel, gamma, degree):
    """Gamma is no part of a plain product, and the degree one of a polynomial only."""
    playground = svm_playground(choice=SvmChoice(kernel=kernel))
    assert playground.controls["gamma"].disabled == bool(gamma)
    assert playground.controls["degree"].disabled == bool(degree)


def test_without_two_classes_there_is_no_model():
    """The figure asks for more points, and goes on as soon as there are some."""
    playground = svm_playground([])
    assert playground.model is None
    assert playground.figure.layout.title.text.startswith("Draw points of two classes")
    playground.drawing.points = [(0, 0, 0), (1, 1, 0)]
    assert playground.model is None
    playground.drawing.points = [(0, 0, 0), (1, 1, 1)]
    assert playground.figure.layout.title.text.startswith("2 of 2 points are support vectors")


def test_the_state_is_a_line_that_another_playground_takes():
    """Choices and points together; fitted once."""
    one, other = svm_playground(seed=3), svm_playground()
    one.controls["kernel"].value = "rbf"
    one.drawing.points = FOUR
    assert one.state == f"C=1 kernel=rbf gamma=0.5 degree=2 {FOUR}"
    other.text.value = one.text.value
    assert other.state == one.state == other.text.value
    assert other.controls["kernel"].value == "rbf"
    assert same(other.figure, one.figure)


def test_setting_the_state_fits_once(monkeypatch):
    """The controls and the drawing that it moves do not fit again."""
    playground, fitted = svm_playground(), []
    monkeypatch.setattr(SvmChoice, "fit", lambda choice, X, y: fitted.append(len(y)) or (None, True))
    playground.state = f"C=7 kernel=rbf {FOUR}"
    assert fitted == [4]
    assert playground.controls["C"].value == 7  # not among the usual values


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("C=-1", "C must be above 0; got -1."),
        ("C=much", "C must be a number; got &#x27;much&#x27;."),
        ("kernel=cubic", "kernel must be one of linear, poly, rbf; got &#x27;cubic&#x27;."),
        ("degree=2.5", "degree must be a whole number from 1 to 6; got 2.5."),
        ("colour=3", "got &#x27;colour=3&#x27;."),
        ("0:9,9", "x must be from -4 to 4 and y from -3 to 3; point 1 is (9.0, 9.0, 0)."),
    ],
)
def test_a_bad_line_shows_its_sentence_and_changes_nothing(text, sentence):
    """No exception reaches the kernel; points, choices and figure stay."""
    playground = svm_playground(FOUR)
    before = pio.to_json(playground.figure)
    playground.text.value = text
    assert sentence in playground.note.value
    assert playground.state == f"{SvmChoice().text} {FOUR}"
    assert pio.to_json(playground.figure) == before
    playground.text.value = playground.state
    assert playground.note.value == ""


def test_four_classes_have_four_regions():
    """Each class's region holds its own cloud, and what is shown is what the model predicts."""
    playground = svm_playground(classes=4, choice=SvmChoice(kernel="rbf", C=10))
    X = playground.drawing.X
    leads = np.array([trace.z for trace in playground.figure.data[:4]])
    xs, ys = playground.figure.data[0].x, playground.figure.data[0].y
    at = np.abs(ys[:, None] - X[:, 1]).argmin(axis=0), np.abs(xs[:, None] - X[:, 0]).argmin(axis=0)
    assert (leads[:, *at].argmax(axis=0) == playground.drawing.y).mean() > 0.9


def test_a_solver_that_is_not_done_says_so():
    """Overlapping clouds and a huge price for slack: an approximation is shown in time, and called one."""
    rng = np.random.default_rng(0)
    points = [(x, y, label) for label in (0, 1) for x, y in rng.uniform(-2.9, 2.9, (100, 2)).tolist()]
    playground = svm_playground(points, choice=SvmChoice(kernel="poly", degree=6, gamma=100, C=1000))
    assert playground.figure.layout.title.text.startswith("Not done after 10,000 steps: an approximation")


def test_figure_is_as_wide_as_its_place_and_stays_so():
    """The browser tells the width; drawing does not change it."""
    playground = svm_playground()
    playground.ruler.set_state({"width_px": 444})
    playground.drawing.points = FOUR
    assert playground.figure.layout.width == 444


def test_a_bad_choice_is_refused():
    """Before anything is fitted."""
    with pytest.raises(BadValue, match=r"kernel must be one of linear, poly, rbf; got 'sigmoid'\."):
        SvmChoice(kernel="sigmoid")
