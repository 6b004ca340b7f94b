"""Zip archives of code: opened with suspicion, kept as they came, and made anew where there is none."""

import base64
import binascii
import hashlib
import io
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fnlab.emulator.doors.aws.errors import invalid, too_large
from fnlab.emulator.doors.zips import UNREADABLE
from fnlab.emulator.home import Home
from fnlab.functions import Limits, Package
from fnlab.functions.package import SKIPPED

_BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."
_LONGEST_PART_BYTES = 255  # what file systems take
_LONGEST_PATH_BYTES = 2048


@dataclass(frozen=True)
class Archive:
    """An archive that was found to be sound.

    Attributes
    ----------
    package : Package
        The files in it.
    content : bytes
        The archive itself.
    """

    package: Package
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash of the archive, as AWS shows it."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


def decode(text: str) -> bytes:
    """Read the text that carries an archive inside JSON."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(_BROKEN) from None


def open_archive(content: bytes) -> Archive:
    """Read an archive into a package.

    Raises
    ------
    AwsError
        If it is no zip archive, is damaged or encrypted, holds names that lead outside or clash, or unfolds into more
        than Lambda takes.
    """
    facts = Limits.of("aws-lambda").facts["code_bytes"]
    if len(content) > facts["zipped_max"]:
        raise too_large(f"Zipped size must be smaller than {facts['zipped_max']} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            files = _read_all(opened, most_bytes=facts["unzipped_max"])
    except UNREADABLE:
        raise invalid(_BROKEN) from None
    if not files:
        raise invalid("Uploaded file must be a non-empty zip")
    return Archive(Package(files), content)


def _read_all(opened: zipfile.ZipFile, *, most_bytes: int) -> dict[str, bytes]:
    members = [member for member in opened.infolist() if not member.is_dir()]
    size_bytes, files, links = 0, dict[str, bytes](), dict[str, str]()
    for member in members:
        name = safe_name(member.filename)
        with opened.open(member) as stream:
            # The size that the archive states is the archive's word; what comes out is counted.
            content = stream.read(max(0, most_bytes - size_bytes) + 1)
        size_bytes += len(content)
        if size_bytes >= most_bytes:
            raise invalid(f"Unzipped size must be smaller than {most_bytes} bytes")
        if stat.S_ISLNK(member.external_attr >> 16):
            links[name] = content.decode()
        elif not SKIPPED & set(PurePosixPath(name).parts):
            files[name] = content
    return _without_clash(files | _followed(links, files))


def safe_name(name: str) -> str:
    """Give a member's path in its plain form; refuse one that leads outside or that no file system takes."""
    path = PurePosixPath(name)
    parts = path.parts
    too_long = len(name.encode(errors="replace")) > _LONGEST_PATH_BYTES or any(
        len(part.encode(errors="replace")) > _LONGEST_PART_BYTES for part in parts
    )
    if path.is_absolute() or not parts or ".." in parts or "\\" in name or "\0" in name or too_long:
        raise invalid(_BROKEN)
    return path.as_posix()


def _followed(links: dict[str, str], files: dict[str, bytes]) -> dict[str, bytes]:
    """Put the file that a link leads to in the link's place; a link may lead to a file of the same archive only."""
    found = {}
    for name, goal in links.items():
        parts: list[str] = []
        for part in (PurePosixPath(name).parent / goal).parts:
            if part == "..":
                if not parts:
                    raise invalid(_BROKEN)
                parts.pop()
            else:
                parts.append(part)
        target = "/".join(parts)
        if target not in files:
            raise invalid(_BROKEN)
        found[name] = files[target]
    return found


def _without_clash(files: dict[str, bytes]) -> dict[str, bytes]:
    """Refuse a path that is a file and a folder at once."""
    for name in files:
        if any(parent.as_posix() in files for parent in PurePosixPath(name).parents):
            raise invalid(_BROKEN)
    return files


def keep(home: Home, archive: Archive) -> None:
    """Keep an archive as it came, so that it can be given back."""
    folder = _folder(home)
    folder.mkdir(exist_ok=True)
    goal = folder / archive.package.sha256 / hashlib.sha256(archive.content).hexdigest()
    if not goal.exists():
        goal.parent.mkdir(exist_ok=True)
        partial = goal.with_suffix(".partial")
        partial.write_bytes(archive.content)
        partial.rename(goal)


def kept(home: Home, package_sha256: str, archive_sha256: str) -> bytes | None:
    """Give an archive back by the two hashes, in hexadecimal digits, that name it."""
    path = _folder(home) / package_sha256 / archive_sha256
    return path.read_bytes() if path.is_file() else None


def _folder(home: Home) -> Path:
    return home.path / "archives"
