"""A function's log: what its handler prints, between the platform's own lines."""

import os
from pathlib import Path


class Log:
    """A file that the platform and all instances of a function append to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Appending is atomic for writes of this size, so lines of several processes do not mix.
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, *lines: str) -> None:
        """Append lines."""
        os.write(self._fd, ("\n".join(lines) + "\n").encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
