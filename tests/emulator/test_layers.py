"""Files that several functions share, and environment variables: both are there however an instance starts."""

import os
from pathlib import Path

import pytest

from fnlab.emulator import Emulator
from fnlab.errors import HandlerNotImportable
from fnlab.functions import Function, Package

#: Says where each of three modules came from, and what the environment holds.
ASKS = b"""
import os
import both, first_only, mine, second_only

def handler(event, context):
    found = [mine.WHO, both.WHO, first_only.WHO, second_only.WHO]
    return {"found": found, "env": {name: os.environ.get(name) for name in event}}
"""
PACKAGE = Package({"main.py": ASKS, "mine.py": b"WHO = 'the function'"})
FIRST = Package({f"{name}.py": b"WHO = 'the first layer'" for name in ("mine", "both", "first_only")})
#: As AWS's layers are: below a folder of that name.
SECOND = Package({f"python/{name}.py": b"WHO = 'the second layer'" for name in ("mine", "both", "second_only")})


def asks(name="asks", *, layers=(FIRST, SECOND), start="fresh", env=None):
    """Make the function."""
    return Function(
        name=name,
        handler="main:handler",
        package=PACKAGE,
        layers=layers,
        start=start,
        env=env or {},
        timeout_s=10,
    )


@pytest.mark.parametrize("start", ["fresh", "fork", "parked"])
def test_both_layers_are_on_the_path_and_own_files_win(emulator, start):
    """The function's own before the first layer, the first before the second; with and without AWS's folder."""
    fn = emulator.deploy(asks(start=start))
    assert fn([])["found"] == ["the function", "the first layer", "the first layer", "the second layer"]


def test_the_order_of_layers_counts(emulator):
    """Turned around it is another function, and published as such."""
    emulator.deploy(asks())
    turned = emulator.deploy(asks(layers=(SECOND, FIRST)))
    assert turned.version == 2
    assert turned([])["found"] == ["the function", "the second layer", "the first layer", "the second layer"]


def test_a_layer_is_unpacked_once(emulator):
    """Two functions with the same layers share the files, which are named by their content."""
    emulator.deploy(asks("one"))
    folders = {package.sha256: emulator.home.path / "code" / package.sha256 for package in (PACKAGE, FIRST, SECOND)}
    before = {path: path.stat().st_ino for folder in folders.values() for path in [folder, *folder.rglob("*.py")]}
    two = emulator.deploy(asks("two", layers=(Package(dict(FIRST.files)), SECOND)))
    assert two([])["found"][1] == "the first layer"
    assert {path: path.stat().st_ino for path in before} == before
    assert {path.name for path in (emulator.home.path / "code").iterdir()} == set(folders)


def test_layers_are_there_after_a_restart(tmp_path):
    """The next emulator on the same home finds them by their content."""
    with Emulator(tmp_path) as emulator:
        emulator.deploy(asks())
    with Emulator(tmp_path) as emulator:
        assert emulator["asks"].function.layers == (FIRST, SECOND)
        assert emulator["asks"]([])["found"][3] == "the second layer"


@pytest.mark.parametrize("place", ["main.py", "python/main.py", "python/main/__init__.py"])
def test_a_handler_may_be_in_a_layer(emulator, place):
    """A function is then little more than its settings."""
    layer = Package({place: b"def handler(event, context): return 'from a layer'"})
    function = Function(
        name="f", handler="main:handler", package=Package({"settings.json": b"{}"}), layers=(layer,), timeout_s=10
    )
    assert emulator.deploy(function)(None) == "from a layer"


def test_a_handler_that_is_nowhere_is_refused(emulator):
    """Neither in the package nor in a layer; a layer's other folders are not on the path."""
    layer = Package({"lib/main.py": b""})
    function = Function(name="f", handler="main_:handler", package=Package({"x.py": b""}), layers=(layer,))
    with pytest.raises(HandlerNotImportable, match=r"needs a module 'main_'.*the package holds x\.py"):
        emulator.deploy(function)


@pytest.mark.parametrize("start", ["fresh", "fork", "parked"])
def test_environment_variables_always_apply(emulator, start, monkeypatch):
    """However it starts, at a cold and at a warm call; own ones go before what the platform sets; no others get in."""
    monkeypatch.setenv("FNLAB_TEST_SECRET", "hush")
    env = {"GREETING": "grüß dich", "EMPTY": "", "OMP_NUM_THREADS": "3", "TZ": "Asia/Shanghai"}
    fn = emulator.deploy(asks(start=start, env=env))
    wanted = {**env, "FNLAB_TEST_SECRET": None}
    assert [fn(list(wanted))["env"] for _ in range(2)] == [wanted, wanted]
    again = emulator.deploy(asks(start=start, env={"GREETING": "hello"}))
    assert again(["GREETING", "EMPTY"])["env"] == {"GREETING": "hello", "EMPTY": None}


@pytest.mark.parametrize("start", ["fresh", "fork"])
def test_an_import_path_of_its_own_is_added(emulator, start, tmp_path):
    """It goes after the package and its layers, and what was importable still is."""
    fn = emulator.deploy(asks(start=start, env={"PYTHONPATH": str(tmp_path)}))
    answer = fn(["PYTHONPATH"])
    assert answer["found"][0] == "the function"
    path = [Path(entry) for entry in answer["env"]["PYTHONPATH"].split(os.pathsep)]
    code = emulator.home.path / "code"
    assert path[:2] == [code / PACKAGE.sha256, code / FIRST.sha256]
    assert tmp_path in path
