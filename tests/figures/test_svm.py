"""Pictures of classifiers on a plane: what is drawn is what the model says."""

import json

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from sklearn.linear_model import Perceptron
from sklearn.svm import SVC

from fnlab.errors import BadValue
from fnlab.figures import lifted, margin, margins, smo
from fnlab.figures.slack import slacks
from fnlab.figures.svm import redraw_margin

#: Two points a class; the two at x = ±1 hold the margin, whose edges are x = -1 and x = 1.
X = np.array([[-1.0, 0.0], [-3.0, 1.0], [1.0, 0.0], [3.0, -1.0]])
Y = np.array([0, 0, 1, 1])
HARD = SVC(kernel="linear", C=1000).fit(X, Y)


class Ramp:
    """Decides by the first coordinate alone."""

    classes_ = np.array([0, 1])

    def decision_function(self, X):
        """The first coordinate."""
        return np.asarray(X)[:, 0]


class Thirds:
    """Three classes by thirds of the first coordinate; its votes are coarse, its pairs are not."""

    classes_ = np.array(["a", "b", "c"])

    def decision_function(self, X):
        """Votes alone."""
        return np.eye(3)[np.digitize(np.asarray(X)[:, 0], [-1, 1])]

    def pair_decisions(self, X):
        """Pairs: a from b, a from c, b from c."""
        x = np.asarray(X)[:, 0]
        return np.column_stack([-1 - x, -x, 1 - x])


def named(figure, name):
    """Find a trace by its name."""
    return next(trace for trace in figure.data if trace.name == name)


def as_drawn(figure):
    """Give all that is drawn; a widget's trace has an identity besides."""
    drawn = json.loads(pio.to_json(figure))
    for trace in drawn["data"]:
        trace.pop("uid", None)
    return drawn


def test_a_margin_of_two_by_hand():
    """Support vectors at x = ±1: two rings, a strip two units wide, no slack."""
    figure = margin(HARD, X, Y)
    rings = named(figure, "support vector")
    assert sorted(rings.x) == [-1, 1]
    assert figure.layout.title.text.startswith("2 of 4 points are support vectors<br>")
    assert figure.layout.meta["summary"] == (
        "4 points of 2 classes; 2 are support vectors, margin 2.00 wide, 0 inside the margin, 0 on the wrong side."
    )
    assert not named(figure, "slack").visible


def test_regions_and_edges_are_the_decision():
    """Each class's region is where its side of the decision is above 0; the edges are drawn at -1 and 1."""
    figure = margin(Ramp(), X, Y, plane=(-2, 2, -1, 1))
    zero, one, edges = figure.data[:3]
    np.testing.assert_allclose(one.z[0], one.x, atol=1e-6)
    np.testing.assert_array_equal(zero.z, -one.z)
    np.testing.assert_array_equal(edges.z, one.z)
    assert (edges.contours.start, edges.contours.end, edges.contours.size) == (-1, 1, 2)
    assert (one.contours.start, one.contours.end) == (0, 0)


def test_slack_leads_from_each_late_point_to_its_own_edge():
    """Class 1 at x = 0.25 and x = -2 misses its edge at x = 1 by 0.75 and by 3."""
    late = np.array([[0.25, 0.5], [-2.0, 1.0], [2.0, 0.0], [-1.5, 0.0]])
    y = np.array([1, 1, 1, 0])
    figure = margin(Ramp(), late, y)
    slack = named(figure, "slack")
    np.testing.assert_allclose(slack.x, [0.25, 1, np.nan, -2, 1, np.nan], atol=1e-6)
    np.testing.assert_allclose(slack.y, [0.5, 0.5, np.nan, 1, 1, np.nan], atol=1e-6)
    assert slacks(Ramp(), late, y).tolist() == [0.75, 3, 0, 0]
    assert "1 inside the margin · 1 on the wrong side" in figure.layout.title.text


def test_slack_of_a_curved_border_ends_on_the_edge():
    """With a kernel the line goes up the slope, and its end has the decision that the point should have."""
    rng = np.random.default_rng(0)
    places = rng.normal(size=(60, 2))
    y = (np.hypot(*places.T) + 0.4 * rng.normal(size=60) > 1).astype(int)
    model = SVC(C=1, gamma=0.5).fit(places, y)
    slack = named(margin(model, places, y), "slack")
    ends = np.column_stack([slack.x, slack.y])[1::3]
    assert len(ends) > 10
    np.testing.assert_allclose(np.abs(model.decision_function(ends)), 1, atol=0.06)


def test_classes_keep_their_colours_and_shapes():
    """A class has its slot even when others are absent, so that erasing one does not repaint the rest."""
    figure = margin(None, X[2:], [2, 2], classes=range(4))
    two = named(figure, "class 2")
    assert (two.marker.symbol, two.marker.color, len(two.x)) == ("diamond", "#009E73", 2)
    assert [named(figure, f"class {other}").visible for other in (0, 1, 3)] == [False] * 3
    assert figure.layout.meta["summary"] == "2 points of 1 class."


def test_more_than_two_classes_are_asked_for_their_pairs():
    """Votes jump; the border between two regions is where their pair's decision is 0."""
    places = np.array([[-2.0, 0], [0, 0], [2, 0]])
    figure = margin(Thirds(), places, ["a", "b", "c"], plane=(-2, 2, -1, 1))
    x = figure.data[0].x
    np.testing.assert_allclose(figure.data[0].z[0], np.minimum(-1 - x, -x), atol=1e-6)
    np.testing.assert_allclose(figure.data[1].z[0], np.minimum(1 + x, 1 - x), atol=1e-6)
    assert not figure.data[3].visible  # no margin among three


def test_a_model_with_a_column_a_class_is_drawn_as_well():
    """Any classifier with scores will do: a perceptron has no support vectors."""
    places = np.array([[-2.0, 0], [0, 2], [2, 0]])
    model = Perceptron().fit(places, [0, 1, 2])
    figure = margin(model, places, [0, 1, 2])
    seen = np.argmax([trace.z for trace in figure.data[:3]], axis=0).ravel()
    grid = np.stack(np.meshgrid(figure.data[0].x, figure.data[0].y), axis=-1).reshape(-1, 2)
    assert (seen == model.predict(grid)).mean() > 0.99
    assert figure.layout.title.text.startswith("3 points of 3 classes")


def test_classes_on_each_other_have_no_margin():
    """A linear machine without a slope has no margin to measure, and is drawn all the same."""
    model = SVC(kernel="linear").fit([[1, 1], [1, 1]], [0, 1])
    assert model.coef_.tolist() == [[0, 0]]
    figure = margin(model, [[1, 1], [1, 1]], [0, 1])
    assert figure.layout.meta["summary"] == (
        "2 points of 2 classes; 2 are support vectors, 2 inside the margin, 0 on the wrong side."
    )


@pytest.mark.parametrize("kind", [go.Figure, go.FigureWidget])
def test_redrawing_in_place_gives_the_same_figure(kind):
    """Whatever was shown before, the figure becomes the one that margin gives, trace by trace."""
    plane = (-4.0, 4.0, -3.0, 3.0)
    shown = kind(margin(None, X[:0], Y[:0], classes=range(2), plane=plane))
    soft = SVC(C=0.1, gamma=0.5).fit(X, Y)
    for model, places, y in ((HARD, X, Y), (soft, X, Y), (None, X[:1], Y[:1]), (HARD, X[1:], Y[1:])):
        redraw_margin(shown, model, places, y, classes=range(2), title="a title")
        assert as_drawn(shown) == as_drawn(margin(model, places, y, classes=range(2), plane=plane, title="a title"))


def test_several_models_beside_each_other():
    """One panel a model under its name, the same plane in each, one legend."""
    models = {f"C = {C}": SVC(kernel="linear", C=C).fit(X, Y) for C in (0.01, 1)}
    figure = margins(models, X, Y, title="C")
    assert [note.text.split("<br>")[0] for note in figure.layout.annotations] == ["<b>C = 0.01</b>", "<b>C = 1</b>"]
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    half = len(figure.data) // 2
    assert {trace.xaxis for trace in figure.data[half:]} == {"x2"}
    assert {trace.showlegend for trace in figure.data[half:]} == {False}
    assert figure.layout.meta["summary"].count("4 points of 2 classes") == 2


def test_a_circle_is_straight_among_squares():
    """A border at x1² + x2² = 2.25 is a line on the right and a circle of radius 1.5 on the left."""

    class Circle:
        classes_ = np.array([0, 1])
        support_ = np.array([1])

        def decision_function(self, squares):
            return np.asarray(squares).sum(axis=1) - 2.25

    figure = lifted(Circle(), [[0.5, 0.5], [-2.0, 1.0]], [0, 1])
    left, right = figure.data[1], figure.data[len(figure.data) // 2 + 1]
    across, up = np.meshgrid(left.x, left.y)
    np.testing.assert_allclose(left.z, across**2 + up**2 - 2.25, atol=1e-5)
    across, up = np.meshgrid(right.x, right.y)
    np.testing.assert_allclose(right.z, across + up - 2.25, atol=1e-5)
    rings = [trace for trace in figure.data if trace.name == "support vector"]
    assert [(trace.x.tolist(), trace.y.tolist()) for trace in rings] == [([-2], [1]), ([4], [1])]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda: margin(None, X, Y[:2]), r"got shapes \(4, 2\) and \(2,\)\."),
        (lambda: margin(None, X[:, :1], Y), r"X must be points of two numbers"),
        (lambda: margin(None, np.zeros((5, 2)), range(5)), r"at most 4 classes"),
        (lambda: margin(None, X, Y, classes=[0]), r"out of \[0\]; got \[0, 1\]\."),
        (lambda: margins({}, X, Y), r"models must be one to four, to be beside each other; got 0\."),
        (lambda: smo([], X, Y), r"smo needs steps, and labels -1 and 1; got 0 steps"),
    ],
)
def test_what_cannot_be_drawn_is_refused(given, sentence):
    """One sentence with the rule and what was found."""
    with pytest.raises(BadValue, match=sentence):
        given()


def test_summaries_are_sentences():
    """Who cannot see a picture gets a sentence instead."""
    for figure in (margin(HARD, X, Y), margins({"one": HARD}, X, Y), lifted(HARD, X, Y)):
        summary = figure.layout.meta["summary"]
        assert summary.endswith(".")
        assert "\n" not in summary
        assert figure.layout.template.layout.paper_bgcolor == "rgba(0, 0, 0, 0)"
