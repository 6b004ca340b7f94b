"""Kernels: the inner product of two rows in a space that nobody has to write down.

A kernel is a callable that takes rows A and B and gives the matrix of all their products. One that depends on the data
(``gamma="scale"``) is settled first, by :meth:`Kernel.for_rows`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.scratch.estimator import Array, check_positive, check_whole

#: A number, or ``"scale"`` for 1 / (features · variance of all numbers in the training rows), as scikit-learn has it.
Gamma = float | Literal["scale"]


@runtime_checkable
class Kernel(Protocol):
    """What a support vector machine asks of a kernel."""

    def __call__(self, A: Array, B: Array) -> Array:
        """Give the products of all rows of A with all rows of B: shape (rows of A, rows of B)."""

    def for_rows(self, X: Array) -> "Kernel":
        """Give the kernel with everything settled that depends on the training rows."""


@dataclass(frozen=True)
class Linear:
    """The plain inner product, ``a · b``.

    Examples
    --------
    >>> Linear()(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])).tolist()
    [[11.0]]
    """

    def __call__(self, A: Array, B: Array) -> Array:
        """Give the inner products of all pairs of rows."""
        products: Array = A @ B.T
        return products

    def for_rows(self, X: Array) -> Self:
        """Nothing depends on the rows."""
        return self


@dataclass(frozen=True)
class RBF:
    """Nearness, ``exp(-gamma ‖a - b‖²)``: 1 for equal rows, towards 0 for distant ones.

    Parameters
    ----------
    gamma : float or "scale"
        The larger, the shorter the reach of a row: at a distance of ``1 / sqrt(gamma)`` the kernel is 0.37.

    Examples
    --------
    >>> RBF(0.5)(np.array([[0.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 1.0]])).round(4).tolist()
    [[1.0, 0.3679]]
    """

    gamma: Gamma = "scale"

    def __post_init__(self) -> None:
        _check_gamma(self.gamma)

    def __call__(self, A: Array, B: Array) -> Array:
        """Give the nearness of all pairs of rows."""
        gamma = _settled(self.gamma)
        squared = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2 * A @ B.T
        # Rounding can leave a distance a hair below 0.
        nearness: Array = np.exp(-gamma * np.maximum(squared, 0.0))
        return nearness

    def for_rows(self, X: Array) -> Self:
        """Settle ``gamma="scale"`` for these rows."""
        return replace(self, gamma=scaled_gamma(X)) if self.gamma == "scale" else self


@dataclass(frozen=True)
class Polynomial:
    """Products of up to `degree` features at once, ``(gamma a · b + coef0) ** degree``.

    Parameters
    ----------
    degree : int
        From 1 upwards.
    gamma : float or "scale"
        Weight of the inner product.
    coef0 : float
        With 0 only products of exactly `degree` features count; above 0 the lower ones do as well.

    Examples
    --------
    >>> Polynomial(degree=2, gamma=1.0, coef0=1.0)(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])).tolist()
    [[144.0]]
    """

    degree: int = 3
    gamma: Gamma = "scale"
    coef0: float = 0.0

    def __post_init__(self) -> None:
        check_whole("degree", self.degree, least=1)
        _check_gamma(self.gamma)
        if isinstance(self.coef0, str) or not isfinite(self.coef0):
            raise BadValue(f"coef0 must be a finite number; got {self.coef0!r}.")

    def __call__(self, A: Array, B: Array) -> Array:
        """Give the powers of the inner products of all pairs of rows."""
        products: Array = (_settled(self.gamma) * (A @ B.T) + self.coef0) ** self.degree
        return products

    def for_rows(self, X: Array) -> Self:
        """Settle ``gamma="scale"`` for these rows."""
        return replace(self, gamma=scaled_gamma(X)) if self.gamma == "scale" else self


@dataclass(frozen=True)
class OwnKernel:
    """A kernel that is any function of two matrices of rows."""

    products: Callable[[Array, Array], Any]

    def __call__(self, A: Array, B: Array) -> Array:
        """Ask the function, and check that it gives one number a pair of rows."""
        found = np.asarray(self.products(A, B), dtype=np.float64)
        if found.shape != (len(A), len(B)):
            raise BadValue(f"a kernel must give a matrix of shape {(len(A), len(B))} for such rows; got {found.shape}.")
        return found

    def for_rows(self, X: Array) -> Self:
        """Nothing is known that could depend on the rows."""
        return self


def scaled_gamma(X: Array) -> float:
    """Give 1 / (features · variance of all numbers in X), or 1 when they are all equal.

    Examples
    --------
    >>> scaled_gamma(np.array([[0.0, 2.0], [2.0, 0.0]]))
    0.5
    """
    variance = float(X.var())
    return 1 / (X.shape[1] * variance) if variance else 1.0


def kernel_named(kernel: Any, *, gamma: Gamma = "scale", degree: int = 3, coef0: float = 0.0) -> Kernel:
    """Give the kernel of that name; a kernel of this module, or any callable, is taken as it is.

    Raises
    ------
    BadValue
        If there is no such kernel, or one of its numbers breaks its rule.

    Examples
    --------
    >>> kernel_named("poly", degree=2)
    Polynomial(degree=2, gamma='scale', coef0=0.0)
    """
    if callable(kernel):
        return kernel if isinstance(kernel, Kernel) else OwnKernel(kernel)
    if kernel == "linear":
        return Linear()
    if kernel == "rbf":
        return RBF(gamma)
    if kernel == "poly":
        return Polynomial(degree, gamma, coef0)
    raise BadValue(f"kernel must be 'linear', 'rbf', 'poly' or a callable of two matrices; got {kernel!r}.")


def _check_gamma(gamma: Any) -> None:
    if isinstance(gamma, str):
        if gamma != "scale":
            raise BadValue(f"gamma must be a number above 0 or 'scale'; got {gamma!r}.")
    else:
        check_positive("gamma", gamma)


def _settled(gamma: Gamma) -> float:
    if isinstance(gamma, str):
        raise BadValue("a kernel with gamma='scale' needs the training rows first; use what for_rows(X) gives.")
    return gamma
