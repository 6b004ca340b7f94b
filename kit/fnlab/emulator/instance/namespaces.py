"""Linux namespaces of one's own, without root: a /tmp and a network that nobody else sees.

Run as a program, with an empty folder, this file tries out what the machine allows and prints it; a process that has
half entered a namespace is of no use any more, so the trial needs one to throw away.
"""

import contextlib
import ctypes
import json
import os
import socket
import stat
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

_NEW_MOUNTS, _NEW_USER, _NEW_NETWORK = 0x00020000, 0x10000000, 0x40000000
_BIND, _MOVE, _RECURSIVE, _PRIVATE = 1 << 12, 1 << 13, 1 << 14, 1 << 18
_DETACH = 2
_MOUNT_SETATTR = 442  # the same number on every architecture; libc may not know the call yet
_READ_ONLY, _ALL_BELOW, _NO_FOLDER = 1, 0x8000, -100
_MESSAGE_BYTES = 4096

_TMP = "/tmp"  # what programs mean, wherever this machine has its temporary files
#: Where a rebuilt root has the own /tmp, and everybody's.
PRIVATE, OUTER_TMP = "/private", "/.outer/tmp"

_libc = ctypes.CDLL(None, use_errno=True)


def enter(*, mounts: bool, network: bool) -> None:
    """Go into a user namespace of one's own, under the same ids, with mounts and a network of its own if asked.

    The process must have one thread. The new network has no devices that are up, not even loopback.
    """
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", _NEW_USER | mounts * _NEW_MOUNTS | network * _NEW_NETWORK)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(fd, text.encode())
        os.close(fd)
    if mounts:
        _call("mount", None, b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)


def own_tmp(folder: str, keep: Iterable[str], *, seen_at: str = "/tmp") -> None:
    """See `folder` where everybody else sees /tmp, in mounts of one's own.

    The paths to `keep` can be read where they are, but no longer written: Landlock would let them be, because the
    folder that they are now mounted in can be written. What others see as /tmp is at `seen_at` until then.
    """
    _call("unshare", _NEW_MOUNTS)
    kept = outermost(keep, seen_at=seen_at)
    if _is_below(folder, _TMP):
        kept.append(folder)
    fds = [os.open(seen_at + path[len(_TMP) :], os.O_PATH | os.O_CLOEXEC) for path in kept]
    _bind(seen_at + folder[len(_TMP) :] if _is_below(folder, _TMP) else folder, _TMP)
    for path, fd in zip(kept, fds, strict=True):
        _make_place(path, folder=stat.S_ISDIR(os.fstat(fd).st_mode))
        _bind(f"/proc/self/fd/{fd}", path)
        if path != folder:
            _protect(path)
        os.close(fd)
    if seen_at != _TMP:
        _call("umount2", seen_at.encode(), _DETACH)


def new_root(place: str) -> None:
    """Rebuild the root so that /tmp is a link to /private/tmp; what /tmp was can be seen at `OUTER_TMP`.

    Landlock looks for its rules upwards from a file, and goes on above a mount at the folder that holds the mount
    point. Right above /tmp there is only the root. Above /private/tmp there is a folder that a fork server can have a
    rule for long before the folders of its children are made.
    """
    new = Path(place)
    _call("mount", b"none", place.encode(), b"tmpfs", ctypes.c_ulong(0), b"mode=755,size=1m")
    for name in (OUTER_TMP, f"{PRIVATE}/tmp"):
        Path(place + name).mkdir(parents=True)
    _bind(_TMP, place + OUTER_TMP)
    (new / "tmp").symlink_to(f"{PRIVATE}/tmp")
    for entry in Path("/").iterdir():
        if str(entry) in (_TMP, PRIVATE):
            continue
        if entry.is_symlink():
            (new / entry.name).symlink_to(entry.readlink())
        elif entry.is_dir():
            (new / entry.name).mkdir()
            _bind(str(entry), f"{place}{entry}")
    os.chdir(new)
    _call("mount", b".", b"/", None, ctypes.c_ulong(_MOVE), None)
    os.chroot(".")
    os.chdir("/")


def outermost(paths: Iterable[str], *, seen_at: str) -> list[str]:
    """Leave those paths that are there, below /tmp, and not below one another."""
    found: list[str] = []
    for path in sorted({path for path in paths if _is_below(path, _TMP)}):
        if Path(seen_at + path[len(_TMP) :]).exists() and not any(_is_below(path, each) for each in found):
            found.append(path)
    return found


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def _make_place(path: str, *, folder: bool) -> None:
    """Make what something can be mounted on."""
    place = Path(path)
    (place if folder else place.parent).mkdir(parents=True, exist_ok=True)
    if not folder:
        place.touch()


class Porter:
    """A process that prepares a /tmp for each child of a fork server. Made after :func:`new_root`.

    What has given itself Landlock rules can mount nothing any more, and a fork server must have done that before it
    imports a handler. So this process stays behind, outside of the rules, holds none of the server's files, runs
    nothing but the loop below, and ends with the server. Its children get the mounts as an open file and move in.

    Parameters
    ----------
    parent : str
        The folder of all temporary folders; it binds nothing from anywhere else.
    keep : iterable of str
        Paths to keep in sight.
    """

    def __init__(self, parent: str, keep: Iterable[str]) -> None:
        self._door, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        keep = tuple(keep)
        if os.fork() == 0:
            try:
                inner_fd = os.dup2(inner.detach(), 3)
                _close_above(inner_fd)
                _attend(socket.socket(fileno=inner_fd), parent, keep)
            finally:
                os._exit(0)
        inner.close()

    def move_in(self, folder: str) -> None:
        """In a child: see this folder as /tmp from now on."""
        ours, theirs = socket.socketpair()  # children ask at the same time; each gets its own answer
        with ours:
            with theirs:
                socket.send_fds(self._door, [Path(folder).name.encode()], [theirs.fileno()])
            self._door.close()
            said, fds, _, _ = socket.recv_fds(ours, _MESSAGE_BYTES, 1)
        if not fds:
            raise OSError(said.decode() or "the process that mounts it has ended")
        cwd = Path.cwd()
        _call("setns", fds[0], _NEW_MOUNTS)
        os.close(fds[0])
        os.chdir(cwd)


def _close_above(last_fd: int) -> None:
    """Close all open files with higher numbers; there may be room for a thousand million."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) > last_fd:
            with contextlib.suppress(OSError):  # the folder itself was open while it was read
                os.close(int(name))


def _attend(door: socket.socket, parent: str, keep: tuple[str, ...]) -> None:
    """Prepare mounts, one order after the other, until the server is gone."""
    base_fd = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    while True:
        name, fds, _, _ = socket.recv_fds(door, _MESSAGE_BYTES, 1)
        if not name or not fds:
            return
        with socket.socket(fileno=fds[0]) as caller, contextlib.suppress(BrokenPipeError):
            try:
                mounts_fd = _mounts_for(f"{parent}/{_plain(name.decode())}", keep)
                socket.send_fds(caller, [b"here"], [mounts_fd])
                os.close(mounts_fd)
            except (OSError, ValueError) as error:
                caller.sendall(str(error).encode())
        _call("setns", base_fd, _NEW_MOUNTS)


def _mounts_for(folder: str, keep: tuple[str, ...]) -> int:
    own_tmp(folder, keep, seen_at=OUTER_TMP)
    return os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)


def _plain(name: str) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise ValueError(f"a temporary folder has a plain name; got {name!r}")
    return name


def _bind(source: str, target: str) -> None:
    # With everything mounted below: parts of what a more privileged namespace mounted cannot be had alone.
    _call("mount", source.encode(), target.encode(), None, ctypes.c_ulong(_BIND | _RECURSIVE), None)


def _protect(path: str) -> None:
    """Make a mount, and all below, read-only. Landlock's rules alone would not: they hold for what is mounted below."""
    attributes = struct.pack("=4Q", _READ_ONLY, 0, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    number, flags = ctypes.c_long(_MOUNT_SETATTR), ctypes.c_uint(_ALL_BELOW)
    _call("syscall", number, ctypes.c_int(_NO_FOLDER), path.encode(), flags, attributes, size)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _try_mounts(folder: str) -> None:
    enter(mounts=True, network=False)
    new_root(folder)
    own_tmp(folder, (folder,), seen_at=OUTER_TMP)


def _why_not(attempt: Callable[[], None]) -> str:
    """Try something in a process of its own; say what went wrong, nothing if it went well."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
        except (OSError, AttributeError) as error:  # this libc may not have the call at all
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    said = os.read(reading, _MESSAGE_BYTES).decode()
    os.close(reading)
    return said


if __name__ == "__main__":
    no_mounts = _why_not(lambda: _try_mounts(sys.argv[1]))
    no_network = _why_not(lambda: enter(mounts=False, network=True))
    print(json.dumps({"mounts": no_mounts, "network": no_network}))
