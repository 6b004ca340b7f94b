"""The checks of chapter 3 say what is wrong, and let right answers pass."""

import importlib.util
from pathlib import Path

import pytest

import fnlab as fl
from fnlab.emulator import Deployed

_SPEC = importlib.util.spec_from_file_location("checks_03", Path(__file__).parents[2] / "chapters" / "checks_03.py")
checks = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(checks)


@pytest.mark.parametrize(
    ("answer", "begins"),
    [
        (0.8, "Right"),
        (7.2, "Not yet: that is the number for 120 seconds"),
        (3.6, "Not yet: you halved it"),
        (0.0115, "Nearly: that is the share"),
        (30, "Not yet: put n = 67"),
    ],
)
def test_the_law_of_the_quiet_hour(answer, begins):
    """Each usual mistake gets its own sentence."""
    assert checks.check_1(answer).startswith(begins)


def test_the_smallest_memory():
    """Not called, too small, too large and right are told apart by what was measured."""
    hog = Path(__file__).parents[1] / "functions" / "memory_hog"
    with fl.Emulator() as emulator:

        def after(event, memory_mib):
            fn = fl.deploy(hog, handler="main:handler", memory_mib=memory_mib, emulator=emulator)
            if event is not None:
                fn.invoke(event)
            return fn

        assert checks.check_2(after(None, 256)).startswith("Call it first")
        assert checks.check_2(after(300, 256)).startswith("Too small")
        large = after(200, 512)
        assert checks.check_2(large).startswith("Not the smallest")
        snug = -(-int(large.last.peak_mib + 2) // checks.STEP_MIB) * checks.STEP_MIB
        assert checks.check_2(after(200, snug)).startswith("Right")


def test_the_best_keep_alive(monkeypatch):
    """Half a minute is right; two minutes are too long and nothing at all too short."""
    profile = fl.Profile(init_s=fl.workload.Constant(1.5), cpu_s=fl.workload.Constant(0.0004))
    # The profile is given, so that the answer does not depend on this machine.
    monkeypatch.setattr(Deployed, "profile", lambda fn: profile)
    echo = Path(__file__).parents[1] / "functions" / "echo"
    with fl.Emulator() as emulator:
        fn = fl.deploy(echo, handler="main:handler", emulator=emulator)
        day = fl.workload.day(800)
        assert checks.check_3(fn, day, 30).startswith("Right")
        assert checks.check_3(fn, day, 120).endswith("A shorter keep-alive is better.")
        assert checks.check_3(fn, day, 0).endswith("A longer keep-alive is better.")
