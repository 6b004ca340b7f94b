"""A JupyterLab server of the test's own, and a Chromium that looks at it."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

CHAPTERS = Path(__file__).parents[2] / "chapters"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
START_S = 120
RUN_MS = 240_000


@pytest.fixture(scope="session")
def chromium_path():
    """Where Chromium is; the tests that need it are skipped where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium found: install the package chromium (or google-chrome)")
    return found


@pytest.fixture
def lab(tmp_path):
    """Serve a copy of the chapters, with FAST set, on a free loopback port; give the address and the token."""
    folder = tmp_path / "chapters"
    shutil.copytree(CHAPTERS, folder, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for path in folder.glob("*.ipynb"):
        _set_fast(path)
    token = secrets.token_hex(16)
    places = {
        name: str(tmp_path / name.lower())
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    _keep_all_cells_in_the_page(Path(places["JUPYTERLAB_SETTINGS_DIR"]))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    settings = [
        "--ServerApp.port=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *settings], env=os.environ | places, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield _address(Path(places["JUPYTER_RUNTIME_DIR"]), server, tmp_path / "server.log"), token
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def browser(chromium_path):
    """A fresh browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, lab):
    """A page of a fresh browser, and on ``page.strangers`` every request that was to leave this machine."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.strangers = []
    page.on("request", lambda request: _note_stranger(request.url, page.strangers))
    return page


@pytest.fixture
def run_all(page, lab):
    """Open a notebook by its name and run all of its cells; none may end in an error."""
    address, token = lab

    def run(name):
        page.goto(f"{address}lab/tree/{name}?token={token}")
        _wait_for_idle_kernel(page, address, token)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_function(
            """count => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
                .filter(prompt => /^\\[\\d+\\]:$/.test(prompt.textContent.trim())).length === count""",
            arg=page.locator(".jp-CodeCell").count(),
            timeout=RUN_MS,
        )
        errors = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
        assert errors.all_text_contents() == []

    return run


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


def _note_stranger(url, strangers):
    parts = urlsplit(url)
    if parts.scheme not in {"data", "blob", "about"} and parts.hostname != "127.0.0.1":
        strangers.append(url)


def _set_fast(path):
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    cell.source = cell.source.replace("FAST = False", "FAST = True")
    assert "FAST = True" in cell.source
    nbformat.write(notebook, path)


def _keep_all_cells_in_the_page(settings):
    """Lab leaves cells out of the page that are not in view; a test wants to see them all."""
    folder = settings / "@jupyterlab" / "notebook-extension"
    folder.mkdir(parents=True)
    (folder / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', encoding="utf-8")


def _address(runtime, server, log):
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        for path in runtime.glob("jpserver-*.json"):
            if text := path.read_text(encoding="utf-8"):
                return json.loads(text)["url"]
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
