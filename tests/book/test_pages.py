"""What the site shows of an executed notebook: everything that needs no kernel, and nothing that does."""

import importlib.util
import json
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[2] / "book" / "site" / "pages.py"
_SPEC = importlib.util.spec_from_file_location("site_pages", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
pages = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pages)

FIGURE = {"data": [{"y": [1, 2]}], "layout": {"height": 300, "meta": {"summary": "Two points & a </script>."}}}


def cell(*outputs, tags=()):
    """A code cell with outputs."""
    return {
        "cell_type": "code",
        "source": "x",
        "metadata": {"tags": list(tags), "papermill": {"duration": 1}},
        "outputs": list(outputs),
    }


def shown(output):
    """The data of an output."""
    return {"output_type": "display_data", "data": output, "metadata": {}}


def outputs_of(*outputs):
    """Make a page of one cell and give what is left of its outputs."""
    page = pages.page({"cells": [cell(*outputs)], "metadata": {}})
    return page["cells"][0]["outputs"]


def test_a_figure_becomes_its_numbers_and_its_sentence():
    """The numbers are JSON for the page's script; the sentence is there for whoever does not see the figure."""
    (output,) = outputs_of(shown({pages.PLOTLY: FIGURE, "text/plain": "Figure()"}))
    html = output["data"]["text/html"]
    assert list(output["data"]) == ["text/html"]
    assert 'aria-label="Two points &amp; a &lt;/script&gt;."' in html
    assert "height: 300px" in html
    numbers = html.split('<script type="application/json">')[1].split("</script>")[0]
    assert json.loads(numbers) == {"data": FIGURE["data"], "layout": FIGURE["layout"]}


def test_a_widget_becomes_its_still_and_says_how_to_move_it():
    """Its figures, its setting, and the line on how to run it; the widget's own view is gone."""
    twin = {"figures": [FIGURE, FIGURE], "setting": "keep_alive_s=60 <b>"}
    (output,) = outputs_of(shown({pages.TWIN: twin, pages.WIDGET: {"model_id": "1"}, "text/plain": "W()"}))
    html = output["data"]["text/html"]
    assert html.count("<figure ") == 2
    assert "<code>keep_alive_s=60 &lt;b&gt;</code>" in html
    assert "make lab" in html


def test_what_says_nothing_on_a_page_is_left_out():
    """Progress bars, which are widgets without a still, and what went to stderr."""
    stderr = {"output_type": "stream", "name": "stderr", "text": "warning"}
    stdout = {"output_type": "stream", "name": "stdout", "text": "said"}
    assert outputs_of(shown({pages.WIDGET: {}, "text/plain": "50 %"}), stderr, stdout) == [stdout]


def test_a_widget_without_a_still_says_where_it_lives():
    """A page that is silently shorter than the chapter would puzzle whoever reads about the widget."""
    (output,) = outputs_of(shown({pages.WIDGET: {}, "text/plain": ["DrawData(points=…", ")"]}))
    assert "make lab" in output["data"]["text/html"]


def test_tables_and_texts_stay():
    """HTML and plain text are shown as they are."""
    table = shown({"text/html": "<table></table>", "text/plain": "table"})
    assert outputs_of(table) == [table]


def test_papermills_cell_and_widget_state_are_gone():
    """The cell that sets FAST is papermill's, not the chapter's; the state of widgets is megabytes."""
    notebook = {
        "cells": [
            cell(tags=["parameters"]),
            cell(tags=["injected-parameters"]),
            {"cell_type": "markdown", "source": "t"},
        ],
        "metadata": {"widgets": {}, "papermill": {}, "kernelspec": {"name": "python3"}},
    }
    page = pages.page({**notebook, "cells": [*notebook["cells"][:2], notebook["cells"][2] | {"metadata": {}}]})
    assert [one["cell_type"] for one in page["cells"]] == ["code", "markdown"]
    assert page["cells"][0]["metadata"] == {"tags": ["parameters"]}
    assert page["metadata"] == {"kernelspec": {"name": "python3"}}


@pytest.mark.parametrize("layout", [{}, {"meta": None}])
def test_a_figure_without_a_sentence_is_called_a_figure(layout):
    """Rather than nothing."""
    assert 'aria-label="A figure."' in pages.figure({"data": [], "layout": layout})
