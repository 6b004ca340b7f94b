import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import linear_kernel, polynomial_kernel, rbf_kernel

from fnlab.errors import BadValue
from fnlab.learn.scratch import RBF, KernelSVC, Linear, Polynomial
from fnlab.learn.scratch.kernels import kernel_named, scaled_gamma

A, B = np.random.default_rng(0).normal(size=(2, 7, 3))


@pytest.mark.parametrize(
    ("kernel", "theirs"),
    [
        (Linear(), linear_kernel(A, B)),
        (RBF(0.7), rbf_kernel(A, B, gamma=0.7)),
        (Polynomial(degree=4, gamma=0.3, coef0=1.5), polynomial_kernel(A, B, degree=4, gamma=0.3, coef0=1.5)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_same_as_scikit_learn(kernel, theirs):
    """Each kernel gives scikit-learn's matrix."""
    assert kernel(A, B) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("kernel", [Linear(), RBF(), Polynomial(coef0=1.0), Polynomial(degree=2)], ids=repr)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_kernel_is_an_inner_product(kernel, seed):
    """The matrix of any rows with themselves is symmetric and has no negative eigenvalue."""
    rows = np.random.default_rng(seed).normal(size=(6, 3))
    K = kernel.for_rows(rows)(rows, rows)
    assert pytest.approx(K.T) == K
    assert np.linalg.eigvalsh(K).min() > -1e-9 * np.abs(K).max()


def test_degree_two_by_hand():
    """(a · b)² is the plain product of the rows' squares and products: x², y² and √2 xy."""

    def written_out(rows):
        return np.column_stack([rows[:, 0] ** 2, rows[:, 1] ** 2, np.sqrt(2) * rows[:, 0] * rows[:, 1]])

    a, b = A[:, :2], B[:, :2]
    assert Polynomial(degree=2, gamma=1.0)(a, b) == pytest.approx(Linear()(written_out(a), written_out(b)))


def test_scale_is_settled_by_the_rows():
    """gamma="scale" is 1 / (features · variance), 1 for equal rows, and has to be settled before use."""
    assert RBF().for_rows(np.array([[0.0, 2.0], [2.0, 0.0]])) == RBF(0.5)
    assert Polynomial().for_rows(np.array([[0.0, 2.0], [2.0, 0.0]])).gamma == 0.5
    assert scaled_gamma(np.full((3, 2), 7.0)) == 1.0
    assert RBF(3.0).for_rows(A) == RBF(3.0)
    with pytest.raises(
        BadValue, match=r"^a kernel with gamma='scale' needs the training rows first; use what for_rows"
    ):
        RBF()(A, B)


def test_a_kernel_of_ones_own():
    """Any function of two matrices is a kernel, as long as it gives one number for each pair of rows."""
    X, y = np.array([[1.0], [2.0], [6.0], [9.0]]), [0, 0, 1, 1]
    overlap = KernelSVC(kernel=lambda a, b: np.minimum(a, b.T)).fit(X, y)
    assert overlap.predict(X).tolist() == y
    with pytest.raises(
        BadValue, match=r"^a kernel must give a matrix of shape \(4, 4\) for such rows; got \(4, 1\)\.$"
    ):
        KernelSVC(kernel=lambda a, b: a).fit(X, y)
    assert kernel_named(RBF(2.0)) == RBF(2.0)
