"""A chapter as a reader has it: JupyterLab in a browser, all cells run, a slider dragged, the figure changed."""

import json
import urllib.request

import pytest

pytestmark = pytest.mark.browser

RUN_MS = 240_000
#: What the widget's figures show, as plotly holds it in the page.
SHOWN = """
() => [...document.querySelectorAll('.jupyter-widgets .js-plotly-plot')].map(
    plot => plot._fullData.map(trace => Array.from(trace.y ?? [], Number)))
"""


def test_run_all_drag_a_slider_see_the_figure_change(page, lab):
    """All cells run without error; dragging the peak slider redraws the figure; no request goes elsewhere."""
    address, token = lab
    page.goto(f"{address}lab/tree/03_svm.ipynb?token={token}")
    _wait_for_idle_kernel(page, address, token)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    cells = page.locator(".jp-CodeCell").count()
    page.wait_for_function(
        """count => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
            .filter(prompt => /^\\[\\d+\\]:$/.test(prompt.textContent.trim())).length === count""",
        arg=cells,
        timeout=RUN_MS,
    )
    errors = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
    assert errors.all_text_contents() == []

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


def _wait_for_idle_kernel(page, address, token):
    """Wait until the kernel has a connection and the status bar says so; before that Lab asks which kernel to take."""
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=RUN_MS)
    page.wait_for_selector(".jp-StatusBar-Widget :text('Idle')", timeout=RUN_MS)
    request = urllib.request.Request(f"{address}api/sessions", headers={"Authorization": f"token {token}"})
    for _ in range(300):
        with urllib.request.urlopen(request) as reply:
            sessions = json.load(reply)
        if sessions and sessions[0]["kernel"]["execution_state"] == "idle" and sessions[0]["kernel"]["connections"]:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the kernel did not become idle")
