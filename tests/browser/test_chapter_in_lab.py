"""A chapter as a reader has it: JupyterLab in a browser, all cells run, a slider dragged, the figure changed."""

import json

import pytest

pytestmark = pytest.mark.browser

#: What the figures beside a slider show, as plotly holds it in the page; the first output with such a slider counts.
SHOWN = """
slider => {
    const named = output => [...output.querySelectorAll('.widget-slider label')].some(
        label => label.textContent.trim() === slider);
    const output = [...document.querySelectorAll('.jp-OutputArea-output')].find(named);
    return [...(output?.querySelectorAll('.js-plotly-plot') ?? [])].map(plot => ({
        title: plot._fullLayout.title.text,
        traces: plot._fullData.map(trace => Array.from(trace.y ?? [], Number)),
    }));
}
"""


def test_run_all_drag_a_slider_see_the_figure_change(page, run_all):
    """All cells run without error; a slider's figures follow when it is dragged; no request goes elsewhere."""
    run_all("03_svm.ipynb")
    (before,), (after,) = _dragged(page, "C", figures=1)
    assert before["title"] != after["title"]  # dearer slack: a narrower margin, with fewer points inside

    before, after = _dragged(page, "busiest hour", figures=2)
    # more page views an hour in the busiest quarter of an hour
    assert max(after[0]["traces"][0]) > max(before[0]["traces"][0])
    assert [len(figure["traces"]) for figure in after] == [len(figure["traces"]) for figure in before]
    assert page.strangers == []


def _dragged(page, name, *, figures):
    """Drag the first slider of that name to the right; give what the figures beside it showed before, and after."""
    page.wait_for_function(f"slider => ({SHOWN})(slider).length === {figures}", arg=name, timeout=30_000)
    before = page.evaluate(SHOWN, name)
    slider = page.locator(".widget-slider", has=page.get_by_text(name, exact=True)).get_by_role("slider").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    page.wait_for_function(
        f"([slider, before]) => JSON.stringify(({SHOWN})(slider)) !== before",
        arg=[name, json.dumps(before, separators=(",", ":"), ensure_ascii=False)],
        timeout=30_000,
    )
    return before, page.evaluate(SHOWN, name)
