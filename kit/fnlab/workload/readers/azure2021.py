"""The Azure Functions trace of 2021: a row for each call.

Format: https://github.com/Azure/AzurePublicDataset, AzureFunctionsInvocationTrace2021 (CC-BY).
"""

from pathlib import Path

import numpy as np

from fnlab.trace.rows import BadRows, OnBad
from fnlab.workload.readers.events import Events
from fnlab.workload.readers.tables import TEXT, Number, joined, pieces
from fnlab.workload.recording import Recording

#: The trace writes durations in whole milliseconds; what it writes as 0 took less than one, and is taken as one.
_SHORTEST_S = 0.001


def read_azure2021(path: str | Path, *, hours: float | None = None, on_bad: OnBad = "stop") -> Recording:
    """Read calls of the Azure Functions trace of 2021.

    A call came at its end less its duration, and not before the trace began. A duration of 0 is taken as 1 ms. A
    function's name is ``app/func``. The trace has no memory.

    Parameters
    ----------
    path : str or Path
        The file, with the columns ``app,func,end_timestamp,duration``; compressed with gzip is fine.
    hours : float, optional
        Length of the window; without it, as many whole hours as the calls need (the whole trace has 14 days).
    on_bad : str
        What to do with a bad row: ``"stop"``, or ``"skip"`` and count.

    Returns
    -------
    Recording
        The functions in the order in which they occur.

    Raises
    ------
    DataError
        If the file or a column is missing, or at a bad row with ``on_bad="stop"``.
    """
    rows, events = BadRows(Path(path).name, on_bad), Events(Path(path).name)
    columns = {"app": TEXT, "func": TEXT, "end_timestamp": Number(), "duration": Number()}
    for piece in pieces(path, columns, rows):
        duration_s = piece.columns["duration"]
        arrival_s = np.maximum(piece.columns["end_timestamp"] - duration_s, 0)
        events.add(joined(piece, ("app", "func")), arrival_s=arrival_s, service_s=np.maximum(duration_s, _SHORTEST_S))
    calls = events.grouped(by="arrival_s")
    return Recording(
        title="Azure Functions 2021",
        names=calls.names,
        arrivals=calls.timed(hours),
        service=calls.samples("service_s"),
        skipped=rows.skipped,
    )
