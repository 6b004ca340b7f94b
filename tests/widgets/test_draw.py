"""The drawing without a browser: its points, its rules, its text."""

import re
from importlib.resources import files

import numpy as np
import pytest
from traitlets import TraitError

from fnlab.errors import BadValue
from fnlab.figures.plane import SYMBOLS
from fnlab.figures.style import PALETTE
from fnlab.widgets import DrawData, Point

SCRIPT = files("fnlab.widgets") / "static" / "draw.js"


def test_a_drawing_begins_with_clouds_of_its_seed():
    """Without a reader there is something to learn from, and the same seed gives the same points."""
    one, same, other = DrawData(classes=3, seed=4), DrawData(classes=3, seed=4), DrawData(classes=3, seed=5)
    assert one.points == same.points != other.points
    assert np.bincount(one.y).tolist() == [12, 12, 12]
    assert one.X.shape == (36, 2)


def test_points_become_arrays():
    """Places are floats and classes whole numbers, in the order in which they were drawn."""
    drawing = DrawData([(1, 2, 1), (-0.5, 0, 0)])
    assert drawing.points == (Point(1, 2, 1), Point(-0.5, 0, 0))
    assert drawing.X.tolist() == [[1, 2], [-0.5, 0]]
    assert (drawing.X.dtype, drawing.y.dtype) == (np.float64, np.int64)
    assert drawing.y.tolist() == [1, 0]


def test_an_empty_plane_has_arrays_too():
    """Nothing drawn is no points, in the usual shapes."""
    drawing = DrawData([])
    assert (drawing.X.shape, drawing.y.shape) == ((0, 2), (0,))
    full = DrawData()
    full.clear()
    assert full.points == ()


def test_arrays_can_be_drawn():
    """Rows of numbers are points; places are kept to a hundredth."""
    drawing = DrawData(np.array([[0.123456, -0.001, 1.0]]))
    assert drawing.points == (Point(0.12, 0, 1),)
    assert drawing.text == "1:0.12,0"


def test_what_the_browser_sends_is_heard():
    """A list of lists, as JSON has them, becomes points, and observers learn of it."""
    drawing, heard = DrawData([]), []
    drawing.observe(lambda change: heard.append(change["new"]), names="points")
    drawing.set_state({"points": [[1, 2.5, 1]]})
    assert heard == [(Point(1, 2.5, 1),)]


def test_what_the_browser_sent_is_not_sent_back(monkeypatch):
    """A point that is being dragged must not be put back to where it was a moment ago."""
    drawing, sent = DrawData([]), []
    monkeypatch.setattr(drawing, "_send", lambda message, buffers=None: sent.append(message))
    drawing.set_state({"points": [[1.25, 2.5, 1]]})
    assert [message["method"] for message in sent] == ["echo_update"]


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_a_text_draws_the_same(classes):
    """The text of one drawing, given to another, draws the same points."""
    one, other = DrawData(classes=classes, seed=1), DrawData([], classes=classes)
    other.points = one.text
    assert other.points == one.points == DrawData(one.text, classes=classes).points


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (None, "points must be rows of x, y and label, or a text; got None."),
        (3, "points must be rows of x, y and label, or a text; got 3."),
        ([3], "points must be rows of x, y and label, or a text; got [3]."),
        ([(1, 2)], "a point is the three numbers x, y and label; point 1 is (1, 2)."),
        ([(0, 0, 0), (1, "2", 0)], "a point is the three numbers x, y and label; point 2 is (1, '2', 0)."),
        ([(0, 3.5, 0)], "x must be from -4 to 4 and y from -3 to 3; point 1 is (0, 3.5, 0)."),
        ([(float("nan"), 0, 0)], "x must be from -4 to 4 and y from -3 to 3; point 1 is (nan, 0, 0)."),
        ([(0, 0, 2)], "label must be a whole number from 0 to 1; point 1 is (0, 0, 2)."),
        ([(0, 0, 0.5)], "label must be a whole number from 0 to 1; point 1 is (0, 0, 0.5)."),
        ("0:1", "each word of a drawing is label:x,y such as 0:-1.5,2; got '0:1'."),
        ("zero:1,2", "each word of a drawing is label:x,y such as 0:-1.5,2; got 'zero:1,2'."),
        ([(0, 0, 0)] * 201, "a drawing holds at most 200 points; got 201."),
    ],
)
def test_bad_points_are_refused_and_nothing_changes(points, sentence):
    """Now, later, and from the browser: one sentence, and the drawing stays as it was."""
    if points is not None:
        with pytest.raises(BadValue, match=re.escape(sentence)):
            DrawData(points)
    drawing = DrawData([(1, 1, 1)])
    with pytest.raises(BadValue, match=re.escape(sentence)):
        drawing.points = points
    with pytest.raises(TraitError, match=re.escape(sentence)):
        drawing.set_state({"points": points})
    assert drawing.points == (Point(1, 1, 1),)


@pytest.mark.parametrize("pen", [-1, 2, True, 1.0, "1", None])
def test_the_pen_is_a_class(pen):
    """Another pen is refused, and the old one stays."""
    drawing = DrawData()
    with pytest.raises(BadValue, match=r"pen must be a class from 0 to 1; got"):
        drawing.pen = pen
    assert drawing.pen == 0


@pytest.mark.parametrize("classes", [1, 5, 2.5, "2"])
def test_two_to_four_classes(classes):
    """There are four shapes and colours."""
    with pytest.raises(BadValue, match=r"classes must be 2, 3 or 4; got"):
        DrawData(classes=classes)


def test_an_unknown_name_is_an_error():
    """A slip of the pen does not pass in silence."""
    with pytest.raises(TypeError, match="pionts"):
        DrawData(pionts=[])


def test_script_and_figures_draw_alike():
    """The script is given the figures' colours, and has a path for each of their shapes."""
    drawing, script = DrawData(classes=4), SCRIPT.read_text(encoding="utf-8")
    assert drawing.get_state()["_colors"] == PALETTE[:4]
    assert drawing.get_state()["_symbols"] == SYMBOLS
    shapes = script.partition("const SHAPES = {")[2].partition("};")[0]
    assert re.findall(r'^\s*"?([\w-]+)"?:', shapes, re.MULTILINE) == list(SYMBOLS)


def test_the_script_is_small_and_stays_at_home():
    """Under two hundred lines, no import, no address but the names of two languages."""
    script = SCRIPT.read_text(encoding="utf-8")
    assert len(script.splitlines()) < 200
    assert "import" not in script
    assert re.findall(r"https?://[^`$]*", script) == ["http://www.w3.org/"]
