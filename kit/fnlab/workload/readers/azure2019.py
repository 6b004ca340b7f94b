"""The Azure Functions trace of 2019: calls a minute, percentiles of durations, memory of applications.

Format: https://github.com/Azure/AzurePublicDataset, AzureFunctionsDataset2019 (CC-BY 4.0), one file of each kind a day.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fnlab.trace.rows import BadRows, OnBad, Skipped
from fnlab.trace.table import Column
from fnlab.units import MS_PER_S, S_PER_MIN
from fnlab.workload.grouped import Counted, Groups, Percentiles
from fnlab.workload.readers.tables import TEXT, Broken, Number, Piece, joined, pieces
from fnlab.workload.recording import Recording

_MINUTES = 1440
_FUNCTION = ("HashOwner", "HashApp", "HashFunction")
_APP = ("HashOwner", "HashApp")
#: Counts fit 32 bits, so a day of 46,000 functions fits in memory even if no minute is empty.
_COUNT = Number(whole=True, at_most=2**31 - 1)
_PERCENTILES = (0, 1, 25, 50, 75, 99, 100)


def read_azure2019(
    invocations: str | Path,
    durations: str | Path | None = None,
    memory: str | Path | None = None,
    *,
    on_bad: OnBad = "stop",
) -> Recording:
    """Read one day of the Azure Functions trace of 2019.

    A function's name is ``owner/app/function``, and the files are joined on all three: the same hash occurs with
    several owners. The percentiles of a function's durations are those of averages over 30 s without cold starts; they
    become a :class:`~fnlab.workload.Quantiles` law. Memory is that of the whole application, given to each of its
    functions. The counts were logged when executions ended.

    Parameters
    ----------
    invocations : str or Path
        ``invocations_per_function_md.anon.dNN.csv``; compressed with gzip is fine.
    durations : str or Path, optional
        ``function_durations_percentiles.anon.dNN.csv``.
    memory : str or Path, optional
        ``app_memory_percentiles.anon.dNN.csv``; the trace has none for days 13 and 14.
    on_bad : str
        What to do with a bad row: ``"stop"``, or ``"skip"`` and count. A function or application that a file has
        already told of is a bad row, too.

    Returns
    -------
    Recording
        All functions of the first file, in its order.

    Raises
    ------
    DataError
        If a file or column is missing, or at a bad row with ``on_bad="stop"``.
    """
    names, arrivals, skipped = _counts(invocations, on_bad)
    row_of = {name: row for row, name in enumerate(names)}
    service = memory_mib = None
    if durations is not None:
        service, left_out = _durations(durations, row_of, on_bad)
        skipped += left_out
    if memory is not None:
        memory_mib, left_out = _memory(memory, names, on_bad)
        skipped += left_out
    return Recording(
        title="Azure Functions 2019",
        names=names,
        arrivals=arrivals,
        service=service,
        memory_mib=memory_mib,
        skipped=skipped,
    )


def _counts(path: str | Path, on_bad: OnBad) -> tuple[tuple[str, ...], Counted, Skipped]:
    minutes = [str(minute) for minute in range(1, _MINUTES + 1)]
    columns: dict[str, Number | None] = dict.fromkeys(_FUNCTION, TEXT) | dict.fromkeys(minutes, _COUNT)
    rows, keyed = BadRows(Path(path).name, on_bad), _Keyed(_FUNCTION)
    sizes, bins, counts = [], [], []
    for piece in pieces(path, columns, rows, keyed.again):
        table = np.empty((len(piece), _MINUTES), dtype="i4")
        for place, minute in enumerate(minutes):
            table[:, place] = piece.columns[minute]
        function, minute_number = np.nonzero(table)
        sizes.append(np.bincount(function, minlength=len(piece)))
        bins.append(minute_number.astype("i2"))
        counts.append(table[function, minute_number])
    groups = Groups.of(_joined(sizes))
    return tuple(keyed.seen), Counted(groups, _joined(bins), _joined(counts), _MINUTES, S_PER_MIN), rows.skipped


def _durations(path: str | Path, row_of: Mapping[str, int], on_bad: OnBad) -> tuple[Percentiles, Skipped]:
    names = [f"percentile_Average_{percentile}" for percentile in _PERCENTILES]
    columns: dict[str, Number | None] = dict.fromkeys(_FUNCTION, TEXT) | dict.fromkeys(["Average", *names], Number())
    rows, keyed = BadRows(Path(path).name, on_bad), _Keyed(_FUNCTION)
    mean_s = np.full(len(row_of), np.nan)
    values_s = np.full((len(row_of), len(names)), np.nan)
    for piece in pieces(path, columns, rows, partial(_falling, names=names), keyed.again):
        known = np.array([row_of.get(key, -1) for key in keyed.names(piece)], dtype=np.intp)
        here = known >= 0
        mean_s[known[here]] = piece.columns["Average"][here] / MS_PER_S
        table = np.stack([piece.columns[name] for name in names], axis=1)
        values_s[known[here]] = table[here] / MS_PER_S
    shares = tuple(percentile / 100 for percentile in _PERCENTILES)
    return Percentiles(mean_s, shares, values_s), rows.skipped


def _memory(path: str | Path, names: Sequence[str], on_bad: OnBad) -> tuple[Column, Skipped]:
    column = "AverageAllocatedMb"
    rows, keyed = BadRows(Path(path).name, on_bad), _Keyed(_APP)
    of_app: dict[str, float] = {}
    for piece in pieces(path, dict.fromkeys(_APP, TEXT) | {column: Number()}, rows, keyed.again):
        of_app |= zip(keyed.names(piece), piece.columns[column].tolist(), strict=True)
    return np.array([of_app.get(name.rpartition("/")[0], np.nan) for name in names]), rows.skipped


def _falling(piece: Piece, names: Sequence[str]) -> Iterator[Broken]:
    """Tell the rows whose percentiles fall."""
    for name, following in pairwise(names):
        before, after = piece.columns[name], piece.columns[following]
        for row in np.flatnonzero(after < before):
            yield int(row), following, f"at least {name}, {before[row]:g}", float(after[row])


class _Keyed:
    """Tells the rows of things that a file has told of before."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self.seen: dict[str, None] = {}  # in the order of the file

    def again(self, piece: Piece) -> Iterator[Broken]:
        for row, name in enumerate(self.names(piece)):
            if name in self.seen:
                yield row, self._columns[-1], "of a line of its own; an earlier line has the same", name
            self.seen[name] = None

    def names(self, piece: Piece) -> list[str]:
        names: list[str] = joined(piece, self._columns).to_pylist()
        return names


def _joined(parts: Sequence[Any]) -> Column:
    return np.concatenate(parts) if parts else np.empty(0, dtype="i4")
