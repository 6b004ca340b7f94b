"""What a process and those it started use, read from outside. Without ``/proc`` nothing is known, and that is 0."""

import os
from collections.abc import Iterator
from pathlib import Path

from fnlab.units import BYTES_PER_MIB

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1024

#: Fields of ``/proc/PID/stat`` after the name, counted from 0; see proc(5).
_SESSION, _UTIME, _CSTIME = 3, 11, 14

_ENDED = (FileNotFoundError, ProcessLookupError)


def resident_mib(pid: int) -> float:
    """Memory that a process and its descendants have resident now; what they share counts for each."""
    return sum(_resident_mib(member) for member in family(pid))


def peak_mib(pid: int) -> float:
    """Give the most that is certain: the present sum, or the largest peak of one process.

    The kernel keeps a peak for each process and none for a family, and peaks of several need not have been at once.
    """
    return max(resident_mib(pid), max(map(_peak_mib, family(pid)), default=0.0))


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, of its living descendants, and of those that it has waited for."""
    ticks = 0
    for member in family(pid):
        fields = _stat(member)
        ticks += sum(map(int, fields[_UTIME : _CSTIME + 1])) if fields else 0
    return ticks / _TICKS_PER_S


def family(pid: int) -> Iterator[int]:
    """Go through a process and its living descendants."""
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except _ENDED:
        return
    for task in tasks:
        try:
            children = (task / "children").read_text(encoding="ascii").split()
        except _ENDED:
            continue
        for child in children:
            yield from family(int(child))


def in_session(pid: int) -> Iterator[int]:
    """Go through all processes of the session that a process leads, orphans included."""
    for path in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(path.name))
        if fields and int(fields[_SESSION]) == pid:
            yield int(path.name)


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except _ENDED:
        return []
    return text.rpartition(")")[2].split()  # the name before may hold anything


def _resident_mib(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (*_ENDED, IndexError):
        return 0.0
    return pages * _PAGE_BYTES / BYTES_PER_MIB


def _peak_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except _ENDED:
        return 0.0
    kib = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), "0")
    return int(kib) / _KIB_PER_MIB
