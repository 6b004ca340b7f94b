"""The checks of the chapter on surnames say what is wrong, and let right answers pass."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from fnlab.datasets import load
from fnlab.learn import Trained, train
from fnlab.learn.metrics import classifier_metrics, wilson_interval


@pytest.fixture
def checks(beside):
    """The checks of this chapter."""
    return beside("checks_04_surnames")


@pytest.mark.parametrize(
    ("answer", "begins"),
    [
        (62, "Right: 62 of 100 has the interval 0.522 to 0.709"),
        (70, "Not yet: that is the promise itself"),
        (61, "Not yet: 61 has the interval 0.512 to 0.700, which ends below 0.7. Try more."),
        (65, "Not yet: 65 has the interval 0.553 to 0.736, which reaches beyond 0.7. Try fewer."),
        (0.62, "Not yet: it is a whole number of names out of 100"),
    ],
)
def test_the_least_that_keeps_the_promise(checks, answer, begins):
    """Each usual mistake gets its own sentence."""
    assert checks.check_1(answer).startswith(begins)


def count(answer, texts, truth):
    """How many answers are right."""
    return sum(one == two for one, two in zip(answer(texts), truth, strict=False))


def in_full(answer, texts, truth, promised):
    """The chapter's own solution."""
    said = answer(texts)
    return len(said) == len(texts) and wilson_interval(count(answer, texts, truth), rows=300)[1] >= promised


@pytest.mark.parametrize(
    ("gate", "begins"),
    [
        (in_full, "Right"),
        (lambda *_: False, "Not yet: it turns away a function that is right for seven in ten"),
        (
            lambda answer, texts, truth, promised: count(answer, texts, truth) >= 0.69 * len(texts),
            "Not yet: it turns away one that is right for 66 %",
        ),
        (lambda *_: True, "Not yet: it lets in one with random weights, and 3 more."),
        (
            lambda answer, texts, truth, promised: len(set(answer(texts))) > 1 and len(answer(texts)) == len(texts),
            "Not yet: it lets in one with random weights, and 1 more.",
        ),
        (
            lambda answer, texts, truth, promised: count(answer, texts, truth) / len(answer(texts)) > 0.6,
            "Not yet: it lets in one that answers only the first ten names.",
        ),
    ],
    ids=["right", "closed", "no-interval", "open", "variety", "share-of-the-answered"],
)
def test_the_gate(checks, gate, begins):
    """What a gate lets through, or turns away wrongly, is named."""
    assert checks.check_2(gate).startswith(begins)


def trained(right, *, sha256="a"):
    """A model that is right for so many of 1,000 rows."""
    truth = np.zeros(1000, dtype=int)
    predicted = np.where(np.arange(1000) < right, 0, 1)
    return Trained(
        estimator=None,
        dataset_name="surnames",
        dataset_sha256=sha256,
        n_features=24,
        classes=(0, 1),
        metrics=classifier_metrics(truth, predicted),
        fit_s=1.0,
    )


@pytest.mark.parametrize(
    ("right", "begins"), [(760, "Right: 0.760 against 0.700"), (720, "Nearly: 0.720"), (500, "Not yet: 0.500")]
)
def test_a_better_model(checks, right, begins):
    """Only a model whose interval lies above the network's accuracy is better."""
    assert checks.check_3(trained(right), trained(700)).startswith(begins)


def test_another_dataset_is_no_comparison(checks):
    """A model of other data is not compared."""
    assert checks.check_3(trained(900, sha256="b"), trained(700)).startswith("Not yet: it was trained on 'surnames'")


def test_the_solution_of_exercise_3():
    """Counted pieces of names beat the accuracy that the chapter gives for its network, interval and all."""
    names = load("surnames", seed=4)
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    better = train(make_pipeline(FunctionTransformer(names.encoding.decode), grams, LinearSVC()), names, seed=4)
    assert better.metrics.accuracy == pytest.approx(0.76, abs=0.005)
    assert better.metrics.interval[0] > 0.71
