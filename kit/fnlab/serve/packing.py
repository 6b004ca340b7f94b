"""From a fitted model to a function."""

import platform
import re
from collections.abc import Mapping
from hashlib import sha256
from math import isfinite

from fnlab.errors import BadValue, NotFitted
from fnlab.functions import Function, Package, Scaling
from fnlab.learn import ClassifierMetrics, Trained
from fnlab.learn.estimators import Estimator, check_estimator, classes_of, need, output_of
from fnlab.serve import artefact
from fnlab.serve.manifest import Manifest

#: The handler of every model's function.
HANDLER = "fnlab.serve.runtime:handler"


def model_function(
    model: object,
    *,
    name: str | None = None,
    memory_mib: int = 512,
    timeout_s: float = 3.0,
    env: Mapping[str, str] | None = None,
    scaling: Scaling | None = None,
    limits: str = "aws-lambda",
) -> Function:
    """Make the function that serves a fitted model.

    Its event is a list of rows, one list of numbers each; it answers with one prediction a row.

    Parameters
    ----------
    model : scikit-learn classifier or regressor, or Trained
        Must be fitted.
    name : str, optional
        The function's name; by default the estimator's class in lower case with hyphens, as in
        ``k-neighbors-classifier``.
    memory_mib, timeout_s, env, scaling, limits
        As in :class:`fnlab.functions.Function`.

    Raises
    ------
    NotFitted
        If the estimator has not learned anything yet.
    UntrustedType
        If the model holds a type that an instance would refuse to load, such as a function of your own.
    BadValue
        If it is not a classifier or regressor, or an option breaks its rule.
    MissingExtra
        If scikit-learn or skops is not installed.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> model_function(Ridge().fit([[0.0], [1.0]], [0.0, 2.0]))
    Function('ridge', 'fnlab.serve.runtime:handler', 512 MiB, 3 s)
    """
    trained = model if isinstance(model, Trained) else None
    estimator = check_estimator(trained.estimator if trained else model)
    _check_fitted(estimator)
    data = artefact.dump(estimator)
    artefact.check_types(data, trusted=artefact.TRUSTED_IN_INSTANCE)
    manifest = _describe(estimator, trained=trained, artefact_sha256=sha256(data).hexdigest())
    return Function(
        name=_hyphened(type(estimator).__name__) if name is None else name,
        handler=HANDLER,
        package=Package({"model.skops": data, "manifest.json": manifest.to_json()}),
        memory_mib=memory_mib,
        timeout_s=timeout_s,
        env={} if env is None else env,
        scaling=Scaling() if scaling is None else scaling,
        limits=limits,
    )


def _check_fitted(estimator: Estimator) -> None:
    output_of(estimator)
    unfitted = need("sklearn.exceptions", extra="learn").NotFittedError
    try:
        need("sklearn.utils.validation", extra="learn").check_is_fitted(estimator)
    except unfitted:
        raise NotFitted(
            f"a model must be fitted before it is deployed; this {type(estimator).__name__} is not."
        ) from None


def _describe(estimator: Estimator, *, trained: Trained | None, artefact_sha256: str) -> Manifest:
    output = output_of(estimator)
    return Manifest(
        framework="scikit-learn",
        framework_version=need("sklearn", extra="learn").__version__,
        python_version=platform.python_version(),
        n_features=trained.n_features if trained else _n_features(estimator),
        dtype="float64",
        output=output,
        classes=classes_of(estimator) if output == "class" else None,
        dataset_name=trained.dataset_name if trained else "",
        dataset_sha256=trained.dataset_sha256 if trained else "",
        metrics=_headline(trained) if trained else {},
        artefact_sha256=artefact_sha256,
    )


def _n_features(estimator: Estimator) -> int:
    found = getattr(estimator, "n_features_in_", None)
    if found is None:
        raise BadValue(
            f"a model must know how long its rows are (n_features_in_); {type(estimator).__name__} does not."
        )
    return int(found)


def _headline(trained: Trained) -> dict[str, float]:
    """The one number that a manifest carries; none when it is not a number."""
    metrics = trained.metrics
    headline = {"accuracy": metrics.accuracy} if isinstance(metrics, ClassifierMetrics) else {"r2": metrics.r2}
    return {name: value for name, value in headline.items() if isfinite(value)}


def _hyphened(class_name: str) -> str:
    """Write a class name as a function name: ``KNeighborsClassifier`` is ``k-neighbors-classifier``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", class_name).lower()
