"""Error rates of texts, by literal cases and by the laws of a distance."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.learn.text_metrics import character_error_rate, edit_distance, word_error_rate

texts = st.text(alphabet="ab1 ", max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("abc", "abc", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abd", 1), ("intention", "execution", 5)],
)
def test_known_distances(one, other, distance):
    """Textbook pairs have their known distance."""
    assert edit_distance(one, other) == distance


@given(texts, texts)
def test_it_is_a_distance(one, other):
    """It is symmetric, zero only between equals, and lies between the difference and the maximum of the lengths."""
    distance = edit_distance(one, other)
    assert distance == edit_distance(other, one)
    assert (distance == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance <= max(len(one), len(other))


@given(texts, texts, texts)
def test_a_detour_is_never_shorter(one, by_way_of, other):
    """The triangle inequality holds."""
    assert edit_distance(one, other) <= edit_distance(one, by_way_of) + edit_distance(by_way_of, other)


@given(texts, texts)
def test_a_script_of_edits_is_never_shorter(one, other):
    """The edits that difflib finds turn one text into the other, and are at least as many."""
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    edits = sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in blocks if kind != "equal")
    assert edit_distance(one, other) <= edits


def test_words_are_items():
    """Lists of words are compared word by word."""
    assert edit_distance(["one", "two", "three"], ["one", "too", "three", "four"]) == 2


def test_rates_are_shares_of_the_truth():
    """One wrong character of ten is a tenth; the word with it is a half; invented text goes above 1."""
    assert character_error_rate("abcde fghi", read="abcde fghj") == 0.1
    assert word_error_rate("abcde fghi", read="abcde fghj") == 0.5
    assert character_error_rate("ab", read="xyzuv") == 2.5


def test_breaks_of_lines_do_not_count():
    """A line that ends elsewhere, or two spaces for one, are no errors; a missing space is one."""
    assert character_error_rate("one two\nthree", read="one  two three") == 0
    assert character_error_rate("one two", read="onetwo") == 1 / 7


@pytest.mark.parametrize("rate", [character_error_rate, word_error_rate])
def test_nothing_to_read_is_refused(rate):
    """A share of nothing has no value."""
    with pytest.raises(BadValue, match=r"an error rate needs a text that was there; got an empty one\."):
        rate(" \n", read="something")
