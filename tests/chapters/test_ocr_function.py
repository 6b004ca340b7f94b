"""The function of chapter 4: it reads, it refuses in a sentence, and it needs neither network nor disk."""

import base64
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import fnlab as fl
from fnlab.functions import Isolation

CHAPTERS = Path(__file__).parents[2] / "chapters"
CONTEXT = SimpleNamespace(phase=lambda name: nullcontext())


@pytest.fixture
def pages(beside):
    """The chapter's pages."""
    return beside("ocr_pages")


@pytest.fixture
def main(beside):
    """The handler's module, as the chapter imports it."""
    return beside("ocr_function.main")


def sent(image, form="PNG", **options):
    """Pack a picture as an event, without the head of a data URL."""
    data = BytesIO()
    image.save(data, form, **options)
    return {"image": base64.b64encode(data.getvalue()).decode()}


def test_it_reads_what_was_printed(main, pages):
    """A clean page gives its lines, in order, with boxes inside the picture, and times of three stages."""
    page = pages.printed()
    answer = main.handler(pages.event_of(page.image), CONTEXT)
    assert tuple(line["text"] for line in answer["lines"]) == page.lines
    assert (answer["width"], answer["height"]) == page.image.size
    corners = [corner for line in answer["lines"] for corner in line["box"]]
    assert all(0 <= x <= answer["width"] and 0 <= y <= answer["height"] for x, y in corners)
    assert min(line["confidence"] for line in answer["lines"]) > 0.9
    assert list(answer["seconds"]) == ["detect", "classify", "recognise"]


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_other_formats_read_the_same(main, pages, form):
    """A receipt is read from JPEG and WebP as from PNG; a data URL and bare base64 are the same."""
    slip = pages.receipt()
    bare = main.handler(sent(slip.image, form), CONTEXT)["lines"]
    assert tuple(line["text"] for line in bare) == slip.lines
    assert bare == main.handler(pages.event_of(slip.image, form=form), CONTEXT)["lines"]


def test_a_page_on_glass_lies_on_white(main, pages):
    """Where a picture is transparent it is taken as white, so black letters stay visible."""
    ink = pages.receipt().image.point(lambda value: 255 - value)
    glass = Image.new("RGBA", ink.size, "black")
    glass.putalpha(ink)
    texts = [line["text"] for line in main.handler(sent(glass), CONTEXT)["lines"]]
    assert texts[0] == "CORNER BAKERY"


def test_a_telephone_knows_which_way_is_up(main, pages):
    """The orientation in a photograph's tags is obeyed: 6 says that it must be turned a quarter to the right."""
    slip = pages.receipt().image
    tags = Image.Exif()
    tags[0x0112] = 6
    lying = slip.transpose(Image.Transpose.ROTATE_90)
    answer = main.handler(sent(lying, "JPEG", exif=tags), CONTEXT)
    assert (answer["width"], answer["height"]) == slip.size
    assert answer["lines"][0]["text"] == "CORNER BAKERY"


@pytest.mark.parametrize("size", [(300, 60), (1, 1), (1, 40), (4000, 100)])
def test_an_empty_page_has_no_lines(main, size):
    """White paper, however small or narrow, gives an empty list and no error."""
    assert main.handler(sent(Image.new("L", size, 255)), CONTEXT)["lines"] == []


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({}, r'an event must be \{"image": base64 text or a data URL\}; it has no text under "image"\.'),
        (["a"], r'an event must be \{"image"'),
        ({"image": 3}, r'it has no text under "image"'),
        ({"image": ""}, r"image must be a whole file of the kind PNG, JPEG, WEBP; this one is not\."),
        ({"image": "a cat"}, r"image must be base64; it begins with 'a cat'\."),
        ({"image": "é"}, r"image must be base64; it begins with 'é'\."),
        ({"image": "aGVsbG8="}, r"image must be a whole file of the kind"),
        (
            {"image": "data:text/plain;base64,aGVsbG8="},
            r"a data URL must begin with data:image/…;base64,; got 'data:text",
        ),
        (sent(Image.new("L", (9, 9)), "GIF"), r"image must be a whole file of the kind"),
        (sent(Image.new("1", (5000, 4001))), r"at most 20,000,000 pixels; this one has 5,000 x 4,001\."),
        (sent(Image.new("1", (3000, 5))), r"at most 40 times as long as it is wide; this one has 3,000 x 5 pixels\."),
        (sent(Image.new("1", (20000, 15000))), r"at most 20,000,000 pixels; this one has far more\."),
    ],
)
def test_what_is_no_picture_is_refused(main, event, says):
    """Everything else gets one sentence, and a picture that is too large gets it before it is unpacked."""
    with pytest.raises(main.InvalidInput, match=says):
        main.handler(event, CONTEXT)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_half_a_file_is_refused(main, pages, form):
    """A file that breaks off is no picture, in any of the formats."""
    whole = base64.b64decode(sent(pages.receipt().image, form)["image"])
    half = base64.b64encode(whole[: len(whole) // 2]).decode()
    with pytest.raises(main.InvalidInput, match=r"image must be a whole file"):
        main.handler({"image": half}, CONTEXT)


def test_it_works_behind_walls(pages):
    """Deployed without network it starts, in named phases, reads, and refuses by the platform's own error."""
    with fl.Emulator() as emulator:
        fn = fl.deploy(
            CHAPTERS / "ocr_function",
            handler="main:handler",
            memory_mib=1769,
            timeout_s=60,
            isolation=Isolation(network=False),
            start="fork",  # which also shows that no thread is left behind
            emulator=emulator,
        )
        opened = {phase.name for phase in fn.warm()}
        assert {"engine", "detector", "classifier", "recogniser"} <= opened
        slip = pages.receipt()
        assert tuple(line["text"] for line in fn(pages.event_of(slip.image))["lines"]) == slip.lines
        with pytest.raises(fl.errors.InvalidInput, match=r"image must be base64"):
            fn({"image": "a cat"})
