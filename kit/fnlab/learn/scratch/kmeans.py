"""k-means: give each row to its nearest centre, move each centre to the mean of its rows, and again."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.estimators import need
from fnlab.learn.scratch.estimator import Array, ScratchEstimator, check_whole

_base = need("sklearn.base", extra="learn")
_utils = need("sklearn.utils", extra="learn")


@dataclass(frozen=True, eq=False)
class Clustering:
    """What one run of :func:`lloyd` came to.

    Attributes
    ----------
    centers : ndarray, shape (clusters, features)
    labels : ndarray of int, shape (rows,)
        Each row's nearest centre.
    inertias : tuple of float
        Sum of squared distances of the rows to their centres, for the start and after each move; it never rises.
    """

    centers: Array
    labels: Array
    inertias: tuple[float, ...]


class KMeans(_base.ClusterMixin, ScratchEstimator):  # type: ignore[misc,name-defined] # scikit-learn ships no types
    """Clusters around means: k-means++ for the start, Lloyd's algorithm from there, the best of some runs.

    Parameters
    ----------
    n_clusters : int
        How many clusters; at most one a row.
    n_init : int
        Runs, each from a start of its own.
    max_iter : int
        Most moves of the centres in a run.
    random_state : int, RandomState or None
        Settles the starts.

    Attributes
    ----------
    cluster_centers_ : ndarray, shape (clusters, features)
    labels_ : ndarray of int, shape (rows,)
    inertia_ : float
        Sum of squared distances of the rows to their centres.
    inertias_ : tuple of float
        The same for the start and after each move of the best run: the learning curve.
    n_iter_ : int
        Moves in the best run.

    Examples
    --------
    >>> model = KMeans(2, random_state=0).fit([[0.0], [1.0], [10.0], [12.0]])
    >>> sorted(model.cluster_centers_.ravel().tolist()), model.inertia_
    ([0.5, 11.0], 2.5)
    """

    cluster_centers_: Array
    labels_: Array
    inertia_: float
    inertias_: tuple[float, ...]
    n_iter_: int

    def __init__(self, n_clusters: int = 8, *, n_init: int = 10, max_iter: int = 300, random_state: Any = None) -> None:
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "KMeans":
        """Find the clusters; `y` is ignored.

        Raises
        ------
        BadValue
            If a parameter breaks its rule, or there are fewer rows than clusters.
        """
        clusters = check_whole("n_clusters", self.n_clusters, least=1)
        runs, moves = check_whole("n_init", self.n_init, least=1), check_whole("max_iter", self.max_iter, least=1)
        rows = self._rows_to_learn(X)
        if len(rows) < clusters:
            raise BadValue(f"n_clusters must be at most the number of rows, {len(rows)}; got {clusters}.")
        random = _utils.check_random_state(self.random_state)
        found = (lloyd(rows, spread_start(rows, clusters, random=random), max_iter=moves) for _ in range(runs))
        best = min(found, key=lambda clustering: clustering.inertias[-1])
        self.cluster_centers_, self.labels_, self.inertias_ = best.centers, best.labels, best.inertias
        self.inertia_, self.n_iter_ = best.inertias[-1], len(best.inertias) - 1
        return self

    def predict(self, X: Any) -> Array:
        """Give the number of the nearest centre, one a row."""
        nearest: Array = _squared_distances(self._rows_to_predict(X), self.cluster_centers_).argmin(axis=1)
        return nearest


def spread_start(rows: Array, n_clusters: int, *, random: Any) -> Array:
    """Choose rows as first centres, far ones more likely: k-means++.

    The first row is drawn evenly. For each further one, 2 + ln(clusters) candidates are drawn with probabilities in
    proportion to their squared distance from the nearest so far, and the one is kept that brings all rows nearest.
    Source: D. Arthur and S. Vassilvitskii (2007), "k-means++: the advantages of careful seeding", SODA.

    Examples
    --------
    A row that is chosen already has distance 0 and cannot be drawn again:

    >>> rows = np.array([[0.0], [0.0], [5.0]])
    >>> sorted(spread_start(rows, 2, random=np.random.RandomState(0)).ravel().tolist())
    [0.0, 5.0]
    """
    chosen = [int(random.randint(len(rows)))]
    nearest = _squared_distances(rows, rows[chosen])[:, 0]
    while len(chosen) < n_clusters:
        total = nearest.sum()
        drawn = random.choice(len(rows), size=2 + int(np.log(n_clusters)), p=nearest / total if total > 0 else None)
        would_be = np.minimum(nearest[:, None], _squared_distances(rows, rows[drawn]))
        best = int(would_be.sum(axis=0).argmin())
        chosen.append(int(drawn[best]))
        nearest = would_be[:, best]
    return rows[chosen].copy()


def lloyd(rows: Array, centers: Array, *, max_iter: int = 300) -> Clustering:
    """Assign and move in turns until no row changes its centre.

    Neither turn can raise the inertia: a row only leaves for a nearer centre, and the mean is the point with the
    smallest sum of squared distances. A centre that has lost all its rows is put on the row farthest from its own.

    Source: S. P. Lloyd (1982), "Least squares quantization in PCM", IEEE Transactions on Information Theory 28.

    Examples
    --------
    >>> found = lloyd(np.array([[0.0], [1.0], [10.0], [12.0]]), np.array([[0.0], [1.0]]))
    >>> [round(inertia, 2) for inertia in found.inertias], found.labels.tolist()
    ([202.0, 25.22, 2.5], [0, 0, 1, 1])
    """
    labels, inertia = _assign(rows, centers)
    inertias = [inertia]
    for _ in range(max_iter):
        centers = _means(rows, labels, centers)
        before = labels
        labels, inertia = _assign(rows, centers)
        inertias.append(inertia)
        if np.array_equal(labels, before):
            break
    return Clustering(centers, labels, tuple(inertias))


def _assign(rows: Array, centers: Array) -> tuple[Array, float]:
    labels = _squared_distances(rows, centers).argmin(axis=1)
    return labels, float(((rows - centers[labels]) ** 2).sum())


def _means(rows: Array, labels: Array, centers: Array) -> Array:
    counts = np.bincount(labels, minlength=len(centers))
    means = np.zeros_like(centers)
    np.add.at(means, labels, rows)
    means /= np.maximum(counts, 1)[:, None]
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        means[empty] = rows[np.argsort(((rows - centers[labels]) ** 2).sum(axis=1))[::-1][: len(empty)]]
    return means


def _squared_distances(rows: Array, centers: Array) -> Array:
    """Shape (rows, centers). By differences: squares and products would cancel for rows far from 0."""
    return np.column_stack([((rows - center) ** 2).sum(axis=1) for center in centers])
