"""Whose socket is it: the kernel's tables of TCP connections on this machine, read as far as one question needs.

A loopback port is open to every user of the machine, and TCP does not carry who is calling. But the kernel lists each
socket's number, and each process its open sockets; so it can be told whether one belongs to an instance.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fnlab.emulator.runtimes.usage import family, in_session

_LISTEN = "0A"
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


class _Row(NamedTuple):
    local_port: int
    remote_port: int
    state: str
    inode: int


def can_tell() -> bool:
    """Whether this system says whose a socket is."""
    return Path(_TABLES[0]).exists()


def connected_by(pid: int, *, from_port: int, to_port: int) -> bool:
    """Tell whether the caller's end of a loopback connection is held by a process or what it started."""
    rows = (row for row in _rows() if (row.local_port, row.remote_port) == (from_port, to_port))
    return _holds_one(pid, {row.inode for row in rows})


def listened_by(pid: int, *, port: int) -> bool | None:
    """Tell whether a process, or what it started, listens on a port; None while nobody does."""
    inodes = {row.inode for row in _rows() if row.local_port == port and row.state == _LISTEN}
    return _holds_one(pid, inodes) if inodes else None


def _rows() -> Iterable[_Row]:
    for table in _TABLES:
        with contextlib.suppress(FileNotFoundError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                local, remote = (int(address.rpartition(":")[2], 16) for address in fields[1:3])
                yield _Row(local, remote, fields[3], int(fields[9]))


def _holds_one(pid: int, inodes: set[int]) -> bool:
    names = {f"socket:[{inode}]" for inode in inodes}
    # The session is asked second: it takes a look at every process, and finds those whose parent has ended.
    return any(_holds(member, names) for members in (family(pid), in_session(pid)) for member in members)


def _holds(pid: int, names: set[str]) -> bool:
    # Processes and their files end while we look; those of others we may not see.
    gone = (FileNotFoundError, ProcessLookupError, PermissionError)
    with contextlib.suppress(*gone), os.scandir(f"/proc/{pid}/fd") as fds:
        return any(_target(entry.path) in names for entry in fds)
    return False


def _target(link: str) -> str:
    with contextlib.suppress(FileNotFoundError):
        return str(Path(link).readlink())
    return ""
