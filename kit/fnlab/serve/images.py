"""A picture in an event as a row of numbers, or one sentence that says why it is none."""

import base64
import binascii
from io import BytesIO
from typing import Any

import numpy as np

from fnlab.errors import InvalidInput
from fnlab.learn.estimators import need
from fnlab.serve.signature import Images

Array = np.ndarray[Any, np.dtype[Any]]

#: Largest picture that is opened, in pixels: a few kilobytes may unpack to gigabytes.
MOST_PIXELS = 16 * 2**20

_FORMATS = ("PNG", "JPEG")
_WHITE = (255, 255, 255, 255)


def image_to_row(text: str, images: Images, *, which: str, request_id: str = "") -> Array:
    """Decode a picture, bring it to size, and map black and white to the model's values.

    Parameters
    ----------
    text : str
        A PNG or JPEG file in base64, alone or as a ``data:`` URL.
    images : Images
        What the model takes.
    which : str
        What to call it in a sentence, as in ``"row 0"``.
    request_id : str
        Goes into the error.

    Returns
    -------
    ndarray of float64, shape (height * width * channels,)
        Line by line, with the colours of a pixel together, or one after another with `channels_first`.

    Raises
    ------
    InvalidInput
        If the text is no base64, the bytes are no PNG or JPEG, or the picture is too large or damaged.
    """
    data = _bytes_of(text, which, request_id)
    opener, ops = need("PIL.Image", extra="images"), need("PIL.ImageOps", extra="images")
    try:
        with opener.open(BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidInput(
                    f"an image must have at most {MOST_PIXELS:,} pixels; {which} has {picture.width} x "
                    f"{picture.height}.",
                    request_id=request_id,
                )
            upright = ops.exif_transpose(picture)
            pixels = _pixels(upright, images, opener)
    except InvalidInput:
        raise
    except Exception as error:  # Pillow's readers raise what they like at damaged files
        raise InvalidInput(
            f"an image must be a whole PNG or JPEG file; {which} is not: {_short(error)}.", request_id=request_id
        ) from None
    row: Array = images.black + pixels / 255 * (images.white - images.black)
    return (row.transpose(2, 0, 1) if images.channels_first else row).reshape(-1)


def _bytes_of(text: str, which: str, request_id: str) -> bytes:
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise InvalidInput(f"a data: URL must be base64; that of {which} is not.", request_id=request_id)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(
            f"an image must be a text in base64 or a data: URL; {which} is neither.", request_id=request_id
        ) from None


def _pixels(picture: Any, images: Images, opener: Any) -> Array:
    """Give the values from 0 to 255, shape (height, width, channels)."""
    if picture.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion would cut them off at 255
        picture = opener.fromarray((np.asarray(picture, dtype=np.float64) / 257).clip(0, 255).astype(np.uint8))
    if "A" in picture.mode or "transparency" in picture.info:  # what shows through is paper
        picture = opener.alpha_composite(opener.new("RGBA", picture.size, _WHITE), picture.convert("RGBA"))
    picture = picture.convert("L" if images.channels == 1 else "RGB")
    # Each new pixel is the mean of those that it covers, which keeps thin strokes.
    picture = picture.resize((images.width, images.height), opener.Resampling.BOX)
    return np.asarray(picture, dtype=np.float64).reshape(images.height, images.width, images.channels)


def _short(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
