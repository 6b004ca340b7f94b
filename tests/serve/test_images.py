"""Pictures in events: to the model's size and values, or refused by a sentence."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

from fnlab.errors import InvalidInput
from fnlab.serve import Images, runtime
from fnlab.serve.images import image_to_row

GREY = Images(height=2, width=2, black=0, white=255)


def base64_of(picture, kind="PNG", **settings):
    """Write a picture as text."""
    target = io.BytesIO()
    picture.save(target, kind, **settings)
    return base64.b64encode(target.getvalue()).decode()


def picture(values, mode="L"):
    """Make a picture of numbers."""
    return Image.fromarray(np.array(values, dtype=np.uint8), mode=None if mode == "L" else mode)


def row(text, images=GREY):
    """Decode one picture."""
    return image_to_row(text, images, which="row 0").tolist()


def test_a_picture_is_read_line_by_line():
    """Each pixel is a number, from black to white."""
    text = base64_of(picture([[0, 51], [102, 255]]))
    assert row(text) == [0, 51, 102, 255]
    assert row(f"data:image/png;base64,{text}") == [0, 51, 102, 255]
    assert row(text, Images(height=2, width=2, black=16, white=0)) == pytest.approx([16, 12.8, 9.6, 0])


def test_a_larger_picture_is_averaged():
    """Each new pixel is the mean of those it covers."""
    text = base64_of(picture([[0, 100, 9, 9], [100, 200, 9, 9], [0, 0, 0, 80], [0, 0, 80, 240]]))
    assert row(text) == [100, 9, 0, 100]


def test_colours_come_pixel_by_pixel_or_one_by_one():
    """As the model was trained; a coloured picture becomes grey for a model of grey ones."""
    text = base64_of(picture([[[255, 0, 0], [0, 255, 0]]], mode="RGB"))
    colour = {"height": 1, "width": 2, "channels": 3}
    assert row(text, Images(**colour)) == [1, 0, 0, 0, 1, 0]
    assert row(text, Images(**colour, channels_first=True)) == [1, 0, 0, 1, 0, 0]
    assert row(text, Images(height=1, width=2, white=255)) == [76, 150]


def test_what_shows_through_is_paper():
    """A transparent pixel is white, as on a page."""
    clear = Image.fromarray(np.array([[[0, 0, 0, 0], [0, 0, 0, 255]]] * 2, dtype=np.uint8))
    assert row(base64_of(clear)) == [255, 0, 255, 0]


def test_sixteen_bits_are_scaled():
    """A scanner's 65,535 is white, and the middle is in the middle."""
    deep = Image.fromarray(np.array([[0, 32767], [65535, 65535]], dtype=np.uint16))
    assert row(base64_of(deep)) == [0, 127, 255, 255]


def test_a_photograph_is_turned_upright():
    """A camera writes down how it was held."""
    photo = picture([[0] * 8 + [255] * 8] * 16)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    found = row(base64_of(photo, "JPEG", quality=95, exif=exif))
    assert found == pytest.approx([0, 0, 255, 255], abs=3)


def chunk(kind, data):
    """Write a part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width, height):
    """Write a PNG file of a few bytes that declares a size."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


GOOD = base64_of(picture([[0, 51], [102, 255]]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"an image must be a whole PNG or JPEG file; row 0 is not"),
        ("no base64!", r"an image must be a text in base64 or a data: URL; row 0 is neither\."),
        ("data:image/png,abc", r"a data: URL must be base64; that of row 0 is not\."),
        ("data:image/png;base64", r"a data: URL must be base64"),
        (base64.b64encode(b"hello").decode(), "a whole PNG or JPEG file; row 0 is not"),
        (base64_of(picture([[0]]), "GIF"), "a whole PNG or JPEG file; row 0 is not"),
        (base64.b64encode(base64.b64decode(GOOD)[:-30]).decode(), "a whole PNG or JPEG file; row 0 is not"),
        (bomb(8000, 8000), r"at most 16,777,216 pixels; row 0 has 8000 x 8000\."),
        (bomb(60_000, 60_000), "must"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_is_refused(text, sentence):
    """Other texts, other formats, files cut short, and those that unpack to gigabytes."""
    with pytest.raises(InvalidInput, match=sentence):
        image_to_row(text, GREY, which="row 0", request_id="r1")


def test_a_model_of_pictures_takes_pictures_and_rows(instance):
    """Both in their place; in a batch a bad picture is refused alone."""
    X = np.array([[0.0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1]])
    model = KNeighborsClassifier(1).fit(X, ["dark", "bright", "half"])
    context = instance(model, image=Images(height=2, width=2))
    dark, half = base64_of(picture([[0, 9], [9, 0]])), base64_of(picture([[0, 0], [250, 250]]))
    assert runtime.handler([half, dark], context) == ["half", "dark"]
    assert runtime.handler(X.tolist(), context) == ["dark", "bright", "half"]
    answers = runtime.batch([[dark], ["bad"], X[1:].tolist(), {"rows": [half]}], context)
    assert isinstance(answers[1], InvalidInput)
    assert [answers[0], *answers[2:]] == [["dark"], ["bright", "half"], ["half"]]
    with pytest.raises(InvalidInput, match="row 1 is neither"):
        runtime.handler([dark, "bad!"], context)
    with pytest.raises(InvalidInput, match="row 1 is a str, not a list"):
        runtime.handler([X[0].tolist(), dark], context)
