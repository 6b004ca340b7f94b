"""A chapter is two files: text that reviews well, and the notebook that people open and CI runs."""

import json
import re
from pathlib import Path

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
BOOK, CHAPTERS = ROOT / "book", ROOT / "chapters"
NAMES = sorted({path.stem for folder in (BOOK, CHAPTERS) for path in folder.glob("[0-9][0-9]_*.*")})
MARK = "# NBVAL_CHECK_OUTPUT"
LONGEST_CELL = 12

every_chapter = pytest.mark.parametrize("name", NAMES)


def notebook(name: str) -> nbformat.NotebookNode:
    """Read a committed notebook."""
    return nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4)


def code_cells(name: str) -> list[nbformat.NotebookNode]:
    """List a committed notebook's code cells."""
    return [cell for cell in notebook(name).cells if cell.cell_type == "code"]


def contents(book: nbformat.NotebookNode) -> list[tuple[str, list[str], str]]:
    """Reduce a book to what both files hold: types, tags and sources."""
    return [(cell.cell_type, cell.metadata.get("tags", []), cell.source) for cell in book.cells]


def test_there_is_a_chapter():
    """The book has at least one notebook; without this line an empty folder would pass every other test."""
    assert list(CHAPTERS.glob("[0-9][0-9]_*.ipynb"))


def test_every_notebook_is_a_chapter():
    """A notebook in chapters/ is named NN_slug.ipynb, so none escapes the tests below."""
    assert [path.name for path in CHAPTERS.glob("*.ipynb") if not re.match(r"\d\d_[a-z0-9_]+\.ipynb", path.name)] == []


@every_chapter
def test_both_files_exist(name):
    """A chapter has its text in book/ and its notebook in chapters/."""
    assert (BOOK / f"{name}.md").is_file()
    assert (CHAPTERS / f"{name}.ipynb").is_file()


@every_chapter
def test_both_files_agree(name):
    """Text and notebook hold the same cells, tags included, in the same order (if not: make pair)."""
    text = jupytext.read(BOOK / f"{name}.md", fmt="md:myst")
    assert contents(text) == contents(notebook(name))


@every_chapter
def test_no_widget_state_is_committed(name):
    """A committed notebook holds no widget state, which is megabytes and stale."""
    assert "widgets" not in notebook(name).metadata


@every_chapter
def test_only_checked_outputs_are_committed(name):
    """An output is committed only where nbval compares it, in a cell marked NBVAL_CHECK_OUTPUT."""
    assert [cell.source for cell in code_cells(name) if cell.outputs and MARK not in cell.source] == []


@every_chapter
def test_every_checked_output_is_there(name):
    """A cell marked NBVAL_CHECK_OUTPUT holds the output that the text relies on."""
    assert [cell.source for cell in code_cells(name) if MARK in cell.source and not cell.outputs] == []


@every_chapter
def test_no_pictures_are_committed(name):
    """No committed output holds an image, a plot or a widget; text and tables are fine."""
    types = {mime for cell in code_cells(name) for output in cell.outputs for mime in output.get("data", {})}
    assert [mime for mime in types if mime.startswith(("image/", "application/vnd."))] == []


@every_chapter
def test_no_cell_escapes_execution(name):
    """No cell tells nbval to skip it or to accept an exception."""
    text = json.dumps([(cell.source, cell.metadata) for cell in code_cells(name)]).upper().replace("-", "_")
    assert "NBVAL_SKIP" not in text
    assert "NBVAL_RAISES_EXCEPTION" not in text
    assert "RAISES_EXCEPTION" not in text


@every_chapter
def test_cells_are_short(name):
    """A code cell has at most twelve lines."""
    assert [cell.source for cell in code_cells(name) if len(cell.source.splitlines()) > LONGEST_CELL] == []


@every_chapter
def test_the_first_code_cell_holds_the_parameters(name):
    """The first code cell is tagged parameters and sets SEED and FAST, so papermill can run the chapter short."""
    first = code_cells(name)[0]
    assert "parameters" in first.metadata.get("tags", [])
    assert re.search(r"^SEED\b.*=", first.source, re.MULTILINE)
    assert re.search(r"^FAST\b.*=", first.source, re.MULTILINE)
