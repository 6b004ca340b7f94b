import os
import subprocess
import sys
from pathlib import Path

import pytest

PLAIN = "import pytest\n\ndef test_fine(): pass\n"
CASES = {
    "inside": PLAIN + "def test_lazy(): pytest.skip('no browser')\n",
    "marked": PLAIN + "@pytest.mark.skip(reason='no browser')\ndef test_lazy(): pass\n",
    "whole file": PLAIN + "pytest.skip('no browser', allow_module_level=True)\n",
}


def run_pytest(folder: Path, text: str, no_skips: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one file beside a copy of the project's conftest.py."""
    (folder / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (folder / "test_lazy.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    # Without the other plugins a run takes a fraction of a second rather than three.
    env = os.environ | {"FNLAB_NO_SKIPS": no_skips, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", CASES)
def test_in_ci_a_skip_is_a_failure_that_names_the_test(tmp_path, case):
    """With FNLAB_NO_SKIPS=1 pytest fails and says which test was skipped, and why."""
    done = run_pytest(tmp_path, CASES[case], "1")
    assert done.returncode != 0
    assert "test_lazy.py" in done.stdout
    assert "was skipped, and FNLAB_NO_SKIPS=1 forbids it" in done.stdout
    assert "no browser" in done.stdout


def test_elsewhere_a_skip_is_a_skip(tmp_path):
    """Without FNLAB_NO_SKIPS a test may skip itself."""
    assert run_pytest(tmp_path, CASES["inside"], "").returncode == 0


def test_an_expected_failure_stays_one(tmp_path):
    """Strictness about skips leaves xfail alone."""
    text = "import pytest\n\n@pytest.mark.xfail\ndef test_known(): assert False\n"
    assert run_pytest(tmp_path, text, "1").returncode == 0
