"""Networks of paddle through the loop of epochs."""

import numpy as np
import paddle
import pytest

from fnlab.datasets import Dataset, load
from fnlab.learn import train
from fnlab.learn.networks import framework_of


@pytest.fixture(scope="module")
def penguins():
    """The penguins, whose classes are names."""
    return load("penguins")


def network():
    """A small network with dropout and the same weights each time."""
    paddle.seed(0)
    nn = paddle.nn
    return nn.Sequential(nn.BatchNorm1D(4), nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))


@pytest.fixture(scope="module")
def learned(penguins):
    """The penguins, learned."""
    return train(network(), penguins, epochs=25, learning_rate=0.03)


def test_a_network_learns_penguins(learned, penguins):
    """A paddle network tells the species by their names, keeps its best epoch and gives probabilities."""
    assert learned.metrics.accuracy > 0.9
    assert learned.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert learned.metrics.accuracy == (learned.predict(penguins.X_test) == penguins.y_test).mean()
    assert learned.curve.best == int(np.argmin(learned.curve.validation_loss))
    assert not learned.estimator.training
    assert learned.scores(penguins.X_test).sum(axis=1) == pytest.approx(np.ones(len(penguins.y_test)))


def test_the_network_given_is_untouched_and_the_seed_settles_all(learned, penguins):
    """The given layer keeps its weights, paddle's own random numbers go on, and the same seed gives the same again."""
    mine = network()
    before = {name: value.numpy().copy() for name, value in mine.state_dict().items()}
    paddle.seed(9)
    expected = paddle.rand([3]).numpy()
    paddle.seed(9)
    again = train(mine, penguins, epochs=25, learning_rate=0.03)
    assert np.array_equal(paddle.rand([3]).numpy(), expected)
    assert all(np.array_equal(value.numpy(), before[name]) for name, value in mine.state_dict().items())
    assert mine.training
    for name, value in again.estimator.state_dict().items():
        assert np.array_equal(value.numpy(), learned.estimator.state_dict()[name].numpy())


def test_numbers():
    """Numbers are predicted as numbers."""
    X = np.random.default_rng(0).normal(size=(120, 2))
    y = X @ [2.0, -1.0]
    data = Dataset(name="plane", X_train=X[:100], X_test=X[100:], y_train=y[:100], y_test=y[100:])
    model = train(paddle.nn.Linear(2, 1), data, epochs=40, learning_rate=0.2, batch_size=20)
    assert framework_of(model.estimator) == "paddle"
    assert model.metrics.r2 > 0.99
    assert model.predict(X[:3]).shape == (3,)
