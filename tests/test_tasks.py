import importlib.util
import json
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("tasks", ROOT / "tasks.py")
assert spec is not None
assert spec.loader is not None
tasks = importlib.util.module_from_spec(spec)
# A NamedTuple looks its own module up by name.
sys.modules["tasks"] = tasks
spec.loader.exec_module(tasks)


def test_a_changed_pyproject_sets_up_again():
    """A stamp of other inputs lists nothing as installed; one of the same inputs lists its extras."""
    now = tasks.stamp(b"project", b"pins", ["test", "lab"])
    assert tasks.installed(now, tasks.stamp(b"project", b"pins", [])) == ("lab", "test")
    assert tasks.installed(now, tasks.stamp(b"project2", b"pins", ["lab"])) == ()
    assert tasks.installed(now, tasks.stamp(b"project", b"pins2", ["lab"])) == ()


def test_the_readers_set_up_is_part_of_everything():
    """What a reader gets, CI has too, and every extra that is named exists."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(tasks.READER) < set(tasks.EVERYTHING) <= set(declared)


def test_conda_gets_everything():
    """environment.yml asks for the same extras as `make everything`."""
    listed = re.search(r"\.\[(.*)\]", (ROOT / "environment.yml").read_text())[1]
    assert sorted(listed.split(",")) == sorted(tasks.EVERYTHING)


@pytest.mark.parametrize(
    ("environ", "pip_settings", "links"),
    [
        ({}, "", []),
        ({"PIP_FIND_LINKS": "/a /b"}, "", ["/a", "/b"]),
        ({"UV_FIND_LINKS": "/u,/v", "PIP_FIND_LINKS": "/a"}, "", ["/u", "/v"]),
        ({}, "global.timeout='9'\nglobal.find-links='/a\\n/b'", ["/a", "/b"]),
        ({"PIP_FIND_LINKS": ""}, "global.find-links='/a'", []),
    ],
)
def test_find_links_come_from_uv_then_pip(environ, pip_settings, links):
    """uv's own setting wins over pip's variable, and that over pip's settings."""
    assert tasks.links_from(environ, pip_settings) == links


def test_find_links_are_passed_on_to_uv(tmp_path):
    """uv gets pip's find-links, without folders that do not exist, at which it would stop."""
    env = tasks.child_environment({"HOME": "/h"}, [str(tmp_path), str(tmp_path / "none"), "file:///wheels"])
    assert env["UV_FIND_LINKS"] == f"{tmp_path},file:///wheels"
    assert env["HOME"] == "/h"


def test_uvs_own_find_links_stay():
    """A UV_FIND_LINKS that is already set is not touched."""
    assert tasks.child_environment({"UV_FIND_LINKS": "/u"}, ["file:///wheels"])["UV_FIND_LINKS"] == "/u"


def test_children_write_bytecode_and_report_nothing():
    """PYTHONDONTWRITEBYTECODE does not reach the commands that tasks.py runs; ONNX Runtime is told to be quiet."""
    assert tasks.child_environment({"PYTHONDONTWRITEBYTECODE": "1"}, []) == {"ORT_DISABLE_TELEMETRY": "1"}


def test_torch_from_a_local_wheel():
    """On Linux with a wheel in a find-links folder, no backend is asked for: the wheel is taken."""
    assert tasks.torch_build("Linux", has_wheel=True, has_nvidia=False) == ()


def test_torch_on_linux_without_a_card():
    """On Linux without an NVIDIA driver, the CPU build is asked for."""
    assert tasks.torch_build("Linux", has_wheel=False, has_nvidia=False) == ("--torch-backend", "cpu")


def test_torch_on_linux_with_a_card():
    """On Linux with an NVIDIA driver, uv picks the build that fits it."""
    assert tasks.torch_build("Linux", has_wheel=False, has_nvidia=True) == ("--torch-backend", "auto")


def test_torch_on_a_mac():
    """On macOS the ordinary build is the right one."""
    assert tasks.torch_build("Darwin", has_wheel=False, has_nvidia=False) == ()


def test_torch_is_pinned():
    """However torch is installed, it is the pinned version."""
    command = tasks.uv_install(["torch"], *tasks.torch_build("Linux", has_wheel=False, has_nvidia=False))
    assert command[command.index("-c") + 1] == "constraints.txt"
    assert f"torch=={tasks.TORCH}" in (ROOT / "constraints.txt").read_text().splitlines()


def test_a_torch_wheel_must_fit(tmp_path):
    """A wheel for another Python, processor or torch version does not count."""
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    (tmp_path / "torch-2.12.0-cp312-cp312-manylinux_2_28_x86_64.whl").touch()
    links = ["file:///wheels", str(tmp_path / "none"), str(tmp_path)]
    assert tasks.torch_wheel_in(links, "cp311", "x86_64")
    assert not tasks.torch_wheel_in(links, "cp312", "x86_64")
    assert not tasks.torch_wheel_in(links, "cp311", "aarch64")


def test_pins_are_portable():
    """Pins hold no CUDA package and torch once, without a build's name or a system's."""
    resolved = (
        "numpy==2.4.6\nnvidia-nccl==1\ncuda-toolkit==1 ; x\ntorch==2.13.0+cpu ; a\ntorch==2.13.0 ; b\ntriton==3\n"
    )
    assert tasks.portable_pins(resolved) == tasks.PINS_HEADER + "numpy==2.4.6\ntorch==2.13.0\n"


def test_the_committed_pins_are_portable():
    """constraints.txt is what portable_pins leaves as it is: exact, and naming no place to fetch from."""
    text = (ROOT / "constraints.txt").read_text()
    assert tasks.portable_pins(text.removeprefix(tasks.PINS_HEADER)) == text
    assert all("==" in line for line in text.removeprefix(tasks.PINS_HEADER).splitlines())
    assert "://" not in text


def test_the_lab_listens_on_this_machine_only():
    """JupyterLab binds to loopback and fetches neither news nor updates; your own arguments are kept."""
    command = tasks.lab_command("chapters/page.ipynb", is_root=False, arguments=["--no-browser"])
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--LabApp.news_url=None" in command
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in command
    assert "--ServerApp.allow_root=True" not in command
    assert command[-2:] == ["--LabApp.default_url=/lab/tree/chapters/page.ipynb", "--no-browser"]


def test_the_main_suite_comes_last():
    """make test ends with pytest's own closing line, and your arguments reach that pytest."""
    steps = tasks.whole_suite([Path("a.ipynb")], ["-k", "cold"])
    assert [step.name for step in steps][-3:] == ["notebooks (nbval)", "book", "pytest"]
    assert steps[-1].command[-2:] == ["-k", "cold"]


def test_without_notebooks_nbval_is_not_run():
    """An empty chapters/ does not make nbval fail for want of tests."""
    assert [step.name for step in tasks.whole_suite([], [])] == [*(s.name for s in tasks.lint_steps()), "pytest"]


def test_pairing_keeps_only_checked_outputs():
    """A paired notebook holds no widget state and no output that nbval does not check; counts are a fresh run's."""

    def cell(source):
        output = {"output_type": "execute_result", "execution_count": 7, "data": {}}
        return {
            "cell_type": "code",
            "source": source,
            "outputs": [output],
            "execution_count": 7,
            "metadata": {"execution": {}, "tags": ["t"]},
        }

    plain, checked = ["1 + 1"], ["# NBVAL_CHECK_OUTPUT\n", "1 + 1"]
    notebook = {
        "cells": [cell(plain), cell(checked)],
        "metadata": {"widgets": {}, "language_info": {}, "kernelspec": {}},
        "nbformat": 4,
    }
    before = json.dumps(notebook)
    cleaned = tasks.without_outputs(notebook)
    assert [len(cell["outputs"]) for cell in cleaned["cells"]] == [0, 1]
    assert cleaned["cells"][1]["outputs"][0]["execution_count"] == 2
    assert [cell["execution_count"] for cell in cleaned["cells"]] == [None, 2]
    assert [cell["metadata"] for cell in cleaned["cells"]] == [{"tags": ["t"]}] * 2
    assert cleaned["metadata"] == {"kernelspec": {}}
    assert json.dumps(notebook) == before


def test_a_step_that_fails_stops_the_rest(capfd):
    """The first failing step ends the run with an error that names it."""
    steps = [tasks.Step(name, [sys.executable, "-c", code]) for name, code in [("a", "raise SystemExit(3)"), ("b", "")]]
    with pytest.raises(SystemExit, match=r"a failed \(exit code 3\)"):
        tasks.run_steps(steps, os.environ)
    assert "==> b" not in capfd.readouterr().out
