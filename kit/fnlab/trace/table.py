"""The two tables of a trace, and the few totals that everybody asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.trace.periods import active_periods
from fnlab.units import require, short_duration

if TYPE_CHECKING:
    import pandas as pd

Column = np.ndarray[tuple[int], np.dtype[Any]]


class Status(IntEnum):
    """How an invocation ended."""

    OK = 0
    ERROR = 1
    TIMEOUT = 2
    OUT_OF_MEMORY = 3
    THROTTLED = 4
    DROPPED = 5


class Kind(IntEnum):
    """Why an instance exists: because a request came, or because a minimum was promised."""

    ON_DEMAND = 0
    PROVISIONED = 1


INVOCATION_COLUMNS: Mapping[str, str] = {
    "arrival_s": "f8",  # the request reached the platform
    "start_s": "f8",  # the handler began
    "end_s": "f8",  # the handler returned, raised or was killed
    "init_s": "f8",  # time this request waited for its new instance; 0 on a warm one
    "status": "i1",  # a Status
    "instance": "i8",  # row of the instance table; -1 when none served it
    "version": "i4",
    "memory_mib": "i4",
    "billed_s": "f8",  # init + execution, rounded up to a whole millisecond
}

INSTANCE_COLUMNS: Mapping[str, str] = {
    "created_s": "f8",
    "ready_s": "f8",  # NaN if it never became ready
    "stopped_s": "f8",  # NaN if it was alive when the window closed
    "kind": "i1",  # a Kind
    "version": "i4",
    "memory_mib": "i4",
}


@dataclass(frozen=True, eq=False)
class Trace:
    """What happened in the window from 0 to `duration_s`.

    Times are seconds since the window opened. The columns are numpy arrays; :attr:`invocations` and
    :attr:`instances` give the same as DataFrames.

    Parameters
    ----------
    invocation_columns, instance_columns : Mapping of str to ndarray
        The columns named in :data:`INVOCATION_COLUMNS` and :data:`INSTANCE_COLUMNS`, all of one length a table.
    duration_s : float
        Length of the window.
    """

    invocation_columns: Mapping[str, Column]
    instance_columns: Mapping[str, Column]
    duration_s: float

    def __post_init__(self) -> None:
        require("duration_s", self.duration_s, at_least=0)
        object.__setattr__(self, "invocation_columns", _typed(self.invocation_columns, INVOCATION_COLUMNS))
        object.__setattr__(self, "instance_columns", _typed(self.instance_columns, INSTANCE_COLUMNS))

    def __len__(self) -> int:
        return len(self.invocation_columns["arrival_s"])

    def __getitem__(self, column: str) -> Column:
        """Give a column of the invocation table: ``trace["init_s"]``."""
        return self.invocation_columns[column]

    def __eq__(self, other: object) -> bool:
        """Compare every number of both traces; a NaN equals a NaN."""
        if not isinstance(other, Trace):
            return NotImplemented
        pairs = ((self.invocation_columns, other.invocation_columns), (self.instance_columns, other.instance_columns))
        return self.duration_s == other.duration_s and all(
            np.array_equal(mine[name], theirs[name], equal_nan=mine[name].dtype.kind == "f")
            for mine, theirs in pairs
            for name in mine
        )

    __hash__ = None  # type: ignore[assignment]  # holds arrays, like a DataFrame

    @property
    def invocations(self) -> "pd.DataFrame":
        """The invocation table, with status by name and a ``cold`` column."""
        import pandas as pd

        frame = pd.DataFrame(dict(self.invocation_columns))
        return frame.assign(status=_by_name(self["status"], Status), cold=self.cold)

    @property
    def instances(self) -> "pd.DataFrame":
        """The instance table, with kind by name."""
        import pandas as pd

        frame = pd.DataFrame(dict(self.instance_columns))
        return frame.assign(kind=_by_name(self.instance_columns["kind"], Kind))

    @property
    def cold(self) -> Column:
        """Which invocations waited for a new instance, as booleans."""
        return self["init_s"] > 0

    @property
    def served(self) -> Column:
        """Which invocations reached an instance, as booleans."""
        return self["instance"] >= 0

    @property
    def cold_starts(self) -> int:
        """Number of invocations that waited for a new instance."""
        return int(self.cold.sum())

    @property
    def cold_share(self) -> float:
        """Cold starts as a share of the invocations that were served; 0 when none was."""
        served = int(self.served.sum())
        return self.cold_starts / served if served else 0.0

    @property
    def throttled(self) -> int:
        """Number of invocations refused because no further instance could start."""
        return int((self["status"] == Status.THROTTLED).sum())

    @property
    def latency_s(self) -> Column:
        """Seconds from arrival to end, for each invocation."""
        return self["end_s"] - self["arrival_s"]

    @property
    def alive_until_s(self) -> Column:
        """When each instance stopped; the end of the window for those that did not."""
        until: Column = np.fmin(self.instance_columns["stopped_s"], self.duration_s)
        return until

    @property
    def instance_s(self) -> float:
        """Seconds that instances existed, over all of them, inside the window."""
        return float((self.alive_until_s - self.instance_columns["created_s"]).clip(min=0).sum())

    @property
    def busy_s(self) -> float:
        """Seconds that instances spent starting for a request or running one; requests at once count once."""
        served = self.served
        end_s, init_s = self["end_s"][served], self["init_s"][served]
        begin_s = self["start_s"][served] - init_s
        _, from_s, to_s = active_periods(self["instance"][served], begin_s, end_s)
        if len(from_s) == len(begin_s):  # nothing overlaps: the sum in the rows' own order
            return float((end_s - self["start_s"][served] + init_s).sum())
        return float((to_s - from_s).sum())

    @property
    def idle_s(self) -> float:
        """Seconds that instances existed and had nothing to do."""
        return max(0.0, self.instance_s - self.busy_s)

    def window(self, from_s: float, to_s: float) -> "Trace":
        """Cut a piece of time out: the invocations that arrived in it, the instances that lived in it.

        Times count from `from_s` on. An instance that was there before begins with the window; one that stopped after
        `to_s` was alive when the window closed.

        Raises
        ------
        BadValue
            If the window does not lie within the trace.
        """
        if not 0 <= from_s <= to_s <= self.duration_s:
            raise BadValue(f"a window must lie from 0 to {self.duration_s:g} s; got {from_s!r} to {to_s!r}.")
        arrival_s, instances = self["arrival_s"], self.instance_columns
        lived = (instances["created_s"] < to_s) & ~(instances["stopped_s"] <= from_s)
        # Rows of the instance table move up when others leave; -1, for none, stays what it is.
        row = np.append(np.cumsum(lived) - 1, -1)
        arrived = (arrival_s >= from_s) & (arrival_s < to_s)
        invocations = {name: column[arrived] for name, column in self.invocation_columns.items()}
        invocations["instance"] = row[invocations["instance"]]
        for name in ("arrival_s", "start_s", "end_s"):
            invocations[name] = invocations[name] - from_s
        kept = {name: column[lived] for name, column in instances.items()}
        for name in ("created_s", "ready_s", "stopped_s"):
            kept[name] = np.maximum(kept[name] - from_s, 0.0)
        kept["stopped_s"] = np.where(kept["stopped_s"] > to_s - from_s, np.nan, kept["stopped_s"])
        return Trace(invocations, kept, to_s - from_s)

    @staticmethod
    def merged(traces: "Sequence[Trace]", duration_s: float) -> "Trace":
        """Put traces of the same time side by side, such as those of several functions of one platform."""
        offsets = np.cumsum([0, *(len(trace.instance_columns["created_s"]) for trace in traces)])
        instances = {
            name: np.concatenate([trace.instance_columns[name] for trace in traces] or [np.empty(0)])
            for name in INSTANCE_COLUMNS
        }
        rows = {name: np.concatenate([trace[name] for trace in traces] or [np.empty(0)]) for name in INVOCATION_COLUMNS}
        moved = [
            np.where(trace["instance"] < 0, -1, trace["instance"] + offset)
            for trace, offset in zip(traces, offsets[:-1], strict=True)
        ]
        rows["instance"] = np.concatenate(moved or [np.empty(0)])
        order = np.argsort(rows["arrival_s"], kind="stable")
        return Trace({name: column[order] for name, column in rows.items()}, instances, duration_s)

    def save(self, folder: str | Path) -> Path:
        """Write both tables as Parquet files into a folder; see :meth:`load`."""
        from fnlab.trace.parquet import write

        return write(self, Path(folder))

    @staticmethod
    def load(folder: str | Path) -> "Trace":
        """Read what :meth:`save` wrote."""
        from fnlab.trace.parquet import read

        return read(Path(folder))

    def __repr__(self) -> str:
        return (
            f"Trace({len(self):,} invocations, {self.cold_starts:,} cold, {self.throttled:,} throttled; "
            f"{len(self.instance_columns['created_s']):,} instances; {short_duration(self.duration_s)})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "invocations": f"{len(self):,}",
            "cold starts": f"{self.cold_starts:,} ({self.cold_share:.2%})",
            "throttled": f"{self.throttled:,}",
            "instances": f"{len(self.instance_columns['created_s']):,}",
            "instance time": short_duration(self.instance_s),
            "window": short_duration(self.duration_s),
        }
        return facts("Trace", rows)


def _by_name(codes: Column, names: type[IntEnum]) -> "pd.Categorical[str]":
    import pandas as pd

    categories = [member.name.lower() for member in names]
    return pd.Categorical([categories[code] for code in codes], categories=categories)


def _typed(columns: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Column]:
    """Bring columns to their order and types; refuse a table that has others or ragged ones."""
    if set(columns) != set(types):
        raise BadValue(f"a trace's table must have the columns {', '.join(types)}; got {', '.join(columns)}.")
    typed = {name: np.ascontiguousarray(columns[name], dtype=dtype) for name, dtype in types.items()}
    lengths = {len(column) for column in typed.values()}
    if len(lengths) > 1:
        raise BadValue(f"the columns of a trace's table must have one length; got {sorted(lengths)}.")
    return typed
