"""A recurrent network that reads a text character by character, in torch's own layers.

A class of fnlab's rather than a script's, so that an instance can build it by its name and settings, and nothing but
numbers has to travel.
"""

from typing import Any

from fnlab.errors import BadValue, MissingExtra

try:
    from torch import nn
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise MissingExtra('this needs torch, which is not installed; run pip install "fnlab[torch]".') from None


class CharRNN(nn.Module):
    """Tell a text's class by reading it from left to right.

    Each symbol becomes a vector, a gated recurrent unit takes the vectors in one after another, and the state after the
    last symbol of the text gives one logit a class. The 0 that fills a row up is not read.

    Source of the unit: K. Cho and others, "Learning phrase representations using RNN encoder-decoder for statistical
    machine translation", EMNLP 2014, section 2.3.

    Parameters
    ----------
    n_symbols : int
        How many symbols there are, the filler 0 included; ``encoding.n_symbols`` of a TextEncoding.
    n_classes : int
        How many logits to give.
    width : int
        Numbers in a symbol's vector.
    hidden : int
        Numbers in the state.
    dropout : float
        Share of the state that is left out at random while learning; from 0 to below 1.

    Raises
    ------
    BadValue
        If a size is no whole number of at least 1, or the share breaks its rule.

    Examples
    --------
    >>> import torch
    >>> CharRNN(n_symbols=30, n_classes=3)(torch.tensor([[3, 1, 2, 0], [5, 0, 0, 0]])).shape
    torch.Size([2, 3])
    """

    #: Rows are symbols, not measurements.
    row_dtype = "int64"

    def __init__(
        self, n_symbols: int, n_classes: int, width: int = 32, hidden: int = 128, dropout: float = 0.0
    ) -> None:
        super().__init__()
        sizes = {"n_symbols": n_symbols, "n_classes": n_classes, "width": width, "hidden": hidden}
        for name, size in sizes.items():
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise BadValue(f"{name} must be a whole number of at least 1; got {size!r}.")
        if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout < 1:
            raise BadValue(f"dropout must be a number from 0 to below 1; got {dropout!r}.")
        self.n_symbols, self.n_classes, self.width, self.hidden = n_symbols, n_classes, width, hidden
        self.dropout = dropout
        self.symbols = nn.Embedding(n_symbols, width, padding_idx=0)
        self.reader = nn.GRU(width, hidden, batch_first=True)
        self.forgetting = nn.Dropout(dropout)
        self.scores = nn.Linear(hidden, n_classes)

    def forward(self, rows: Any) -> Any:
        """Give logits, shape (texts, classes), for rows of symbols, shape (texts, length)."""
        states, _ = self.reader(self.symbols(rows))
        # The state after the last symbol; a text without any keeps the state after its first filler.
        last = (rows != 0).sum(dim=1).clamp(min=1) - 1
        # gather, where an index would do: an export to ONNX then takes any number of rows.
        state = states.gather(1, last[:, None, None].expand(-1, 1, self.hidden)).squeeze(1)
        return self.scores(self.forgetting(state))
