"""Networks of torch through the loop of epochs, and the loop itself, which is the same for every framework."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from fnlab.datasets import Dataset, TextEncoding, load
from fnlab.errors import BadValue
from fnlab.learn import RegressorMetrics, epochs, train
from fnlab.learn.networks import framework_of, torch_network


@pytest.fixture(scope="module")
def digits():
    """The digits, cut with seed 0."""
    return load("digits")


@pytest.fixture(scope="module")
def penguins():
    """The penguins, whose classes are names."""
    return load("penguins")


def perceptron(n_features=64, n_outputs=10, *layers):
    """A small network with the same weights each time."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.BatchNorm1d(n_features), nn.Linear(n_features, 32), nn.ReLU(), *layers, nn.Linear(32, n_outputs)
    )


@pytest.fixture(scope="module")
def learned(digits):
    """The digits, learned by a network."""
    return train(perceptron(), digits, epochs=12, learning_rate=0.01)


def line(seed=0):
    """Numbers on a line, with a little noise."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(240, 3))
    y = X @ [1.0, -2.0, 0.5] + 3 + random.normal(scale=0.1, size=240)
    return Dataset(name="line", X_train=X[:200], X_test=X[200:], y_train=y[:200], y_test=y[200:])


def test_a_network_learns_digits(learned, digits):
    """A small network reads more than 95 % of unseen digits, and the interval holds its accuracy."""
    low, high = learned.metrics.interval
    assert 0.95 < learned.metrics.accuracy < 1
    assert low < learned.metrics.accuracy < high
    assert learned.metrics.accuracy == (learned.predict(digits.X_test) == digits.y_test).mean()
    assert learned.classes == tuple(range(10))


def test_the_network_given_is_untouched(digits):
    """Weights, running means and mode of the network that was given stay as they were."""
    mine = perceptron().train()
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    model = train(mine, digits, epochs=1)
    assert all(torch.equal(value, before[name]) for name, value in mine.state_dict().items())
    assert mine.training
    assert not model.estimator.training
    assert not torch.equal(model.estimator[1].weight, mine[1].weight)


def test_the_kept_weights_are_those_of_the_best_epoch(learned, digits):
    """The best epoch is the one with the smallest validation loss, and the network has its weights."""
    curve = learned.curve
    assert curve.best == int(np.argmin(curve.validation_loss))
    random = np.random.default_rng(0)
    _, kept = epochs.validation_part(digits.y_train, share=0.1, stratify=True, random=random)
    outputs = torch_network.outputs(learned.estimator, digits.X_train[kept].astype(np.float32))
    loss, accuracy = epochs.measure(outputs, digits.y_train[kept], output="class")
    assert loss == pytest.approx(curve.validation_loss[curve.best], rel=1e-5)
    assert accuracy == curve.validation_score[curve.best]


def test_a_curve_has_a_point_an_epoch(learned):
    """Loss falls and accuracy rises along the curve, on both kinds of rows."""
    curve = learned.curve
    assert curve.at.tolist() == list(range(1, len(curve.at) + 1))
    assert (curve.at_name, curve.loss_name, curve.score_name) == ("epoch", "cross-entropy", "accuracy")
    for part in ("train", "validation"):
        assert getattr(curve, f"{part}_loss")[0] > getattr(curve, f"{part}_loss")[curve.best]
        assert getattr(curve, f"{part}_score")[0] < getattr(curve, f"{part}_score")[curve.best]


def test_patience_ends_the_fit():
    """With targets that nothing predicts, the fit ends `patience` epochs after the best one."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(120, 5)), random.integers(0, 2, size=120)
    noise = Dataset(name="noise", X_train=X[:100], X_test=X[100:], y_train=y[:100], y_test=y[100:])
    curve = train(perceptron(5, 2), noise, epochs=200, patience=3, learning_rate=0.05).curve
    assert len(curve.at) < 200
    assert len(curve.at) - 1 - curve.best == 3


def test_same_seed_same_network(digits):
    """The same seed gives the same weights, dropout included; another seed does not."""
    dropout = perceptron(64, 10, nn.Dropout(0.5))
    one, two, other = (
        train(dropout, digits, epochs=2, seed=seed).estimator.state_dict()["4.weight"] for seed in (3, 3, 4)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_torchs_own_random_numbers_go_on(digits):
    """Learning draws nothing from torch's global generator."""
    dropout = perceptron(64, 10, nn.Dropout(0.5))
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(dropout, digits, epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_threads_are_put_back(digits):
    """A fit computes with the threads it was told to, one by default, and leaves torch with those it had."""
    seen = []

    class Watched(nn.Linear):
        def forward(self, rows):
            seen.append(torch.get_num_threads())
            return super().forward(rows)

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        train(Watched(64, 10), digits, epochs=1)
        assert (set(seen), torch.get_num_threads()) == ({1}, 3)
        seen.clear()
        train(Watched(64, 10), digits, epochs=1, threads=2)
        assert (set(seen), torch.get_num_threads()) == ({2}, 3)
    finally:
        torch.set_num_threads(before)


def test_an_interrupt_keeps_what_is_done(digits, monkeypatch):
    """Stopped in the third epoch, the fit gives the better of the two that ended; before the first, nothing."""
    step, steps = torch_network.TorchLearner.step, []

    def interrupted(self, X, y):
        steps.append(len(X))
        if len(steps) > stop_after:
            raise KeyboardInterrupt
        step(self, X, y)

    monkeypatch.setattr(torch_network.TorchLearner, "step", interrupted)
    stop_after = 2 * 19 + 5  # an epoch of 1,212 rows has 19 batches
    assert train(perceptron(), digits).curve.at.tolist() == [1, 2]
    steps.clear()
    stop_after = 5
    with pytest.raises(KeyboardInterrupt):
        train(perceptron(), digits)


def test_a_loss_that_is_not_a_number(digits):
    """A fit that blows up ends when its patience does, and says so by its curve."""
    curve = train(perceptron(), digits, epochs=20, patience=2, learning_rate=1e30).curve
    assert len(curve.at) == 3
    assert np.isnan(curve.validation_loss).all()


def test_classes_that_are_names(penguins):
    """Classes may be texts: the network learns places, the model answers with the names."""
    model = train(perceptron(4, 3), penguins, epochs=30, learning_rate=0.02)
    assert model.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert model.by_position
    assert set(model.predict(penguins.X_test).tolist()) <= set(model.classes)
    assert model.metrics.accuracy > 0.9
    assert model.metrics.labels == model.classes


def test_scores_are_probabilities(learned, digits):
    """Scores are one number a class, add up to 1, and the largest is the class that is predicted."""
    scores = learned.scores(digits.X_test)
    assert scores.shape == (450, 10)
    assert scores.sum(axis=1) == pytest.approx(np.ones(450))
    assert np.array_equal(scores.argmax(axis=1), learned.predict(digits.X_test))


@pytest.mark.parametrize("flat", [True, False])
def test_numbers(flat):
    """Targets that are floating-point numbers are predicted as such, by a network with one output."""
    layers = [nn.Linear(3, 1), nn.Flatten(0)] if flat else [nn.Linear(3, 1)]
    model = train(nn.Sequential(*layers), line(), epochs=150, learning_rate=0.05, patience=20)
    assert isinstance(model.metrics, RegressorMetrics)
    assert model.metrics.r2 > 0.99
    assert model.classes is None
    assert model.predict(line().X_test).shape == (40,)
    assert (model.curve.loss_name, model.curve.score_name) == ("squared error", "r2")
    with pytest.raises(BadValue, match="scores need a model with probabilities; Sequential has none"):
        model.scores(line().X_test)


def test_texts():
    """Rows that are texts reach the network as int64, and the model takes the texts themselves."""
    encoding = TextEncoding(alphabet="abcdef", length=5)
    texts = [first * 3 + second for first in "abc" for second in "abcdef"] * 8
    y = np.array([text[0] for text in texts])
    X = encoding.encode(texts)
    data = Dataset(name="texts", X_train=X, X_test=X[:18], y_train=y, y_test=y[:18], encoding=encoding)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Embedding(encoding.n_symbols, 4), nn.Flatten(), nn.Linear(20, 3))
    model = train(network, data, epochs=60, learning_rate=0.05)
    assert model.metrics.accuracy == 1
    assert model.predict(["AAAB", "cccf"]).tolist() == ["a", "c"]
    assert model.encoding == encoding


@pytest.mark.parametrize(
    ("data", "n_outputs", "sentence"),
    [
        ("digits", 9, r"a network must give 10 logits a row, one a class; got shape \(2, 9\) for 2 rows\."),
        ("line", 2, r"a network must give one number a row, because the targets are numbers; got shape \(2, 2\) for 2"),
    ],
)
def test_a_network_of_another_width(digits, data, n_outputs, sentence):
    """A network whose outputs do not fit the targets is refused before it learns."""
    data = digits if data == "digits" else line()
    with pytest.raises(BadValue, match=sentence):
        train(nn.Linear(data.n_features, n_outputs), data)


def test_a_network_for_other_rows(digits):
    """A network that takes other rows, or gives more than one tensor, is refused in a sentence with its own words."""
    with pytest.raises(BadValue, match=r"a network must take rows of 64 float32 numbers; it does not: mat1 and mat2"):
        train(nn.Linear(63, 10), digits)
    with pytest.raises(BadValue, match=r"a network must give one tensor; GRU gives a tuple\."):
        train(nn.GRU(64, 10), digits)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0."),
        ({"batch_size": 2.0}, "batch_size must be a whole number of at least 1; got 2.0."),
        ({"patience": True}, "patience must be a whole number of at least 1; got True."),
        ({"learning_rate": 0}, "learning_rate must be a number above 0; got 0."),
        ({"validation_share": 1}, "validation_share must be a number above 0 and below 1; got 1."),
        ({"validation_share": 1e-9}, "validation_share must leave both parts a row; 1e-09 of 1347 rows does not."),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295; got -1."),
    ],
)
def test_settings_have_rules(digits, setting, sentence):
    """A setting that breaks its rule is refused in one sentence."""
    with pytest.raises(BadValue) as caught:
        train(perceptron(), digits, **setting)
    assert str(caught.value) == sentence


def test_the_validation_part_has_each_class():
    """The validation part holds the same share of each class, and a rare class is spread like the others."""
    y = np.repeat([0, 1, 2], [100, 50, 10])
    learned, kept = epochs.validation_part(y, share=0.2, stratify=True, random=np.random.default_rng(1))
    assert sorted([*learned, *kept]) == list(range(160))
    assert np.bincount(y[kept]).tolist() == [20, 10, 2]


def test_measures_are_torchs():
    """Cross-entropy and squared error are those of torch."""
    random = np.random.default_rng(0)
    logits, y = random.normal(size=(50, 4)).astype(np.float32) * 5, random.integers(0, 4, 50)
    loss, accuracy = epochs.measure(logits, y, output="class")
    assert loss == pytest.approx(nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(y)).item(), rel=1e-5)
    assert accuracy == (logits.argmax(axis=1) == y).mean()
    numbers, truth = logits[:, :1], logits[:, 1]
    loss, r2 = epochs.measure(numbers, truth, output="number")
    assert loss == pytest.approx(nn.functional.mse_loss(torch.tensor(numbers[:, 0]), torch.tensor(truth)).item())
    assert r2 == pytest.approx(1 - loss / truth.var(), rel=1e-5)


def test_frameworks_are_told_by_name():
    """A network's framework is known, an estimator has none, and importing the room of learning imports none."""
    assert framework_of(nn.Linear(1, 1)) == "torch"
    assert framework_of(object()) is None
    code = (
        "import sys, fnlab.learn, fnlab.learn.networks as n; n.framework_of(3);"
        "print([m for m in ('torch', 'keras', 'tensorflow', 'paddle', 'sklearn', 'tqdm') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
