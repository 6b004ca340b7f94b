"""The code of a function or a layer, however a request brings it."""

import asyncio
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fnlab.emulator.doors.aws.archives import Archive, decode, keep, open_archive
from fnlab.emulator.doors.aws.errors import invalid
from fnlab.emulator.doors.aws.fields import Fields
from fnlab.emulator.doors.aws.images import read_image
from fnlab.emulator.home import Home
from fnlab.functions import Package

_NO_BUCKET = (
    "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist"
)


@dataclass(frozen=True)
class Code:
    """Code as the platform takes it, and what AWS tells about it.

    Attributes
    ----------
    package : Package
        The files.
    notes : Mapping
        ``CodeSha256``, ``CodeSize`` and, for an image, ``ImageUri`` and its own settings.
    archive : Archive, optional
        What it came in.
    """

    package: Package
    notes: Mapping[str, Any]
    archive: Archive | None = None


def has_code(fields: Fields) -> bool:
    """Tell whether a request brings any code."""
    return any(name in fields for name in ("ZipFile", "S3Bucket", "ImageUri"))


async def read_code(fields: Fields, home: Home) -> Code:
    """Read the code that a request brings, beside the loop: it may be large."""
    if (uri := fields.text("ImageUri")) is not None:
        return await asyncio.to_thread(_of_image, uri)
    if (text := fields.text("ZipFile")) is not None:
        return await asyncio.to_thread(_of_archive, text, home)
    if (bucket := fields.text("S3Bucket")) is not None:
        raise invalid(_NO_BUCKET, detail=f"There is no S3 here, so no bucket {bucket}; send the code as ZipFile.")
    raise invalid("Please provide a source for function code.")


def _of_archive(text: str, home: Home) -> Code:
    archive = open_archive(decode(text))
    keep(home, archive)
    notes = {
        "CodeSha256": archive.sha256,
        "CodeSize": len(archive.content),
        "package": archive.package.sha256,
    }
    return Code(archive.package, notes, archive=archive)


def _of_image(uri: str) -> Code:
    image = read_image(uri)
    notes = {
        "CodeSha256": image.digest.partition(":")[2],
        "CodeSize": 0,
        "ImageUri": uri,
        "package": image.package.sha256,
        "image": dict(image.config),
    }
    return Code(image.package, notes)


async def read_layer(fields: Fields, home: Home) -> Code:
    """Read a layer's content."""
    code = await read_code(fields, home)
    if code.archive is None:
        raise invalid("A layer's content must be a zip archive.")
    lifted = Package(_lifted(code.package.files))
    keep(home, Archive(lifted, code.archive.content))
    return Code(lifted, {**code.notes, "package": lifted.sha256}, archive=code.archive)


def _lifted(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Let packages that a layer holds by Python's version lie where the import path looks: in ``python/``."""
    version = ".".join(platform.python_version_tuple()[:2])
    deep = f"python/lib/python{version}/site-packages/"
    lifted = {(f"python/{name.removeprefix(deep)}" if name.startswith(deep) else name): files[name] for name in files}
    # A file that comes to lie where others need a folder stays out.
    taken = {name.rsplit("/", depth)[0] for name in lifted for depth in range(1, name.count("/") + 1)}
    return {name: content for name, content in lifted.items() if name not in taken}
