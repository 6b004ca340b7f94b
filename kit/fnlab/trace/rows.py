"""What becomes of the bad rows of a file: reading stops at the first, or they are left out and counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from fnlab.errors import BadValue, DataError

OnBad = Literal["stop", "skip"]

#: Sentences that are kept for print; the count is always complete.
_KEPT_SENTENCES = 10


@dataclass(frozen=True)
class Skipped:
    """Rows that were left out.

    Attributes
    ----------
    count : int
        How many.
    sentences : tuple of str
        What was wrong with the first of them, line and column included.
    """

    count: int = 0
    sentences: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.count:
            return "none"
        return f"{self.count:,}, the first: {self.sentences[0]}"

    def __add__(self, other: "Skipped") -> "Skipped":
        return Skipped(self.count + other.count, (self.sentences + other.sentences)[:_KEPT_SENTENCES])


@dataclass
class BadRows:
    """Is told of each bad row while a file is read; stops or counts.

    Parameters
    ----------
    source : str
        What to call the file.
    on_bad : str
        ``"stop"`` raises at the first bad row, ``"skip"`` counts it.

    Examples
    --------
    >>> rows = BadRows("day.csv", "skip")
    >>> rows.bad(3, "column 2 ('count')", "a whole number from 0", "-1")
    >>> rows.skipped.count, rows.skipped.sentences[0]
    (1, "day.csv, line 3, column 2 ('count'): must be a whole number from 0; got '-1'.")
    """

    source: str
    on_bad: OnBad = "stop"
    _lines: set[int] = field(default_factory=set)
    _sentences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.on_bad not in get_args(OnBad):
            raise BadValue(f"on_bad must be one of {', '.join(get_args(OnBad))}; got {self.on_bad!r}.")

    def bad(self, line: int, place: str, rule: str, found: object) -> None:
        """Report a row, by the line it is on, the place in it, the rule and what was found.

        Raises
        ------
        DataError
            With ``on_bad="stop"``.
        """
        sentence = f"{self.source}, line {line}, {place}: must be {rule}; got {found!r}."
        if self.on_bad == "stop":
            raise DataError(f'{sentence[:-1]}. Correct the line, or leave such lines out with on_bad="skip".')
        if line not in self._lines and len(self._sentences) < _KEPT_SENTENCES:
            self._sentences.append(sentence)
        self._lines.add(line)

    @property
    def skipped(self) -> Skipped:
        """What was left out so far; a line with two mistakes is one row."""
        return Skipped(len(self._lines), tuple(self._sentences))


def at_each(problems: Sequence[tuple[int, str, str, object]], tell: Callable[[int, str, str, object], None]) -> None:
    """Report problems in the order of their lines, so that the first told is the first in the file."""
    for line, place, rule, found in sorted(problems, key=lambda problem: problem[0]):
        tell(line, place, rule, found)


def existing(path: str | Path) -> Path:
    """Give the path of a file that is there.

    Raises
    ------
    DataError
        If it is not.
    """
    if not (file := Path(path)).is_file():
        raise DataError(f"a file to read must be there; {str(file)!r} is not.")
    return file
