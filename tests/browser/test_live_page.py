"""Widgets on a page without a kernel, in Chromium: they open, they move, and they say what they show."""

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import plotly
import plotly.graph_objects as go
import pytest
from playwright.sync_api import sync_playwright

import fnlab
from fnlab import figures
from fnlab.scenario import Scenario, play
from fnlab.widgets.live import live, script
from fnlab.workload import Profile, day

from .conftest import CHROMIUM_ARGUMENTS

pytestmark = pytest.mark.browser
STATIC = Path(fnlab.__file__).parent / "widgets" / "static"
PROFILE = Profile.of_service(4.5, cpu_share=512 / 1769, init_s=1.5)
SLIDERS = {
    "peak_per_hour": ("busiest hour", [("half", 400), ("usual", 800), ("double", 1600)]),
    "keep_alive_s": ("keep-alive", [("none", 0), ("1 min", 60), ("5 min", 300)]),
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>live</title><link rel="icon" href="data:,">
<script src="plotly.min.js"></script>{twins}<script>
for (const figure of document.querySelectorAll(".fnlab-figure")) {{
  const {{ data, layout }} = JSON.parse(figure.querySelector("script").textContent);
  Plotly.newPlot(figure, data, layout);
}}
</script>{script}</html>"""

TWIN = """<div class="fnlab-twin" id="{name}"><script type="application/json" class="fnlab-live">{given}</script>
{figures}<p>Setting: <code>{setting}</code></p><p class="fnlab-how">A still.</p></div>"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and keeps no log."""

    def log_message(self, *_):
        """Say nothing."""


def twin(name, widgets, drawn):
    """Write figures as a page has them, with what makes them move."""
    stills = "".join(
        f'<figure class="fnlab-figure" role="img"><script type="application/json">{each.to_json()}</script></figure>'
        for each in drawn
    )
    given = json.dumps(live(widgets, Scenario(), profile=PROFILE, sliders=SLIDERS))
    return TWIN.format(name=name, given=given, figures=stills, setting=Scenario().text)


def write(folder, loads):
    """Write a page with both figures of a day, and one of what a keep-alive buys."""
    seen = play(Scenario(), profile=PROFILE, machine_per_hour=800)
    day_figures = [
        figures.elasticity(seen.timeline, per_instance_h=seen.per_instance_h),
        figures.cost(seen.timeline, seen.bill, seen.machine_bill, machines=seen.machines, per_machine_h=800),
    ]
    trade = go.Figure([{"name": name, "x": [0], "y": [0]} for name in ("every keep-alive", "this one")])
    twins = twin("day", ["elasticity", "cost"], day_figures) + twin("trade", ["keep-alive"], [trade])
    (folder / "index.html").write_text(PAGE.format(twins=twins, script=loads), encoding="utf-8")
    shutil.copy(Path(plotly.__file__).parent / "package_data" / "plotly.min.js", folder)


@pytest.fixture(params=["served", "file"])
def address(tmp_path, request):
    """The page on a loopback port, where it loads the module; or as a file, with the script in it."""
    if request.param == "file":
        write(tmp_path, f"<script>{script()}</script>")
        yield (tmp_path / "index.html").as_uri()
        return
    write(tmp_path, '<script type="module" src="live.js"></script>')
    for path in STATIC.glob("*.js"):
        shutil.copy(path, tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(address, chromium_path):
    """The page, open; an error in its console fails the test."""
    errors = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGUMENTS)
        opened = browser.new_page()
        opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.goto(address)
        opened.wait_for_selector("#trade fieldset")
        yield opened
        browser.close()
    assert errors == []


def column(page, figure, trace, axis="y"):
    """The numbers that a trace of a figure shows."""
    shown = page.evaluate(f"[...document.querySelectorAll('.fnlab-figure')[{figure}].data[{trace}].{axis}]")
    return np.array(shown)


def press(page, name, *keys, twin="day"):
    """Move a slider by the keyboard, and wait for the frame after."""
    page.locator(f"#{twin}").get_by_label(name).focus()
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def said(page, twin="day"):
    """What a screen reader is told."""
    return page.locator(f"#{twin}").get_by_role("status").inner_text()


def test_the_load_is_the_days_and_follows_its_slider(page):
    """The line of the load adds up to the day's page views, before and after the busiest hour is moved."""
    assert round(column(page, 0, 0)[:-1].sum() / 4) == len(day(800))
    press(page, "busiest hour", "ArrowRight")
    assert round(column(page, 0, 0)[:-1].sum() / 4) == len(day(1600))
    assert f" of {len(day(1600)):,} page views wait for a cold start" in said(page)


def test_without_a_keep_alive_instances_are_those_that_work(page):
    """Keep-alive moved to none: instances are as many as are busy, and every page view is cold."""
    before = column(page, 0, 3).mean()
    press(page, "keep-alive", "Home")
    busy = len(day(800)) * (4.5 + 1.5) / 86_400
    assert column(page, 0, 3)[:-1].mean() == pytest.approx(busy, rel=0.01)
    assert busy < before
    count = f"{len(day(800)):,}"
    assert f"{count} of {count} page views wait for a cold start" in said(page)
    assert page.locator("#day").get_by_label("keep-alive").get_attribute("aria-valuetext") == "none"


def test_money_follows_and_the_setting_can_be_pasted(page):
    """Twice the load: two machines and more to pay by use; the line below is a scenario that Python reads."""
    by_use = column(page, 1, 4)[-1]
    press(page, "busiest hour", "End")
    assert column(page, 1, 4)[-1] == pytest.approx(2 * by_use, rel=0.05)
    assert column(page, 1, 3)[-1] == pytest.approx(2 * 24 * 0.0416)
    assert "; 2 machines: 2.00 USD." in said(page)
    assert Scenario.of(page.locator("#day p > code").inner_text()) == Scenario(peak_per_hour=1600)
    assert page.locator(".fnlab-how").count() == 0


def test_a_longer_keep_alive_buys_fewer_cold_starts_with_idle_time(page):
    """The curve has a point for each keep-alive, colder and less idle the shorter it is; the slider picks one."""
    idle_h, cold = column(page, 2, 0, "x"), column(page, 2, 0)
    assert (np.diff(idle_h) > 0).all()
    assert (np.diff(cold) < 0).all()
    assert (column(page, 2, 1, "x"), column(page, 2, 1)) == (idle_h[2], cold[2])
    press(page, "keep-alive", "Home", twin="trade")
    assert (column(page, 2, 1, "x"), column(page, 2, 1)) == (idle_h[0], 1)
    assert said(page, "trade") == (
        "100% of the page views wait for a cold start, and instances idle 0 instance-hours in the day."
    )
