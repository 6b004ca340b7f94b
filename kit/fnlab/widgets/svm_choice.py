"""The choices of a support vector machine: what they may be, how they fit on a line, and the machine they make."""

import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fnlab.errors import BadValue
from fnlab.figures.plane import Model
from fnlab.learn.estimators import need
from fnlab.units import require

KERNELS = ("linear", "poly", "rbf")
DEGREES = (1, 2, 3, 4, 5, 6)
#: Steps of the solver, so that a picture is never late: some settings would take minutes.
MOST_STEPS = 10_000


@dataclass(frozen=True, kw_only=True)
class SvmChoice:
    """The choices of a support vector machine that fit on a line of text.

    Parameters
    ----------
    C : float
        What a unit of slack costs.
    kernel : str
        ``"linear"``; ``"poly"``, which is (gamma a·b + 1)^degree; or ``"rbf"``, which is exp(-gamma ‖a - b‖²).
    gamma : float
    degree : int
        From 1 to 6.

    Raises
    ------
    BadValue
        If a choice breaks its rule.

    Examples
    --------
    >>> SvmChoice(C=10).text
    'C=10 kernel=linear gamma=0.5 degree=2'
    """

    C: float = 1
    kernel: str = "linear"
    gamma: float = 0.5
    degree: int = 2

    def __post_init__(self) -> None:
        require("C", self.C, above=0)
        require("gamma", self.gamma, above=0)
        if self.kernel not in KERNELS:
            raise BadValue(f"kernel must be one of {', '.join(KERNELS)}; got {self.kernel!r}.")
        if self.degree not in DEGREES:
            raise BadValue(f"degree must be a whole number from 1 to 6; got {self.degree!r}.")

    @property
    def text(self) -> str:
        """The choices as ``name=value`` words."""
        return " ".join(f"{name}={value}" for name, value in asdict(self).items())

    @classmethod
    def of(cls, words: Iterable[str]) -> Self:
        """Read ``name=value`` words.

        Raises
        ------
        BadValue
            If a word is of another form or names an unknown choice.
        """
        kinds = {field.name: type(field.default) for field in fields(cls)}
        choices: dict[str, Any] = {}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals or name not in kinds:
                raise BadValue(f"a word is label:x,y or name=value with {', '.join(kinds)}; got {word!r}.")
            choices[name] = value if name == "kernel" else _number(name, value)
        return cls(**choices)

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> tuple[Model | None, bool]:
        """Fit scikit-learn's SVC; None if there are not two classes yet. Also say whether the solver was done."""
        if len(np.unique(y)) < 2:
            return None, True
        svm = need("sklearn.svm", extra="learn")
        finished = need("sklearn.exceptions", extra="learn").ConvergenceWarning
        model = svm.SVC(**asdict(self), coef0=1, max_iter=MOST_STEPS, decision_function_shape="ovo")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", finished)
            model.fit(X, y)
        return (model if len(model.classes_) == 2 else _Pairs(model)), not said


class _Pairs:
    """An SVC of more than two classes, asked for the decisions of its pairs."""

    def __init__(self, model: Any) -> None:
        self.classes_, self.support_ = model.classes_, model.support_
        self.decision_function = self.pair_decisions = model.decision_function


def _number(name: str, text: str) -> int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise BadValue(f"{name} must be a number; got {text!r}.")
