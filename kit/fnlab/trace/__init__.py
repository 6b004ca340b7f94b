"""What happened: one row an invocation, one row an instance, whoever produced it.

Everything left of this room (emulator, simulator, recorded logs) ends in a :class:`Trace`; everything right of it
(measure, cost, figures) begins with one and cannot tell where it came from.
"""

from fnlab.trace.logs import CloudLog, read_fc_log, read_lambda_log
from fnlab.trace.phase import Phase
from fnlab.trace.recorder import Recorder
from fnlab.trace.rows import Skipped
from fnlab.trace.table import INSTANCE_COLUMNS, INVOCATION_COLUMNS, Kind, Status, Trace

__all__ = [
    "INSTANCE_COLUMNS",
    "INVOCATION_COLUMNS",
    "CloudLog",
    "Kind",
    "Phase",
    "Recorder",
    "Skipped",
    "Status",
    "Trace",
    "read_fc_log",
    "read_lambda_log",
]
