"""Imports that a function's start makes and nothing needs.

Libraries import each other where they find each other: skops looks for pandas, pandas brings pyarrow along. What is
merely found, and no requirement asks for, can be left out.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from fnlab.errors import BadValue
from fnlab.functions import Function, Package
from fnlab.serve.manifest import MANIFEST, Manifest


def required_by(distributions: Iterable[str]) -> frozenset[str]:
    """Name the installed distributions that these need, directly or not, themselves included; extras do not count.

    Examples
    --------
    >>> "numpy" in required_by(["scikit-learn"]), "pandas" in required_by(["scikit-learn"])
    (True, False)
    """
    found: set[str] = set()
    waiting = [_normal(name) for name in distributions]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # for another system or Python
            continue
        waiting += [_normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines if "extra ==" not in line]
    return frozenset(found)


def unused(imported: Iterable[str], *, needed_by: Iterable[str]) -> tuple[str, ...]:
    """Give the imported top-level packages that belong to a distribution which no requirement asks for.

    Parameters
    ----------
    imported : iterable of str
        Top-level packages, as a cold start's phases name them.
    needed_by : iterable of str
        The distributions that the model is served with.
    """
    needed = required_by(needed_by)
    homes = packages_distributions()
    owners = {name: {_normal(home) for home in homes.get(name, ())} for name in imported}
    return tuple(
        sorted(name for name, found in owners.items() if found and "fnlab" not in found and not found & needed)
    )


def pruned(function: Function, imported: Iterable[str]) -> Function:
    """Give a model's function whose start leaves out what nothing needs of what it has imported.

    Raises
    ------
    BadValue
        If it serves no model, or there is nothing to leave out.
    """
    described = function.package.files.get(MANIFEST)
    if described is None:
        raise BadValue(f"imports are pruned from a model's function; {function.name!r} has no {MANIFEST}.")
    manifest = Manifest.from_json(described)
    superfluous = unused(imported, needed_by=manifest.versions)
    if not superfluous:
        raise BadValue(f"the start of {function.name!r} must import something that nothing needs; it does not.")
    changed = replace(manifest, without=superfluous)
    return replace(function, package=Package({**function.package.files, MANIFEST: changed.to_json()}))


def _normal(name: str) -> str:
    """Write a distribution's name as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", name).lower()
