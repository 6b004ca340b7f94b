import numpy as np
import pytest
import torch
from sklearn.utils.estimator_checks import check_estimator

from fnlab.errors import BadValue
from fnlab.learn.scratch.backpropagation import cross_entropy
from fnlab.learn.scratch.char_rnn import CharRNNClassifier, Weights, backward, clip, forward, initial_weights

RNG = np.random.default_rng(11)
#: Five texts of four symbols, of different lengths, one of them empty; -1 is no symbol.
CODES = np.array([[0, 1, 2, 3], [3, 3, -1, -1], [2, -1, -1, -1], [-1, -1, -1, -1], [1, 0, 1, -1]])
LABELS = np.array([0, 2, 1, 1, 0])


def some_weights():
    """A network of six numbers for four symbols and three classes, no weight of it 0."""
    drawn = initial_weights(n_symbols=4, hidden=6, n_classes=3, rng=np.random.default_rng(1))
    return Weights(*(array + 0.1 for array in drawn))


def in_torch(weights):
    """The loss of torch's own recurrent network with the same weights, row by row without any filler."""
    reader = torch.nn.RNN(4, 6, batch_first=True, dtype=torch.float64)
    reader.weight_ih_l0.data, reader.weight_hh_l0.data = weights.symbols.T, weights.recurrent.T
    reader.bias_ih_l0.data, reader.bias_hh_l0.data = weights.bias, torch.zeros(6, dtype=torch.float64)
    last = []
    for row in CODES:
        letters = torch.nn.functional.one_hot(torch.tensor(row[row >= 0]), 4).double()
        last.append(reader(letters[None])[1][0, 0] if len(letters) else torch.zeros(6, dtype=torch.float64))
    return reader, torch.stack(last) @ weights.scores + weights.offsets


def test_loss_and_gradients_equal_torchs():
    """Scores, loss and all derivatives are those of torch's RNN, which reads each text without its filler."""
    mine = some_weights()
    states, scores = forward(mine, CODES)
    loss, slope = cross_entropy(scores, LABELS)
    gradients = backward(mine, CODES, states, slope)

    theirs = Weights(*(torch.tensor(array) for array in mine))
    theirs.scores.requires_grad_()
    theirs.offsets.requires_grad_()
    reader, expected_scores = in_torch(theirs)
    expected = torch.nn.functional.cross_entropy(expected_scores, torch.tensor(LABELS))
    expected.backward()
    np.testing.assert_allclose(scores, expected_scores.detach().numpy(), atol=1e-12)
    assert loss == pytest.approx(expected.item(), abs=1e-12)
    expected_gradients = Weights(
        reader.weight_ih_l0.grad.T,
        reader.weight_hh_l0.grad.T,
        reader.bias_ih_l0.grad,
        theirs.scores.grad,
        theirs.offsets.grad,
    )
    for name, gradient, tensor in zip(Weights._fields, gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, tensor.numpy(), atol=1e-12, err_msg=name)


def test_gradients_equal_a_small_step():
    """Each derivative is what a small step of that one weight changes in the loss, divided by the step."""
    weights = some_weights()

    def loss():
        return cross_entropy(forward(weights, CODES)[1], LABELS)[0]

    states, scores = forward(weights, CODES)
    gradients = backward(weights, CODES, states, cross_entropy(scores, LABELS)[1])
    step = 1e-5
    for array, gradient in zip(weights, gradients, strict=True):
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + step
            above = loss()
            array[place] = kept - step
            below = loss()
            array[place] = kept
            assert gradient[place] == pytest.approx((above - below) / (2 * step), abs=1e-6)


def test_clipping_keeps_the_direction():
    """What is too long is shortened to the limit, all by one factor; what is short enough stays, zeros included."""
    arrays = [RNG.normal(size=(3, 2)), RNG.normal(size=4)]
    shortened = clip(arrays, longest=0.5)
    assert np.sqrt(sum((array**2).sum() for array in shortened)) == pytest.approx(0.5)
    assert shortened[1][0] / arrays[1][0] == pytest.approx(shortened[0][2, 1] / arrays[0][2, 1])
    for same in (arrays, [np.zeros(2)]):
        for before, after in zip(same, clip(same, longest=100), strict=True):
            np.testing.assert_array_equal(before, after)


def letters_and_which_of_two_came_first(n, *, length, rng):
    """Rows of nine with texts of that length: 1 and 2 once each in some order, and other letters around them."""
    rows = rng.integers(3, 6, size=(n, length))
    one_first = rng.integers(2, size=n)
    places = np.sort(rng.permuted(np.tile(np.arange(length), (n, 1)), axis=1)[:, :2], axis=1)
    rows[np.arange(n), places[:, 0]], rows[np.arange(n), places[:, 1]] = 2 - one_first, 1 + one_first
    return np.pad(rows, ((0, 0), (0, 9 - length))), one_first


def test_it_reads_order():
    """It learns which of two letters came first, with others in between, and can tell in longer texts too."""
    rng = np.random.default_rng(4)
    X, y = letters_and_which_of_two_came_first(800, length=7, rng=rng)
    network = CharRNNClassifier(hidden=24, epochs=20, learning_rate=0.01, random_state=0).fit(X, y)
    assert network.loss_curve_[0] > 0.5 > 5 * network.loss_curve_[-1]
    assert network.score(*letters_and_which_of_two_came_first(300, length=9, rng=rng)) > 0.9


@pytest.fixture(scope="module")
def network():
    """A small network that knows the symbols 1, 2 and 7."""
    X = np.array([[1, 2, 0, 0], [2, 1, 0, 0], [7, 1, 2, 0], [7, 2, 1, 0]])
    return CharRNNClassifier(hidden=5, epochs=3, random_state=0).fit(X, ["b", "a", "b", "a"])


def test_filler_is_not_read(network):
    """A text has one answer, however much filler follows it."""
    short, long = (forward(network.weights_, network._codes(np.array([row])))[1] for row in ([1, 2], [1, 2, 0, 0]))
    np.testing.assert_array_equal(short, long)


def test_symbols_that_training_did_not_have(network):
    """They are all the same to it: nothing was learned about them, and nothing is mistaken for them."""
    assert network.symbols_.tolist() == [1, 2, 7]
    three, nine, seven = network.predict_proba([[1, 3, 0, 0], [1, 9, 0, 0], [1, 7, 0, 0]])
    np.testing.assert_array_equal(three, nine)
    assert not np.array_equal(three, seven)
    np.testing.assert_array_equal(network.weights_.symbols[-1], 0)


def test_it_keeps_scikit_learns_contract():
    """Every check of scikit-learn passes but the one that needs a setting of scipy before it is imported."""
    results = check_estimator(CharRNNClassifier(), on_skip=None)
    assert {result["check_name"] for result in results if result["status"] != "passed"} <= {"check_array_api_input"}
    assert len(results) > 40


def test_same_random_state_same_network():
    """A random_state settles everything to the last bit; another one gives another network."""
    X = RNG.integers(1, 5, size=(20, 4))
    y = X[:, 0] > 2
    one, two, other = (CharRNNClassifier(epochs=2, random_state=s).fit(X, y).predict_proba(X) for s in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"hidden": 0}, "hidden must be a whole number of at least 1; got 0."),
        ({"epochs": 1.5}, "epochs must be a whole number of at least 1; got 1.5."),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0."),
        ({"learning_rate": 0}, "learning_rate must be a finite number above 0; got 0."),
        ({"clip": None}, "clip must be a finite number above 0; got None."),
    ],
)
def test_settings_are_checked_in_fit(wrong, sentence):
    """A setting that breaks its rule is refused when it is used."""
    with pytest.raises(BadValue) as caught:
        CharRNNClassifier(**wrong).fit([[1, 2], [2, 1]], [0, 1])
    assert str(caught.value) == sentence
