"""Pages for chapter 4, drawn with Pillow, so that it is known what stands on them.

The letters are Aileron Regular (CC0), which Pillow carries inside. The long text is Tim Peters's "The Zen of Python"
(PEP 20, public domain); the receipt and the sign are made up.
"""

import base64
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ZEN = (
    "Beautiful is better than ugly.",
    "Explicit is better than implicit.",
    "Simple is better than complex.",
    "Complex is better than complicated.",
    "Flat is better than nested.",
    "Sparse is better than dense.",
    "Readability counts.",
)
_GOODS = (("2 rye bread", "7.80"), ("1 apple cake", "3.20"), ("3 coffee", "8.40"), ("Total EUR", "19.40"))
_LINE_HEIGHT = 1.6  # of a letter's size


@dataclass(frozen=True)
class Page:
    """A picture and the lines that stand on it, top to bottom."""

    image: Image.Image
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(self.lines)


def printed(lines: tuple[str, ...] = ZEN, *, size_px: int = 24, width: int = 640) -> Page:
    """Print lines in black on white."""
    step = round(size_px * _LINE_HEIGHT)
    image = Image.new("L", (width, 2 * size_px + step * len(lines)), 255)
    for number, line in enumerate(lines):
        _write(image, (30, size_px + step * number), line, size_px)
    return Page(image, lines)


def receipt() -> Page:
    """Draw a receipt: a name, goods on the left and prices on the right, a greeting."""
    image = Image.new("L", (480, 360), 250)
    _write(image, (130, 24), "CORNER BAKERY", 28)
    for number, (what, price) in enumerate(_GOODS):
        _write(image, (40, 90 + 46 * number), what, 24)
        _write(image, (360, 90 + 46 * number), price, 24)
    _write(image, (120, 300), "Thank you, come again!", 22)
    goods = tuple(word for pair in _GOODS for word in pair)
    return Page(image, ("CORNER BAKERY", *goods, "Thank you, come again!"))


def sign() -> Page:
    """Draw a sign as one meets it: white on blue, hung a little crooked, seen in poor light."""
    image = Image.new("RGB", (520, 220), (20, 70, 150))
    _write(image, (40, 40), "PLATFORM 7", 56, ink="white")
    _write(image, (40, 130), "to the old harbour", 36, ink="white")
    turned = image.rotate(7, expand=True, fillcolor=(120, 120, 110), resample=Image.Resampling.BICUBIC)
    return noisy(Page(turned, ("PLATFORM 7", "to the old harbour")), 25)


def noisy(page: Page, sigma: float, *, seed: int = 0) -> Page:
    """Add noise to every pixel: normal, with this standard deviation, on a scale on which white is 255."""
    pixels = np.asarray(page.image).astype(float)
    noise = np.random.default_rng(seed).normal(0, sigma, pixels.shape)
    return replace(page, image=Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)))


def turned(page: Page, degrees: float) -> Page:
    """Turn a page to the left, on a white table."""
    image = page.image.convert("RGB")
    image = image.rotate(degrees, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    return replace(page, image=image)


def shrunk(page: Page, share: float) -> Page:
    """Scan the page with fewer pixels: this share of them in either direction."""
    size = (max(1, round(page.image.width * share)), max(1, round(page.image.height * share)))
    return replace(page, image=page.image.resize(size, Image.Resampling.LANCZOS))


def event_of(image: Image.Image, *, form: str = "PNG") -> dict[str, str]:
    """Pack a picture as the function takes it: a file in base64, as a data URL."""
    data = BytesIO()
    image.save(data, form)
    return {"image": f"data:image/{form.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"}


def _write(image: Image.Image, at: tuple[int, int], text: str, size_px: int, *, ink: str = "black") -> None:
    ImageDraw.Draw(image).text(at, text, fill=ink, font=ImageFont.load_default(size_px))
