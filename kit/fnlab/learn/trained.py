"""A fitted model with what is known of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fnlab.datasets import TextEncoding
from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.learn.curves import Curve
from fnlab.learn.labels import Labels
from fnlab.learn.metrics import Metrics
from fnlab.learn.networks import framework_of, outputs

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """A fitted model, how good it is, and which data it saw.

    Attributes
    ----------
    estimator : object
        The fitted copy; the object given to :func:`train` is untouched. A network is itself, ready to predict: it
        takes rows of float32 (int64 with an encoding) and gives one logit a class, or one number.
    dataset_name, dataset_sha256, dataset_licence : str
        The data, by name, by hash, and how its card states the licence.
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
    dataset_licence: str = ""
    feature_names: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    encoding: TextEncoding | None = None
    curve: Curve | None = None
    by_position: bool = False

    def predict(self, X: Any) -> Any:
        """Give one class or number a row.

        Parameters
        ----------
        X : array, shape (rows, features)
            Or a list of texts, when the model learned from texts.
        """
        found = answers(self.estimator, self._rows(X), by_class=self.classes is not None)
        return Labels(np.array(self.classes)).at(found) if self.by_position else found

    def scores(self, X: Any) -> Array:
        """Give the model's probability of each of `classes`, shape (rows, classes).

        Whether a probability is to be believed is another question: few models are calibrated.

        Raises
        ------
        BadValue
            If the model gives none: a regressor, or a classifier without ``predict_proba``.
        """
        if self.classes is not None and framework_of(self.estimator):
            logits = outputs(self.estimator, self._rows(X)).astype(np.float64)
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        if self.classes is None or not hasattr(self.estimator, "predict_proba"):
            raise BadValue(f"scores need a model with probabilities; {type(self.estimator).__name__} has none.")
        return np.asarray(self.estimator.predict_proba(self._rows(X)))

    def _rows(self, X: Any) -> Any:
        if self.encoding is not None and isinstance(X, list) and all(isinstance(text, str) for text in X):
            X = self.encoding.encode(X)
        return network_rows(X, encoding=self.encoding) if framework_of(self.estimator) else X

    def __repr__(self) -> str:
        return f"Trained({type(self.estimator).__name__} on {self.dataset_name!r}: {self.metrics!r})"

    def _repr_html_(self) -> str:
        rows = {
            "estimator": str(self.estimator),
            "dataset": f"{self.dataset_name}, {self.n_features} features",
            "held-out rows": repr(self.metrics),
            "fit": f"{self.fit_s:.3g} s",
        }
        return facts("Trained", rows if self.curve is None else rows | {"curve": repr(self.curve)})


def network_rows(X: Any, *, encoding: TextEncoding | None) -> Array:
    """Give rows in the type that networks take: int64 where they are texts, float32 otherwise."""
    return np.asarray(X, dtype=np.float32 if encoding is None else np.int64)


def answers(model: Any, X: Any, *, by_class: bool) -> Array:
    """Give what an estimator predicts; of a network, the place of the largest logit, or the number."""
    if not framework_of(model):
        found: Array = model.predict(X)
        return found
    values = outputs(model, X)
    return values.argmax(axis=1) if by_class else values.reshape(-1)
