"""Fit a copy of a model on one part of a dataset and measure it on the other."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from fnlab.datasets import Dataset
from fnlab.errors import BadValue
from fnlab.learn.curves import Curve
from fnlab.learn.epochs import Epochs, fit
from fnlab.learn.estimators import Output, check_estimator, check_seed, classes_of, output_of, seeded_copy
from fnlab.learn.labels import Labels, learns_positions
from fnlab.learn.metrics import classifier_metrics, regressor_metrics
from fnlab.learn.networks import Learner, framework_of, learner
from fnlab.learn.networks import threads as computing_threads
from fnlab.learn.trained import Array, Trained, answers, network_rows

__all__ = ["Trained", "train"]


def train(
    model: object,
    dataset: Dataset,
    *,
    seed: int = 0,
    epochs: int | None = None,
    batch_size: int | None = None,
    patience: int | None = None,
    learning_rate: float | None = None,
    validation_share: float | None = None,
    device: str | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Trained:
    """Fit a copy of a model on the training rows and measure it on the held-out rows.

    Parameters
    ----------
    model : estimator or network
        An object with scikit-learn's fit, predict and get_params (a pipeline, a search, xgboost and lightgbm included),
        or a torch Module, a keras Model, a paddle Layer. It is not changed. What an estimator has learned before is
        forgotten; a network goes on from the weights it has. A network takes rows of float32, shape (rows, features),
        or int64 where rows are texts; it gives one logit a class, shape (rows, classes), or, where the targets are
        floating-point numbers, one number a row.
    dataset : Dataset
        See :func:`fnlab.datasets.load`.
    seed : int
        Given to every ``random_state`` of an estimator, and of those inside it, that is ``None``; one that you have set
        stays. For a network it settles the validation part, the order of the rows and dropout; the weights it begins
        with are its own. On a CPU the same network and seed give the same result.
    epochs, batch_size, patience, learning_rate, validation_share, device, threads, progress
        For networks, see :class:`fnlab.learn.epochs.Epochs`; by default its own.

    Raises
    ------
    BadValue
        If `model` is no model, `dataset` no Dataset, `seed` no 32-bit whole number, a setting breaks its rule or is
        for networks, or a network's outputs do not have the shape that the targets need.
    MissingExtra
        If scikit-learn is not installed, for an estimator.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from fnlab.datasets import load
    >>> train(SVC(gamma=0.001), load("digits")).metrics.accuracy > 0.97
    True
    """
    if not isinstance(dataset, Dataset):
        raise BadValue(f"dataset must be a Dataset, as fnlab.datasets.load gives it; got {type(dataset).__name__}.")
    given: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "patience": patience,
        "learning_rate": learning_rate,
        "validation_share": validation_share,
        "device": device,
        "threads": threads,
        "progress": progress,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    if framework_of(model) is not None:
        return _train_network(model, dataset, seed=check_seed(seed), how=Epochs(**settings))
    return _train_estimator(model, dataset, seed=check_seed(seed), settings=settings)


def _train_estimator(model: object, dataset: Dataset, *, seed: int, settings: Mapping[str, Any]) -> Trained:
    output = output_of(check_estimator(model))
    if settings:
        raise BadValue(
            f"{type(model).__name__} does not learn by epochs here, so {', '.join(settings)} must be left out."
        )
    fitted = seeded_copy(model, seed)
    labels = Labels.of(dataset.y_train) if output == "class" and learns_positions(model) else None
    began = perf_counter()
    fitted.fit(dataset.X_train, labels.positions(dataset.y_train) if labels else dataset.y_train)
    fit_s = perf_counter() - began
    return _measured(fitted, dataset, output=output, labels=labels, fit_s=fit_s)


def _train_network(model: object, dataset: Dataset, *, seed: int, how: Epochs) -> Trained:
    output: Output = "number" if dataset.y_train.dtype.kind == "f" else "class"
    labels = Labels.of(dataset.y_train) if output == "class" else None
    X = network_rows(dataset.X_train, encoding=dataset.encoding)
    y = labels.positions(dataset.y_train) if labels else dataset.y_train.astype(np.float32)
    with computing_threads(model, how.threads):
        began = perf_counter()
        copy = learner(
            model, output=output, learning_rate=how.learning_rate, seed=seed, device=how.device, example=X[:2]
        )
        _check_outputs(copy, X[:2], labels=labels)
        curve = fit(copy, X, y, output=output, how=how, seed=seed)
        fit_s = perf_counter() - began
        return _measured(copy.finish(), dataset, output=output, labels=labels, fit_s=fit_s, curve=curve)


def _check_outputs(network: Learner, X: Array, *, labels: Labels | None) -> None:
    """Refuse a network of the wrong width before it has learned for minutes."""
    try:
        shape = network.outputs(X).shape
    except BadValue:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        found = " ".join(str(error).split())
        raise BadValue(f"a network must take rows of {X.shape[1]} {X.dtype} numbers; it does not: {found}") from error
    if labels is not None and shape != (len(X), len(labels.classes)):
        raise BadValue(
            f"a network must give {len(labels.classes)} logits a row, one a class; got shape {shape} for {len(X)} rows."
        )
    if labels is None and shape not in ((len(X),), (len(X), 1)):
        raise BadValue(
            f"a network must give one number a row, because the targets are numbers; got shape {shape} for "
            f"{len(X)} rows."
        )


def _measured(
    fitted: Any,
    dataset: Dataset,
    *,
    output: Output,
    labels: Labels | None,
    fit_s: float,
    curve: Curve | None = None,
) -> Trained:
    """Predict the held-out rows, and put all that is known together."""
    X = network_rows(dataset.X_test, encoding=dataset.encoding) if framework_of(fitted) else dataset.X_test
    predicted = answers(fitted, X, by_class=output == "class")
    predicted = labels.at(predicted) if labels else predicted
    classes = tuple(labels.classes.tolist()) if labels else classes_of(fitted) if output == "class" else None
    return Trained(
        estimator=fitted,
        dataset_name=dataset.name,
        dataset_sha256=dataset.sha256,
        dataset_licence=dataset.licence,
        n_features=dataset.n_features,
        classes=classes,
        metrics=(classifier_metrics if output == "class" else regressor_metrics)(dataset.y_test, predicted),
        fit_s=fit_s,
        feature_names=dataset.feature_names,
        image_shape=dataset.image_shape,
        encoding=dataset.encoding,
        curve=curve,
        by_position=labels is not None,
    )
