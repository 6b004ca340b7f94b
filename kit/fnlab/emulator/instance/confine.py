"""Puts up the walls around an instance, from the inside, before any of the function's own code is loaded."""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypedDict

from fnlab.emulator.instance import landlock, namespaces

#: What programs need to run at all. Links in /etc lead into /run where a local resolver writes its configuration.
_SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix/store", "/proc", "/sys"),
    *("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"),
)
#: Devices that are harmless, and graphics cards. Not the rest: the owner of a disk's device could read the disk.
_DEVICES = ("null", "zero", "full", "random", "urandom", "nvidia*", "kfd", "dri")

_SET_NO_NEW_PRIVILEGES = 38
_CAPABILITIES_VERSION = 0x20080522  # the third layout: two words a set
_SYS_CHROOT, _SYS_ADMIN = 18, 21  # what it takes to go over to other mounts

#: Before this kernel a user's processes were counted across user namespaces.
_COUNTS_IN_NAMESPACE = (5, 14)

_BYTES_PER_MIB = 1024 * 1024
_OWNER_ONLY = 0o077

_libc = ctypes.CDLL(None, use_errno=True)


class Part(TypedDict):
    """Whether one wall stands, and how, or why not."""

    on: bool
    how: str


class Walls:
    """What confines this process; made once, when it begins, while it has one thread.

    Parameters
    ----------
    settings : dict
        Of the instance; its ``walls`` say what is wanted and what the machine offers.
    forks : bool
        Whether this is a fork server, whose children will each want a narrower room.
    writable : iterable of str
        Files outside of its room that it may write all the same.

    Attributes
    ----------
    parts : dict of str to Part
        What is on, and why the rest is not.
    """

    def __init__(self, settings: dict[str, Any], *, forks: bool, writable: Iterable[str] = ()) -> None:
        self._wanted: dict[str, Any] = settings["walls"]
        self._readable = _readable(settings["package_dir"])
        self._writable = tuple(writable)
        self._porter: namespaces.Porter | None = None
        self.parts: dict[str, Part] = {}
        own = os.path.realpath(settings["temporary_dir"])
        room = str(Path(own).parent) if forks else own
        apart = self._enter_namespace()
        self._take_tmp(own, room, forks=forks)
        self._limit(counts=apart and not forks)
        self._close(room)

    def narrow(self, temporary_dir: str) -> None:
        """In a forked child: a room for it alone, inside the fork server's."""
        own = os.path.realpath(temporary_dir)
        if self._porter is not None:
            self._porter.move_in(own)
            self._porter = None
        self._close(own)

    def _enter_namespace(self) -> bool:
        """Get mounts and a network of one's own, as far as they are wanted and to be had; say whether there is any."""
        wanted = self._wanted
        why = {
            "own /tmp": (wanted["no_mounts"] or _hides(self._readable)) if wanted["sandbox"] else "not asked for",
            "network": "open, as asked" if wanted["network"] else wanted["no_network"],
        }
        apart = not all(why.values())
        if apart:
            try:
                namespaces.enter(mounts=not why["own /tmp"], network=not why["network"])
            except OSError as error:
                apart = False
                why = {name: reason or str(error) for name, reason in why.items()}
        how = {"own /tmp": "mounts of its own, in a user namespace", "network": "none, in a network namespace"}
        self.parts |= {name: _off(reason) if reason else _on(how[name]) for name, reason in why.items()}
        return apart

    def _take_tmp(self, own: str, room: str, *, forks: bool) -> None:
        if not self.parts["own /tmp"]["on"]:
            return
        cwd, seen_at = Path.cwd(), "/tmp"
        if forks:
            namespaces.new_root(own)
            self._porter, seen_at = namespaces.Porter(room, self._readable), namespaces.OUTER_TMP
        namespaces.own_tmp(own, self._readable, seen_at=seen_at)
        os.chdir(cwd)  # the same place, seen through the new mounts

    def _limit(self, *, counts: bool) -> None:
        """Set what the kernel counts for each process; nothing of this can be raised again."""
        wanted = self._wanted
        os.umask(_OWNER_ONLY)
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, wanted["disk_mib"] * _BYTES_PER_MIB)
        self.parts["size of a file"] = _on(f"{wanted['disk_mib']:,} MiB")
        files = _lower(resource.RLIMIT_NOFILE, wanted["files"])
        self.parts["open files"] = _on(f"{files:,}")
        why_not = _why_not_counted(counts=counts)
        if not why_not:
            _lower(resource.RLIMIT_NPROC, wanted["processes"])
        self.parts["processes"] = _off(why_not) if why_not else _on(f"{wanted['processes']:,}, threads included")
        self.parts["environment"] = _on("the function's own variables; nothing of the caller's")

    def _close(self, room: str) -> None:
        """Give up privileges, then every right to files, connections and signals outside."""
        wanted, abi = self._wanted, self._wanted["landlock_abi"]
        files = bool(wanted["sandbox"])
        if files:
            self.parts["new privileges"] = _drop_privileges(keep_mounting=self._porter is not None)
        tcp = not wanted["network"]
        told = f"Landlock, ABI {abi}"
        missing = f"Landlock, ABI {abi}, cannot" if abi else "this kernel offers no Landlock"
        rules = [(path, landlock.READ) for path in (*_SYSTEM, *self._readable)]
        rules += [(path, landlock.WRITE) for path in (room, namespaces.PRIVATE) if path == room or self._porter]
        rules += [(path, landlock.WRITE) for path in self._writable]
        rules += [(path, landlock.DEVICE) for path in _devices()]
        try:
            if abi and (files or tcp):
                _forbid_new_privileges()
                landlock.restrict(abi, rules, files=files, tcp=tcp, scope=files)
        except OSError as error:
            abi, missing = 0, str(error)
        if not files:
            self.parts |= dict.fromkeys(("file system", "signals", "new privileges"), _off("not asked for"))
        else:
            self.parts["file system"] = _on(told + _exceptions(self._readable)) if abi else _off(missing)
            self.parts["signals"] = _on(told) if abi >= landlock.SCOPE_ABI else _off(missing)
        if tcp and not self.parts["network"]["on"] and abi >= landlock.TCP_ABI:
            self.parts["network"] = _on(f"no TCP, by {told}; UDP is open: {self.parts['network']['how']}")


def _on(how: str) -> Part:
    return {"on": True, "how": how}


def _off(why: str) -> Part:
    return {"on": False, "how": why}


def _readable(package_dir: str) -> tuple[str, ...]:
    """List what can be imported: the package, its layers, and Python with what is installed."""
    own = (package_dir, sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    return tuple(sorted({os.path.realpath(path) for path in (*own, *sys.path) if path}))


def _hides(readable: tuple[str, ...]) -> str:
    """Say why /tmp must stay as it is; nothing if it need not."""
    if Path("/tmp").is_symlink():
        return "/tmp is a link on this machine"
    return "/tmp itself is on the import path" if {"/", "/tmp"} & set(readable) else ""


def _exceptions(readable: tuple[str, ...]) -> str:
    """Say whether the whole home folder can be read after all."""
    home = os.path.realpath(os.environ.get("HOME") or "/nonexistent")
    open_wide = any(home == path or home.startswith(path.rstrip("/") + "/") for path in readable)
    return "; the home folder is readable, because it is on the import path" if open_wide else ""


def _devices() -> list[str]:
    return [str(path) for name in _DEVICES for path in Path("/dev").glob(name)]


def _lower(which: int, limit: int) -> int:
    """Set a limit, or leave the lower one that holds already."""
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(which, (limit, limit))
    return limit


def _why_not_counted(*, counts: bool) -> str:
    """Say why the kernel would not count this instance's processes; nothing if it does."""
    if not counts:
        return "not enforced: the kernel counts by user, and only a user namespace of its own would set it apart"
    if os.getuid() == 0:
        return "not enforced: root is exempt"
    if _kernel() < _COUNTS_IN_NAMESPACE:
        return "not enforced: this kernel counts by user, across namespaces"
    return ""


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(digit for digit in minor if digit.isdigit()) or 0)


def _forbid_new_privileges() -> bool:
    """Let no program that is started from here on, not even a set-uid one, have more rights than this process."""
    return bool(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0)


def _drop_privileges(*, keep_mounting: bool) -> Part:
    """Give up every capability, for what is started from here too; a fork server's children still have to move in."""
    if not sys.platform.startswith("linux"):
        return _off("this system has no such switch")
    if not _forbid_new_privileges():
        return _off("the kernel refused")
    kept = 1 << _SYS_ADMIN | 1 << _SYS_CHROOT if keep_mounting else 0
    head = struct.pack("=Ii", _CAPABILITIES_VERSION, 0)
    if _libc.capset(head, struct.pack("=6I", kept, kept, 0, 0, 0, 0)) != 0:
        return _off("the kernel refused to take capabilities away")
    return _on("none, and no capabilities")
