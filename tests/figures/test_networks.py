"""Pictures of networks: the numbers they were given are the numbers they draw."""

import numpy as np
import plotly.graph_objects as go
import pytest

from fnlab.errors import BadValue
from fnlab.figures import film, filters, graph, losses, moving_window, tangent
from fnlab.learn.scratch import Value, convolve

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
Y = np.array([0, 0, 1, 1])


def upwards(strength):
    """Scores of a network that is the surer of class 1 the higher a point is; the border is at one half."""
    return lambda points: np.column_stack([np.zeros(len(points)), strength * (points[:, 1] - 0.5)])


def a_film():
    """Three epochs: no idea, the wrong way round, right."""
    return film({0: (0.69, upwards(0)), 5: (1.2, upwards(-4)), 10: (0.1, upwards(4))}, X, Y)


PICTURE = np.arange(20.0).reshape(4, 5)
KERNEL = np.array([[1.0, -1.0]])
ANSWER = convolve(PICTURE[None, None], KERNEL[None, None], np.zeros(1))[0, 0]

BUILDERS = {
    "film": a_film,
    "losses": lambda: losses({"training": [3, 2, 1]}),
    "tangent": lambda: tangent([0, 1, 2], [0, 1, 4], at=1, slope=2),
    "moving_window": lambda: moving_window(PICTURE, KERNEL, ANSWER),
    "filters": lambda: filters(np.ones((10, 3, 3))),
    "graph": lambda: graph(Value(2) * 3 + 1),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_a_builder_gives_a_plain_figure_with_a_sentence(name):
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
        ("film", {"x₁", "x₂", "epoch", "cross entropy (nats)"}),
        ("losses", {"epoch", "cross entropy (nats)"}),
        ("tangent", {"weight", "loss"}),
        ("moving_window", {"picture", "weights", "answer"}),
    ],
)
def test_axes_say_what_they_count(name, titles):
    """Every axis with numbers has a title; pictures say below themselves what they are."""
    layout = BUILDERS[name]().layout
    axes = [layout[key] for key in layout.to_plotly_json() if key.startswith(("xaxis", "yaxis"))]
    assert {axis.title.text for axis in axes if axis.title.text} == titles


def test_a_film_has_a_frame_for_each_snapshot():
    """Frames, slider and epochs agree; a frame has the region and the dot of its epoch, and the last one is shown."""
    figure = a_film()
    assert [frame.name for frame in figure.frames] == ["0", "5", "10"]
    assert [step.label for step in figure.layout.sliders[0].steps] == ["0", "5", "10"]
    assert figure.layout.sliders[0].active == 2
    assert [step.args[0] for step in figure.layout.sliders[0].steps] == [("0",), ("5",), ("10",)]
    regions, dots = zip(*(frame.data for frame in figure.frames), strict=True)
    assert [(dot.x[0], dot.y[0]) for dot in dots] == [(0, 0.69), (5, 1.2), (10, 0.1)]
    np.testing.assert_array_equal(regions[0].z, 0.5)
    np.testing.assert_array_equal(figure.data[0].z, regions[2].z)
    for frame in figure.frames:
        assert [type(figure.data[place]) for place in frame.traces] == [type(part) for part in frame.data]


def test_a_films_region_is_the_probability_of_class_1():
    """At each place of the grid it is softmax of the scores there; the axes run from left to right and upwards."""
    shown = a_film().data[0]
    expected = 1 / (1 + np.exp(-4 * (np.asarray(shown.y) - 0.5)))
    np.testing.assert_allclose(shown.z, np.repeat(expected[:, None], len(shown.x), axis=1), atol=2e-3)
    assert shown.z[0, 0] < 0.5 < shown.z[-1, 0]
    assert shown.x[0] < 0
    assert shown.x[-1] > 1


def test_a_film_tells_how_many_points_are_wrong():
    """The summary counts the points on the wrong side, at the first epoch and at the last."""
    two = film({5: (1.2, upwards(-4)), 10: (0.1, upwards(4))}, X, Y).layout.meta["summary"]
    assert "4 are on the wrong side at epoch 5 and 0 at epoch 10; the loss goes from 1.20 to 0.10." in two


def test_a_film_draws_the_points_of_each_class():
    """Both classes are there, each with a colour and a shape of its own."""
    first, second = a_film().data[1:3]
    np.testing.assert_array_equal(np.column_stack([first.x, first.y]), X[Y == 0])
    np.testing.assert_array_equal(np.column_stack([second.x, second.y]), X[Y == 1])
    assert first.marker.symbol != second.marker.symbol
    assert first.marker.color != second.marker.color


@pytest.mark.parametrize(
    ("snapshots", "points", "classes"),
    [({}, X, Y), ({0: (1.0, upwards(1))}, X[:, :1], Y), ({0: (1.0, upwards(1))}, X, Y[:2]), ({0: (1, 1)}, X, Y + 1)],
)
def test_a_film_needs_snapshots_and_two_classes(snapshots, points, classes):
    """The sentence says what is needed and what was found."""
    with pytest.raises(BadValue, match=rf"a film needs a snapshot.*; got {len(snapshots)} snapshots and the shapes"):
        film(snapshots, points, classes)


def test_losses_are_counted_from_one_and_the_kept_epoch_is_marked():
    """Each curve is a line over its epochs; the mark stands at the epoch that was kept."""
    figure = losses({"learned from": [3, 2, 1], "kept apart": [3.0, 2.5, 2.75, 2.8]}, kept=2)
    assert [trace.name for trace in figure.data] == ["learned from", "kept apart"]
    assert list(figure.data[0].x) == [1, 2, 3]
    assert list(figure.data[1].y) == [3.0, 2.5, 2.75, 2.8]
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 2
    assert figure.layout.annotations[0].text == "kept: epoch 2"
    assert "kept apart falls from 3.00 to 2.50, and ends at 2.80; epoch 2 was kept" in figure.layout.meta["summary"]
    assert not losses({"training": [3]}).layout.shapes


@pytest.mark.parametrize("curves", [{}, {"training": []}])
def test_losses_need_a_curve(curves):
    """There is nothing to draw."""
    with pytest.raises(BadValue, match="losses needs curves of at least one epoch; got"):
        losses(curves)


def test_a_tangent_touches_the_curve():
    """The straight line goes through the place, with the slope that was given; the summary says where to go."""
    curve, line, dot = tangent([0, 1, 2], [0, 1, 4], at=1, slope=2).data
    assert list(curve.y) == [0, 1, 4]
    assert (dot.x[0], dot.y[0]) == (1, 1)
    assert (line.y[1] - line.y[0]) / (line.x[1] - line.x[0]) == 2
    assert np.mean(line.y) == 1
    for slope, way in ((2, "down."), (-2, "up."), (0, "nowhere.")):
        assert tangent([0, 1, 2], [0, 1, 4], at=1, slope=slope).layout.meta["summary"].endswith(way)


@pytest.mark.parametrize(("weights", "at"), [([0, 1], 1), ([0, 1, 2], 3), ([], 0)])
def test_a_tangent_needs_a_curve_around_it(weights, at):
    """Arrays of two lengths, and a place beyond the curve, are refused."""
    with pytest.raises(BadValue, match="weights and losses must be two rows of one length, and reach over"):
        tangent(weights, [0, 1, 4], at=at, slope=0)


def test_the_window_visits_every_place_and_the_answer_grows():
    """One frame a place, row by row; the frame is around the window's pixels, and only what was seen is shown."""
    figure = moving_window(PICTURE, KERNEL, ANSWER)
    assert len(figure.frames) == ANSWER.size == 16
    outline, so_far = figure.frames[5].data
    assert figure.frames[5].name == "2, 2"
    assert (min(outline.x), max(outline.x), min(outline.y), max(outline.y)) == (0.5, 2.5, 0.5, 1.5)
    np.testing.assert_array_equal(np.isfinite(so_far.z).ravel(), np.arange(16) <= 5)
    np.testing.assert_array_equal(figure.frames[-1].data[1].z, ANSWER)
    picture, kernel, answer = (trace.z for trace in figure.data[:3])
    np.testing.assert_array_equal(picture, PICTURE)
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(answer, ANSWER)
    for frame in figure.frames:
        assert [type(figure.data[place]) for place in frame.traces] == [type(part) for part in frame.data]


def test_a_window_has_an_answer_for_each_place():
    """An answer of another size belongs to something else."""
    with pytest.raises(BadValue, match=r"got the shapes \(4, 5\), \(1, 2\) and \(4, 5\)"):
        moving_window(PICTURE, KERNEL, PICTURE)


def test_filters_share_one_scale_around_zero():
    """Zero is the middle of the scale, the largest weight of all is its end; the ninth filter starts a second line."""
    kernels = np.zeros((9, 2, 2))
    kernels[3, 0, 1] = -2.5
    figure = filters(kernels)
    assert {(trace.zmin, trace.zmax) for trace in figure.data} == {(-2.5, 2.5)}
    np.testing.assert_array_equal([trace.z for trace in figure.data], kernels)
    assert figure.layout.xaxis9.domain == figure.layout.xaxis.domain
    assert figure.layout.yaxis9.domain[1] < figure.layout.yaxis.domain[0]


@pytest.mark.parametrize("shape", [(0, 3, 3), (3, 3)])
def test_filters_are_a_stack_of_windows(shape):
    """No filter, or one without its own axis, is refused."""
    with pytest.raises(BadValue, match=r"kernels must have the shape \(filters, height, width\); got \("):
        filters(np.zeros(shape))


def test_a_graph_goes_from_left_to_right():
    """Each number is right of all it was made from and has its gradient; each line has its slope."""
    w, x, bias = Value(2), Value(-3), Value(1)
    inside = w * x + bias
    result = inside.tanh()
    result.backward()
    figure = graph(result, {"w": w, "y": result})
    lines, boxes = figure.data
    words = [text.replace("<b>", "").replace("</b>", "") for text in boxes.text]
    place = {number: (x, y) for number, x, y in zip(words, boxes.x, boxes.y, strict=True)}
    assert len(words) == 6
    assert [text.count("w = 2<") for text in words].count(1) == 1
    assert any(f">{w.grad:.3g}</span>" in text for text in words if "w = 2<" in text)
    starts, ends = np.array(lines.x[::3], dtype=float), np.array(lines.x[1::3], dtype=float)
    assert (starts < ends).all()
    assert sorted(note.text for note in figure.layout.annotations) == sorted(
        ["-3", "2", "1", "1", f"{1 - result.data**2:.3g}"]
    )
    assert len(set(place.values())) == 6
    assert f"with the result {result.data:.3g}; gradients: " in figure.layout.meta["summary"]


def test_a_number_that_is_used_twice_is_one_box():
    """Two ways to it are two lines to one box, and it stands left of both."""
    x = Value(3)
    lines, boxes = graph(x * x + x).data
    assert len(boxes.x) == 3
    assert len(lines.x) == 4 * 3
    assert min(boxes.x) == 0
    assert list(boxes.x).count(0) == 1


def test_a_graph_must_be_small_enough_to_read():
    """Beyond forty numbers there is no drawing, however many more there are."""
    long = Value(0)
    for _ in range(50_000):
        long = long + 1
    with pytest.raises(BadValue, match="a graph can be read up to 40 numbers; got more"):
        graph(long)
