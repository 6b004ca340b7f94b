"""The checks of chapter 3 say what is wrong, and let right answers pass."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_moons

import fnlab as fl
from fnlab.emulator import Deployed


@pytest.fixture
def checks(beside):
    """The checks of this chapter."""
    return beside("checks_03_svm")


#: Points 0 and 3 face each other; the others stand behind them.
CROSS = "0:-1,0 0:-2,1 0:-2,-1 1:1,0 1:2,1 1:2,-1"


@pytest.mark.parametrize(
    ("width", "begins"),
    [
        (3, "Right: from x = 1 to x = 4"),
        (13**0.5, "Not yet: that is the way between the nearest two"),
        (1.5, "Nearly: that is from the line to one edge"),
        (2 / 3, "Nearly: that is the length of w"),
        (5, "Not yet: 5 is not it"),
    ],
)
def test_the_width_of_a_margin(checks, width, begins):
    """The nearest pair, half of the strip and the length of w are told apart from other numbers."""
    assert checks.check_1(width).startswith(begins)


@pytest.mark.parametrize(
    ("may_go", "said"),
    [
        ([1, 2, 4, 5], "Right: 4 points may go, and 2 hold the line."),
        ([1, 5], "Not all of them: the line stays, and 2 more may go."),
        ([1, 0], "Not yet: the line moves, and points [0, 1] then lie inside the new strip."),
        ([0, 1, 2], "Too many: one class has nobody left, and there is nothing to part."),
        ([6], "The points have the numbers 0 to 5; [6] names others."),
    ],
)
def test_the_points_that_may_go(checks, may_go, said):
    """Too few, one that holds the line, a whole class and points that are not there get a sentence each."""
    assert checks.check_2(fl.widgets.DrawData(CROSS), may_go).startswith(said)


@pytest.mark.parametrize(
    ("choice", "begins"),
    [
        ({"kernel": "rbf", "C": 1, "gamma": 1}, "Right: "),
        ({"kernel": "rbf", "C": 1000, "gamma": 100}, "Not yet: [0-9]+% .* It learns by heart: lower gamma or C"),
        ({"kernel": "linear", "C": 1}, "Not yet: [0-9]+% .* It is too stiff"),
    ],
)
def test_choices_for_points_not_seen(checks, choice, begins):
    """On two noisy half moons, learning by heart and a straight line are both wrong, each in its own way."""
    X, y = make_moons(60, noise=0.3, random_state=4)
    points = np.column_stack([X * (1.4, 1.6) - (0.7, 0.4), y])
    playground = fl.widgets.svm_playground(points, choice=fl.widgets.SvmChoice(**choice))
    assert re.match(begins, checks.check_3(playground))


def test_too_few_points_to_leave_any_out(checks):
    """Nine points of a class are asked to become ten."""
    playground = fl.widgets.svm_playground([(x / 10, 0, label) for x in range(9) for label in (0, 1)])
    assert checks.check_3(playground).startswith("Draw ten points of each class at least")


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
def test_the_law_of_the_quiet_hour(checks, answer, begins):
    """Each usual mistake gets its own sentence."""
    assert checks.check_4(answer).startswith(begins)


def test_the_smallest_memory(checks):
    """Not called, too small, too large and right are told apart by what was measured."""
    hog = Path(__file__).parents[1] / "functions" / "memory_hog"
    with fl.Emulator() as emulator:

        def after(event, memory_mib):
            fn = fl.deploy(hog, handler="main:handler", memory_mib=memory_mib, emulator=emulator)
            if event is not None:
                fn.invoke(event)
            return fn

        assert checks.check_5(after(None, 256)).startswith("Call it first")
        assert checks.check_5(after(300, 256)).startswith("Too small")
        large = after(200, 512)
        assert checks.check_5(large).startswith("Not the smallest")
        snug = -(-int(large.last.peak_mib + 2) // checks.STEP_MIB) * checks.STEP_MIB
        assert checks.check_5(after(200, snug)).startswith("Right")


def test_the_best_keep_alive(checks, monkeypatch):
    """Half a minute is right; two minutes are too long and nothing at all too short."""
    profile = fl.Profile(init_s=fl.workload.Constant(1.5), cpu_s=fl.workload.Constant(0.0004))
    # The profile is given, so that the answer does not depend on this machine.
    monkeypatch.setattr(Deployed, "profile", lambda fn: profile)
    echo = Path(__file__).parents[1] / "functions" / "echo"
    with fl.Emulator() as emulator:
        fn = fl.deploy(echo, handler="main:handler", emulator=emulator)
        day = fl.workload.day(800)
        assert checks.check_6(fn, day, 30).startswith("Right")
        assert checks.check_6(fn, day, 120).endswith("A shorter keep-alive is better.")
        assert checks.check_6(fn, day, 0).endswith("A longer keep-alive is better.")
