"""Each chapter, run as a reader in a hurry would run it."""

import time
from pathlib import Path

import papermill
import pytest

CHAPTERS = Path(__file__).parents[2] / "chapters"
NAMES = sorted(path.stem for path in CHAPTERS.glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_chapter_runs_from_top_to_bottom(name, tmp_path, monkeypatch, capsys):
    """With FAST set, every cell of the chapter runs and none fails."""
    # The kernel must be this interpreter's, not one that the user installed for themselves.
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    began = time.monotonic()
    done = papermill.execute_notebook(
        CHAPTERS / f"{name}.ipynb",
        tmp_path / f"{name}.ipynb",
        parameters={"FAST": True},
        kernel_name="python3",
        cwd=CHAPTERS,
        progress_bar=False,
    )
    with capsys.disabled():
        print(f"\n{name} with FAST: {time.monotonic() - began:.1f} s")
    code = [cell for cell in done.cells if cell.cell_type == "code"]
    assert code
    assert {cell.metadata.papermill.status for cell in code} == {"completed"}
    assert {cell.metadata.papermill.exception for cell in code} == {False}
