import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold, learning_curve
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from fnlab.datasets import Dataset, load
from fnlab.errors import BadValue
from fnlab.learn import Curve
from fnlab.learn.curves import by_size


@pytest.fixture(scope="module")
def iris():
    """Iris, whose classes are names."""
    return load("iris")


def test_by_size_is_scikit_learns(iris):
    """The curve by size holds the means and deviations of scikit-learn's own, over the same folds."""
    curve = by_size(KNeighborsClassifier(3), iris, shares=(0.2, 1.0), folds=4, seed=2)
    rows, train, validation = learning_curve(
        KNeighborsClassifier(3),
        iris.X_train,
        iris.y_train,
        train_sizes=[0.2, 1.0],
        cv=StratifiedKFold(4, shuffle=True, random_state=2),
        shuffle=True,
        random_state=2,
    )
    assert curve.at.tolist() == rows.tolist()
    assert np.array_equal(curve.train_score, train.mean(axis=1))
    assert np.array_equal(curve.validation_spread, validation.std(axis=1))
    assert (curve.at_name, curve.score_name, curve.best, curve.train_loss) == ("training rows", "accuracy", None, None)


def test_more_rows_help(iris):
    """With more rows the validation score is higher, and the same seed gives the same curve."""
    one, two = (by_size(DecisionTreeClassifier(), iris, shares=(0.05, 1.0), seed=1) for _ in range(2))
    assert one.validation_score[0] < one.validation_score[-1]
    assert np.array_equal(one.validation_score, two.validation_score)


def test_what_learns_places_gets_places(iris):
    """xgboost, which cannot learn names, has a curve all the same."""
    curve = by_size(XGBClassifier(n_estimators=3, n_jobs=1), iris, shares=(0.5, 1.0), folds=2)
    assert np.isfinite(curve.validation_score).all()


def test_a_regressor_has_r2():
    """Numbers are scored by r2."""
    X = np.random.default_rng(0).normal(size=(60, 2))
    data = Dataset(name="plane", X_train=X, X_test=X, y_train=X.sum(axis=1), y_test=X.sum(axis=1))
    curve = by_size(Ridge(alpha=1e-6), data, shares=(0.5, 1.0), folds=3)
    assert curve.score_name == "r2"
    assert curve.validation_score == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"shares": ()}, "shares must be ascending numbers above 0 and at most 1; got ()."),
        ({"shares": (0.5, 0.2)}, "shares must be ascending numbers above 0 and at most 1; got (0.5, 0.2)."),
        ({"shares": (0.5, 1.5)}, "shares must be ascending numbers above 0 and at most 1; got (0.5, 1.5)."),
        ({"folds": 1}, "folds must be a whole number from 2 to the 114 rows; got 1."),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295; got -1."),
    ],
)
def test_rules(iris, setting, sentence):
    """A setting that breaks its rule is refused in one sentence."""
    with pytest.raises(BadValue) as caught:
        by_size(LogisticRegression(), iris, **setting)
    assert str(caught.value) == sentence


def test_a_curves_arrays_have_one_length():
    """Every array has a value a point; the line that a curve prints names the point that was kept."""
    curve = Curve(
        at=np.array([1, 2]),
        at_name="epoch",
        train_score=np.array([0.5, 1.0]),
        validation_score=np.array([0.75, 0.5]),
        score_name="accuracy",
        best=0,
    )
    assert repr(curve) == "Curve(2 points by epoch; validation accuracy 0.750 at 1)"
    with pytest.raises(BadValue, match="train_loss must have 2 values, as at has; got 3"):
        Curve(
            at=curve.at,
            at_name="epoch",
            train_score=curve.train_score,
            validation_score=curve.validation_score,
            score_name="accuracy",
            train_loss=np.zeros(3),
        )
