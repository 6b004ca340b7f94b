"""What a start imports and nothing needs."""

import json

import pytest
from sklearn.linear_model import LogisticRegression

import fnlab as fl
from fnlab.errors import BadValue
from fnlab.functions import Function, Package
from fnlab.measure.footprint import packages
from fnlab.serve import model_function
from fnlab.serve.pruning import pruned, required_by, unused


def test_requirements_are_followed_and_extras_are_not():
    """scikit-learn needs numpy; skops needs scikit-learn; neither needs pandas, which only an extra asks for."""
    needed = required_by(["skops"])
    assert {"skops", "scikit-learn", "numpy", "scipy", "joblib"} <= needed
    assert not {"pandas", "pyarrow", "pytest", "torch"} & needed


def test_what_belongs_to_no_distribution_is_not_pruned():
    """The standard library and fnlab itself stay, as does what is needed."""
    imported = ["json", "numpy", "sklearn", "fnlab", "pandas", "_pytest", "not_installed"]
    assert unused(imported, needed_by=["scikit-learn"]) == ("_pytest", "pandas")


def test_a_pruned_model_answers_the_same_and_imports_less():
    """Deployed for real: pandas is gone from the phases, the predictions are the same."""
    digits = fl.datasets.load("digits")
    model = LogisticRegression(max_iter=2000).fit(digits.X_train, digits.y_train)
    with fl.Emulator() as emulator:
        whole = fl.deploy(model, name="whole", emulator=emulator)
        said = whole(digits.X_test)
        imported = packages(whole.last.phases)
        assert "pandas" in imported
        less = fl.deploy(pruned(whole.function, imported), name="less", emulator=emulator)
        assert less(digits.X_test) == said
        assert "pandas" not in packages(less.last.phases)
        assert "pandas" in json.loads(less.function.package.files["manifest.json"])["without"]


def test_what_serves_no_model_is_not_pruned():
    """Its imports are its own business."""
    plain = Function(name="plain", handler="main:handler", package=Package({"main.py": b"def handler(e, c): ..."}))
    with pytest.raises(BadValue, match=r"'plain' has no manifest\.json\."):
        pruned(plain, ["pandas"])


def test_a_start_with_nothing_superfluous_says_so():
    """Then there is nothing to gain."""
    function = model_function(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    with pytest.raises(BadValue, match=r"must import something that nothing needs; it does not\."):
        pruned(function, ["numpy", "sklearn", "json"])
