import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.learn.scratch.autograd import Value

#: Each takes two numbers above 0, of this engine or of torch.
FORMULAS = {
    "sum": lambda x, y: x + y + 3,
    "difference": lambda x, y: 2 - x - (y - 1),
    "product": lambda x, y: x * y * -4,
    "quotient": lambda x, y: x / y + 2 / x + y / 4,
    "powers": lambda x, y: x**3 + y**-1.5 + (-x) ** 3 + (x - y) ** 2,
    "exp": lambda x, y: (x * y).exp() + (-y).exp(),
    "log": lambda x, y: (x + y * y).log(),
    "tanh": lambda x, y: (x - 2 * y).tanh(),
    "relu": lambda x, y: (x - y).relu() * 3 + (y - x).relu() * x,
    "one number on many paths": lambda x, y: (x * x + x) * (x + y) / (x * y + 1) - x * (x + 1) * y,
}
NUMBERS = st.floats(0.1, 3)


def slopes(formula, x, y):
    """The engine's result and its two derivatives."""
    a, b = Value(x), Value(y)
    result = formula(a, b)
    result.backward()
    return result.data, a.grad, b.grad


@pytest.mark.parametrize("name", FORMULAS)
@given(x=NUMBERS, y=NUMBERS)
def test_values_and_gradients_equal_torchs(name, x, y):
    """Every operation, and every way of writing it, gives torch's value and torch's two derivatives."""
    a, b = (torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (x, y))
    result = FORMULAS[name](a, b)
    result.backward()
    expected = (result.item(), a.grad.item(), b.grad.item())
    assert slopes(FORMULAS[name], x, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_equal_a_small_step(name):
    """A derivative is what a small step either way changes, divided by the step."""
    x, y, step = 1.3, 0.7, 1e-5
    formula = FORMULAS[name]
    _, by_x, by_y = slopes(formula, x, y)
    at = lambda *numbers: formula(*map(Value, numbers)).data  # noqa: E731
    assert by_x == pytest.approx((at(x + step, y) - at(x - step, y)) / (2 * step), abs=1e-6)
    assert by_y == pytest.approx((at(x, y + step) - at(x, y - step)) / (2 * step), abs=1e-6)


def test_corners():
    """relu has the slope 0 at 0; a power of 0 is 1 and flat, also at 0."""
    x = Value(0)
    for result, slope in ((x.relu(), 0), (x**0, 0), (x**1, 1), (x**2, 0)):
        result.backward()
        assert x.grad == slope


def test_a_very_long_chain():
    """A hundred thousand steps one after another are no deeper for the engine than ten."""
    x = Value(1)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert (y.data, x.grad) == (100_001, 100_001)


def test_doubling_again_and_again():
    """A value is visited once, although the number of paths to it doubles with each step."""
    x = Value(1)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_a_second_backward_starts_from_zero():
    """Nothing is carried over from one call to the next, whether on the same result or on another one."""
    x = Value(3)
    square, triple = x * x, 3 * x
    square.backward()
    square.backward()
    assert x.grad == 6
    triple.backward()
    assert (x.grad, square.grad) == (3, 1)


def test_numbers_of_numpy():
    """A number of numpy on either side is a number."""
    x = Value(np.float64(2))
    for result in (np.float64(3) * x, x * np.float64(3)):
        assert isinstance(result, Value)
        assert result.data == 6


def test_what_has_no_value_is_refused():
    """A logarithm of zero and a root of a number below zero are refused, and say what they got."""
    with pytest.raises(BadValue, match="a logarithm needs a number above 0; got 0"):
        Value(0).log()
    with pytest.raises(BadValue, match=r"a number below 0 has whole powers only; got -2 \*\* 0\.5"):
        Value(-2) ** 0.5
    with pytest.raises(BadValue, match="a logarithm needs a number above 0; got nan"):
        Value(math.nan).log()


def test_repr():
    """A value shows its number and its derivative."""
    x = Value(2.5)
    (x * 4).backward()
    assert repr(x) == "Value(2.5, grad=4)"
