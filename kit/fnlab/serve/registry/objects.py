"""Files by the hash of their content, so that equal ones are kept once."""

import os
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from fnlab.serve.registry.nouns import Swept


class Objects:
    """A folder of files, each named by the sha256 of what is in it.

    A name appears only when its file is whole and on the disk: the content is written beside, forced out, and then
    moved into place. So whoever finds a name may read it, whatever happened to the writer.

    Parameters
    ----------
    folder : Path
        Where they are; made when the first one comes.

    Notes
    -----
    Readers need no lock. Writers and :meth:`sweep` must not overlap, and the registry lets one process write at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._incoming = folder, folder / "incoming"

    def path(self, digest: str) -> Path:
        """Say where the content of this hash is, or would be."""
        return self._folder / digest[:2] / digest

    def put(self, contents: Iterable[bytes]) -> list[str]:
        """Keep contents and give their hashes; a file of that name that is damaged is replaced."""
        digests, changed = [], set()
        for content in contents:
            digest = sha256(content).hexdigest()
            if self.fault(digest) is not None:
                changed |= {self._write(content, self.path(digest)), self._folder, self._folder.parent}
            digests.append(digest)
        for folder in changed:
            _force_out(folder)
        return digests

    def _write(self, content: bytes, target: Path) -> Path:
        """Write a file whole, or not at all; give its folder."""
        for folder in (self._incoming, target.parent):
            folder.mkdir(parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=self._incoming)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(fd, 0o444)  # it never changes again
            os.fsync(fd)
        Path(name).replace(target)
        return target.parent

    def read(self, digest: str) -> bytes | None:
        """Give the content of this hash; None when it is not here, or is not what its name says."""
        try:
            content = self.path(digest).read_bytes()
        except OSError:
            return None
        return content if sha256(content).hexdigest() == digest else None

    def fault(self, digest: str) -> str | None:
        """Say what is wrong with a content; None when it is whole. All of it is read, a piece at a time."""
        found = sha256()
        try:
            with self.path(digest).open("rb") as file:
                while piece := file.read(1 << 20):
                    found.update(piece)
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        return None if found.hexdigest() == digest else f"has the sha256 {found.hexdigest()[:12]}… instead"

    def sweep(self, wanted: set[str]) -> Swept:
        """Remove what nobody wants, and what writers that died have left behind."""
        count = size_bytes = 0
        for path in [path for path in self._folder.glob("*/*") if path.name not in wanted]:
            count, size_bytes = count + 1, size_bytes + path.stat().st_size
            path.unlink()
        return Swept(objects=count, size_bytes=size_bytes)


def _force_out(folder: Path) -> None:
    """Have the disk know which names a folder holds."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
