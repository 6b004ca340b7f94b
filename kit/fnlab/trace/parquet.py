"""A trace on disk: a folder with two Parquet files that any tool can read."""

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fnlab.errors import DataError
from fnlab.trace.table import Kind, Status, Trace

#: Columns that are numbers in memory and names on disk, so that the file explains itself.
_NAMED: Mapping[str, type[IntEnum]] = {"status": Status, "kind": Kind}
_DURATION = b"fnlab.duration_s"


def write(trace: Trace, folder: Path) -> Path:
    """Write ``invocations.parquet`` and ``instances.parquet``; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {_DURATION: repr(float(trace.duration_s)).encode()}
    for name, columns in (("invocations", trace.invocation_columns), ("instances", trace.instance_columns)):
        table = pa.table({key: _named(key, column) for key, column in columns.items()})
        pq.write_table(table.replace_schema_metadata(metadata), folder / f"{name}.parquet")
    return folder


def read(folder: Path) -> Trace:
    """Read a folder that :func:`write` made.

    Raises
    ------
    DataError
        If a file is missing or was not written by :func:`write`.
    """
    tables = []
    for name in ("invocations", "instances"):
        path = folder / f"{name}.parquet"
        if not path.is_file():
            raise DataError(f"a saved trace must hold {name}.parquet; {str(folder)!r} does not.")
        tables.append(pq.read_table(path))
    metadata = tables[0].schema.metadata or {}
    if _DURATION not in metadata:
        raise DataError(f"a saved trace must say its duration; {str(folder)!r} was not written by Trace.save.")
    invocations, instances = ({key: _numbered(key, table[key]) for key in table.column_names} for table in tables)
    return Trace(invocations, instances, float(metadata[_DURATION]))


def _named(key: str, column: Any) -> Any:
    if key not in _NAMED:
        return column
    names = pa.array([member.name.lower() for member in _NAMED[key]])
    return pa.DictionaryArray.from_arrays(pa.array(column), names)


def _numbered(key: str, column: Any) -> Any:
    if key not in _NAMED:
        return column.to_numpy()
    codes = {member.name.lower(): member.value for member in _NAMED[key]}
    return np.array([codes[name] for name in column.to_pylist()], dtype="i1")
