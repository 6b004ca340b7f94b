"""Adam: gradient descent in which each weight has a step length of its own.

Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
"""

from collections.abc import Sequence

import numpy as np

from fnlab.learn.metrics import Array


class Adam:
    """Moves arrays against their gradients, in place.

    It keeps two running means for each number: of its gradient (where to) and of the gradient's square (how uncertain).
    A step is the first over the root of the second, so about `learning_rate` when the gradients agree and less when
    they contradict each other.

    Parameters
    ----------
    parameters : sequence of ndarray
        The arrays to move.
    learning_rate : float
        Length of a step of which all gradients agree.

    Examples
    --------
    >>> x = np.array([5.0])
    >>> adam = Adam([x], learning_rate=0.1)
    >>> for _ in range(300):
    ...     adam.step([2 * (x - 3)])
    >>> x.round(2).tolist()
    [3.0]
    """

    #: How much the running means of the gradient and of its square keep at a step: the paper's settings.
    KEEP, KEEP_SQUARE = 0.9, 0.999
    EPSILON = 1e-8

    def __init__(self, parameters: Sequence[Array], *, learning_rate: float = 0.001) -> None:
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.steps = 0
        self._means = [np.zeros_like(parameter) for parameter in self.parameters]
        self._squares = [np.zeros_like(parameter) for parameter in self.parameters]

    def step(self, gradients: Sequence[Array]) -> None:
        """Move each parameter a step against its gradient."""
        self.steps += 1
        # Both means begin at 0; these factors take out what that still pulls them down.
        rate = self.learning_rate / (1 - self.KEEP**self.steps)
        spread = 1 / (1 - self.KEEP_SQUARE**self.steps)
        state = zip(self.parameters, gradients, self._means, self._squares, strict=True)
        for parameter, gradient, mean, square in state:
            mean += (1 - self.KEEP) * (gradient - mean)
            square += (1 - self.KEEP_SQUARE) * (gradient**2 - square)
            parameter -= rate * mean / (np.sqrt(square * spread) + self.EPSILON)
