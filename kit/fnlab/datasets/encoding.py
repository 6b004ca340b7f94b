"""A text as a row of whole numbers, and back: what lets names and sentences be rows like all other data."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fnlab.errors import BadValue

Array = np.ndarray[Any, np.dtype[Any]]

#: What :meth:`TextEncoding.decode` writes for a character that the alphabet does not have.
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, kw_only=True)
class TextEncoding:
    """The rule by which a text becomes a row of `length` whole numbers.

    Each character becomes one number: 1 for the first of the alphabet, 2 for the second, and so on. A character that
    the alphabet does not have is tried in lower case, then without its accents (``é`` as ``e``, by Unicode's canonical
    decomposition), then without both. What is still unknown is ``len(alphabet) + 1``, whatever it was. 0 fills the row
    up on the right. Of a text that is longer than `length` only the beginning counts.

    Both fields are plain, so that the rule can be stored as JSON: ``TextEncoding(**dataclasses.asdict(encoding))`` is
    equal to `encoding`.

    Parameters
    ----------
    alphabet : str
        The characters that are told apart, each once.
    length : int
        Numbers in a row, at least 1.

    Raises
    ------
    BadValue
        If the alphabet is empty or names a character twice, or the length is no whole number of at least 1.

    Examples
    --------
    >>> encoding = TextEncoding(alphabet="abc", length=4)
    >>> encoding.encode(["Cab", "bé"]).tolist()
    [[3, 1, 2, 0], [2, 4, 0, 0]]
    """

    alphabet: str
    length: int

    def __post_init__(self) -> None:
        if not isinstance(self.alphabet, str) or not self.alphabet or len(set(self.alphabet)) < len(self.alphabet):
            raise BadValue(f"alphabet must be a text that names each character once; got {self.alphabet!r}.")
        if isinstance(self.length, bool) or not isinstance(self.length, int) or self.length < 1:
            raise BadValue(f"length must be a whole number of at least 1; got {self.length!r}.")

    @property
    def n_symbols(self) -> int:
        """How many numbers there are: the alphabet, the filler 0, and the one for what is unknown."""
        return len(self.alphabet) + 2

    def encode(self, texts: Sequence[str]) -> Array:
        """Write each text as a row.

        Returns
        -------
        ndarray of int64, shape (texts, length)

        Raises
        ------
        BadValue
            If `texts` is one text rather than a list of them, or holds something that is no text.

        Examples
        --------
        >>> TextEncoding(alphabet="abc", length=2).encode(["abc"]).tolist()
        [[1, 2]]
        """
        if isinstance(texts, str):
            raise BadValue(f"texts must be a list of texts; got one text, so write [{texts!r}].")
        rows = np.zeros((len(texts), self.length), dtype=np.int64)
        for row, text in zip(rows, texts, strict=True):
            if not isinstance(text, str):
                raise BadValue(f"texts must hold texts only; got {text!r}.")
            numbers = [self._number(character) for character in unicodedata.normalize("NFC", text)[: self.length]]
            row[: len(numbers)] = numbers
        return rows

    def decode(self, rows: Iterable[Iterable[int]]) -> list[str]:
        """Write each row as a text again; what was unknown becomes U+FFFD.

        Raises
        ------
        BadValue
            If a number does not stand for anything.

        Examples
        --------
        >>> TextEncoding(alphabet="abc", length=4).decode([[3, 1, 2, 0]])
        ['cab']
        """
        symbols = ["", *self.alphabet, UNKNOWN]
        texts = []
        for row in rows:
            numbers = [int(number) for number in row]
            wrong = [number for number in numbers if not 0 <= number < len(symbols)]
            if wrong:
                raise BadValue(f"a row must hold numbers from 0 to {len(symbols) - 1}; got {wrong[0]}.")
            texts.append("".join(symbols[number] for number in numbers))
        return texts

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.alphabet, start=1)}

    def _number(self, character: str) -> int:
        plain = _without_accents(character)
        candidates = (character, character.lower(), plain, plain.lower())
        return next((self._numbers[one] for one in candidates if one in self._numbers), len(self.alphabet) + 1)


def _without_accents(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    return "".join(part for part in parts if not unicodedata.combining(part))
