"""A linear support vector machine in the primal: walk down the hinge loss, a few rows at a time."""

from typing import Any

import numpy as np

from fnlab.learn.estimators import need
from fnlab.learn.scratch.estimator import Array, LinearClassifier, check_positive, check_whole, one_against_rest

_utils = need("sklearn.utils", extra="learn")


class PegasosSVC(LinearClassifier):
    """Linear support vector classifier by stochastic subgradient steps, each class against the rest.

    It minimises, over weights w, the regularised hinge loss of n rows::

        lambda/2 ‖w‖² + 1/n Σ max(0, 1 - y_t w · x_t)        with lambda = 1 / (n C)

    That is 1/(nC) times the usual ``½ ‖w‖² + C Σ slack``. Step number t has the length ``1 / (lambda t)``, so there is
    no learning rate to choose. The bias is the weight of a further feature that is always 1, and is regularised like
    the others, as in liblinear. The steps rattle, so what is kept is the mean of the weights over the second half of
    them.

    Sources: S. Shalev-Shwartz, Y. Singer, N. Srebro and A. Cotter (2011), "Pegasos: primal estimated sub-gradient
    solver for SVM", Mathematical Programming 127, figure 2; for the mean over the later steps A. Rakhlin, O. Shamir and
    K. Sridharan (2012), "Making gradient descent optimal for strongly convex stochastic optimization", ICML.

    Parameters
    ----------
    C : float
        Price of a unit of slack, above 0.
    max_iter : int
        Passes over the rows.
    batch_size : int
        Rows a step, from 1.
    random_state : int, RandomState or None
        Settles the order of the rows.

    Attributes
    ----------
    coef_, intercept_, classes_
        See :class:`~fnlab.learn.scratch.estimator.LinearClassifier`.
    objective_ : list of float
        ``½ ‖w‖² + C Σ slack`` after each pass, of the weights as they stood then, over all classes: the learning curve.
    n_iter_ : int
        Passes made.

    Examples
    --------
    The widest margin between -1 and 1 has its edges there, so the weight is 1:

    >>> model = PegasosSVC(C=10, max_iter=1000, random_state=0).fit([[-1.0], [1.0]], [0, 1])
    >>> model.coef_.round(1).tolist(), abs(model.intercept_).round(1).tolist()
    ([[1.0]], [0.0])
    """

    objective_: list[float]
    n_iter_: int

    def __init__(self, *, C: float = 1.0, max_iter: int = 100, batch_size: int = 8, random_state: Any = None) -> None:
        self.C = C
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "PegasosSVC":
        """Take steps against the subgradient, pass after pass.

        Raises
        ------
        BadValue
            If a parameter breaks its rule, or the rows and labels cannot be learned from.
        """
        C, passes = check_positive("C", self.C), check_whole("max_iter", self.max_iter, least=1)
        batch_size = check_whole("batch_size", self.batch_size, least=1)
        rows, codes = self._rows_and_codes(X, y)
        rows = np.column_stack([rows, np.ones(len(rows))])
        signs = one_against_rest(codes, n_classes=len(self.classes_))
        random = _utils.check_random_state(self.random_state)
        weakness = 1 / (len(rows) * C)
        weights = np.zeros((signs.shape[1], rows.shape[1]))
        mean, counted, t = np.zeros_like(weights), 0, 0
        self.objective_ = []
        for number in range(passes):
            order = random.permutation(len(rows))
            for start in range(0, len(rows), batch_size):
                t += 1
                few = order[start : start + batch_size]
                weights = pegasos_step(weights, rows[few], signs[few], t=t, weakness=weakness)
                if number >= passes // 2:
                    counted += 1
                    mean += (weights - mean) / counted
            self.objective_.append(primal_objective(weights, rows, signs, C=C))
        self.coef_, self.intercept_ = mean[:, :-1], mean[:, -1]
        self.n_iter_ = passes
        return self


def pegasos_step(weights: Array, rows: Array, signs: Array, *, t: int, weakness: float) -> Array:
    """Take step number t: shrink all weights, then add the rows that are short of the margin.

    Parameters
    ----------
    weights : ndarray, shape (classes, features)
    rows : ndarray, shape (batch, features)
    signs : ndarray, shape (batch, classes)
        +1 or -1.
    t : int
        From 1.
    weakness : float
        The lambda of the paper.

    Examples
    --------
    The first step forgets the weights and adds the rows, each 1 / (weakness · batch) times:

    >>> pegasos_step(np.zeros((1, 2)), np.array([[1.0, 1.0]]), np.array([[-1.0]]), t=1, weakness=0.5).tolist()
    [[-2.0, -2.0]]
    """
    short = np.where(signs * (rows @ weights.T) < 1, signs, 0.0)
    stepped: Array = (1 - 1 / t) * weights + short.T @ rows / (weakness * t * len(rows))
    return stepped


def primal_objective(weights: Array, rows: Array, signs: Array, *, C: float) -> float:
    """Give ``½ ‖w‖² + C Σ slack``, summed over the classes.

    Examples
    --------
    >>> primal_objective(np.array([[2.0]]), np.array([[1.0], [-1.0]]), np.array([[1.0], [1.0]]), C=10)
    32.0
    """
    slack = np.maximum(0.0, 1 - signs * (rows @ weights.T))
    return float((weights**2).sum() / 2 + C * slack.sum())
