"""Networks of keras through the loop of epochs. One module, because tensorflow takes long to import."""

import paddle  # noqa: F401, I001  # paddle crashes the process when it is loaded after tensorflow (3.3.1 and 2.21)

import keras
import numpy as np
import pytest

from fnlab.datasets import Dataset, load
from fnlab.errors import BadValue
from fnlab.learn import train
from fnlab.learn.networks import framework_of


@pytest.fixture(scope="module")
def penguins():
    """The penguins, whose classes are names."""
    return load("penguins")


@pytest.fixture(scope="module")
def network():
    """A small network with dropout, built."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.BatchNormalization(momentum=0.8),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dropout(0.1),
    ]
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3)])


@pytest.fixture(scope="module")
def learned(network, penguins):
    """The penguins, learned."""
    return train(network, penguins, epochs=25, learning_rate=0.03)


def test_a_network_learns_penguins(learned, penguins):
    """A keras network tells the species by their names, keeps its best epoch and gives probabilities."""
    assert learned.metrics.accuracy > 0.9
    assert learned.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert learned.metrics.accuracy == (learned.predict(penguins.X_test) == penguins.y_test).mean()
    assert learned.curve.best == int(np.argmin(learned.curve.validation_loss))
    assert learned.scores(penguins.X_test).sum(axis=1) == pytest.approx(np.ones(len(penguins.y_test)))


def test_the_network_given_is_untouched_and_the_seed_settles_all(network, learned, penguins):
    """The given model keeps its weights and stays uncompiled; the same seed gives the same weights again."""
    keras.utils.set_random_seed(0)
    before = [weights.copy() for weights in network.get_weights()]
    again = train(network, penguins, epochs=25, learning_rate=0.03)
    assert all(np.array_equal(one, two) for one, two in zip(before, network.get_weights(), strict=True))
    assert not network.compiled
    pairs = zip(learned.estimator.get_weights(), again.estimator.get_weights(), strict=True)
    assert all(np.array_equal(one, two) for one, two in pairs)
    assert not np.array_equal(before[-2], again.estimator.get_weights()[-2])


def test_a_network_without_weights_yet_predicts_numbers():
    """A model that knows no input shape is built on the copy; numbers are predicted as numbers."""
    X = np.random.default_rng(0).normal(size=(120, 2))
    y = X @ [2.0, -1.0]
    data = Dataset(name="plane", X_train=X[:100], X_test=X[100:], y_train=y[:100], y_test=y[100:])
    mine = keras.Sequential([keras.layers.Dense(1)])
    model = train(mine, data, epochs=40, learning_rate=0.2, batch_size=20)
    assert not mine.built
    assert model.metrics.r2 > 0.99
    assert model.predict(X[:3]).shape == (3,)


def test_a_device_is_torchs_choice(network, penguins):
    """keras is known by name, and chooses its device itself."""
    assert framework_of(network) == "keras"
    with pytest.raises(BadValue, match="device is for torch; keras chooses its own, so leave out 'cpu'"):
        train(network, penguins, device="cpu")
