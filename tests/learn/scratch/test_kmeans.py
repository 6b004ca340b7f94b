from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import cluster
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.preprocessing import StandardScaler

from fnlab.learn.scratch import KMeans
from fnlab.learn.scratch.kmeans import lloyd, spread_start


def test_lloyd_by_hand():
    """From centres 0 and 1 the second one gets 1, 10 and 12; once it has moved away, the first gets 1."""
    rows = np.array([[0.0], [1.0], [10.0], [12.0]])
    found = lloyd(rows, np.array([[0.0], [1.0]]))
    assert found.centers.ravel().tolist() == [0.5, 11.0]
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.inertias == pytest.approx((81 + 121, 1 + (7 / 3) ** 2 + (13 / 3) ** 2, 2.5))


@given(seed=st.integers(0, 2**32 - 1), clusters=st.integers(1, 8), offset=st.sampled_from([0.0, 1e6]))
def test_the_inertia_never_rises(seed, clusters, offset):
    """From any start, a centre far from everything included, each move leaves the inertia as it is or lowers it."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(30, 2)) + offset
    centers = np.vstack([random.normal(size=(clusters - 1, 2)) + offset, [[1e9, 1e9]]])
    found = lloyd(rows, centers)
    assert all(after <= before * (1 + 1e-9) for before, after in pairwise(found.inertias))
    # At the end each row is with its nearest centre, and each centre in the middle of its rows.
    distances = ((rows[:, None] - found.centers) ** 2).sum(axis=2)
    assert np.array_equal(found.labels, distances.argmin(axis=1))
    for number in np.unique(found.labels):
        assert found.centers[number] == pytest.approx(rows[found.labels == number].mean(axis=0), rel=1e-12, abs=1e-9)


def test_a_centre_without_rows_is_moved():
    """A centre that nobody is near goes to the row farthest from its own, and no cluster stays empty."""
    rows = np.array([[0.0], [1.0], [2.0], [50.0]])
    found = lloyd(rows, np.array([[1.0], [1000.0]]))
    assert sorted(found.centers.ravel().tolist()) == [1.0, 50.0]
    assert np.bincount(found.labels).tolist() == [3, 1]


def test_the_start_spreads():
    """Of three distant heaps each gets one of three first centres, whatever the seed."""
    heaps = np.repeat([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], 10, axis=0)
    rows = heaps + np.random.default_rng(0).normal(size=heaps.shape) / 100
    for seed in range(20):
        start = spread_start(rows, 3, random=np.random.RandomState(seed))
        assert sorted(start.round(-1).tolist()) == [[0.0, 0.0], [0.0, 100.0], [100.0, 0.0]]


def test_equal_rows_have_room_for_any_number_of_centres():
    """Where all rows are equal, further centres lie on the same point, and the inertia is 0."""
    model = KMeans(3, random_state=0).fit(np.ones((5, 2)))
    assert model.inertia_ == 0
    assert model.cluster_centers_.tolist() == [[1.0, 1.0]] * 3


@pytest.mark.parametrize(
    ("load", "clusters"), [(load_iris, 3), (load_breast_cancer, 2), (load_digits, 10)], ids=["iris", "cancer", "digits"]
)
def test_the_inertia_is_scikit_learns(load, clusters):
    """With as many starts as scikit-learn the best inertia is within half a percent of its own."""
    X = StandardScaler().fit_transform(load().data) if load is load_breast_cancer else load().data
    ours = KMeans(clusters, random_state=0).fit(X)
    theirs = cluster.KMeans(clusters, n_init=10, random_state=0).fit(X)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=0.005)
    assert ours.inertia_ == pytest.approx(((X - ours.cluster_centers_[ours.labels_]) ** 2).sum())
    assert np.array_equal(ours.predict(X), ours.labels_)
    assert (ours.inertias_[-1], ours.n_iter_) == (ours.inertia_, len(ours.inertias_) - 1)


def test_the_same_end_from_the_same_start():
    """From one start, ours and scikit-learn's Lloyd end in the same centres."""
    X = load_iris().data
    start = X[[0, 60, 120]]
    theirs = cluster.KMeans(3, init=start, n_init=1, tol=0, algorithm="lloyd").fit(X)
    assert lloyd(X, start).centers == pytest.approx(theirs.cluster_centers_)
