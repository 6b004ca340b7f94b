"""Fit a copy of an estimator on one part of a dataset and measure it on the other."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from fnlab.datasets import Dataset, TextEncoding
from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.learn.curves import Curve
from fnlab.learn.estimators import Estimator, check_estimator, classes_of, need, output_of
from fnlab.learn.metrics import Metrics, classifier_metrics, regressor_metrics

#: scikit-learn takes seeds of 32 bits.
_SEEDS = 2**32


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """A fitted model, how good it is, and which data it saw.

    Attributes
    ----------
    estimator : object
        The fitted copy; the object given to :func:`train` is untouched. A network is itself, ready to predict: it
        takes rows of float32 (int64 with an encoding) and gives one logit a class, or one number.
    dataset_name, dataset_sha256 : str
        The data, by name and by hash.
    n_features : int
        Numbers in a row that :meth:`predict` takes.
    classes : tuple or None
        What a classifier may answer; ``None`` for a regressor.
    metrics : ClassifierMetrics or RegressorMetrics
        Measured on the held-out rows.
    fit_s : float
        Seconds that the fit took, by the wall clock.
    feature_names : tuple of str
        A name for each number in a row; may be empty.
    image_shape : tuple of (int, int) or None
        Height and width when a row is an image.
    encoding : TextEncoding or None
        How a row is made from a text, when a row is a text.
    curve : Curve or None
        Loss and score by epoch; ``None`` for an estimator that does not learn by epochs.
    by_position : bool
        True when the estimator answers with positions in `classes` (or with one score a position) rather than with
        the classes themselves, as networks and xgboost do. :meth:`predict` gives the classes either way.
    """

    estimator: Any
    dataset_name: str
    dataset_sha256: str
    n_features: int
    classes: tuple[Any, ...] | None
    metrics: Metrics
    fit_s: float
    feature_names: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    encoding: TextEncoding | None = None
    curve: Curve | None = None
    by_position: bool = False

    def predict(self, X: Any) -> Any:
        """Give one prediction a row, exactly as the estimator does."""
        return self.estimator.predict(X)

    def __repr__(self) -> str:
        return f"Trained({type(self.estimator).__name__} on {self.dataset_name!r}: {self.metrics!r})"

    def _repr_html_(self) -> str:
        rows = {
            "estimator": str(self.estimator),
            "dataset": f"{self.dataset_name}, {self.n_features} features",
            "held-out rows": repr(self.metrics),
            "fit": f"{self.fit_s:.3g} s",
        }
        return facts("Trained", rows)


def train(estimator: object, dataset: Dataset, *, seed: int = 0) -> Trained:
    """Fit a copy of the estimator on the training rows and measure it on the held-out rows.

    Parameters
    ----------
    estimator : scikit-learn classifier or regressor
        Any object with fit, predict and get_params, a Pipeline or a search included. It is not changed.
    dataset : Dataset
        See :func:`fnlab.datasets.load`.
    seed : int
        Given to every ``random_state`` of the estimator, and of those inside it, that is ``None``. One that you
        have set stays.

    Raises
    ------
    BadValue
        If `estimator` is not an estimator, `dataset` not a Dataset, or `seed` not a 32-bit whole number.
    MissingExtra
        If scikit-learn is not installed.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from fnlab.datasets import load
    >>> train(SVC(gamma=0.001), load("digits")).metrics.accuracy > 0.97
    True
    """
    if not isinstance(dataset, Dataset):
        raise BadValue(f"dataset must be a Dataset, as fnlab.datasets.load gives it; got {type(dataset).__name__}.")
    output = output_of(check_estimator(estimator))
    fitted = _seeded_copy(estimator, seed)
    began = perf_counter()
    fitted.fit(dataset.X_train, dataset.y_train)
    fit_s = perf_counter() - began
    measure = classifier_metrics if output == "class" else regressor_metrics
    return Trained(
        estimator=fitted,
        dataset_name=dataset.name,
        dataset_sha256=dataset.sha256,
        n_features=dataset.n_features,
        classes=classes_of(fitted) if output == "class" else None,
        metrics=measure(dataset.y_test, fitted.predict(dataset.X_test)),
        fit_s=fit_s,
        feature_names=dataset.feature_names,
        image_shape=dataset.image_shape,
        encoding=dataset.encoding,
    )


def _seeded_copy(estimator: object, seed: int) -> Estimator:
    """Copy the settings, not what was learned, and fill in each random_state that is None."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < _SEEDS:
        raise BadValue(f"seed must be a whole number from 0 to {_SEEDS - 1}; got {seed!r}.")
    copy = need("sklearn.base", extra="learn").clone(estimator)
    unset = [
        name
        for name, value in copy.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    return check_estimator(copy.set_params(**dict.fromkeys(unset, seed)))
