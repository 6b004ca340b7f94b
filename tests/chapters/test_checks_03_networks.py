"""The checks of the chapter on neural networks say what is wrong, and let right answers pass."""

import pytest
from sklearn.datasets import make_moons

from fnlab.learn.scratch import MLP, gradient_descent


@pytest.fixture
def checks(beside):
    """The checks of this chapter."""
    return beside("checks_03_networks")


@pytest.mark.parametrize(
    ("answer", "begins"),
    [
        (30, "Right"),
        (30.0, "Right"),
        (10, "Not yet: that is the square's slope alone"),
        (15, "Not yet: x is there"),
        (20, "Not yet: that is the derivative by x"),
        (25, "Not yet: that is the value"),
        (7, "Not yet: nudge w from 2 to 2.001 and see what comes out; you have 7"),
    ],
)
def test_a_slope_by_hand(checks, answer, begins):
    """Each usual mistake gets its own sentence."""
    assert checks.check_1(answer).startswith(begins)


class Number:
    """The engine of the chapter's cells, in short."""

    def __init__(self, data, inputs=(), slopes=()):
        self.data, self.inputs, self.slopes, self.grad = data, inputs, slopes, 0.0

    def __add__(self, other):
        return Number(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Number(self.data * other.data, (self, other), (other.data, self.data))


def backward(result, given=1.0):
    """Pass a derivative on along each path by itself."""
    result.grad += given
    for source, slope in zip(result.inputs, result.slopes, strict=True):
        backward(source, given * slope)


@pytest.mark.parametrize(
    ("relu", "begins"),
    [
        (lambda x: Number(max(x.data, 0.0), (x,), (float(x.data > 0),)), "Right"),
        (lambda x: max(x.data, 0.0), "Not yet: relu must give a Number; yours gives 3.0"),
        (lambda x: Number(x.data, (x,), (1.0,)), "Not yet: relu of -2 is 0; yours gives -2"),
        (lambda x: Number(max(x.data, 0.0)), "Nearly: the value is right, but the result does not know x"),
        (lambda x: Number(max(x.data, 0.0), (x,), (1.0,)), "Nearly: the value is right, but at -2 the slope is 0"),
        (lambda x: Number(max(x.data, 0.0), (x,), (min(x.data, 1.0),)), "Nearly: the value is right, but at -2"),
    ],
)
def test_a_bend_for_the_engine(checks, relu, begins):
    """Value, slope and the way back are told apart."""
    assert checks.check_2(relu, Number, backward).startswith(begins)


def test_a_bend_that_is_right_at_two_places_only(checks):
    """A slope that happens to be right where it is asked first is found out inside of a larger formula."""
    almost = lambda x: Number(max(x.data, 0.0), (x,), (1.0 if x.data == 3 else 0.0,))  # noqa: E731
    assert checks.check_2(almost, Number, backward) == "Nearly: in x² - x it gives 0, not 5."


def test_the_smallest_network(checks, monkeypatch):
    """The solution in the text is right; too many numbers, and points on the wrong side, are told apart."""
    X, y = make_moons(40, noise=0.1, random_state=4)
    small = MLP([2, 3, 2], seed=2)
    assert checks.check_3(small, X, y).startswith("Not yet: ")
    for _ in gradient_descent(small, X, y, epochs=400, learning_rate=1.0):
        pass
    assert checks.check_3(small, X, y) == "Right: 17 numbers, and no point on the wrong side."
    monkeypatch.setattr(checks, "FEWEST", 12)
    assert checks.check_3(small, X, y).startswith("All points are right, with 17 numbers. It can be done with 12")
