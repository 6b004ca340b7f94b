"""What a stranger's file may try, refused on its bytes, before any framework's reader sees it.

Each check is a function of a file's name and its bytes. It reads what the file declares, compares that with what is
there, and builds nothing. A sentence names the file.
"""

import hashlib
import json
import stat
from collections.abc import Mapping
from io import BytesIO
from itertools import pairwise
from math import prod
from pathlib import PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from fnlab.errors import DeployError

#: A zip may unpack to this much, and to so many times its own size on top.
_ZIP_BYTES, _ZIP_TIMES = 16 * 2**20, 20

#: Types of a safetensors file and the bytes of a number.
_DTYPE_BYTES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "U16": 2,
    "I16": 2,
    "U32": 4,
    "I32": 4,
    "U64": 8,
    "I64": 8,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "F16": 2,
    "BF16": 2,
    "F32": 4,
    "F64": 8,
}
_LENGTH_BYTES = 8


def check_hashes(files: Mapping[str, bytes], expected: Mapping[str, str]) -> None:
    """Refuse files other than those that were described.

    Raises
    ------
    DeployError
        If a file is missing, not described, or has another content.
    """
    for name in sorted(set(files) | set(expected)):
        if name not in files:
            raise DeployError(f"a model's package must hold every file of its manifest; {name} is missing.")
        if name not in expected:
            raise DeployError(f"a model's package must hold only files of its manifest; {name} is not one.")
        found = hashlib.sha256(files[name]).hexdigest()
        if found != expected[name]:
            raise DeployError(
                f"{name} must have the sha256 {expected[name]} of its manifest; found {found}, so deploy the model "
                "again."
            )


def check_no_pickle(name: str, data: bytes) -> None:
    """Refuse a pickle, whatever its name says; also one in a zip, as torch writes it.

    Raises
    ------
    DeployError
        If it begins like a pickle, or is a zip that holds one.
    """
    inside = [] if data[:2] != b"PK" else [entry for entry in _names(data) if entry.endswith((".pkl", ".pickle"))]
    if inside:
        raise _pickled(name, f"it holds {inside[0]}")
    # Since its second version a pickle says so: the byte 0x80, then the version.
    if data[:1] == b"\x80" and data[1:2] and 2 <= data[1] <= 5:
        raise _pickled(name, "it begins like one")


def _pickled(name: str, why: str) -> DeployError:
    return DeployError(f"{name} must not be a pickle, which can run any code when it is read; {why}.")


def _names(data: bytes) -> list[str]:
    try:
        with ZipFile(BytesIO(data)) as file:
            return file.namelist()
    except (BadZipFile, ValueError, OSError):
        return []  # whoever needs a zip says so


def check_zip(name: str, data: bytes) -> list[str]:
    """Refuse a zip that leaves its folder, hides a file behind another, or unpacks to far more than it is.

    Returns
    -------
    list of str
        The names in it.

    Raises
    ------
    DeployError
        If it is no zip, is damaged, or breaks one of these rules.
    """
    try:
        with ZipFile(BytesIO(data)) as file:
            entries = file.infolist()
            _check_entries(name, entries, len(data))
            damaged = file.testzip()
    except DeployError:
        raise
    except Exception as error:  # besides its own errors, those of each decompressor
        raise DeployError(f"{name} must be a whole zip file; these {len(data):,} bytes are not: {error}.") from None
    if damaged is not None:
        raise DeployError(f"{name} must be a whole zip file; its entry {damaged!r} is damaged.")
    return [entry.filename for entry in entries]


def _check_entries(name: str, entries: list[ZipInfo], size_bytes: int) -> None:
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise DeployError(f"{name} must hold only files inside it; it holds {entry.filename!r}.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DeployError(f"{name} must hold only files; {entry.filename!r} is a link.")
        if entry.filename in seen:
            raise DeployError(f"{name} must hold each file once; it holds {entry.filename!r} twice.")
        seen.add(entry.filename)
    unpacked, allowed = sum(entry.file_size for entry in entries), _ZIP_BYTES + _ZIP_TIMES * size_bytes
    if unpacked > allowed:
        raise DeployError(
            f"{name} must not unpack to more than {allowed:,} bytes, being {size_bytes:,}; it declares {unpacked:,}."
        )


def check_npy(name: str, data: bytes) -> None:
    """Refuse an array of Python objects, which is a pickle, and one that declares more than it holds.

    Raises
    ------
    DeployError
        If it is no array of plain values, or its size is not the one declared.
    """
    import numpy as np

    source = BytesIO(data)
    try:
        version = np.lib.format.read_magic(source)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(source)
    except ValueError as error:
        raise DeployError(f"{name} must be an array of numpy; reading its header failed: {error}.") from None
    if dtype.hasobject:
        raise DeployError(f"{name} must hold numbers or texts; it holds Python objects, which are a pickle.")
    declared, found = prod(shape) * dtype.itemsize, len(data) - source.tell()
    if declared != found:
        raise DeployError(f"{name} must hold the {declared:,} bytes that its header declares; it holds {found:,}.")


def safetensors_header(name: str, data: bytes) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Read the header of a safetensors file, and refuse one that its own bytes do not bear out.

    The format: 8 bytes with the header's length, little end first; the header as JSON, which gives each tensor its
    dtype, its shape and its first and last byte; the tensors, one after another without a gap.
    Source: github.com/huggingface/safetensors, README, section "Format".

    Returns
    -------
    dict of str to (str, tuple of int)
        Of each tensor its dtype and shape.

    Raises
    ------
    DeployError
        If the header is longer than the file, is no JSON, or its tensors overlap, leave a gap or leave the file.
    """
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    if len(data) < _LENGTH_BYTES or length > len(data) - _LENGTH_BYTES:
        raise DeployError(
            f"{name} must be a safetensors file; its header declares {length:,} bytes, and the file has {len(data):,}."
        )
    try:
        header = json.loads(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
    except (ValueError, RecursionError):
        raise DeployError(f"{name} must be a safetensors file; its header is no JSON.") from None
    if not isinstance(header, dict):
        raise DeployError(f"{name} must be a safetensors file; its header is a {type(header).__name__}.")
    header.pop("__metadata__", None)
    spans = sorted((*_span(name, tensor, entry), tensor) for tensor, entry in header.items())
    _check_spans(name, spans, len(data) - _LENGTH_BYTES - length)
    return {tensor: (entry["dtype"], tuple(entry["shape"])) for tensor, entry in header.items()}


def _span(name: str, tensor: str, entry: Any) -> tuple[int, int]:
    """Give a tensor's first byte and the one after its last, once its entry agrees with itself."""
    keys = {"dtype", "shape", "data_offsets"}
    whole = isinstance(entry, dict) and set(entry) == keys and entry["dtype"] in _DTYPE_BYTES
    if not whole or not _whole(entry["shape"]) or not _whole(entry["data_offsets"]) or len(entry["data_offsets"]) != 2:
        raise DeployError(f"{name} must describe each tensor by dtype, shape and data_offsets; {tensor!r} is not.")
    begin, end = entry["data_offsets"]
    declared = prod(entry["shape"]) * _DTYPE_BYTES[entry["dtype"]]
    if end - begin != declared:
        raise DeployError(
            f"{name} must give each tensor as many bytes as its shape needs; {tensor!r} needs {declared:,} and has "
            f"{end - begin:,}."
        )
    return begin, end


def _whole(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def _check_spans(name: str, spans: list[tuple[int, int, str]], size_bytes: int) -> None:
    for (_, end, one), (begin, _, other) in pairwise(spans):
        if begin < end:
            raise DeployError(f"{name} must keep its tensors apart; {one!r} and {other!r} overlap.")
        if begin > end:
            raise DeployError(f"{name} must hold nothing between its tensors; there is a gap before {other!r}.")
    first, last = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    if first != 0 or last != size_bytes:
        raise DeployError(
            f"{name} must hold its tensors and nothing else; they go from byte {first:,} to {last:,} of {size_bytes:,}."
        )
