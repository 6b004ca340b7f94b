import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import check_estimator

from fnlab.datasets import load
from fnlab.errors import BadValue
from fnlab.learn import train
from fnlab.learn.scratch import backpropagation
from fnlab.learn.scratch.adam import Adam
from fnlab.learn.scratch.dense import DenseClassifier
from fnlab.learn.scratch.mlp import MLP

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(12, 5)), RNG.integers(3, size=12)


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
@pytest.mark.parametrize("sizes", [(5, 3), (5, 7, 3), (5, 7, 4, 3)])
def test_loss_and_gradients_equal_torchs(sizes, activation):
    """Scores, loss and the derivative of every weight and bias are torch's, in double precision."""
    layers = backpropagation.initial_layers(sizes, activation=activation, rng=np.random.default_rng(1))
    answers = backpropagation.forward(layers, X, activation=activation)
    loss, slope = backpropagation.cross_entropy(answers[-1], Y)
    gradients = backpropagation.backward(layers, answers, slope, activation=activation)

    theirs = [torch.tensor(array, requires_grad=True) for layer in layers for array in layer]
    signal = torch.tensor(X)
    for number, (weights, biases) in enumerate(zip(theirs[::2], theirs[1::2], strict=True)):
        signal = signal @ weights + biases
        bent = activation != "linear" and number < len(layers) - 1
        signal = getattr(torch, activation)(signal) if bent else signal
    expected = torch.nn.functional.cross_entropy(signal, torch.tensor(Y))
    expected.backward()
    np.testing.assert_allclose(answers[-1], signal.detach().numpy(), atol=1e-12)
    assert loss == pytest.approx(expected.item(), abs=1e-12)
    for mine, parameter in zip(gradients, theirs, strict=True):
        np.testing.assert_allclose(mine, parameter.grad.numpy(), atol=1e-12)


def test_gradients_equal_a_small_step():
    """Each derivative is what a small step of that one weight changes in the loss, divided by the step."""
    layers = backpropagation.initial_layers((5, 4, 3), activation="tanh", rng=np.random.default_rng(2))

    def loss_of_all():
        return backpropagation.cross_entropy(backpropagation.forward(layers, X, activation="tanh")[-1], Y)[0]

    answers = backpropagation.forward(layers, X, activation="tanh")
    _, slope = backpropagation.cross_entropy(answers[-1], Y)
    gradients = backpropagation.backward(layers, answers, slope, activation="tanh")
    step = 1e-5
    for array, gradient in zip((array for layer in layers for array in layer), gradients, strict=True):
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + step
            above = loss_of_all()
            array[place] = kept - step
            below = loss_of_all()
            array[place] = kept
            assert gradient[place] == pytest.approx((above - below) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
def test_a_frozen_network_of_single_numbers(activation):
    """The scalar network's weights, as matrices, give the scalar network's scores; training later changes nothing."""
    network = MLP([5, 6, 3], activation=activation, seed=2)
    expected = [[score.data for score in network(row)] for row in X]
    frozen = network.frozen()
    for value in network.parameters():
        value.data += 1
    np.testing.assert_allclose(frozen(X), expected, atol=1e-12)


def test_scores_too_large_for_exp():
    """Cross entropy and softmax hold where exp alone would overflow."""
    loss, slope = backpropagation.cross_entropy(np.array([[2000.0, 0.0]]), np.array([1]))
    assert (loss, slope.tolist()) == (2000, [[1, -1]])


def test_adam_goes_where_torchs_goes():
    """Fifty steps on a bent valley take the same way as torch's Adam."""
    mine = [np.array([3.0, -2.0]), np.array([[0.5]])]
    theirs = [torch.tensor(array, requires_grad=True) for array in mine]
    adam, other = Adam(mine, learning_rate=0.05), torch.optim.Adam(theirs, lr=0.05)
    for _ in range(50):
        other.zero_grad()
        ((theirs[0] ** 4).sum() + (theirs[0][0] * theirs[1]).sum()).backward()
        adam.step([4 * mine[0] ** 3 + np.array([mine[1][0, 0], 0]), mine[0][:1, None].copy()])
        other.step()
    for array, tensor in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(array, tensor.detach().numpy(), atol=1e-9)


def test_it_keeps_scikit_learns_contract():
    """Every check of scikit-learn passes but the one that needs a setting of scipy before it is imported."""
    results = check_estimator(DenseClassifier(), on_skip=None)
    assert {result["check_name"] for result in results if result["status"] != "passed"} <= {"check_array_api_input"}
    assert len(results) > 40


def test_digits_as_well_as_scikit_learn():
    """On unseen digits, over six cuts of the data, it is within half a point of scikit-learn's network."""
    mine, theirs = [], []
    settings = {"batch_size": 32, "random_state": 0}
    for seed in range(6):
        digits = load("digits", seed=seed)
        X_train, X_test = digits.X_train / 16, digits.X_test / 16
        network = DenseClassifier(epochs=30, l2=0, learning_rate=0.003, **settings).fit(X_train, digits.y_train)
        other = MLPClassifier((64,), max_iter=30, alpha=0, learning_rate_init=0.003, n_iter_no_change=99, **settings)
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            other.fit(X_train, digits.y_train)
        mine.append(network.score(X_test, digits.y_test))
        theirs.append(other.score(X_test, digits.y_test))
    assert np.mean(mine) > 0.96
    assert np.mean(mine) == pytest.approx(np.mean(theirs), abs=0.005)


def test_the_loss_curve_falls():
    """There is one loss an epoch; the first is near chance, log(10), and the last far below."""
    digits = load("digits")
    curve = DenseClassifier(epochs=8, random_state=0).fit(digits.X_train / 16, digits.y_train).loss_curve_
    assert len(curve) == 8
    assert np.log(10) > curve[0] > 5 * curve[-1]


def test_same_random_state_same_network():
    """A random_state settles everything to the last bit; another one gives another network."""
    one, two, other = (DenseClassifier(epochs=2, random_state=seed).fit(X, Y).predict_proba(X) for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_l2_makes_weights_smaller():
    """What pulls weights towards zero leaves them smaller."""
    free, held = (DenseClassifier(epochs=100, l2=l2, random_state=0).fit(X, Y) for l2 in (0, 0.1))
    assert np.abs(held.layers_[0][0]).sum() < 0.7 * np.abs(free.layers_[0][0]).sum()


def test_train_takes_it():
    """fnlab's own train fits a copy, gives it the seed, and measures it."""
    trained = train(DenseClassifier(epochs=20, learning_rate=0.001), load("digits"), seed=3)
    assert trained.estimator.random_state == 3
    assert trained.metrics.accuracy > 0.93


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"hidden": 64}, "hidden must list the neurons of each hidden layer, as (64,) does; got 64."),
        ({"hidden": (0,)}, "each number in hidden must be a whole number of at least 1; got 0."),
        ({"activation": "sigmoid"}, "activation must be one of linear, relu, tanh; got 'sigmoid'."),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0."),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1; got 2.5."),
        ({"learning_rate": -1}, "learning_rate must be a finite number above 0; got -1."),
        ({"l2": -1}, "l2, when it is not 0, must be a finite number above 0; got -1."),
    ],
)
def test_settings_are_checked_in_fit(wrong, sentence):
    """A setting that breaks its rule is refused when it is used."""
    with pytest.raises(BadValue) as caught:
        DenseClassifier(**wrong).fit(X, Y)
    assert str(caught.value) == sentence
