"""The built site in a real browser, from files, with nothing to reach beyond the machine."""

import json
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "book" / "site"
CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("[0-9][0-9]_*.ipynb"))

LOCAL = ("file", "data", "blob")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def site():
    """The site; `make test` has built it a moment before, and whoever runs this test alone has it built now."""
    if not (SITE / "index.html").exists():
        subprocess.run([sys.executable, str(ROOT / "book" / "site" / "build.py"), "--fast"], check=True)
    return SITE


@pytest.fixture
def opened(site, browser):
    """Open a page of the site and give it with what went wrong on it."""
    wrong = []

    def go(name: str):
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda sent: None if sent.url.split(":")[0] in LOCAL else wrong.append(sent.url))
        page.goto((site / f"{name}.html").as_uri())
        return page, wrong

    return go


@pytest.mark.parametrize("name", ["index", *CHAPTERS])
def test_a_page_opens_without_a_network_and_without_complaint(opened, name):
    """No request leaves the machine, the console is silent, and every figure is drawn from the numbers beside it."""
    page, wrong = opened(name)
    figures = page.locator(".fnlab-figure")
    for number in range(figures.count()):
        figure = figures.nth(number)
        page.wait_for_function("figure => figure.data !== undefined", arg=figure.element_handle())
        told = json.loads(figure.locator("script").text_content())
        assert figure.evaluate("figure => figure.data.length") == len(told["data"])
        assert figure.get_attribute("aria-label") not in (None, "A figure.")
    assert figures.count() > 0 or name == "index"
    assert wrong == []


def test_the_search_finds_a_word_of_a_chapter(site, browser):
    """Full text, over HTTP from this machine: a browser lets no page that is a file read another one."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/search.html?q=keep-alive")
        page.wait_for_function("document.querySelectorAll('#search-results li').length > 0")
        assert "03_svm" in page.locator("#search-results").inner_html()
        server.shutdown()


def test_pages_lead_to_each_other(opened):
    """From the first page to a chapter, and on to the next."""
    page, _ = opened("index")
    page.locator("article a[href='03_svm.html']").first.click()
    assert page.locator("h1").first.inner_text().startswith("A support vector machine")
    page.locator("a.right-next").click()
    assert page.url.endswith("03_neural_networks.html")
