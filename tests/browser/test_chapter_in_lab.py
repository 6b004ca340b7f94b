"""A chapter as a reader has it: JupyterLab in a browser, all cells run, a slider dragged, the figure changed."""

import json

import pytest

pytestmark = pytest.mark.browser

#: What the widget's figures show, as plotly holds it in the page.
SHOWN = """
() => [...document.querySelectorAll('.jupyter-widgets .js-plotly-plot')].map(
    plot => plot._fullData.map(trace => Array.from(trace.y ?? [], Number)))
"""


def test_run_all_drag_a_slider_see_the_figure_change(page, run_all):
    """All cells run without error; dragging the peak slider redraws the figure; no request goes elsewhere."""
    run_all("03_svm.ipynb")
    page.wait_for_function(f"() => ({SHOWN})().length >= 2", timeout=30_000)
    before = page.evaluate(SHOWN)
    slider = page.get_by_role("slider").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    page.wait_for_function(
        f"before => JSON.stringify(({SHOWN})()) !== before",
        arg=json.dumps(before, separators=(",", ":")),
        timeout=30_000,
    )
    after = page.evaluate(SHOWN)
    assert max(after[0][0]) > max(before[0][0])  # more page views an hour in the busiest quarter of an hour
    assert [len(traces) for traces in after] == [len(traces) for traces in before]
    assert page.strangers == []
