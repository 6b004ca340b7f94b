import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from fnlab.errors import BadValue
from fnlab.learn.scratch import RBF, Linear, Polynomial, smo, smo_steps
from fnlab.learn.scratch.smo import dual_objective

KERNELS = [Linear(), RBF(0.5), Polynomial(degree=2, gamma=1.0, coef0=1.0)]


def problem(seed, *, kernel=KERNELS[1], n=12):
    """Two clouds that overlap, and the kernel of all pairs of their rows."""
    random = np.random.default_rng(seed)
    y = np.where(np.arange(n) % 3, 1.0, -1.0)
    X = random.normal(size=(n, 2)) + y[:, None] * random.uniform(0, 2)
    return kernel(X, X), y


def test_two_points_by_hand():
    """Two points at distance 2d: one step, both multipliers 1 / (2 d²), and a margin of 1 / ‖w‖ = d."""
    for d in (0.5, 1.0, 4.0):
        X, y = np.array([[-d, 0.0], [d, 0.0]]), np.array([-1, 1])
        start, end = smo_steps(X @ X.T, y, C=100.0)
        assert (start.i, start.j, start.alphas.tolist(), start.objective) == (-1, -1, [0.0, 0.0], 0.0)
        assert (start.bias, start.violation) == (0.0, 2.0)
        assert {end.i, end.j} == {0, 1}
        assert end.alphas == pytest.approx([1 / (2 * d**2)] * 2)
        w = (end.alphas * y) @ X
        assert 1 / np.linalg.norm(w) == pytest.approx(d)
        assert (end.bias, end.violation) == (pytest.approx(0.0), pytest.approx(0.0))


def test_c_is_the_most_that_a_row_may_pull():
    """With C below what the two points ask for, both multipliers end exactly on it and the margin is wider."""
    K, y = np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([-1, 1])
    last, taken, converged = smo(K, y, C=0.125)
    assert last.alphas.tolist() == [0.125, 0.125]
    assert (taken, converged) == (1, True)


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), C=st.sampled_from([0.01, 1.0, 50.0]))
def test_each_step_keeps_the_rules_and_gains(kernel, seed, C):
    """At every step 0 <= alpha <= C and Σ alpha y = 0, only i and j change, and the dual objective never falls."""
    K, y = problem(seed, kernel=kernel)
    before = None
    for step in smo_steps(K, y, C=C):
        assert step.alphas.min() >= 0
        assert step.alphas.max() <= C
        assert step.alphas @ y == pytest.approx(0, abs=1e-9 * C)
        assert step.objective == pytest.approx(dual_objective(step.alphas, K, y), rel=1e-6, abs=1e-9)
        if before is not None:
            assert step.objective >= before.objective
            assert set(np.flatnonzero(step.alphas != before.alphas)) <= {step.i, step.j}
        before = step
    assert before.violation <= 1e-3


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), C=st.sampled_from([0.01, 1.0, 50.0]))
def test_the_conditions_of_karush_kuhn_and_tucker_hold_at_the_end(kernel, seed, C):
    """Rows without pull are beyond the margin, rows with some are on its edge, rows with all of it are not beyond."""
    K, y = problem(seed, kernel=kernel)
    last, _, _ = smo(K, y, C=C, tol=1e-4)
    margins = y * (K @ (last.alphas * y) + last.bias)
    without, full = last.alphas == 0, last.alphas == C
    assert (margins[without] >= 1 - 1e-4).all()
    assert margins[~without & ~full] == pytest.approx(1, abs=1e-4)
    assert (margins[full] <= 1 + 1e-4).all()


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_the_maximum_is_one(kernel):
    """A general-purpose optimiser finds the same maximum of the dual, and the primal's minimum equals it."""
    K, y = problem(3, kernel=kernel)
    last, _, _ = smo(K, y, C=1.0, tol=1e-6)
    found = minimize(
        lambda alphas: -dual_objective(alphas, K, y),
        np.zeros(len(y)),
        jac=lambda alphas: y * (K @ (alphas * y)) - 1,
        bounds=[(0, 1)] * len(y),
        constraints={"type": "eq", "fun": lambda alphas: alphas @ y, "jac": lambda alphas: y},
        method="SLSQP",
        options={"ftol": 1e-10, "maxiter": 500},
    )
    assert last.objective == pytest.approx(-found.fun, abs=1e-4)
    signed = last.alphas * y
    slack = np.maximum(0, 1 - y * (K @ signed + last.bias))
    assert last.objective == pytest.approx(signed @ K @ signed / 2 + slack.sum(), abs=1e-4)


def test_the_order_of_the_rows_does_not_matter():
    """Shuffled rows have the same multipliers and bias."""
    K, y = problem(5)
    order = np.random.default_rng(0).permutation(len(y))
    last, _, _ = smo(K, y, tol=1e-8)
    shuffled, _, _ = smo(K[np.ix_(order, order)], y[order], tol=1e-8)
    assert shuffled.alphas == pytest.approx(last.alphas[order], abs=1e-6)
    assert shuffled.bias == pytest.approx(last.bias, abs=1e-6)


def test_a_step_is_a_snapshot():
    """Steps that are kept do not change when later ones are taken."""
    K, y = problem(1)
    kept = list(smo_steps(K, y))
    again = list(smo_steps(K, y))
    assert len(kept) > 5
    assert all(np.array_equal(a.alphas, b.alphas) for a, b in zip(kept, again, strict=True))
    assert len({step.alphas.tobytes() for step in kept}) == len(kept)
    assert repr(kept[0]) == "Step(i=-1, j=-1, objective 0, violation 2, 0 support vectors)"


def test_max_steps_ends_it_early():
    """After `max_steps` steps the state is given as it is, and said not to have converged."""
    K, y = problem(1)
    last, taken, converged = smo(K, y, max_steps=3)
    assert (taken, converged) == (3, False)
    assert np.array_equal(last.alphas, list(smo_steps(K, y))[3].alphas)


def test_equal_rows_with_different_labels():
    """Rows that no kernel can tell apart pull against each other up to C, and it still ends."""
    last, _, converged = smo(np.ones((4, 4)), np.array([-1, 1, -1, 1]), C=2.0)
    assert last.alphas.tolist() == [2.0] * 4
    assert converged


@pytest.mark.parametrize(
    ("K", "y", "setting", "sentence"),
    [
        (np.eye(2), [1, 1], {}, r"y must hold the labels -1 and 1, both of them; got \[1\.0\]\."),
        (np.eye(2), [0, 1], {}, r"y must hold the labels -1 and 1, both of them; got \[0\.0, 1\.0\]\."),
        (np.eye(3), [-1, 1], {}, r"K must be a finite matrix of shape \(2, 2\); got shape \(3, 3\)\."),
        (np.full((2, 2), np.inf), [-1, 1], {}, r"K must be a finite matrix of shape \(2, 2\)"),
        (np.eye(2), [-1, 1], {"C": 0}, r"C must be a finite number above 0; got 0\."),
        (np.eye(2), [-1, 1], {"tol": 0}, r"tol must be a finite number above 0; got 0\."),
    ],
)
def test_bad_input_is_refused(K, y, setting, sentence):
    """Labels other than ±1, a kernel of another shape, and settings that are not above 0 are refused."""
    with pytest.raises(BadValue, match=sentence):
        smo(K, np.array(y), **setting)
