"""What counts as an estimator, and what it predicts."""

from importlib import import_module
from types import ModuleType
from typing import Any, Literal, Protocol, runtime_checkable

from fnlab.errors import BadValue, MissingExtra

#: What a model predicts: one of several classes, or a number.
Output = Literal["class", "number"]

#: scikit-learn takes seeds of 32 bits.
_SEEDS = 2**32


@runtime_checkable
class Estimator(Protocol):
    """The three methods of a scikit-learn estimator that fnlab relies on."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from rows and their targets."""

    def predict(self, X: Any) -> Any:
        """Give one prediction a row."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the settings by name."""


def need(module: str, *, extra: str) -> ModuleType:
    """Import a module of an optional package.

    Raises
    ------
    MissingExtra
        Names the extra to install when the package is absent.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise MissingExtra(f'this needs {package}, which is not installed; run pip install "fnlab[{extra}]".') from None


def check_estimator(value: object) -> Estimator:
    """Give the value back when it is a scikit-learn estimator.

    Raises
    ------
    BadValue
        If it is a class rather than an object, or lacks fit, predict or get_params.
    """
    if isinstance(value, type):
        raise BadValue(f"an estimator must be an object; got the class {value.__name__}, so write {value.__name__}().")
    if not isinstance(value, Estimator):
        raise BadValue(
            "an estimator must have the methods fit, predict and get_params of scikit-learn; "
            f"got {type(value).__name__}."
        )
    return value


def output_of(estimator: Estimator) -> Output:
    """Say whether the estimator predicts a class or a number.

    Raises
    ------
    BadValue
        If scikit-learn knows it as neither a classifier nor a regressor.
    """
    base = need("sklearn.base", extra="learn")
    try:
        if base.is_classifier(estimator):
            return "class"
        if base.is_regressor(estimator):
            return "number"
    except AttributeError:  # scikit-learn finds no tags: the class does not derive from BaseEstimator
        raise BadValue(
            f"an estimator must derive from sklearn.base.BaseEstimator; {type(estimator).__name__} does not."
        ) from None
    raise BadValue(f"an estimator must be a classifier or a regressor; {type(estimator).__name__} is neither.")


def classes_of(estimator: Estimator) -> tuple[Any, ...] | None:
    """Give a fitted classifier's classes as plain Python values; ``None`` for a regressor.

    Raises
    ------
    BadValue
        If it answers with more than one class a row.
    """
    classes = getattr(estimator, "classes_", None)
    if isinstance(classes, list):
        raise BadValue(f"a classifier must give one class a row; {type(estimator).__name__} gives {len(classes)}.")
    return None if classes is None else tuple(classes.tolist())


def check_seed(seed: int) -> int:
    """Give the seed back when it is one.

    Raises
    ------
    BadValue
        If it is no whole number of 32 bits.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < _SEEDS:
        raise BadValue(f"seed must be a whole number from 0 to {_SEEDS - 1}; got {seed!r}.")
    return seed


def seeded_copy(estimator: object, seed: int) -> Estimator:
    """Copy the settings, not what was learned, and fill in each random_state that is None."""
    copy = need("sklearn.base", extra="learn").clone(estimator)
    unset = [
        name
        for name, value in copy.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    return check_estimator(copy.set_params(**dict.fromkeys(unset, seed)))
