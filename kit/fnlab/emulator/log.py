"""Log streams: one file an instance, with what its handler prints between the platform's own lines."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: What AWS Lambda and Alibaba Function Compute give back of a request's log when a caller asks for its tail.
TAIL_BYTES = 4096

#: How often followed logs are looked at.
FOLLOW_S = 0.2


@dataclass(slots=True)
class Extract:
    """Where a request's lines are. The end becomes known when its last line has been written."""

    path: Path
    start: int
    end: int = 0

    def read(self, last_bytes: int | None = None) -> bytes:
        """Read the lines, or the end of them."""
        begin = self.start if last_bytes is None else max(self.start, self.end - last_bytes)
        try:
            with self.path.open("rb") as file:
                file.seek(begin)
                return file.read(self.end - begin)
        except FileNotFoundError:  # the home is gone, and the logs with it
            return b""


class Log:
    """A file that the platform and one instance append to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Appending is atomic for writes of this size, so lines of both sides do not mix.
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, *lines: str) -> tuple[int, int]:
        """Append lines; say where they begin and end. To ask the file for its size takes longer."""
        written = os.write(self._fd, ("\n".join(lines) + "\n").encode())
        end = os.lseek(self._fd, 0, os.SEEK_CUR)  # appending moves this descriptor behind what it wrote
        return end - written, end

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def streams(folder: Path) -> list[Path]:
    """List a function's log streams, oldest first."""
    return sorted(folder.glob("*.log"))


def read_all(folder: Path) -> str:
    """Read all streams of a function, one after the other."""
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in streams(folder))


def newest(folder: Path, lines: int) -> str:
    """Read the last lines of the stream that was written last."""
    by_age = sorted(streams(folder), key=lambda path: path.stat().st_mtime_ns)
    if not by_age or not lines:
        return ""
    return "".join(by_age[-1].read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)[-lines:])


def find(folder: Path, request_id: str) -> str:
    """Read the lines of one request, from START to REPORT; empty when it left none.

    An instance that serves several requests at once mixes what their handlers print, as the cloud does.
    """
    for path in reversed(streams(folder)):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        marked = [number for number, line in enumerate(lines) if f"RequestId: {request_id}" in line]
        if marked:
            return "\n".join(lines[marked[0] : marked[-1] + 1])
    return ""


class Tail:
    """Follows all log streams of a function: each :meth:`news` gives what has come since the last one."""

    def __init__(self, folder: Path, *, from_start: bool = False) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {} if from_start else {path: path.stat().st_size for path in streams(folder)}

    def news(self) -> Iterator[tuple[str, str]]:
        """Give the new whole lines, each with the name of its stream."""
        for path in streams(self._folder):
            begin = self._read.get(path, 0)
            try:
                with path.open("rb") as file:
                    file.seek(begin)
                    fresh = file.read()
            except FileNotFoundError:  # the home is gone, and the logs with it
                return
            whole = fresh[: fresh.rfind(b"\n") + 1]
            self._read[path] = begin + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                yield path.stem, line
