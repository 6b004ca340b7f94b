"""Sequential minimal optimisation: the support vector machine's dual, solved two multipliers at a time.

The dual of a support vector machine for rows x_t with labels y_t = ±1 and a kernel K is::

    maximise    W(alpha) = Σ alpha_t - ½ Σ Σ alpha_s alpha_t y_s y_t K(x_s, x_t)
    subject to  0 <= alpha_t <= C  and  Σ alpha_t y_t = 0

The smallest step that keeps the sum at 0 changes two multipliers, and for two the best step is known in closed form.

Sources: J. Platt (1998), "Sequential minimal optimization", Microsoft Research MSR-TR-98-14, for the idea;
S. S. Keerthi et al. (2001), "Improvements to Platt's SMO algorithm", Neural Computation 13, for the gap that ends it;
R.-E. Fan, P.-H. Chen and C.-J. Lin (2005), "Working set selection using second order information", Journal of Machine
Learning Research 6, for the choice of j.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.scratch.estimator import Array, check_positive

#: Stands in for the curvature between two rows that the kernel cannot tell apart.
_FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class Step:
    """The state after one step.

    Attributes
    ----------
    i, j : int
        The two rows whose multipliers were changed; -1 in the start, where nothing has been.
    alphas : ndarray, shape (rows,)
        All multipliers. A row with ``alphas[t] > 0`` is a support vector.
    bias : float
        The best bias for these multipliers: the decision is ``K @ (alphas * y) + bias``.
    objective : float
        The dual objective W, which no step lowers.
    violation : float
        How far the optimality conditions are from holding: the largest bias that some row asks for, less the smallest
        that some other row allows. At the optimum it is at most 0.
    """

    i: int
    j: int
    alphas: Array
    bias: float
    objective: float
    violation: float

    def __repr__(self) -> str:
        support = int((self.alphas > 0).sum())
        return (
            f"Step(i={self.i}, j={self.j}, objective {self.objective:.6g}, violation {self.violation:.3g}, "
            f"{support} support vectors)"
        )


def smo_steps(K: Array, y: Array, *, C: float = 1.0, tol: float = 1e-3) -> Iterator[Step]:
    """Solve the dual step by step: first the start, all multipliers 0, then the state after each step.

    The steps end when the violation is at most `tol`. In between, ``wanted[t] = y_t - Σ alpha_s y_s K(x_s, x_t)`` is
    the bias with which row t would lie exactly on its edge of the margin. Rows in `up` may raise ``alpha_t y_t`` and
    set a lower end for the bias, rows in `low` may lower it and set an upper end. While the ends cross, two rows
    disagree, and a step between them gains.

    Parameters
    ----------
    K : ndarray, shape (rows, rows)
        The kernel of all pairs of rows; symmetric.
    y : ndarray, shape (rows,)
        Labels -1 and +1, both present.
    C : float
        Upper bound of each multiplier, above 0.
    tol : float
        Violation at which the steps end, above 0. libsvm's is 0.001.

    Raises
    ------
    BadValue
        When the first step is asked for, if an argument breaks its rule.

    Examples
    --------
    Two points at distance 2, one on either side of 0:

    >>> X, y = np.array([[-1.0], [1.0]]), np.array([-1, 1])
    >>> for step in smo_steps(X @ X.T, y, C=10.0):
    ...     print(step.i, step.j, step.alphas.tolist(), step.bias, step.objective, step.violation)
    -1 -1 [0.0, 0.0] 0.0 0.0 2.0
    1 0 [0.5, 0.5] 0.0 0.5 0.0
    """
    K, y = _checked(K, y)
    C, tol = check_positive("C", C), check_positive("tol", tol)
    diagonal = K.diagonal()
    positive = y > 0
    alphas, wanted, objective = np.zeros(len(y)), y.copy(), 0.0
    i = j = -1
    while True:
        up = np.where(positive, alphas < C, alphas > 0)
        low = np.where(positive, alphas > 0, alphas < C)
        first = int(np.where(up, wanted, -np.inf).argmax())
        lowest = float(np.where(low, wanted, np.inf).min())
        violation = float(wanted[first]) - lowest
        bias = _bias(wanted, free=up & low, ends=(float(wanted[first]), lowest))
        yield Step(i, j, alphas.copy(), bias, objective, violation)
        if violation <= tol:
            return
        i, gap = first, wanted[first] - wanted
        curvature = np.maximum(K[i, i] + diagonal - 2 * K[i], _FLAT)
        # Of the rows that disagree with i, the one with which the unbounded step would gain most.
        j = int(np.where(low & (gap > 0), gap**2 / curvature, -np.inf).argmax())
        t = _move(alphas, y, i, j, best=float(gap[j] / curvature[j]), C=C)
        wanted -= t * (K[i] - K[j])
        objective += t * float(gap[j]) - t**2 * float(curvature[j]) / 2


def smo(K: Array, y: Array, *, C: float = 1.0, tol: float = 1e-3, max_steps: int = 100_000) -> tuple[Step, int, bool]:
    """Take steps until the violation is at most `tol`, or `max_steps` of them when that is not -1.

    Returns
    -------
    tuple of (Step, int, bool)
        The last state, how many steps were taken, and whether the violation came down to `tol`.

    Examples
    --------
    >>> last, taken, converged = smo(np.eye(2), np.array([-1, 1]), C=1.0)
    >>> last.alphas.tolist(), taken, converged
    ([1.0, 1.0], 1, True)
    """
    taken = 0
    for taken, step in enumerate(smo_steps(K, y, C=C, tol=tol)):  # noqa: B007 # the last one is wanted
        if taken == max_steps:
            break
    return step, taken, step.violation <= tol


def dual_objective(alphas: Array, K: Array, y: Array) -> float:
    """Give W(alpha), from its definition.

    Examples
    --------
    >>> dual_objective(np.array([0.5, 0.5]), np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([-1, 1]))
    0.5
    """
    signed = alphas * y
    return float(alphas.sum() - signed @ K @ signed / 2)


def _move(alphas: Array, y: Array, i: int, j: int, *, best: float, C: float) -> float:
    """Add t to ``alphas[i] y[i]``, take it from ``alphas[j] y[j]``, and give t: `best`, or what the bounds leave."""
    room_i = C - alphas[i] if y[i] > 0 else alphas[i]
    room_j = alphas[j] if y[j] > 0 else C - alphas[j]
    t = float(min(best, room_i, room_j))
    alphas[i] += y[i] * t
    alphas[j] -= y[j] * t
    # A multiplier that reaches its bound must lie on it exactly, or rounding would leave room for endless tiny steps.
    if t == room_i:
        alphas[i] = C if y[i] > 0 else 0.0
    if t == room_j:
        alphas[j] = 0.0 if y[j] > 0 else C
    return t


def _bias(wanted: Array, *, free: Array, ends: tuple[float, float]) -> float:
    """Rows strictly between the bounds lie on the margin and name the bias; without them, the middle of its range."""
    return float(wanted[free].mean()) if free.any() else (ends[0] + ends[1]) / 2


def _checked(K: Array, y: Array) -> tuple[Array, Array]:
    K, y = np.asarray(K, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if y.ndim != 1 or set(y.tolist()) != {-1.0, 1.0}:
        raise BadValue(f"y must hold the labels -1 and 1, both of them; got {np.unique(y).tolist()!r}.")
    if K.shape != (len(y), len(y)) or not np.isfinite(K).all():
        raise BadValue(f"K must be a finite matrix of shape {(len(y), len(y))}; got shape {K.shape}.")
    return K, y
