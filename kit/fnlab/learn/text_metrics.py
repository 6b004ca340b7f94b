"""How far a text that was read is from the text that was there."""

from collections.abc import Hashable, Sequence

from fnlab.errors import BadValue


def edit_distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Count the fewest insertions, deletions and replacements that turn one sequence into the other.

    Source: V. I. Levenshtein (1966), "Binary codes capable of correcting deletions, insertions, and reversals", Soviet
    Physics Doklady 10, pages 707 to 710; computed row by row as R. A. Wagner and M. J. Fischer (1974), "The
    string-to-string correction problem", Journal of the ACM 21, pages 168 to 173. With D[i, j] for the first i and j
    items::

        D[i, j] = min(D[i-1, j] + 1, D[i, j-1] + 1, D[i-1, j-1] + (0 if equal else 1))

    Parameters
    ----------
    one, other : sequence
        Two texts, or two lists of words. It takes a time in proportion to the product of their lengths.

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(other) + 1))
    for number, item in enumerate(one, start=1):
        above, row = row, [number]
        for column, with_item in enumerate(other, start=1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (item != with_item)))
    return row[-1]


def character_error_rate(truth: str, *, read: str) -> float:
    """Give the edit distance between what was there and what was read, as a share of the length of what was there.

    Spaces count, but not how many stand together, nor whether one of them ends a line. The rate is above 1 when more
    was invented than was there.

    Raises
    ------
    BadValue
        If there was nothing to read.

    Examples
    --------
    >>> character_error_rate("Total 19.40", read="Total I9.40")
    0.09090909090909091
    """
    return _rate(" ".join(truth.split()), " ".join(read.split()))


def word_error_rate(truth: str, *, read: str) -> float:
    """Give the same share with words in place of characters: one wrong letter makes a wrong word.

    Raises
    ------
    BadValue
        If there was nothing to read.

    Examples
    --------
    >>> word_error_rate("Total 19.40", read="Total I9.40")
    0.5
    """
    return _rate(truth.split(), read.split())


def _rate(there: Sequence[str], read: Sequence[str]) -> float:
    if not there:
        raise BadValue("an error rate needs a text that was there; got an empty one.")
    return edit_distance(there, read) / len(there)
