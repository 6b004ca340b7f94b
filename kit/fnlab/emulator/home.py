"""The emulator's folder: the code of functions by content, their logs, and a lock."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from fnlab.errors import HomeInUse
from fnlab.functions import Package

#: Log streams that are kept of each function; one that crashes all the time would leave thousands a day.
KEPT_STREAMS = 500
_PRUNE_EVERY = 100  # new streams; to look each time would cost more than it frees

_PREFIX = "fnlab-"
_PROGRAMS = (b"#!", b"\x7fELF")  # files that may be started, such as a custom runtime's bootstrap
_YOUNG_S = 60  # a home this young may belong to an emulator that is about to lock it


class Home:
    """A folder that one emulator owns while it lives.

    Parameters
    ----------
    path : Path or None
        The folder, made if need be. None: a new temporary one, removed at the end.

    Raises
    ------
    HomeInUse
        If another emulator owns it.
    """

    def __init__(self, path: Path | None) -> None:
        self._temporary = path is None
        if path is None:
            _remove_abandoned()
        self.path = path.resolve() if path else Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._began = f"{time.time_ns() // 1_000_000:x}"
        self._streams = 0
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock(self._lock_fd):
            owner = os.read(self._lock_fd, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._lock_fd)
            raise HomeInUse(
                f"an emulator's home belongs to one emulator at a time; {str(self.path)!r} is held by process {owner}: "
                "close that one or choose another home."
            )
        os.truncate(self._lock_fd, 0)
        os.pwrite(self._lock_fd, f"{os.getpid()}\n".encode(), 0)
        self._clear_up()

    def unpack(self, package: Package) -> Path:
        """Write a package's files once, into a folder named by their content; return the folder."""
        folder = self.path / "code" / package.sha256
        if not folder.exists():
            # Written beside and moved into place, so that a folder of that name is always whole.
            partial = Path(tempfile.mkdtemp(dir=self._made("code"), prefix="partial-"))
            for name, content in package.files.items():
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                (partial / name).write_bytes(content)
                if content.startswith(_PROGRAMS):
                    (partial / name).chmod(0o755)
            partial.rename(folder)
        return folder

    def package(self, sha256: str) -> Package:
        """Read back the package that :meth:`unpack` wrote."""
        return Package.of_folder(self.path / "code" / sha256)

    def temporary_dir(self) -> Path:
        """Make a folder for one instance's temporary files."""
        return Path(tempfile.mkdtemp(dir=self._made("tmp")))

    def log_dir(self, function_name: str) -> Path:
        """Where a function's log streams are."""
        folder = self._made("logs") / function_name
        folder.mkdir(exist_ok=True)
        return folder

    def new_log(self, function_name: str, version: int) -> Path:
        """Name a new log stream; the names of a function's streams sort by their age."""
        self._streams += 1
        folder = self.log_dir(function_name)
        if self._streams % _PRUNE_EVERY == 0:
            for old in sorted(folder.glob("*.log"))[:-KEPT_STREAMS]:
                old.unlink(missing_ok=True)
        return folder / f"{self._began}-{self._streams:06d}-v{version}.log"

    def rows_path(self, function_name: str, version: int) -> Path:
        """Name a file for the older rows of a trace."""
        self._streams += 1
        return self._made("traces") / f"{function_name}-v{version}-{self._began}-{self._streams:06d}.f8"

    def close(self) -> None:
        """Give the folder back; a temporary one is removed."""
        if self._temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock_fd)

    def _clear_up(self) -> None:
        """Remove what an emulator that was killed could not: its instances' files, half-written code, old rows."""
        for left in (self.path / "tmp", self.path / "traces", *(self.path / "code").glob("partial-*")):
            shutil.rmtree(left, ignore_errors=True)

    def _made(self, name: str) -> Path:
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return folder


def is_held(home: Path) -> bool:
    """Tell whether an emulator owns this folder now."""
    try:
        fd = os.open(home / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _lock(fd)
    finally:
        os.close(fd)


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_abandoned() -> None:
    """Remove temporary homes whose emulator died without a chance to do it."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/lock"):
        facts = lock.stat()
        if facts.st_uid != os.getuid() or time.time() - facts.st_mtime < _YOUNG_S:
            continue
        fd = os.open(lock, os.O_RDWR)
        if _lock(fd):
            shutil.rmtree(lock.parent, ignore_errors=True)
        os.close(fd)
