"""CSV files of which every cell is checked, read piece by piece: what is wrong is told by line and column."""

import csv
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fnlab.errors import DataError
from fnlab.trace.rows import BadRows, at_each, existing
from fnlab.trace.table import Column

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes that are parsed at once: large enough that the widest table has thousands of rows in it.
_BLOCK_BYTES = 4 * 1024 * 1024

#: The largest number that is not infinite.
_LARGEST = sys.float_info.max

Problem = tuple[int, str, str, object]
#: A row of a piece, by its place in it; the column, the rule that it breaks, and what was found.
Broken = tuple[int, str, str, object]


@dataclass(frozen=True, kw_only=True)
class Number:
    """What a cell with a number must hold.

    Parameters
    ----------
    whole : bool
        Whether it must be a whole number.
    at_least, at_most : float
        The smallest and largest one allowed.
    empty : float, optional
        What an empty cell means; without it, an empty cell is bad.
    """

    whole: bool = False
    at_least: float = 0.0
    at_most: float = _LARGEST
    empty: float | None = None

    def __str__(self) -> str:
        what = "a whole number" if self.whole else "a number"
        upper = f" to {self.at_most:,.0f}" if self.at_most < _LARGEST else ""
        return f"{what} from {self.at_least:g}{upper}" + ("" if self.empty is None else ", or empty")


TEXT = None
Columns = Mapping[str, Number | None]


@dataclass(frozen=True)
class Piece:
    """Some rows of a table: the lines they are on, and a column each, numbers as floats and text as an Arrow array."""

    lines: Column
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(self.lines)

    def only(self, good: Column) -> "Piece":
        """Keep the rows that are marked."""
        if good.all():
            return self
        kept = {
            name: column[good] if isinstance(column, np.ndarray) else column.filter(good)
            for name, column in self.columns.items()
        }
        return Piece(self.lines[good], kept)


Check = Callable[[Piece], Iterable[Broken]]


def header(path: str | Path) -> list[str]:
    """Read the names of a file's columns, from its first line.

    Raises
    ------
    DataError
        If the file is not there, is empty or is not text.
    """
    import pyarrow as pa

    file = existing(path)
    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            first = stream.read(_BLOCK_BYTES).split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name} must be a text file, plain or compressed; {error}.") from error
    if not first:
        raise DataError(f"{file.name}, line 1: must name the columns; it is empty.")
    try:
        names = next(csv.reader([first]))
    except csv.Error as error:
        raise DataError(f"{file.name}, line 1: must name the columns, separated by commas; {error}.") from error
    if twice := [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []:
        raise DataError(f"{file.name}, line 1: must name each column once; {twice[0]!r} occurs more often.")
    return names


def pieces(path: str | Path, columns: Columns, rows: BadRows, *checks: Check) -> Iterator[Piece]:
    """Read the columns that are asked for, piece by piece; bad rows are told to `rows` and left out.

    Parameters
    ----------
    path : str or Path
        The file, plain or compressed.
    columns : Mapping of str to Number or None
        What each column's cells must hold; None is text.
    rows : BadRows
        Is told, line by line in the order of the file.
    *checks : callable
        Are given what is left of a piece, and give the rows of it that break a rule of their own: the row's place in
        the piece, the column, the rule and what was found.

    Raises
    ------
    DataError
        If a column is missing, or at the first bad row if `rows` says so.
    """
    names = header(path)
    require_columns(path, names, columns)
    _require_utf8(Path(path))
    place = {name: f"column {names.index(name) + 1} ({name!r})" for name in columns}
    for lines, batch, problems in _batches(Path(path), names, list(columns)):
        piece = Piece(lines, {name: batch[name] for name in columns})
        every: tuple[Check, ...] = (partial(_cells, columns=columns), *checks)
        for check in every:
            good = np.ones(len(piece), dtype=bool)
            for row, name, rule, found in check(piece):
                problems.append((int(piece.lines[row]), place[name], rule, found))
                good[row] = False
            piece = piece.only(good)
        at_each(problems, rows.bad)
        if len(piece):
            yield piece


def _cells(piece: Piece, columns: Columns) -> Iterator[Broken]:
    """Turn the cells of a piece into numbers, in place; tell those that are none."""
    for name, rule in columns.items():
        if rule is None:
            continue
        texts = piece.columns[name]
        piece.columns[name], wrong = numbers(texts, rule)
        if wrong.any():
            yield from ((int(row), name, str(rule), texts[row].as_py()) for row in np.flatnonzero(wrong))


def numbers(cells: "pa.Array", rule: Number) -> tuple[Column, Column]:
    """Make numbers of text; mark the cells that are none or break the rule."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        values, gaps = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False), None
    except pa.ArrowInvalid:
        values, gaps = _with_gaps(cells)
    wrong: Column = ~((values >= rule.at_least) & (values <= rule.at_most))
    if rule.whole:
        wrong |= values != np.floor(values)
    if gaps is not None and rule.empty is not None:
        values = np.where(gaps, rule.empty, values)
        wrong &= ~gaps
    return values, wrong


def _with_gaps(cells: "pa.Array") -> tuple[Column, Column]:
    """Make numbers of text of which some cells are empty, or no numbers; those become NaN. Mark the empty ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gaps = pc.equal(cells, "")
    try:
        values = pc.cast(pc.if_else(gaps, "nan", cells), pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        values = np.array([_float(text) for text in cells.to_pylist()])
    return values, gaps.to_numpy(zero_copy_only=False)


def joined(piece: Piece, columns: Sequence[str], between: str = "/") -> Any:
    """Join the text columns that name a function, as an Arrow array."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*(piece.columns[name] for name in columns), between)


def require_columns(path: str | Path, names: Sequence[str], columns: Columns | Sequence[str]) -> None:
    """Refuse a file that lacks a column."""
    if missing := [name for name in columns if name not in names]:
        shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        raise DataError(f"{Path(path).name}, line 1: must have the column {missing[0]!r}; its columns are {shown}.")


def _require_utf8(path: Path) -> None:
    """Refuse a file with bytes that are no text, and say on which line; the parser could not."""
    import pyarrow as pa

    decoder, line = getincrementaldecoder("utf-8")(), 1
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            while piece := stream.read(_BLOCK_BYTES):
                decoder.decode(piece)
                line += piece.count(b"\n")
    except UnicodeDecodeError as error:
        line += error.object.count(b"\n", 0, error.start)
        raise DataError(f"{path.name}, line {line}: must be text in UTF-8; {error.reason}.") from error
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} must be a file that can be read to its end; {error}.") from error


def _batches(
    path: Path, names: list[str], wanted: list[str]
) -> Iterator[tuple[Column, "pa.RecordBatch", list[Problem]]]:
    """Parse into text cells; give each piece with its rows' lines, and the rows up to there of another length."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[Problem] = []

    def leave_out(row: Any) -> str:
        ragged.append(
            (row.number, "the whole row", f"of {row.expected_columns} cells, as line 1 is", row.actual_columns)
        )
        return "skip"

    try:
        with arrow_csv.open_csv(
            str(path),
            # One thread, or the parser does not know the numbers of lines.
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, column_names=names, skip_rows=1
            ),
            parse_options=arrow_csv.ParseOptions(invalid_row_handler=leave_out, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, include_columns=wanted
            ),
        ) as stream:
            line, told = 2, 0  # the next row's line; how many of the ragged rows were given
            empty = pa.record_batch([pa.array([], pa.string())] * len(wanted), names=wanted)
            for batch in stream:
                coming = np.arange(line, line + len(batch) + len(ragged) - told)
                lines = coming[~np.isin(coming, [problem[0] for problem in ragged[told:]])][: len(batch)]
                line = int(lines[-1]) + 1 if len(lines) else line
                new = [problem for problem in ragged[told:] if problem[0] < line]
                told += len(new)
                yield *_without_blank(lines, batch), new
            yield np.empty(0, dtype="i8"), empty, ragged[told:]
    except pa.ArrowInvalid as error:
        raise DataError(f"{path.name} must be a CSV file in UTF-8; {error}.") from error


def _without_blank(lines: Column, batch: "pa.RecordBatch") -> tuple[Column, "pa.RecordBatch"]:
    """Drop the rows of empty lines, which are no rows."""
    import pyarrow.compute as pc

    blank = np.ones(len(lines), dtype=bool)
    for column in batch.columns:
        if not blank.any():
            return lines, batch
        blank &= pc.equal(column, "").to_numpy(zero_copy_only=False)
    return lines[~blank], batch.filter(~blank)


def _float(text: str) -> float:
    try:
        return nan if "_" in text else float(text)  # Python's own 1_000 is no number in a file
    except ValueError:
        return nan
