"""A function from a notebook or a module goes to an instance with what it uses, and nothing is pickled."""

import collections.abc
import json
import linecache
import math as mathematics
from pathlib import PurePosixPath

import numpy as np
import pytest

import fnlab as fl
from fnlab.errors import BadValue, DeployError
from fnlab.source import package_of

RATE = 1.25
TABLE = {"a": [1, 2.5, None], "b": ("x", True)}
MODEL = np.zeros(3)


def helper(number):
    """Use a constant and call itself."""
    return 0 if number <= 0 else RATE + helper(number - 1)


def uses_much(event, context):
    """Use modules under other names, functions, classes, constants, at several depths."""
    steps = [json.dumps(TABLE["a"]) for _ in range(2)]

    def inner():
        return mathematics.floor(helper(event))

    return {"steps": steps, "inner": inner(), "path": str(PurePosixPath("a") / "b"), "b": list(TABLE["b"])}


def uses_an_array(event, context):
    """Use what cannot go along."""
    return float(MODEL.sum())


@pytest.fixture
def emulator():
    """An emulator of the test's own."""
    with fl.Emulator() as running:
        yield running


def test_a_function_goes_with_what_it_uses(emulator):
    """The answer from the instance is the answer here."""
    fn = fl.deploy(uses_much, emulator=emulator)
    assert fn.name == "uses_much"
    for event in (0, 3, 10):
        assert fn(event) == uses_much(event, None)


def test_the_file_can_be_read():
    """Imports first, then constants and functions before those that use them."""
    package, name = package_of(uses_much)
    text = package.files["main.py"].decode()
    assert name == "uses_much"
    assert [line for line in text.splitlines() if line.startswith(("import ", "from "))] == [
        "from pathlib import PurePosixPath as PurePosixPath",
        "import json as json",
        "import math as mathematics",
    ]
    assert text.index("RATE = 1.25") < text.index("def helper") < text.index("def uses_much")
    assert "MODEL" not in text


def test_a_decorated_function_keeps_its_settings(emulator):
    """The decorator makes a Function; deploying it needs no more."""

    @fl.function(name="half", memory_mib=256, timeout_s=5, env={"UNIT": "m"})
    def halve(event, context):
        import os

        return f"{event / 2} {os.environ['UNIT']}"

    assert isinstance(halve, fl.Function)
    assert (halve.name, halve.memory_mib, halve.timeout_s) == ("half", 256, 5)
    assert fl.deploy(halve, emulator=emulator)(3) == "1.5 m"


def test_a_cell_of_a_notebook_is_as_good_as_a_file(emulator):
    """Code that was typed in has its source where Python's tracebacks find it; names come from the notebook."""
    cell = "import statistics\nscale = 10\n\ndef spread(event, context):\n    return scale * statistics.pstdev(event)\n"
    linecache.cache["<cell 1>"] = (len(cell), None, cell.splitlines(keepends=True), "<cell 1>")
    notebook = {"__name__": "__main__"}
    exec(compile(cell, "<cell 1>", "exec"), notebook)  # as a notebook does
    assert fl.deploy(notebook["spread"], emulator=emulator)([1, 3]) == 10.0


def test_what_cannot_go_along_is_named():
    """The sentence says which name, what it is, and what to do."""
    with pytest.raises(DeployError, match="'uses_an_array' uses 'MODEL', which is a ndarray: make it inside"):
        package_of(uses_an_array)
    outside = 3

    def captures(event, context):
        return event + outside

    with pytest.raises(DeployError, match=r"must not depend on the variables of a function around it; .* uses outside"):
        package_of(captures)


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (lambda event, context: event, "must be a function written with def"),
        (len, "must be a function written with def"),
        (helper, r"a handler takes \(event, context\); 'helper' takes \(number\)"),
    ],
)
def test_what_is_no_handler_is_refused(thing, sentence):
    """Two parameters, and a def."""
    with pytest.raises(BadValue, match=sentence):
        package_of(thing)


def test_a_source_that_is_nowhere_is_refused():
    """Made by exec from a string that nobody kept."""
    space: dict[str, collections.abc.Callable] = {}
    exec("def ghost(event, context): return event", space)  # the case itself
    with pytest.raises(DeployError, match="source must be in a file or a notebook; that of 'ghost'"):
        package_of(space["ghost"])
