"""Checks for the exercises of the chapter on neural networks: each says what is wrong, not only that something is."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnlab.learn.scratch.mlp import MLP

X_1, W_1, B_1 = 3, 2, -1
FEWEST = 17


def check_1(answer: float) -> str:
    """Derivative of (w x + b)² by w."""
    inside = W_1 * X_1 + B_1
    sentences = {
        2 * inside * X_1: "Right: the square's slope, 2 · 5, times the slope of what is squared, 3.",
        2 * inside: "Not yet: that is the square's slope alone. By how much does what is squared change when w does?",
        inside * X_1: "Not yet: x is there, but the slope of a square is twice what is squared.",
        2 * inside * W_1: "Not yet: that is the derivative by x. Nudge w instead.",
        inside**2: "Not yet: that is the value, not how it changes.",
    }
    return sentences.get(answer, f"Not yet: nudge w from 2 to 2.001 and see what comes out; you have {answer:g}.")


def check_2(relu: Callable[[Any], Any], number: Callable[..., Any], backward: Callable[[Any], None]) -> str:
    """A bend for the engine in the cells: value, slope, and a place in the chain."""
    for data, bent, slope in ((3.0, 3.0, 1.0), (-2.0, 0.0, 0.0)):
        x = number(data)
        result = relu(x)
        if not hasattr(result, "data"):
            return f"Not yet: relu must give a Number; yours gives {result!r}."
        if result.data != bent:
            return f"Not yet: relu of {data:g} is {bent:g}; yours gives {result.data:g}."
        backward(result)
        if x not in result.inputs:
            return "Nearly: the value is right, but the result does not know x, so no slope gets back to it."
        if x.grad != slope:
            return f"Nearly: the value is right, but at {data:g} the slope is {slope:g}; yours is {x.grad:g}."
    x = number(3.0)
    backward(relu(x * x + x * number(-1.0)))
    return (
        "Right: it bends, and it passes slopes on." if x.grad == 5 else f"Nearly: in x² - x it gives {x.grad:g}, not 5."
    )


def check_3(network: MLP, X: np.ndarray, y: np.ndarray) -> str:
    """Few numbers, and every point on its side."""
    wrong, numbers = int((network.predict(X) != y).sum()), len(network.parameters())
    if wrong:
        return f"Not yet: {wrong} of {len(X)} points on the wrong side. More steps, another seed, or a neuron more?"
    if numbers > FEWEST:
        return f"All points are right, with {numbers} numbers. It can be done with {FEWEST}: which first weights help?"
    return f"Right: {numbers} numbers, and no point on the wrong side."
