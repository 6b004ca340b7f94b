"""The checks of chapter 4, reading pages, say what is wrong, and let right answers pass."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def checks(beside):
    """The checks of this chapter."""
    return beside("checks_04_ocr")


@pytest.mark.parametrize(
    ("answer", "begins"),
    [
        (786_405, "Right: 786,405 bytes"),
        (786_400, "Right"),
        (1_048_576, "Not yet: that is the limit of the event"),
        (1_398_101, "Not yet: base64 makes a file longer"),
        (750_000, "Nearly: a MiB is 1,048,576"),
        (500_000, "Not yet: three bytes become four"),
    ],
)
def test_the_largest_file(checks, answer, begins):
    """Each usual mistake gets its own sentence."""
    assert checks.check_1(answer).startswith(begins)


def gathered(answer):
    """Gather lines into rows along the lean of the page, as the chapter's solution does."""
    if not answer["lines"]:
        return []
    boxes = [np.array(line["box"], dtype=float) for line in answer["lines"]]
    across, rise = np.median([box[1] - box[0] for box in boxes], axis=0)
    middle = [box.mean(axis=0) for box in boxes]
    level = [y - x * rise / across for x, y in middle]
    height = np.median([box[3, 1] - box[0, 1] for box in boxes])
    found = []
    for at in np.argsort(level):
        if found and level[at] - level[found[-1][0]] < height / 2:
            found[-1].append(at)
        else:
            found.append([at])
    return [[answer["lines"][at]["text"] for at in sorted(row, key=lambda at: middle[at][0])] for row in found]


def backwards(answer):
    """Gather the rows rightly, and write each from right to left."""
    return [row[::-1] for row in gathered(answer)]


def upright_only(answer):
    """Gather what stands at exactly the same height."""
    heights = sorted({line["box"][0][1] for line in answer["lines"]})
    return [
        [
            line["text"]
            for line in sorted(answer["lines"], key=lambda line: line["box"][0][0])
            if line["box"][0][1] == at
        ]
        for at in heights
    ]


@pytest.mark.parametrize(
    ("rows", "begins"),
    [
        (gathered, "Right"),
        (
            lambda answer: [[line["text"]] for line in answer["lines"]],
            "Not yet: a straight receipt has 2 rows; you have 4",
        ),
        (backwards, "Nearly: on a straight receipt the rows are right"),
        (upright_only, "Not yet: a receipt that leans up to the right has 2 rows; you have 4"),
        (lambda answer: [["tea", "2.10"], ["cake"]], "Not yet: every text must be in one row, once"),
        (lambda answer: [["tea", "3.20"], ["cake", "2.10"]], "Not yet: on a straight receipt the rows should be"),
        (lambda answer: "tea 2.10", "Not yet: rows(answer) must give a list of lists"),
    ],
)
def test_rows_of_a_receipt(checks, rows, begins):
    """The solution passes, and each usual mistake gets its own sentence."""
    assert checks.check_2(rows).startswith(begins)


def test_the_solution_reads_a_leaning_receipt(checks):
    """On the chapter's own receipt, turned by four degrees, goods and prices come together."""
    read = import_module("ocr_function.main").read
    found = gathered(read(import_module("ocr_pages").turned(import_module("ocr_pages").receipt(), 4).image))
    assert found[1:3] == [["2 rye bread", "7.80"], ["1 apple cake", "3.20"]]


def called(memory_mib, *, duration_s, cpu_s=0.35, init_s=0.0, status="OK"):
    """Give what the check looks at, of a function called three times."""
    report = SimpleNamespace(
        status=SimpleNamespace(name=status), init_s=init_s, duration_s=duration_s, cpu_s=cpu_s, peak_mib=280.0
    )
    return SimpleNamespace(function=SimpleNamespace(memory_mib=memory_mib, limits="aws-lambda"), reports=[report] * 3)


@pytest.mark.parametrize(
    ("fn", "begins"),
    [
        (called(640, duration_s=0.97), "Right: 0.97 s in 640 MiB, and 619 MiB is where"),
        (called(512, duration_s=1.21), "Too slow: a page takes 1.21 s in 512 MiB, of which it works 0.35 s"),
        (called(1769, duration_s=0.36), "Not the smallest: a page takes 0.36 s in 1769 MiB"),
        (called(640, duration_s=0.97, init_s=1.2), "Call it a few times first"),
        (called(640, duration_s=0.97, status="ERROR"), "Call it a few times first"),
        (called(384, duration_s=0.2, cpu_s=0.04), "Right"),  # the pages' memory is the floor
    ],
)
def test_the_smallest_memory_for_a_second(checks, fn, begins):
    """Too slow, too large, not called and right are told apart by what was measured."""
    assert checks.check_3(fn).startswith(begins)


@pytest.mark.parametrize(
    ("radius", "begins"),
    [(1, "Right"), (0, "Not yet: 4"), (5, "Not yet: 100% are wrong instead of"), (None, "Not yet: clean(image) must")],
)
def test_cleaning_a_noisy_page(checks, radius, begins):
    """A little blur is right, none is not enough, much takes the letters too, and no picture is said so."""
    blur = import_module("PIL.ImageFilter").GaussianBlur
    said = checks.check_4(lambda image: None if radius is None else image.filter(blur(radius)))
    assert said.startswith(begins)
