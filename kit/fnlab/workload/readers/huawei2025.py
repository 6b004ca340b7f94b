"""Huawei's public cloud, 2025: a row for each cold start, and a row for each request.

Format: https://github.com/sir-lab/data-release, README_data_release_2025.md. Times are seconds since the beginning of
the data set, durations are seconds.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fnlab.trace.rows import BadRows, OnBad
from fnlab.trace.table import Column
from fnlab.workload.readers.events import Events, GroupedEvents
from fnlab.workload.readers.tables import TEXT, Broken, Number, Piece, joined, pieces
from fnlab.workload.recording import Recording

if TYPE_CHECKING:
    pass

#: The release's own rule for a function: name, user and pool together.
_BETWEEN = "---"
_POOL = r"(?P<pool>pool\d+-(?P<mcpu>\d+)-(?P<mib>\d+))"
_MILLI = 1000
_NAMED_BY = ("funcName", "userID", "podID")


def read_huawei2025_cold_starts(
    path: str | Path, *, hours: float | None = None, from_s: float = 0, on_bad: OnBad = "stop"
) -> Recording:
    """Read cold starts of Huawei's public cloud, 2025.

    The "calls" of the recording are the cold starts, and its `init` how long they took (``totalCost_cold_start``). A
    function's name is ``funcName---userID---pool``, as in the release. Its pool (``pool24-600-512``) gives CPU and
    memory; a pod of another form has neither.

    Parameters
    ----------
    path : str or Path
        A day of a region; compressed with gzip is fine.
    hours : float, optional
        Length of the window; without it, as many whole hours as the rows need.
    from_s : float
        Where the window begins, in the data set's time, which runs for 31 days; earlier rows are bad.
    on_bad : str
        What to do with a bad row: ``"stop"``, or ``"skip"`` and count.

    Raises
    ------
    DataError
        If the file or a column is missing, or at a bad row with ``on_bad="stop"``.
    """
    numbers = {"time": Number(at_least=from_s), "totalCost_cold_start": Number()}
    rows, events = BadRows(Path(path).name, on_bad), Events(Path(path).name)
    for piece in pieces(path, dict.fromkeys(_NAMED_BY, TEXT) | numbers, rows):
        _add(events, piece, arrival_s=piece.columns["time"] - from_s, init_s=piece.columns["totalCost_cold_start"])
    starts = events.grouped(by="arrival_s")
    return _recording("Huawei 2025, cold starts", starts, hours, rows)


def read_huawei2025_requests(
    path: str | Path, *, hours: float | None = None, from_s: float = 0, on_bad: OnBad = "stop"
) -> Recording:
    """Read requests of Huawei's public cloud, 2025.

    A request's duration is the time in the function's pod (``totalCost_worker``). It came when the frontend wrote its
    log less the time that the frontend measured (``time_frontend - totalCost_frontend``): the release does not say
    which moment the log's time is, and in its example the frontend's comes after the worker's. Parameters, names and
    errors are those of :func:`read_huawei2025_cold_starts`.
    """
    names = ("time_frontend", "totalCost_frontend", "totalCost_worker")
    columns = dict.fromkeys(_NAMED_BY, TEXT) | dict.fromkeys(names, Number())
    rows, events = BadRows(Path(path).name, on_bad), Events(Path(path).name)
    for piece in pieces(path, columns, rows, partial(_early, from_s=from_s)):
        arrival_s = piece.columns["time_frontend"] - piece.columns["totalCost_frontend"] - from_s
        _add(events, piece, arrival_s=arrival_s, service_s=piece.columns["totalCost_worker"])
    requests = events.grouped(by="arrival_s")
    return _recording("Huawei 2025, requests", requests, hours, rows)


def _early(piece: Piece, from_s: float) -> Iterator[Broken]:
    """Tell the rows of requests that came before the window."""
    logged_s = piece.columns["time_frontend"]
    for row in np.flatnonzero(logged_s - piece.columns["totalCost_frontend"] - from_s < 0):
        yield int(row), "time_frontend", f"at least the request's duration after {from_s:g} s", float(logged_s[row])


def _recording(title: str, grouped: GroupedEvents, hours: float | None, rows: BadRows) -> Recording:
    return Recording(
        title=title,
        names=grouped.names,
        arrivals=grouped.timed(hours),
        service=grouped.samples("service_s") if "service_s" in grouped.columns else None,
        init=grouped.samples("init_s") if "init_s" in grouped.columns else None,
        memory_mib=grouped.last("memory_mib"),
        cpu_share=grouped.last("cpu_share"),
        skipped=rows.skipped,
    )


def _add(events: Events, piece: Piece, **columns: Column) -> None:
    """Add rows with the name of their function, and what the name of its pool tells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pods: pa.Array = piece.columns["podID"]
    found = pc.extract_regex(pods, _POOL)
    pool = pc.fill_null(pc.struct_field(found, "pool"), "")
    memory_mib, millicores = (
        pc.fill_null(pc.cast(pc.struct_field(found, name), pa.float64()), np.nan).to_numpy(zero_copy_only=False)
        for name in ("mib", "mcpu")
    )
    piece = Piece(piece.lines, {**piece.columns, "pool": pool})
    names = joined(piece, ("funcName", "userID", "pool"), _BETWEEN)
    events.add(names, memory_mib=memory_mib, cpu_share=millicores / _MILLI, **columns)
