"""The most memory that this process has had."""

import os
import resource
import sys
from pathlib import Path

_STATUS_BYTES = 4096  # more than the file has up to the line that is looked for
_KIB_PER_MIB = 1024
_BYTES_PER_MIB = 1024 * 1024

# Held from here: a handler may replace what it likes.
_pread, _getrusage, _self = os.pread, resource.getrusage, resource.RUSAGE_SELF

_status_fd = -1
_seen_faults = -1
_peak_mib = 0.0


def watch() -> None:
    """Open the file that tells this process's peak; a forked child must do so again, or it would read its parent's."""
    global _status_fd, _seen_faults  # noqa: PLW0603  # opened once, because every answer may read it
    _seen_faults = -1
    if Path("/proc/self/status").exists():
        _status_fd = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)


def peak_mib() -> float:
    """The most memory that this process has ever had resident.

    On Linux from ``VmHWM``, which begins anew with each program; ``ru_maxrss`` would carry over the size of the
    process that started us, and a notebook with a large array would make every function look large. To read it takes
    longer than a small request. Memory becomes resident by page faults only, so without a new one the peak is the old.
    """
    global _seen_faults, _peak_mib  # noqa: PLW0603  # what was read last
    usage = _getrusage(_self)
    if _status_fd < 0:
        return usage.ru_maxrss / (_BYTES_PER_MIB if sys.platform == "darwin" else _KIB_PER_MIB)
    faults = usage.ru_minflt + usage.ru_majflt
    if faults != _seen_faults:
        status = _pread(_status_fd, _STATUS_BYTES, 0)
        _peak_mib = int(status.partition(b"VmHWM:")[2].split(maxsplit=1)[0]) / _KIB_PER_MIB
        _seen_faults = faults
    return _peak_mib
