"""Huawei's public and private clouds, 2023: a table a day and metric, a row a minute or second, a column a function.

Format: https://github.com/sir-lab/data-release, README_data_release_2023.md (CC-BY 4.0): folders such as
``requests_minute`` with files such as ``day_000.csv`` and the columns ``day,time,0,1,…``; times are seconds since the
beginning of the data set.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from fnlab.errors import BadValue, DataError
from fnlab.trace.rows import BadRows, OnBad, Skipped
from fnlab.trace.table import Column
from fnlab.units import MS_PER_S, S_PER_DAY, S_PER_MIN
from fnlab.workload.grouped import Counted, Groups, Samples
from fnlab.workload.readers.tables import Broken, Number, Piece, header, pieces
from fnlab.workload.recording import Recording

Resolution = Literal["minute", "second"]
DelayUnit = Literal["ms", "s"]

_DAY = re.compile(r"day_(\d+)\.csv(?:\.gz)?")
_BIN_S = {"minute": S_PER_MIN, "second": 1}
_PER_S = {"ms": MS_PER_S, "s": 1}


def read_huawei2023(
    folder: str | Path,
    *,
    days: Sequence[int] | None = None,
    resolution: Resolution = "minute",
    delay_unit: DelayUnit = "ms",
    on_bad: OnBad = "stop",
) -> Recording:
    """Read Huawei's traces of 2023.

    Requests are counts. Where the folder has ``function_delay_*``, the means of each minute become the law of a
    function's durations, each weighted by that minute's requests. Where it has ``memory_limit_minute`` and
    ``instances_minute``, memory is the mean over the minutes of the one divided by the other, since the limit is that
    of all pods. The window runs from the first day to the last; days that the data set leaves out have no requests.

    Parameters
    ----------
    folder : str or Path
        ``private_dataset`` or ``public_dataset``, with the folders of the metrics in it.
    days : sequence of int, optional
        Days to read; without it, all that have a file.
    resolution : str
        ``"minute"`` or ``"second"``: which requests and delays to read.
    delay_unit : str
        Unit of the delays, ``"ms"`` or ``"s"``. The release does not state it; milliseconds are what others take.
    on_bad : str
        What to do with a bad row: ``"stop"``, or ``"skip"`` and count. Empty cells are no requests, or no measurement.

    Returns
    -------
    Recording
        The functions, named by their numbers.

    Raises
    ------
    DataError
        If a file or column is missing, or at a bad row with ``on_bad="stop"``.
    """
    for name, value, allowed in (("resolution", resolution, Resolution), ("delay_unit", delay_unit, DelayUnit)):
        if value not in get_args(allowed):
            raise BadValue(f"{name} must be one of {', '.join(get_args(allowed))}; got {value!r}.")
    root, bin_s = Path(folder), _BIN_S[resolution]
    wanted = _days(root / f"requests_{resolution}", days)
    start_s = wanted[0] * S_PER_DAY
    n_bins = (wanted[-1] - wanted[0] + 1) * S_PER_DAY // bin_s
    requests = _Metric(root / f"requests_{resolution}", bin_s, start_s, Number(whole=True, empty=0))
    counts = requests.read(wanted, on_bad)
    skipped, service, memory_mib = counts.skipped, None, None
    if (root / f"function_delay_{resolution}").is_dir():
        delays = _Metric(root / f"function_delay_{resolution}", bin_s, start_s, Number(empty=0)).read(wanted, on_bad)
        service = _weighted(delays, counts, n_bins, _PER_S[delay_unit])
        skipped += delays.skipped
    if all((root / f"{name}_minute").is_dir() for name in ("memory_limit", "instances")):
        limit, pods = (
            _Metric(root / f"{name}_minute", S_PER_MIN, start_s, Number(empty=0)).read(wanted, on_bad)
            for name in ("memory_limit", "instances")
        )
        memory_mib = _per_pod(limit, pods, len(counts.names), n_bins)
        skipped += limit.skipped + pods.skipped
    return Recording(
        title=f"Huawei 2023, {root.name}",
        names=counts.names,
        arrivals=Counted(counts.groups, counts.bins, counts.values, n_bins, bin_s),
        service=service,
        memory_mib=memory_mib,
        skipped=skipped,
    )


@dataclass(frozen=True)
class _Cells:
    """The cells of a metric that are not 0: each function's in order of time."""

    names: tuple[str, ...]
    groups: Groups
    bins: Column
    values: Column
    skipped: Skipped

    def keys(self, n_bins: int) -> Column:
        """Number each cell by function and bin, so that those of two metrics can be matched."""
        return np.repeat(np.arange(len(self.names)), self.groups.sizes) * n_bins + self.bins


@dataclass(frozen=True)
class _Metric:
    """The folder of a metric, and how its tables are read."""

    folder: Path
    bin_s: int
    start_s: int
    rule: Number

    def read(self, days: Sequence[int], on_bad: OnBad) -> _Cells:
        """Read the tables of some days; the functions are the columns of the first."""
        names: list[str] = []
        found: list[tuple[Column, Column, Column]] = []
        skipped, files = Skipped(), _files(self.folder)
        for day in days:
            if day not in files:
                raise DataError(f"{self.folder.name} must have a file for day {day}; it has none.")
            mine = [name for name in header(files[day]) if name not in {"day", "time"}]
            names = names or mine
            if mine != names:
                raise DataError(
                    f"{files[day].name}, line 1: must name the {len(names)} functions of the first day; "
                    f"it names {len(mine)}, or others."
                )
            rows = BadRows(f"{self.folder.name}/{files[day].name}", on_bad)
            found += self._of_day(files[day], names, day, rows)
            skipped += rows.skipped
        if not found:
            raise DataError(f"{self.folder.name} must hold at least one row that is not bad; it holds none.")
        function, bins, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.lexsort((bins, function))
        groups = Groups.of(np.bincount(function, minlength=len(names)))
        return _Cells(tuple(names), groups, bins[order], values[order], skipped)

    def _of_day(self, path: Path, names: list[str], day: int, rows: BadRows) -> Iterator[tuple[Column, Column, Column]]:
        check = partial(_of_another_day, day=day)
        for piece in pieces(path, {"time": Number()} | dict.fromkeys(names, self.rule), rows, check):
            bins = ((piece.columns["time"] - self.start_s) // self.bin_s).astype("i8")
            table = np.stack([piece.columns[name] for name in names], axis=1)
            row, function = np.nonzero(table)
            yield function, bins[row], table[row, function]


def _of_another_day(piece: Piece, day: int) -> Iterator[Broken]:
    """Tell the rows whose time is not of a file's day."""
    time_s, begin_s, end_s = piece.columns["time"], day * S_PER_DAY, (day + 1) * S_PER_DAY
    for row in np.flatnonzero((time_s < begin_s) | (time_s >= end_s)):
        yield int(row), "time", f"a time of day {day}, from {begin_s} to {end_s}", float(time_s[row])


def _weighted(delays: _Cells, counts: _Cells, n_bins: int, per_s: int) -> Samples:
    """Match each delay with the requests that it is the mean of; delays of no request have no weight."""
    if delays.names != counts.names:
        raise DataError(f"the delays must be of the {len(counts.names)} functions of the requests; they are of others.")
    keys, wanted = counts.keys(n_bins), delays.keys(n_bins)
    place = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
    weights = np.where(keys[place] == wanted, counts.values[place], 0.0) if len(keys) else np.zeros(len(wanted))
    return Samples(delays.groups, delays.values / per_s, weights)


def _per_pod(limit: _Cells, pods: _Cells, functions: int, n_bins: int) -> Column:
    """Divide the memory of all pods by their number, minute by minute; give the mean of each function."""
    _, first, second = np.intersect1d(limit.keys(n_bins), pods.keys(n_bins), assume_unique=True, return_indices=True)
    function = np.repeat(np.arange(len(limit.names)), limit.groups.sizes)[first]
    sums = np.bincount(function, limit.values[first] / pods.values[second], minlength=functions)[:functions]
    minutes = np.bincount(function, minlength=functions)[:functions]
    means: Column = np.divide(sums, minutes, out=np.full(functions, np.nan), where=minutes > 0)
    return means


def _days(folder: Path, days: Sequence[int] | None) -> list[int]:
    """Give the days to read, in order: those asked for, or all that have a file."""
    if days is not None and not len(days):
        raise BadValue("days must name at least one day; got none.")
    if not (there := sorted(_files(folder))):
        raise DataError(f"{str(folder)!r} must be a folder with files such as day_000.csv; it has none.")
    return there if days is None else sorted(set(days))


def _files(folder: Path) -> dict[int, Path]:
    """Find the file of each day; its number has two digits or three."""
    found = ((_DAY.fullmatch(path.name), path) for path in sorted(folder.glob("day_*")))
    return {int(match.group(1)): path for match, path in found if match}
