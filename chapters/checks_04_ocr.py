"""Checks for the exercises of chapter 4, reading pages: each says what is wrong, not only that something is."""

import json
from collections.abc import Callable
from itertools import chain
from math import ceil
from statistics import mean, median
from typing import Any

from ocr_pages import noisy, printed
from PIL import Image

from fnlab.emulator import Deployed
from fnlab.functions import Limits
from fnlab.learn.text_metrics import character_error_rate

SLOWEST_S = 1.0
STEP_MIB = 128
NOISE, SEEDS = 180, (0, 1)
KEPT_ERROR = 2 / 3
#: Of a data URL of a PNG picture in an event, without the picture.
_WRAPPING_BYTES = len(json.dumps({"image": "data:image/png;base64,"}))

Answer = dict[str, Any]


def check_1(largest_bytes: float) -> str:
    """The largest PNG file that fits into an asynchronous event of AWS Lambda."""
    limit = Limits.of("aws-lambda").facts["async_policy"]["request_bytes"]
    expected = (limit - _WRAPPING_BYTES) // 4 * 3
    if abs(largest_bytes - expected) <= 100:
        return f"Right: {expected:,} bytes, three quarters of the {limit:,} that the event may have."
    if abs(largest_bytes - limit) <= 100:
        return "Not yet: that is the limit of the event. In it the picture is text, of 64 letters and signs only."
    if abs(largest_bytes - limit * 4 / 3) <= 200:
        return "Not yet: base64 makes a file longer, so what fits is less than the limit, not more."
    if abs(largest_bytes - expected * 1000 / 1024) < 20_000 or abs(largest_bytes - 750_000) < 2_000:
        return f"Nearly: a MiB is 1,048,576 bytes; the limit in the file is {limit:,}."
    return f"Not yet: three bytes become four characters, and {limit:,} characters fit; you have {largest_bytes:,.0f}."


def check_2(rows: Callable[[Answer], list[list[str]]]) -> str:
    """Lines of an answer gathered into rows, top to bottom, each from left to right."""
    for what, answer, expected in _RECEIPTS:
        given = rows(answer)
        if not isinstance(given, list) or not all(isinstance(row, list) for row in given):
            return f"Not yet: rows(answer) must give a list of lists of texts; it gives {given!r}."
        if given == expected:
            continue
        if sorted(chain.from_iterable(given)) != sorted(chain.from_iterable(expected)):
            return f"Not yet: every text must be in one row, once; on {what} you have {given}."
        if len(given) != len(expected):
            return f"Not yet: {what} has {len(expected)} rows; you have {len(given)}: {given}."
        if [sorted(row) for row in given] == [sorted(row) for row in expected]:
            return f"Nearly: on {what} the rows are right, but a row must go from left to right; you have {given}."
        return f"Not yet: on {what} the rows should be {expected}; you have {given}."
    return "Right: on a straight page, on one that leans left or right, and whatever the order of the boxes."


def _line(text: str, x: int, y: int, *, lean: float = 0.0, width: int = 60, height: int = 24) -> Answer:
    """Make a line whose box starts at a place and rises by `lean` pixels a pixel to the right."""
    y_left, y_right = y - lean * x, y - lean * (x + width)
    corners = ((x, y_left), (x + width, y_right), (x + width, y_right + height), (x, y_left + height))
    return {"text": text, "confidence": 1.0, "box": [[round(x), round(y)] for x, y in corners]}


def _receipt(lean: float) -> list[Answer]:
    places = (("tea", 20, 100), ("2.10", 300, 100), ("cake", 20, 150), ("3.20", 300, 150))
    return [_line(text, x, y, lean=lean) for text, x, y in places]


_ROWS = [["tea", "2.10"], ["cake", "3.20"]]
_RECEIPTS: tuple[tuple[str, Answer, list[list[str]]], ...] = (
    ("a straight receipt", {"lines": _receipt(0.0)}, _ROWS),
    ("a receipt with its boxes in another order", {"lines": _receipt(0.0)[::-1]}, _ROWS),
    ("a receipt that leans up to the right", {"lines": _receipt(0.03)}, _ROWS),
    ("a receipt that leans down to the right", {"lines": _receipt(-0.03)}, _ROWS),
    ("an empty page", {"lines": []}, []),
)


def check_3(fn: Deployed) -> str:
    """The smallest memory in which a warm page takes at most a second."""
    memory_mib = fn.function.memory_mib
    warm = [report for report in fn.reports if report.status.name == "OK" and not report.init_s]
    if not warm:
        return "Call it a few times first: there is no warm page that ended well to judge it by."
    duration_s, cpu_s = (median(getattr(report, name) for report in warm) for name in ("duration_s", "cpu_s"))
    peak_mib = max(report.peak_mib for report in warm)
    by_cpu = cpu_s / SLOWEST_S * Limits.of(fn.function.limits).memory_mib_per_vcpu
    smallest = max(by_cpu, peak_mib)
    if duration_s > SLOWEST_S:
        return f"Too slow: a page takes {duration_s:.2f} s in {memory_mib} MiB, of which it works {cpu_s:.2f} s."
    if memory_mib > ceil(smallest) + STEP_MIB:
        return (
            f"Not the smallest: a page takes {duration_s:.2f} s in {memory_mib} MiB; its {cpu_s:.2f} s of work would "
            f"take {SLOWEST_S:g} s with {by_cpu:.0f} MiB, and it has used {peak_mib:.0f}."
        )
    return f"Right: {duration_s:.2f} s in {memory_mib} MiB, and {smallest:.0f} MiB is where it would end."


def check_4(clean: Callable[[Image.Image], Image.Image]) -> str:
    """A preparation that takes a third of the errors away from very noisy pages."""
    from ocr_function.main import read

    pages = [noisy(printed(), NOISE, seed=seed) for seed in SEEDS]
    cleaned = [clean(page.image.copy()) for page in pages]
    if not all(isinstance(image, Image.Image) for image in cleaned):
        return f"Not yet: clean(image) must give a Pillow image; it gives a {type(cleaned[0]).__name__}."
    before = mean(_error(read(page.image), page.text) for page in pages)
    after = mean(_error(read(image), page.text) for image, page in zip(cleaned, pages, strict=True))
    if after <= KEPT_ERROR * before:
        return f"Right: {before:.0%} of the characters were wrong, and {after:.0%} are now."
    if after > before:
        return f"Not yet: {after:.0%} are wrong instead of {before:.0%}; too much of it takes the letters, too."
    return f"Not yet: {before:.0%} were wrong and {after:.0%} are now; a third of the errors should go."


def _error(answer: Answer, truth: str) -> float:
    return character_error_rate(truth, read="\n".join(line["text"] for line in answer["lines"]))
