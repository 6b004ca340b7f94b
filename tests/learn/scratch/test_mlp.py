import numpy as np
import pytest
import torch

from fnlab.errors import BadValue
from fnlab.learn.scratch.mlp import MLP, Neuron, cross_entropy, gradient_descent

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(6, 3)), np.array([0, 2, 1, 1, 0, 2])


def twin(network, activation):
    """The same network in torch, in double precision."""
    bend = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "linear": torch.nn.Identity}[activation]
    layers = []
    for weights, biases in network.matrices():
        linear = torch.nn.Linear(*weights.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(weights.T), torch.tensor(biases)
        layers += [linear, bend()]
    return torch.nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_loss_and_every_gradient_equal_torchs(activation):
    """Mean cross entropy of a small network: the loss and the derivative of each weight and bias are torch's."""
    network = MLP([3, 4, 5, 3], activation=activation, seed=1)
    model = twin(network, activation)
    loss = torch.nn.functional.cross_entropy(model(torch.tensor(X)), torch.tensor(Y))
    loss.backward()
    mine = sum((cross_entropy(network(row), target) for row, target in zip(X, Y, strict=True)), start=0) / len(Y)
    mine.backward()
    assert mine.data == pytest.approx(loss.item(), abs=1e-12)
    # torch lists a layer's weights before its biases, neuron by neuron; here a neuron's bias follows its weights.
    theirs = np.concatenate([np.column_stack([linear.weight.grad, linear.bias.grad]).ravel() for linear in model[::2]])
    np.testing.assert_allclose([value.grad for value in network.parameters()], theirs, atol=1e-12)


def test_scores_too_large_for_exp():
    """Cross entropy holds where exp alone would overflow, and its slopes are those of softmax."""
    network = MLP([1, 2])
    scores = network([0.0])
    scores[0].data, scores[1].data = 2000.0, 0.0
    loss = cross_entropy(scores, 1)
    loss.backward()
    assert loss.data == pytest.approx(2000)
    assert [score.grad for score in scores] == pytest.approx([1, -1])


def test_it_learns_what_no_straight_line_can_part():
    """Exclusive or is learned to the last point, and the loss falls all the way."""
    corners, odd = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    network = MLP([2, 4, 2])
    losses = list(gradient_descent(network, corners, odd, epochs=150))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.1
    assert network.predict(corners).tolist() == [0, 1, 1, 0]


def test_same_seed_same_network():
    """A seed settles the first weights, and the same training gives the same numbers to the last bit."""
    weights = []
    for seed in (1, 1, 2):
        network = MLP([3, 4, 3], seed=seed)
        list(gradient_descent(network, X, Y, epochs=3))
        weights.append([value.data for value in network.parameters()])
    assert weights[0] == weights[1] != weights[2]


def test_one_epoch_a_loss():
    """A loss is about the network as it is; the step against its gradients is taken when the next loss is asked for."""
    network = MLP([3, 2, 3])
    before = [value.data for value in network.parameters()]
    steps = gradient_descent(network, X, Y, learning_rate=0.1)
    next(steps)
    assert [value.data for value in network.parameters()] == before
    expected = [value.data - 0.1 * value.grad for value in network.parameters()]
    next(steps)
    assert [value.data for value in network.parameters()] == expected


def test_sizes_and_activations_are_checked():
    """A network has inputs and outputs, and bends in a known way."""
    with pytest.raises(BadValue, match=r"sizes must be at least two numbers from 1 up, inputs first; got \[2\]"):
        MLP([2])
    with pytest.raises(BadValue, match=r"got \[2, 0, 1\]"):
        MLP([2, 0, 1])
    with pytest.raises(BadValue, match="activation must be one of linear, relu, tanh; got 'sigmoid'"):
        Neuron(2, activation="sigmoid", rng=RNG)


def test_a_row_of_another_length_is_refused():
    """A neuron does not leave numbers out."""
    with pytest.raises(ValueError, match="zip"):
        MLP([3, 2])([1.0, 2.0])
