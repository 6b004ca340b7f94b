"""The checks of chapter 4, frameworks, say what is wrong; its helpers leave out what is not there."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

import fnlab as fl
from fnlab.measure import Footprints, footprint
from fnlab.trace import Phase

MIB = 2**20


@pytest.fixture
def modules(beside):
    """The checks and the helpers."""
    return beside("checks_04_frameworks"), beside("seven_frameworks")


@pytest.fixture
def checks(modules):
    """The checks alone."""
    return modules[0]


@pytest.fixture
def seven(modules):
    """The helpers alone."""
    return modules[1]


def weighed(name="light", *, cold_s=0.2, warm_s=0.002, peak_mib=60.0, installed_mib=100):
    """A framework with these measurements."""
    return footprint(
        name,
        starts=[[Phase("imports", cold_s)]],
        calls_s=[warm_s],
        package_bytes=1024,
        installed_bytes=installed_mib * MIB,
        peak_mib=peak_mib,
    )


@pytest.mark.parametrize(
    ("answer_s", "begins"),
    [
        (0.202, "Right: 0.202 s, of which the cold starts make 99%"),
        (0.2, "Right"),
        (4.0, "Not yet: that is what the unlucky one waits"),
        (0.002, "Not yet: that is what most wait, the median"),
        (2.001, "Not yet: that would be right if every second"),
        (20.0, "Not yet: five per cent are 0.05"),
        (1.0, "Not yet: add up the waits of twenty requests"),
    ],
)
def test_the_mean_of_a_twentieth_cold(checks, answer_s, begins):
    """Each usual mistake gets its own sentence."""
    assert checks.check_1(answer_s, weighed(cold_s=4.0)).startswith(begins)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"light"}, "Right: light; the others break a rule each."),
        (set(), "Not yet: light keeps all three rules, and you left it out."),
        ({"light", "late"}, "Not yet: late starts in 2.00 s, and 1 s is the most."),
        ({"light", "fat"}, "Not yet: fat uses 200 MiB, and 128 MiB are the most."),
        ({"light", "wide"}, "Not yet: wide takes 300 MiB unpacked, and 250 MiB are the most."),
        ({"lite"}, "Not yet: 'lite' was not weighed; the names are fat, late, light, wide."),
    ],
)
def test_three_rules(checks, names, says):
    """Who breaks a rule is named with the rule and the measurement; so is who was left out."""
    each = (
        weighed(),
        weighed("late", cold_s=2.0),
        weighed("fat", peak_mib=200),
        weighed("wide", installed_mib=300),
    )
    assert checks.check_2(names, Footprints(each)) == says


BARE = """
from pathlib import Path
import numpy as np
{extra}
weights = np.load(Path(__file__).with_name("weights.npz"))
W1, b1, W2, b2 = (weights[name] for name in ("W1", "b1", "W2", "b2"))

def handler(event, context):
    hidden = np.maximum(np.asarray(event) @ W1 + b1, 0)
    return {answer}
"""


def test_a_function_without_a_framework(checks, tmp_path):
    """The chapter's solution passes; other answers, too few of them, or an import of a framework do not."""
    digits = fl.datasets.load("digits", seed=4)
    network = MLPClassifier((8,), max_iter=20, tol=1e9, random_state=0).fit(digits.X_train, digits.y_train)
    expected = network.predict(digits.X_test)
    (W1, W2), (b1, b2) = network.coefs_, network.intercepts_
    right = "(hidden @ W2 + b2).argmax(axis=1).tolist()"
    ways = {
        "right": (right, "", f"Right: {len(expected)} equal answers, no framework, and a cold start of "),
        "wrong": (right.replace("argmax", "argmin"), "", "Not yet: "),
        "short": (f"{right}[:3]", "", f"Not yet: {len(expected)} rows went in, so {len(expected)} answers must"),
        "heavy": (right, "import onnxruntime", "Not yet: every answer is right, but the start imports onnxruntime."),
    }
    with fl.Emulator() as emulator:
        for name, (answer, extra, says) in ways.items():
            folder = tmp_path / name
            folder.mkdir()
            np.savez(folder / "weights.npz", W1=W1, b1=b1, W2=W2, b2=b2)
            (folder / "main.py").write_text(BARE.format(answer=answer, extra=extra))
            fn = fl.deploy(folder, name=name, handler="main:handler", memory_mib=1769, emulator=emulator)
            said = checks.check_3(fn, digits, expected)
            assert said.startswith(says)
            assert ("answers differ" in said) == (name == "wrong")


def test_the_picture_at_the_beginning_says_what_the_text_says_of_it(seven):
    """Seven frameworks with a date; about a factor of ten in three measures; TensorFlow is the dearest in each."""
    ours, when_and_where = seven.measured()
    assert {one.name for one in ours} == set(seven.MODULES)
    assert when_and_where.startswith("20")
    for measure in ("installed_bytes", "cold_s", "peak_mib", "warm_s"):
        values = {one.name: getattr(one, measure) for one in ours}
        assert max(values, key=values.get) == "TensorFlow"
        if measure != "warm_s":
            assert 8 < max(values.values()) / min(values.values()) < 40


def test_what_is_not_installed_is_left_out_with_a_sentence(seven, monkeypatch, capsys):
    """A framework whose package is missing is not made; one line says which package, and how to add it."""
    monkeypatch.setattr(seven, "find_spec", lambda module: None if module == "paddle" else object())

    def paddle():
        raise AssertionError("must not be made")

    digits = fl.datasets.load("digits", seed=4)
    small = {"PaddlePaddle": paddle, "scikit-learn": lambda: MLPClassifier((8,), max_iter=20, tol=1e9)}
    models = seven.train_each(small, digits, seed=4, epochs=1)
    assert list(models) == ["scikit-learn"]
    assert capsys.readouterr().out == (
        "PaddlePaddle is left out, because paddle cannot be imported here: make everything adds it.\n"
    )


def test_a_forged_package_keeps_all_but_the_file_and_its_hash(seven):
    """The manifest fits the forged file, so that only the file itself can give it away."""
    digits = fl.datasets.load("digits", seed=4)
    function = fl.serve.model_function(fl.train(MLPClassifier((8,), max_iter=20, tol=1e9), digits))
    forged = seven.forged(function, b"\x80\x04N.", name="disguised")
    assert forged.name == "disguised"
    assert forged.package.files["model.skops"] == b"\x80\x04N."
    with fl.Emulator() as emulator, pytest.raises(fl.errors.HandlerError, match=r"model\.skops must not be a pickle"):
        fl.deploy(forged, timeout_s=60, emulator=emulator)(digits.X_test[:1])


def test_the_tables_count_what_was_measured(seven):
    """A mean waits for the cold share of the starts; what does not fit into a zip is said; licences are named."""
    both = Footprints((weighed(cold_s=2.0), weighed("wide", installed_mib=300)))
    assert seven.mean_waits(both, [0.01]).loc["light"].tolist() == [22.0]
    assert seven.choice(both)["fits in a 250 MiB zip"].to_dict() == {"wide": False, "light": True}
    assert list(seven.choice(both).index) == ["wide", "light"]
    assert seven.versions(["scikit-learn"]).loc["sklearn", "licence"] == "BSD-3-Clause"
