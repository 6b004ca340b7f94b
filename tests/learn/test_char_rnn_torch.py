import numpy as np
import pytest
import torch

from fnlab.datasets import Dataset, TextEncoding
from fnlab.errors import BadValue
from fnlab.learn import train
from fnlab.learn.networks.char_rnn_torch import CharRNN


def network(**settings):
    """A small network with the same weights each time."""
    torch.manual_seed(0)
    return CharRNN(**{"n_symbols": 9, "n_classes": 3, "width": 4, "hidden": 6} | settings).eval()


def test_the_filler_is_not_read():
    """A text gives the same logits however much filler follows it, alone or beside a longer one."""
    reader = network()
    with torch.no_grad():
        short = reader(torch.tensor([[3, 1]]))
        filled = reader(torch.tensor([[3, 1, 0, 0], [3, 1, 2, 4]]))
    assert torch.allclose(short[0], filled[0], atol=1e-6)
    assert not torch.allclose(filled[0], filled[1])


def test_the_state_is_grus():
    """The logits are those of torch's own unit, run over the symbols one after another."""
    reader = network()
    with torch.no_grad():
        state = torch.zeros(1, 1, 6)
        for symbol in (5, 2, 7):
            _, state = reader.reader(reader.symbols(torch.tensor([[symbol]])), state)
        expected = reader.scores(state[0])
        assert torch.allclose(reader(torch.tensor([[5, 2, 7, 0, 0]])), expected, atol=1e-6)


def test_order_counts():
    """The same symbols in another order are another text."""
    with torch.no_grad():
        one, two = network()(torch.tensor([[1, 2, 3], [3, 2, 1]]))
    assert not torch.allclose(one, two)


def test_an_empty_text_has_logits():
    """A text without any symbol is answered like any other."""
    with torch.no_grad():
        assert torch.isfinite(network()(torch.zeros(2, 4, dtype=torch.int64))).all()


def test_it_learns_what_a_bag_of_symbols_cannot():
    """Which of two symbols comes first is learned, although every text holds both."""
    random = np.random.default_rng(0)
    encoding = TextEncoding(alphabet="abcdefg", length=7)
    texts = ["".join(random.permutation(list("abcde"))) for _ in range(400)]
    y = np.array(["a first" if text.index("a") < text.index("b") else "b first" for text in texts])
    X = encoding.encode(texts)
    data = Dataset(name="order", X_train=X[:300], X_test=X[300:], y_train=y[:300], y_test=y[300:], encoding=encoding)
    small = network(n_symbols=encoding.n_symbols, n_classes=2, width=8, hidden=24)
    model = train(small, data, epochs=40, learning_rate=0.02, patience=10)
    assert model.metrics.accuracy > 0.9
    assert model.predict(["ccab", "ccba"]).tolist() == ["a first", "b first"]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"hidden": 0}, "hidden must be a whole number of at least 1; got 0."),
        ({"n_symbols": 3.0}, "n_symbols must be a whole number of at least 1; got 3.0."),
        ({"dropout": 1}, "dropout must be a number from 0 to below 1; got 1."),
    ],
)
def test_rules(setting, sentence):
    """A size or a share that breaks its rule is refused in one sentence."""
    with pytest.raises(BadValue) as caught:
        network(**setting)
    assert str(caught.value) == sentence
