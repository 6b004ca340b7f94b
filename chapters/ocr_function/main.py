"""Optical character recognition behind a function: a picture in, lines of text out.

An event is ``{"image": …}`` with the bytes of a PNG, JPEG or WebP file in base64, bare or as a data URL. The answer
holds `width`, `height`, `lines` (each a `text`, its `confidence` and its `box`, four corners ``[x, y]`` in pixels of
the picture) and the `seconds` of the three stages. Nothing is written to disk and nothing is downloaded: the models are
inside the rapidocr wheel. The same picture gives the same lines, so a call may be repeated.
"""

import base64
import binascii
import os
from functools import cache
from io import BytesIO
from typing import Any

# onnxruntime 1.29 and later report to their maker unless this is set before they are imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import cv2
from PIL import Image, ImageOps
from rapidocr import RapidOCR

#: A picture of more pixels is refused before it is unpacked; a scan of an A4 page at 300 dots an inch has 8.7 million.
MOST_PIXELS = 20_000_000
#: Longer strips than this are refused: the engine cannot scale them.
LONGEST_TO_SHORTEST = 40
#: The detector looks at the page with its longer side no longer than this, and never at an enlarged one.
DETECTOR_SIDE_PX = 960
#: With more than one, onnxruntime and OpenCV keep threads of their own, and the process must not be forked.
THREADS = int(os.environ.get("THREADS", "1"))
FORMATS = ("PNG", "JPEG", "WEBP")


class InvalidInput(Exception):
    """The event holds no picture that can be read; the platform tells the caller this name and the sentence."""


@cache
def engine() -> RapidOCR:
    """Build the engine. It opens each of its three models when it first needs it, not here."""
    cv2.setNumThreads(THREADS)
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Det.limit_type": "max",
            "Det.limit_side_len": DETECTOR_SIDE_PX,
            "Rec.rec_batch_num": 1,  # strips of a batch are padded to the longest: more memory, and no less time
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,  # else each page asks the system for memory anew
            "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def initialize(context: Any) -> None:
    """Open the three models now, so that no request has to wait for them."""
    with context.phase("engine"):
        opened = engine()
    blank, line = Image.new("RGB", (320, 320), "white"), Image.new("RGB", (320, 48), "white")
    with context.phase("detector"):
        opened(blank, use_det=True, use_cls=False, use_rec=False)
    with context.phase("classifier"):
        opened(line, use_det=False, use_cls=True, use_rec=False)
    with context.phase("recogniser"):
        opened(line, use_det=False, use_cls=False, use_rec=True)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Read the page in an event."""
    with context.phase("decode"):
        page = picture(event)
    with context.phase("read"):
        return read(page)


def read(page: Image.Image) -> dict[str, Any]:
    """Find the lines on a page and read them."""
    found = engine()(page.convert("RGB"), use_det=True, use_cls=True, use_rec=True)
    boxes = () if found.boxes is None else found.boxes.round().astype(int).tolist()
    stages = found.elapse_list or (0.0, 0.0, 0.0)  # an empty page has none
    return {
        "width": page.width,
        "height": page.height,
        "lines": [
            {"text": text, "confidence": round(float(score), 4), "box": box}
            for text, score, box in zip(found.txts or (), found.scores or (), boxes, strict=True)
        ],
        "seconds": dict(zip(("detect", "classify", "recognise"), stages, strict=True)),
    }


def picture(event: Any) -> Image.Image:
    """Unpack the event's picture, upright and on white; refuse what is none, before it costs anything."""
    if not isinstance(event, dict) or not isinstance(event.get("image"), str):
        raise InvalidInput('an event must be {"image": base64 text or a data URL}; it has no text under "image".')
    try:
        found = Image.open(BytesIO(_bytes(event["image"])), formats=FORMATS)
        _check_size(found)
        found = ImageOps.exif_transpose(found)  # a telephone says by a tag which way is up
        if found.has_transparency_data:
            found = Image.alpha_composite(Image.new("RGBA", found.size, "white"), found.convert("RGBA"))
        return found.convert("RGB")
    except Image.DecompressionBombError:
        raise InvalidInput(f"a picture must have at most {MOST_PIXELS:,} pixels; this one has far more.") from None
    except (OSError, SyntaxError, ValueError):  # what Pillow raises for files that are none, or damaged
        raise InvalidInput(f"image must be a whole file of the kind {', '.join(FORMATS)}; this one is not.") from None


def _bytes(text: str) -> bytes:
    """Decode base64, without the head of a data URL."""
    head, comma, body = text.partition(",")
    if comma and not (head.startswith("data:image/") and head.endswith(";base64")):
        raise InvalidInput(f"a data URL must begin with data:image/…;base64,; got {head[:40]!r}.")
    try:
        return base64.b64decode(body if comma else text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"image must be base64; it begins with {text[:20]!r}.") from None


def _check_size(found: Image.Image) -> None:
    pixels = found.width * found.height
    if pixels > MOST_PIXELS:
        raise InvalidInput(
            f"a picture must have at most {MOST_PIXELS:,} pixels; this one has {found.width:,} x {found.height:,}."
        )
    if max(found.size) > LONGEST_TO_SHORTEST * min(found.size):
        raise InvalidInput(
            f"a picture may be at most {LONGEST_TO_SHORTEST} times as long as it is wide; "
            f"this one has {found.width:,} x {found.height:,} pixels."
        )
