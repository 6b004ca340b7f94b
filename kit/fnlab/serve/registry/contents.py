"""The files of versions: read as they were pushed, or named as damaged."""

from collections.abc import Sequence

from fnlab.errors import DeployError
from fnlab.functions import Package
from fnlab.serve.registry.nouns import Checked, Damage, ModelVersion
from fnlab.serve.registry.objects import Objects


def read_package(objects: Objects, version: ModelVersion) -> Package:
    """Read the files of a version.

    Raises
    ------
    DeployError
        If one of them is damaged.
    """
    found = {}
    for file in version.files:
        content = objects.read(file.sha256)
        if content is None:
            problem = objects.fault(file.sha256) or "changes while it is read"
            damage = Damage(version.name, version.number, file.path, problem)
            raise DeployError(f"a model's files must be as they were pushed; {damage}: push the same model again.")
        found[file.path] = content
    return Package(found)


def check(objects: Objects, versions: Sequence[ModelVersion]) -> Checked:
    """Read the files of all these versions again, each content once, and compare them with their hashes."""
    sizes = {file.sha256: file.size_bytes for version in versions for file in version.files}
    faults = {digest: objects.fault(digest) for digest in sizes}
    damaged = tuple(
        Damage(version.name, version.number, file.path, fault)
        for version in versions
        for file in version.files
        if (fault := faults[file.sha256]) is not None
    )
    return Checked(objects=len(sizes), size_bytes=sum(sizes.values()), damaged=damaged)
