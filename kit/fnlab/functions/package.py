"""The files of a function, named by their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath

from fnlab.errors import BadValue, DeployError

#: Folders that are never part of a function.
SKIPPED = {"__pycache__", ".git", ".ipynb_checkpoints", ".venv"}


@dataclass(frozen=True)
class Package:
    """A function's files: relative POSIX paths to bytes.

    Two packages with the same files are the same package: :attr:`sha256` says so.
    """

    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        for name in self.files:
            path = PurePosixPath(name)
            if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
                raise BadValue(f"a package's paths must be relative and stay inside it; got {name!r}.")

    @staticmethod
    def of_folder(folder: str | Path) -> "Package":
        """Read every file below a folder.

        Raises
        ------
        DeployError
            If the folder does not exist or holds no file.
        """
        root = Path(folder)
        if not root.is_dir():
            raise DeployError(f"a function's folder must exist; {str(folder)!r} does not.")
        found = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not SKIPPED & set(path.relative_to(root).parts)
        }
        if not found:
            raise DeployError(f"a function's folder must hold at least one file; {str(folder)!r} is empty.")
        return Package(found)

    @cached_property
    def sha256(self) -> str:
        """Hash of all names and contents, in the order of the names."""
        digest = sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{len(name)}:{name}:{len(content)}:".encode())
            digest.update(content)
        return digest.hexdigest()

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(map(len, self.files.values()))

    def __repr__(self) -> str:
        return f"Package({len(self.files)} files, {self.size_bytes:,} bytes, sha256 {self.sha256[:12]})"
