"""Container images from a folder in the OCI image layout, unpacked without any daemon."""

import gzip
import hashlib
import io
import json
import platform
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from fnlab.emulator.doors.aws.errors import AwsError, invalid
from fnlab.functions import Package
from fnlab.functions.package import SKIPPED

#: An image's files pass through memory here; Lambda itself takes 10 GB.
LARGEST_BYTES = 1 << 30
_MANY = 200_000  # files in an image; more is no image that anyone made on purpose
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Image:
    """An image, unpacked.

    Attributes
    ----------
    package : Package
        All files, as the last layer left them.
    config : Mapping
        ``Entrypoint``, ``Cmd``, ``WorkingDir``, ``Env``, as far as they are there.
    digest : str
        The manifest's hash.
    """

    package: Package
    config: Mapping[str, Any]
    digest: str


def variables_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Give the environment that an image brings."""
    return dict(text.split("=", 1) for text in config.get("Env") or [] if "=" in text)


def command_of(package: Package, config: Mapping[str, Any], given: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Say what to start: what the function's ImageConfig says, else what the image does.

    Programs that are in the image are started from where its files lie here; for everything else the image's root is
    this machine's.
    """
    given = given or {}
    entry = given.get("EntryPoint") or config.get("Entrypoint") or []
    # As with containers, another entry point puts the image's own arguments out of force.
    usual = [] if given.get("EntryPoint") else config.get("Cmd") or []
    program, *arguments = [*entry, *(given.get("Command") or usual)] or ["bootstrap"]
    folder = str(given.get("WorkingDirectory") or config.get("WorkingDir") or "/").strip("/")
    inside = program.lstrip("/")
    start = f"$root/{inside}" if inside in package.files else program
    script = f'root="$PWD"; cd "./$0" 2>/dev/null; exec "{_quoted(start)}" "$@"'
    return ("/bin/sh", "-c", script, folder or ".", *arguments)


def _quoted(text: str) -> str:
    """Make text safe between double quotes; the marker for the root stays what it is."""
    head, rest = ("$root/", text[6:]) if text.startswith("$root/") else ("", text)
    return head + "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in rest)


def read_image(uri: str) -> Image:
    """Unpack the image that a URI names: a folder, as a path or with ``file://`` before it, perhaps ``:tag`` behind.

    Raises
    ------
    AwsError
        If it is in a registry, or is no image.
    """
    missing = invalid(f"Source image {uri} does not exist. Provide a valid source image.")
    folder, tag = _place(uri)
    if folder is None:
        raise missing
    try:
        return _Layout(folder).image(tag)
    except AwsError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zlib.error, tarfile.TarError) as error:
        raise invalid(f"Source image {uri} is not valid. Provide a valid source image. ({error})") from None


def _place(uri: str) -> tuple[Path | None, str | None]:
    path = uri.removeprefix("file://")
    head, _, tag = path.rpartition(":")
    for candidate, name in ((path, None), (head, tag)):
        if candidate.startswith(("/", "./", "../")) and (Path(candidate) / "oci-layout").is_file():
            return Path(candidate), name
    return None, None


@dataclass
class _Layout:
    folder: Path

    def image(self, tag: str | None) -> Image:
        index = json.loads((self.folder / "index.json").read_bytes())
        digest, manifest = self._manifest(index, tag)
        config = self._json(manifest["config"]["digest"])
        tree = _Tree()
        for layer in manifest["layers"]:
            tree.apply(self._unpressed(layer))
        return Image(Package(tree.resolved()), config.get("config") or {}, digest)

    def _manifest(self, index: Mapping[str, Any], tag: str | None) -> tuple[str, Mapping[str, Any]]:
        found = [entry for entry in index["manifests"] if tag in (None, _name(entry))]
        machine = _MACHINES.get(platform.machine(), platform.machine())
        fitting = [entry for entry in found if entry.get("platform", {}).get("architecture", machine) == machine]
        if not fitting:
            raise ValueError(f"it has no manifest for {tag or 'any tag'} on {machine}")
        entry = fitting[0]
        content = self._json(entry["digest"])
        if entry.get("mediaType") in _INDEXES or "manifests" in content:
            return self._manifest(content, None)
        return str(entry["digest"]), content

    def _json(self, digest: str) -> Any:
        return json.loads(self._blob(digest))

    def _blob(self, digest: str) -> bytes:
        kind, _, name = digest.partition(":")
        if kind != "sha256" or not name.isalnum():
            raise ValueError(f"the digest {digest!r} is not of the kind sha256")
        content = (self.folder / "blobs" / kind / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != name:
            raise ValueError(f"the blob {digest} does not have this hash")
        return content

    def _unpressed(self, layer: Mapping[str, Any]) -> bytes:
        content = self._blob(layer["digest"])
        if not content.startswith(b"\x1f\x8b"):
            return content
        with gzip.open(io.BytesIO(content)) as stream:
            unpressed = stream.read(LARGEST_BYTES + 1)
        if len(unpressed) > LARGEST_BYTES:
            raise ValueError(f"a layer unfolds into more than {LARGEST_BYTES} bytes")
        return unpressed


def _name(entry: Mapping[str, Any]) -> str | None:
    name = entry.get("annotations", {}).get("org.opencontainers.image.ref.name")
    return str(name).rpartition(":")[2] if name else None


@dataclass
class _Tree:
    """Files and links of an image, layer upon layer."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    size_bytes: int = 0

    def apply(self, layer: bytes) -> None:
        """Lay another layer on top: first what it takes away, then what it brings."""
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:") as archive:
            members = [(name, member) for member in archive if (name := _inside(member.name))]
            if len(members) > _MANY:
                raise ValueError(f"a layer has more than {_MANY} files")
            for name, _ in members:
                self._take_away(PurePosixPath(name))
            for name, member in members:
                if not PurePosixPath(name).name.startswith(_WHITEOUT):
                    self._bring(archive, name, member)

    def _take_away(self, path: PurePosixPath) -> None:
        if path.name == _OPAQUE:
            self._remove(path.parent.as_posix(), itself=False)
        elif path.name.startswith(_WHITEOUT):
            self._remove((path.parent / path.name.removeprefix(_WHITEOUT)).as_posix())

    def _bring(self, archive: tarfile.TarFile, name: str, member: tarfile.TarInfo) -> None:
        if member.isdir():
            self.files.pop(name, None), self.links.pop(name, None)
            return
        self._remove(name)
        if member.issym():
            self.links[name] = member.linkname
        elif member.islnk() and (goal := _inside(member.linkname)) in self.files:
            self.files[name] = self.files[str(goal)]
        elif member.isfile() and (stream := archive.extractfile(member)) is not None:
            self.files[name] = stream.read()
            self.size_bytes += len(self.files[name])
            if self.size_bytes > LARGEST_BYTES:
                raise ValueError(f"its files have more than {LARGEST_BYTES} bytes")

    def _remove(self, name: str, *, itself: bool = True) -> None:
        below = "" if name == "." else f"{name}/"
        for known in (self.files, self.links):
            if itself:
                known.pop(name, None)
            for other in [other for other in known if other.startswith(below)]:
                del known[other]

    def resolved(self) -> dict[str, bytes]:
        """Give all files, with those that links lead to in the links' places."""
        found = dict(self.files)
        for name in self.links:
            goal = self._follow(name)
            if goal is not None:
                found[name] = self.files[goal]
        taken = {parent.as_posix() for name in found for parent in PurePosixPath(name).parents}
        return {
            name: content
            for name, content in found.items()
            if name not in taken and "\\" not in name and not SKIPPED & set(name.split("/"))
        }

    def _follow(self, name: str) -> str | None:
        for _ in self.links:
            if name in self.files:
                return name
            if name not in self.links:
                return None
            goal = self.links[name]
            name = _plain(goal if goal.startswith("/") else f"{PurePosixPath(name).parent}/{goal}")
        return name if name in self.files else None


def _inside(name: str) -> str | None:
    """Give a member's path below the root; None for the root itself or what leads outside."""
    parts = list(_parts(name))
    return None if not parts or ".." in parts else "/".join(parts)


def _plain(path: str) -> str:
    parts: list[str] = []
    for part in _parts(path):
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return "/".join(parts)


def _parts(path: str) -> Iterator[str]:
    return (part for part in path.split("/") if part not in ("", "."))
