"""Code as Function Compute takes it, a zip in base64, and a package of files: from one to the other."""

import base64
import binascii
import lzma
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile, ZipInfo

from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.doors.zips import UNREADABLE
from fnlab.functions import Package
from fnlab.units import BYTES_PER_MIB

#: A package is held in memory, so the emulator takes less than the service's 10 GB.
MOST_UNPACKED_BYTES = 1024 * BYTES_PER_MIB
MOST_FILES = 50_000

_ENCRYPTED = 0x1  # bit of a zip entry's flags
_XZ_FOOTER_BYTES = 12
_CRC64_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class Code:
    """Files, and what the service says of the zip that they came in."""

    package: Package
    checksum: str
    size_bytes: int


def read(location: Mapping[str, Any]) -> Code:
    """Unpack what an ``InputCodeLocation`` holds.

    Raises
    ------
    Refusal
        If it names an object store, is no zip in base64, is not what its checksum says, or would unpack to something
        that does not belong in a folder.
    """
    if location.get("ossBucketName") or location.get("ossObjectName"):
        raise Refusal("the emulator has no object store (OSS); send the code as zipFile, base64 of a zip.")
    text = location.get("zipFile")
    if not isinstance(text, str) or not text:
        raise Refusal("code must hold zipFile, base64 of a zip; got none.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("zipFile must be base64; it is not.") from None
    checksum, expected = crc64(data), location.get("checksum")
    if expected and str(expected) != checksum:
        raise Refusal(f"zipFile must have the checksum (CRC-64) that is given, {expected}; it has {checksum}.")
    return Code(package=unzip(data), checksum=checksum, size_bytes=len(data))


def unzip(data: bytes) -> Package:
    """Read a zip's files into memory, refusing what is not a plain file below the folder."""
    files: dict[str, bytes] = {}
    left_bytes = MOST_UNPACKED_BYTES
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES:
                raise Refusal(f"a zip must hold at most {MOST_FILES:,} files; it holds {len(entries):,}.")
            for entry in entries:
                _check(entry, files)
                with archive.open(entry) as file:  # what its header says of its size may be a lie
                    files[entry.filename] = content = file.read(left_bytes + 1)
                left_bytes -= len(content)
                if left_bytes < 0:
                    limit_mib = MOST_UNPACKED_BYTES // BYTES_PER_MIB
                    raise Refusal(f"a zip must unpack to at most {limit_mib:,} MiB; this one unpacks to more.")
    except UNREADABLE as error:
        raise Refusal(f"zipFile must be a zip that can be read: {error}.") from None
    if not files:
        raise Refusal("a zip must hold at least one file; it holds none.")
    return Package(files)


def _check(entry: ZipInfo, files: Mapping[str, bytes]) -> None:
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise Refusal(f"a zip must hold plain files only, no links; {entry.filename!r} is something else.")
    if entry.flag_bits & _ENCRYPTED:
        raise Refusal(f"a zip must not be encrypted; {entry.filename!r} is.")
    if entry.filename in files:
        raise Refusal(f"a zip must hold each file once; {entry.filename!r} is there twice.")


def crc64(data: bytes) -> str:
    """Give the CRC-64 (ECMA-182, as in xz) of bytes, in decimal as the service writes it.

    The standard library has this sum inside its xz writer only, so that is asked: the sum stands between the last
    block and the index, whose size the footer tells.

    Examples
    --------
    >>> hex(int(crc64(b"123456789")))
    '0x995dc9bbdf1939fa'
    """
    fast = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 4096}]
    stream = lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=fast)
    footer = stream[-_XZ_FOOTER_BYTES:]
    index_bytes = (int.from_bytes(footer[4:8], "little") + 1) * 4
    end = len(stream) - _XZ_FOOTER_BYTES - index_bytes
    if not data:  # an empty stream has no block and so no sum; that of nothing is 0
        return "0"
    return str(int.from_bytes(stream[end - _CRC64_BYTES : end], "little"))
