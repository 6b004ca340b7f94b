"""The pages of chapter 4: what stands on them is known, and the same seed spoils them in the same way."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pages(beside):
    """The chapter's pages."""
    return beside("ocr_pages")


def test_ink_is_where_the_lines_are(pages):
    """Each printed line darkens its own strip of the page, and the strips between them stay white."""
    page = pages.printed(("one", "two"), size_px=20, width=200)
    rows = np.asarray(page.image).min(axis=1)
    dark = np.flatnonzero(rows < 128)
    assert np.count_nonzero(np.diff(dark) > 1) == 1
    assert page.text == "one\ntwo"


def test_noise_is_seeded_and_as_strong_as_said(pages):
    """The same seed gives the same page; on grey paper the deviation is the one asked for."""
    grey = pages.Page(Image.new("L", (200, 200), 128), ("x",))
    pixels = np.asarray(pages.noisy(grey, 20, seed=1).image).astype(float)
    assert np.array_equal(pixels, np.asarray(pages.noisy(grey, 20, seed=1).image))
    assert not np.array_equal(pixels, np.asarray(pages.noisy(grey, 20, seed=2).image))
    assert pixels.std() == pytest.approx(20, rel=0.02)


def test_turning_and_shrinking_keep_the_text(pages):
    """Size changes as geometry says, corners are white, and what stands on the page stays known."""
    page = pages.printed(("one",), width=300)
    quarter, half = pages.turned(page, 90), pages.shrunk(page, 0.5)
    assert quarter.image.size == page.image.size[::-1]
    assert half.image.size == (150, round(page.image.height / 2))
    assert pages.turned(page, 45).image.getpixel((0, 0)) == (255, 255, 255)
    assert quarter.lines == half.lines == ("one",)


def test_an_event_holds_the_picture(pages):
    """What is packed as a data URL unpacks to the same pixels."""
    slip = pages.receipt().image
    head, _, body = pages.event_of(slip)["image"].partition(",")
    assert head == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(BytesIO(base64.b64decode(body)))), np.asarray(slip))
