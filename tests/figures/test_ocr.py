"""The figures of chapter 4, reading pages: what is drawn is what was given, and the summary says it."""

import base64
from io import BytesIO

import pytest
from PIL import Image

from fnlab.errors import BadValue
from fnlab.figures import memory_sizes, page, reading_errors

LINES = [
    {"text": "Total", "confidence": 0.99, "box": [[1, 2], [30, 2], [30, 9], [1, 9]]},
    {"text": "l9.4O", "confidence": 0.42, "box": [[40, 2], [60, 2], [60, 9], [40, 9]]},
]


def test_a_page_is_the_picture_with_its_boxes():
    """The picture goes as it is; each box is closed and ended by a gap, and says its text and confidence."""
    picture = Image.new("L", (80, 20), 200)
    drawn = page(picture, LINES)
    background, halo, read, doubtful = drawn.data
    sent = Image.open(BytesIO(base64.b64decode(background.source.partition(",")[2])))
    assert (sent.size, sent.getpixel((3, 3))) == ((80, 20), 200)
    assert list(read.x) == [1, 30, 30, 1, 1, None]
    assert list(read.y) == [2, 2, 9, 9, 2, None]
    assert list(halo.x) == [*read.x, *doubtful.x]
    assert doubtful.name == "doubtful, below 0.9"
    assert doubtful.text[0] == "l9.4O (0.420)"
    assert list(drawn.layout.yaxis.range) == [20, 0]
    assert drawn.layout.meta["summary"] == "A page of 80 x 20 pixels: 2 lines found, 1 of them in doubt."


def test_doubt_can_be_moved():
    """With a lower threshold no line is in doubt, and the kind is left out."""
    assert [trace.name for trace in page(Image.new("L", (80, 20)), LINES, doubt=0.4).data[1:]] == ["halo", "read"]


def test_a_page_without_lines_is_only_the_picture():
    """Nothing found: one trace, and a sentence that says so."""
    drawn = page(Image.new("RGB", (30, 900)))
    assert len(drawn.data) == 1
    assert drawn.layout.title.text == "nothing marked"
    assert drawn.layout.height < 900


def test_reading_errors_have_a_panel_each():
    """Each kind of trouble has its own axes, two curves on them, and an entry in the legend only once."""
    curves = {"noise": {0: (0.0, 0.99), 100: (0.25, 0.8)}, "pixels": {24: (0.0, 1.0), 6: (0.5, 0.9)}}
    drawn = reading_errors(curves, reversed_axes=["pixels"])
    assert [(trace.xaxis, list(trace.x), list(trace.y)) for trace in drawn.data] == [
        ("x", [0, 100], [0.0, 0.25]),
        ("x", [0, 100], [0.99, 0.8]),
        ("x2", [24, 6], [0.0, 0.5]),
        ("x2", [24, 6], [1.0, 0.9]),
    ]
    assert [trace.showlegend for trace in drawn.data] == [True, True, False, False]
    assert (drawn.layout.xaxis.autorange, drawn.layout.xaxis2.autorange) == (None, "reversed")
    assert drawn.layout.meta["summary"] == "Highest error rate of each: noise 25%, pixels 50%."


@pytest.mark.parametrize("curves", [{}, {"noise": {}}])
def test_reading_errors_need_points(curves):
    """A panel without a point would be an empty frame."""
    with pytest.raises(BadValue, match=r"reading errors need at least one point in each panel; got \{"):
        reading_errors(curves)


SIZES = {512: (1.4, 0.0117), 1769: (0.4, 0.0118), 3072: (0.4, 0.0202)}


def test_memory_sizes_are_columns():
    """Seconds on the left, money on the right, the law as marks, and the one vCPU between the right columns."""
    drawn = memory_sizes(SIZES, law_s={512: 1.38, 1769: 0.4, 3072: 0.4}, vcpu_mib=1769)
    seconds, law, money = drawn.data
    assert list(seconds.x) == ["512 MiB", "1,769 MiB", "3,072 MiB"]
    assert (list(seconds.y), list(money.y)) == ([1.4, 0.4, 0.4], [0.0117, 0.0118, 0.0202])
    assert list(law.y) == [1.38, 0.4, 0.4]
    assert [shape.x0 for shape in drawn.layout.shapes] == [0.5, 0.5]
    assert drawn.layout.meta["summary"].endswith("1,000 cost least, 0.0117 USD, with 512 MiB.")


@pytest.mark.parametrize("vcpu_mib", [None, 256, 4096])
def test_no_mark_outside_of_the_sizes(vcpu_mib):
    """All sizes below one vCPU, all above, or no such size: no line."""
    assert len(memory_sizes(SIZES, vcpu_mib=vcpu_mib).layout.shapes) == 0


def test_memory_sizes_need_one():
    """Nothing to draw is refused."""
    with pytest.raises(BadValue, match=r"a figure of memory sizes needs at least one; got none\."):
        memory_sizes({})
