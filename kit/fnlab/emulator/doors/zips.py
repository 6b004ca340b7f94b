"""What the doors share about zip archives: how damage shows, and how files are packed again."""

import lzma
import stat
import struct
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from fnlab.functions import Package

#: What the standard library says of damaged archives, each in its own way.
UNREADABLE = (
    BadZipFile,
    LargeZipFile,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    lzma.LZMAError,
    zlib.error,
)

_MODE = (stat.S_IFREG | 0o755) << 16  # a program among the files must be one again


def packed(package: Package) -> bytes:
    """Pack files; the same files give the same bytes."""
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, content in sorted(package.files.items()):
            entry = ZipInfo(name)  # dated 1980, the oldest moment that a zip can hold
            entry.external_attr = _MODE
            archive.writestr(entry, content, ZIP_DEFLATED)
    return target.getvalue()
