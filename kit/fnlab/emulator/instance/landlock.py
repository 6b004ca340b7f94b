"""Landlock: rules that a Linux process gives itself, and that neither it nor what it starts can take back.

The numbers are those of the kernel's ``linux/landlock.h``. Each version of the interface (ABI) can do more than the one
before; what this kernel cannot do is left out.
"""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable

# System calls; the same numbers on every architecture that Python runs on.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_DEVICES = 1 << 6 | 1 << 11
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_BIND_AND_CONNECT_TCP = 1 << 0 | 1 << 1
_ABSTRACT_SOCKETS_AND_SIGNALS = 1 << 0 | 1 << 1

#: How many file rights each ABI knows, as bits from the lowest up: 2 brought REFER, 3 TRUNCATE, 5 IOCTL_DEV.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
#: The first ABI with rules for TCP, and the first that keeps signals and abstract Unix sockets inside.
TCP_ABI, SCOPE_ABI = 4, 6

_FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEVICE
READ = EXECUTE | READ_FILE | READ_DIR
DEVICE = READ_FILE | WRITE_FILE | _IOCTL_DEVICE
#: Everything but to make devices.
WRITE = (1 << 16) - 1 & ~_MAKE_DEVICES

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def abi() -> int:
    """Say which version this kernel has; 0: none, or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    version: int = _libc.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(_ASK_VERSION))
    return max(0, version)


def restrict(abi: int, rules: Iterable[tuple[str, int]], *, files: bool, tcp: bool, scope: bool) -> None:
    """Give up, for good, everything that the rules do not allow. Needs ``no_new_privs`` or a privileged process.

    Parameters
    ----------
    abi : int
        The kernel's version, at least 1.
    rules : iterable of (path, rights)
        What stays allowed, with everything below. Paths that are not there are passed over.
    files, tcp, scope : bool
        Whether to guard the file system, TCP, and signals and abstract sockets towards the outside.
    """
    known = (1 << max(bits for least, bits in _FILE_RIGHTS.items() if least <= abi)) - 1
    handled = [
        known if files else 0,
        _BIND_AND_CONNECT_TCP if tcp and abi >= TCP_ABI else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if scope and abi >= SCOPE_ABI else 0,
    ]
    fields = 3 if abi >= SCOPE_ABI else 2 if abi >= TCP_ABI else 1
    if not any(handled):
        return
    attributes = struct.pack(f"={fields}Q", *handled[:fields])
    ruleset_fd = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    try:
        for path, rights in rules if files else ():
            _allow(ruleset_fd, path, rights & known)
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset_fd), ctypes.c_uint(0))
    finally:
        os.close(ruleset_fd)


def _allow(ruleset_fd: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not there, or not to be seen: then there is nothing to allow
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _FOR_FILES
        rule = struct.pack("=Qi", rights, fd)
        _call(_ADD_RULE, ctypes.c_int(ruleset_fd), ctypes.c_uint(_PATH_BENEATH), rule, ctypes.c_uint(0))
    finally:
        os.close(fd)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
