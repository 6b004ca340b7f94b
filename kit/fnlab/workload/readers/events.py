"""Traces that have a row for each call: collected piece by piece, then put in order function by function."""

from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from fnlab.errors import BadValue, DataError
from fnlab.trace.table import Column
from fnlab.units import S_PER_H, require
from fnlab.workload.grouped import Groups, Samples, Timed


@dataclass
class Events:
    """Rows of a trace as they come in.

    Parameters
    ----------
    source : str
        What to call the file.
    """

    source: str
    _names: list[Any] = field(default_factory=list)
    _columns: list[dict[str, Column]] = field(default_factory=list)

    def add(self, names: Any, **columns: Column) -> None:
        """Add rows: an Arrow array with the name of each row's function, and their numbers."""
        self._names.append(names)
        self._columns.append(columns)

    def grouped(self, by: str) -> "GroupedEvents":
        """Put the rows in order, by function and within one by a column.

        Raises
        ------
        DataError
            If there is no row.
        """
        import pyarrow as pa

        if not sum(map(len, self._names)):
            raise DataError(f"{self.source} must hold at least one row that is not bad; it holds none.")
        coded = pa.chunked_array(self._names, pa.string()).combine_chunks().dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        columns = {name: np.concatenate([piece[name] for piece in self._columns]) for name in self._columns[0]}
        order = np.lexsort((columns[by], codes))
        names = tuple(coded.dictionary.to_pylist())
        groups = Groups.of(np.bincount(codes, minlength=len(names)))
        return GroupedEvents(names, groups, {name: column[order] for name, column in columns.items()})


@dataclass(frozen=True, eq=False)
class GroupedEvents:
    """Rows of a trace, one function's after another's, in order of time."""

    names: tuple[str, ...]
    groups: Groups
    columns: dict[str, Column]

    def timed(self, hours: float | None) -> Timed:
        """Give the calls, in a window of `hours` or of as many whole hours as they need."""
        arrivals_s = self.columns["arrival_s"]
        last_s = float(arrivals_s.max())
        if hours is None:
            return Timed(self.groups, arrivals_s, max(1, ceil(last_s / S_PER_H)) * S_PER_H)
        require("hours", hours, above=0)
        if last_s > hours * S_PER_H:
            raise BadValue(
                f"hours must hold all calls, of which the last comes at {last_s / S_PER_H:g} h; got {hours!r}."
            )
        return Timed(self.groups, arrivals_s, hours * S_PER_H)

    def samples(self, column: str) -> Samples:
        """Give measured durations, a call each; rows with NaN in that column have none."""
        values_s = self.columns[column]
        known = ~np.isnan(values_s)
        return Samples(self.groups, np.where(known, values_s, 0.0), known.astype("f8"))

    def last(self, column: str) -> Column:
        """Give each function's last value that is not NaN; NaN where there is none."""
        values = self.columns[column]
        place = np.where(np.isnan(values), -1, np.arange(len(values)))
        latest = np.maximum.reduceat(place, self.groups.first[:-1])
        result: Column = np.where(latest < 0, np.nan, values[latest])
        return result
