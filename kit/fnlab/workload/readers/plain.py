"""A workload as a plain CSV file: a row for each request, with its time and, if known, its durations and memory."""

from pathlib import Path

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace.rows import BadRows, OnBad
from fnlab.trace.table import Column
from fnlab.workload.arrivals import Workload
from fnlab.workload.readers.events import Events
from fnlab.workload.readers.tables import Columns, Number, header, pieces
from fnlab.workload.recording import Recording

_OPTIONAL = ("duration_s", "init_s", "memory_mib")


def read_csv(path: str | Path, *, hours: float | None = None, on_bad: OnBad = "stop") -> Recording:
    r"""Read requests of one function from a CSV file.

    Parameters
    ----------
    path : str or Path
        A file with the column ``arrival_s`` and, if known, ``duration_s``, ``init_s`` (empty or 0 on a warm start) and
        ``memory_mib``; other columns are left alone. The rows need no order. Compressed with gzip is fine.
    hours : float, optional
        Length of the window, which begins at 0; without it, as many whole hours as the requests need.
    on_bad : str
        What to do with a bad row: ``"stop"``, or ``"skip"`` and count.

    Returns
    -------
    Recording
        Of one function, named after the file; its row is 0.

    Raises
    ------
    DataError
        If the file or ``arrival_s`` is missing, or at a bad row with ``on_bad="stop"``.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "shop.csv"
    >>> _ = file.write_text("arrival_s,duration_s\n0.5,0.2\n7,0.4\n")
    >>> shop = read_csv(file)
    >>> shop.workload(), round(shop.service_law().mean_s, 3)
    (Workload('shop', 2 requests in 1 h), 0.3)
    """
    there = [name for name in _OPTIONAL if name in header(path)]
    columns: Columns = {"arrival_s": Number()} | dict.fromkeys(there, Number(empty=np.nan))
    rows, events = BadRows(Path(path).name, on_bad), Events(Path(path).name)
    name = Path(path).name.split(".")[0]
    for piece in pieces(path, columns, rows):
        cells = {column: piece.columns[column] for column in columns}
        if "init_s" in cells:
            cells["init_s"] = np.where(cells["init_s"] > 0, cells["init_s"], np.nan)
        events.add([name] * len(piece), **cells)
    requests = events.grouped(by="arrival_s")
    return Recording(
        title=name,
        names=requests.names,
        arrivals=requests.timed(hours),
        service=requests.samples("duration_s") if "duration_s" in there else None,
        init=requests.samples("init_s") if "init_s" in there else None,
        memory_mib=requests.last("memory_mib") if "memory_mib" in there else None,
        skipped=rows.skipped,
    )


def write_csv(
    workload: Workload,
    path: str | Path,
    *,
    duration_s: Column | None = None,
    init_s: Column | None = None,
    memory_mib: Column | None = None,
) -> Path:
    """Write a workload as :func:`read_csv` reads it, every number with all its digits.

    Parameters
    ----------
    workload : Workload
        The requests.
    path : str or Path
        The file.
    duration_s, init_s, memory_mib : ndarray of shape (n_requests,), optional
        What else is known of each request.

    Raises
    ------
    BadValue
        If a column has another length than the workload.
    """
    columns = {"arrival_s": workload.arrivals_s}
    for name, column in zip(_OPTIONAL, (duration_s, init_s, memory_mib), strict=True):
        if column is None:
            continue
        if len(column) != len(workload):
            raise BadValue(f"{name} must have an entry for each of the {len(workload)} requests; got {len(column)}.")
        columns[name] = np.asarray(column, dtype="f8")
    cells = zip(*(column.tolist() for column in columns.values()), strict=True)
    with Path(path).open("w", encoding="utf-8") as file:
        file.write(",".join(columns) + "\n")
        file.writelines(",".join(map(repr, row)) + "\n" for row in cells)
    return Path(path)
