import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.datasets import Dataset, TextEncoding
from fnlab.errors import BadValue

LATIN = TextEncoding(alphabet="abcdefghijklmnopqrstuvwxyz '-", length=8)


def test_characters_are_numbered_from_one():
    """The alphabet's characters are 1, 2, 3 …; 0 fills up on the right."""
    rows = LATIN.encode(["abz", ""])
    assert rows.tolist() == [[1, 2, 26, 0, 0, 0, 0, 0], [0] * 8]
    assert rows.dtype == np.int64
    assert LATIN.n_symbols == 31


def test_capitals_and_accents():
    """A capital counts as its small letter and é as e, however it is composed, unless the alphabet has it as it is."""
    assert LATIN.encode(["É", "e\N{COMBINING ACUTE ACCENT}"]).tolist() == [[5] + [0] * 7] * 2
    assert TextEncoding(alphabet="Eée", length=1).encode(["E", "é", "É", "e"]).ravel().tolist() == [1, 2, 2, 3]


def test_what_is_unknown_is_one_number():
    """A digit, a letter of another script and a letter that no accent explains are all the number after the last."""
    assert LATIN.encode(["7łЖ"])[0, :3].tolist() == [30, 30, 30]
    assert LATIN.decode([[1, 30, 2]]) == ["a\N{REPLACEMENT CHARACTER}b"]


def test_a_long_text_is_cut():
    """Of a text longer than a row only the beginning counts."""
    assert LATIN.decode(LATIN.encode(["abcdefghijk"])) == ["abcdefgh"]


@given(st.lists(st.text(alphabet=LATIN.alphabet, max_size=8)))
def test_decode_undoes_encode(texts):
    """A text of the alphabet that fits into a row comes back as it was."""
    assert LATIN.decode(LATIN.encode(texts)) == texts


@given(st.lists(st.text(max_size=12), max_size=5))
def test_any_text_is_a_row(texts):
    """Whatever the text, its row has the stated length and numbers that stand for something."""
    rows = LATIN.encode(texts)
    assert rows.shape == (len(texts), 8)
    assert np.all((rows >= 0) & (rows < LATIN.n_symbols))


def test_json_and_back():
    """The two fields written as JSON and read again are the same encoding."""
    assert TextEncoding(**json.loads(json.dumps(asdict(LATIN)))) == LATIN


@pytest.mark.parametrize("alphabet", ["", "aba", None])
def test_an_alphabet_names_each_character_once(alphabet):
    """An alphabet that is empty, or names a character twice, is refused."""
    with pytest.raises(BadValue, match="alphabet must be a text that names each character once; got"):
        TextEncoding(alphabet=alphabet, length=3)


@pytest.mark.parametrize("length", [0, -1, 2.0, True])
def test_a_length_is_a_whole_number(length):
    """A row has at least one number."""
    with pytest.raises(BadValue, match="length must be a whole number of at least 1; got"):
        TextEncoding(alphabet="ab", length=length)


def test_one_text_is_no_list():
    """One text in place of a list would become a row a letter; it is refused, and so is what is no text."""
    with pytest.raises(BadValue, match=r"texts must be a list of texts; got one text, so write \['abc'\]\."):
        LATIN.encode("abc")
    with pytest.raises(BadValue, match="texts must hold texts only; got 3"):
        LATIN.encode(["a", 3])


def test_a_number_that_stands_for_nothing():
    """A row with a number outside the alphabet cannot be read."""
    with pytest.raises(BadValue, match="a row must hold numbers from 0 to 30; got 31"):
        LATIN.decode([[1, 31]])


def test_a_datasets_encoding_fits_its_rows():
    """A dataset keeps the encoding of its rows, and refuses one of another length."""
    X, y = LATIN.encode(["ann", "bob"]), np.array([0, 1])
    parts = {"X_train": X, "X_test": X, "y_train": y, "y_test": y}
    assert Dataset(name="names", encoding=LATIN, **parts).encoding == LATIN
    with pytest.raises(BadValue, match="encoding must give rows of 8 numbers, as in X_train; its length is 9"):
        Dataset(name="names", encoding=TextEncoding(alphabet="ab", length=9), **parts)
