"""Build the book's site: execute every chapter anew, write the pages, have Sphinx make the site of them.

``python3 tasks.py book`` runs this with the environment's own Python: ``build.py [--fast]``.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import papermill
from pages import page

ROOT = Path(__file__).resolve().parents[2]
BOOK, CHAPTERS, TARGET = ROOT / "book", ROOT / "chapters", ROOT / "build" / "book"
SITE, SOURCE = TARGET / "site", TARGET / "source"


def chapters(folder: Path) -> list[Path]:
    """List the chapters' notebooks in the order of the book."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def execute(notebook: Path, target: Path, *, fast: bool) -> float:
    """Run every cell of a chapter and write what came of it; give the seconds that this took.

    Raises
    ------
    papermill.PapermillExecutionError
        If a cell fails.
    """
    began_s = time.monotonic()
    papermill.execute_notebook(
        notebook,
        target,
        parameters={"FAST": True} if fast else {},
        kernel_name="python3",
        cwd=notebook.parent,
        progress_bar=False,
    )
    return time.monotonic() - began_s


def write_pages(executed: Mapping[str, Path]) -> None:
    """Lay out what Sphinx reads: the texts of the book, the executed chapters as pages, scripts and styles."""
    for text in sorted(BOOK.glob("*.md")):
        if text.stem not in executed:
            shutil.copy(text, SOURCE)
    for name, path in executed.items():
        (SOURCE / f"{name}.ipynb").write_text(json.dumps(page(json.loads(path.read_text("utf-8")))), "utf-8")
    for part in ("conf.py", "mathml.py"):
        shutil.copy(BOOK / "site" / part, SOURCE)
    shutil.copytree(BOOK / "site" / "static", SOURCE / "_static")
    shutil.copytree(BOOK / "images", SOURCE / "images")
    shutil.copy(_plotly(), SOURCE / "_static")


def _plotly() -> Path:
    """Find plotly's script where the Python package keeps it."""
    import plotly

    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def build(*, fast: bool) -> None:
    """Execute, write, build; a warning of Sphinx is an error."""
    # The kernel must be this interpreter's, not one that the user installed for themselves.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    shutil.rmtree(TARGET, ignore_errors=True)
    (TARGET / "executed").mkdir(parents=True)
    SOURCE.mkdir()
    executed, seconds = {}, {}
    for notebook in chapters(CHAPTERS):
        executed[notebook.stem] = TARGET / "executed" / notebook.name
        seconds[notebook.stem] = execute(notebook, executed[notebook.stem], fast=fast)
        print(f"{notebook.stem}{' with FAST' if fast else ''}: {seconds[notebook.stem]:.1f} s", flush=True)
    (TARGET / "seconds.json").write_text(json.dumps(seconds, indent=1))
    write_pages(executed)
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(SOURCE), str(SITE)]
    subprocess.run(sphinx, check=True)
    print(f"The book is in {SITE.relative_to(ROOT)}/index.html", flush=True)


if __name__ == "__main__":
    build(fast="--fast" in sys.argv[1:])
