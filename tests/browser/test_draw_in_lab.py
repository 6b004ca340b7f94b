"""The playground as a reader has it: points drawn, dragged and erased in JupyterLab, by mouse and by keyboard."""

import nbformat
import pytest

pytestmark = pytest.mark.browser

#: The kernel fits and the page draws; a busy machine takes its time for both.
ANSWER_MS = 30_000
CODE = """
from fnlab.widgets import svm_playground

svm_playground("0:-2,0 0:-3,1 1:2,0")
"""
#: The figure's points of class 1, as plotly holds them in the page.
ONES = """
() => { const trace = document.querySelector('.js-plotly-plot')._fullData.find(each => each.name === 'class 1');
        return Array.from(trace.x, (x, i) => [x, trace.y[i]]); }
"""
#: The decision that the figure shows, along the middle row of its grid.
DECISION = "() => Array.from(document.querySelector('.js-plotly-plot')._fullData[1].z[24])"
FIFTY_MOVES = """
(svg, [[x, from], [_, to]]) => {
    const mouse = { pointerId: 1, pointerType: "mouse", clientX: x };
    for (let i = 1; i <= 50; i++)
        svg.dispatchEvent(new PointerEvent("pointermove", { ...mouse, clientY: from + (to - from) * i / 50 }));
}
"""


class Plane:
    """The drawing in a page, by the coordinates of its plane."""

    def __init__(self, page):
        self.page, self.svg = page, page.locator(".fnlab-draw [role=application]")
        self.svg.scroll_into_view_if_needed(timeout=ANSWER_MS)

    def px(self, x, y):
        """Where a place of the plane is on the page."""
        box = self.svg.bounding_box()
        return box["x"] + (x + 4) / 8 * box["width"], box["y"] + (3 - y) / 6 * box["height"]

    def click(self, x, y):
        """Press and let go."""
        self.page.mouse.click(*self.px(x, y))

    def drag(self, start, end):
        """Press, move in small steps, let go."""
        self.page.mouse.move(*self.px(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.px(*end), steps=20)
        self.page.mouse.up()

    def words(self):
        """Choices and points as the kernel has them: it writes this line after each fit."""
        return self.page.get_by_role("textbox", name="state").input_value().split()

    def wait(self, condition):
        """Wait until the kernel's points, as (x, y, label), and the figure's points of class 1 are as they should."""
        for _ in range(ANSWER_MS // 50):
            points, ones = [_point(word) for word in self.words() if ":" in word], self.page.evaluate(ONES)
            if condition(points) and ones == [[x, y] for x, y, label in points if label == 1]:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the kernel has {points}, the figure {ones}")


def _point(word):
    label, _, place = word.partition(":")
    return *map(float, place.split(",")), int(label)


def _near(point, x, y, label):
    """A pixel is less than 0.03 of the plane."""
    return point[2] == label and abs(point[0] - x) < 0.03 and abs(point[1] - y) < 0.03


@pytest.fixture
def complaints(page):
    """What the page says on its console as an error, and what is thrown and not caught."""
    heard = []
    page.on("console", lambda message: message.type == "error" and heard.append(f"{message.text} {message.location}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.fixture
def sent(page):
    """Messages with points that go to the kernel."""
    messages = []

    def note(payload):
        if b'"points":' in (payload if isinstance(payload, bytes) else payload.encode()):
            messages.append(payload)

    page.on("websocket", lambda socket: socket.on("framesent", note))
    return messages


@pytest.fixture
def plane(page, run_all, tmp_path, complaints, sent):
    """The playground in a notebook of its own, drawn."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CODE)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "chapters" / "playground.ipynb")
    run_all("playground.ipynb")
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=ANSWER_MS)
    return Plane(page)


def test_what_is_drawn_is_learned(page, plane, complaints, sent):
    """Drawn, dragged, erased and undone points reach the kernel, and the figure follows; so do sliders and keys."""
    plane.wait(lambda points: points == [(-2, 0, 0), (-3, 1, 0), (2, 0, 1)])
    page.get_by_role("button", name="class 1").click()
    plane.click(1, 1)
    plane.wait(lambda points: len(points) == 4 and _near(points[3], 1, 1, 1))

    before = page.evaluate(DECISION)
    plane.drag((1, 1), (-1, -2))
    plane.wait(lambda points: len(points) == 4 and _near(points[3], -1, -2, 1))
    assert page.evaluate(DECISION) != before

    before = page.evaluate(DECISION)
    page.get_by_role("slider").first.focus()  # that of C; ipywidgets gives its sliders no names
    for _ in range(4):  # past 0.5, 0.2 and 0.1
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"before => JSON.stringify(({DECISION})()) !== JSON.stringify(before)", arg=before)
    plane.wait(lambda points: plane.words()[0] == "C=0.05")

    page.get_by_role("button", name="erase").click()
    plane.click(-1, -2)
    plane.wait(lambda points: points == [(-2, 0, 0), (-3, 1, 0), (2, 0, 1)])
    page.get_by_role("button", name="undo").click()
    plane.wait(lambda points: len(points) == 4)

    _draw_with_keys(page, plane)
    _send_once_a_frame(page, plane, sent)
    assert complaints == []
    assert page.strangers == []


def _draw_with_keys(page, plane):
    """The cursor starts in the middle: draw a point of class 1 beside it, carry it up, let go, take all of it back."""
    plane.svg.focus()
    for key in ("1", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    plane.wait(lambda points: points[4:] == [(0.5, 0, 1)])
    for key in ("Enter", "ArrowUp", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    plane.wait(lambda points: points[4:] == [(0.5, 0.2, 1)])
    page.keyboard.press("Control+z")
    plane.wait(lambda points: points[4:] == [(0.5, 0, 1)])
    page.keyboard.press("Delete")  # the cursor is where the point was
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    plane.wait(lambda points: len(points) == 4)


def _send_once_a_frame(page, plane, sent):
    """Fifty moves between two frames are one message, and it has the last of them."""
    page.mouse.move(*plane.px(2, 0))
    page.mouse.down()
    sent.clear()
    plane.svg.evaluate(FIFTY_MOVES, [plane.px(2, 0), plane.px(2, 2)])
    plane.wait(lambda points: _near(points[2], 2, 2, 1))
    assert len(sent) == 1
    page.mouse.up()
