"""From what is pushed to what is kept: files, a manifest, and how the model is served."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fnlab.errors import BadValue
from fnlab.functions import Function, Package
from fnlab.serve.formats import FORMATS
from fnlab.serve.manifest import MANIFEST

#: What of a function is kept beside its files.
SETTINGS = ("handler", "memory_mib", "timeout_s", "limits", "payload")

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What is to be kept of a thing that was pushed.

    Attributes
    ----------
    name : str
        The thing's own name; empty when it has none.
    package : Package
        Its files.
    manifest, params, settings : Mapping
        As in :class:`fnlab.serve.registry.ModelVersion`.
    """

    name: str
    package: Package
    manifest: Mapping[str, Any]
    params: Mapping[str, Any]
    settings: Mapping[str, Any]


def take_in(thing: object) -> Intake:
    """Turn a fitted model, a function, a package or its files into what is kept.

    Raises
    ------
    BadValue
        If the files hold no manifest, or one that does not fit the files.
    DeployError
        If the manifest names a format of fnlab's and is not as that has it.
    """
    if isinstance(thing, Mapping):
        thing = _package(thing)
    if isinstance(thing, Package):
        manifest = manifest_of(thing)
        return Intake(name="", package=thing, manifest=manifest, params={}, settings=_settings(thing, manifest))
    if isinstance(thing, Function):
        return _function(thing, {})
    from fnlab.serve import model_function  # frameworks are loaded when a model is packed, not before

    return _function(model_function(thing), params_of(thing))


def manifest_of(package: Package) -> dict[str, Any]:
    """Read a package's manifest, and check that it describes the package's files.

    Raises
    ------
    BadValue
        If it does not, or is no JSON object.
    """
    if MANIFEST not in package.files:
        found = ", ".join(sorted(package.files)) or "no file"
        raise BadValue(f"a model's package must hold {MANIFEST}; this one holds {found}.")
    try:
        manifest = json.loads(package.files[MANIFEST])
    except (ValueError, RecursionError):
        raise BadValue(f"{MANIFEST} must be JSON; got {package.files[MANIFEST][:40]!r}.") from None
    if not isinstance(manifest, dict):
        raise BadValue(f"{MANIFEST} must hold a JSON object; got a {type(manifest).__name__}.")
    told = manifest.get("files")
    for path, digest in told.items() if isinstance(told, dict) else ():
        content = package.files.get(path)
        if content is None:
            raise BadValue(f"a package must hold the files of its manifest; {path} is missing.")
        if sha256(content).hexdigest() != digest:
            raise BadValue(f"a package's files must have the hashes of its manifest; {path} has another one.")
    return manifest


def params_of(model: object) -> dict[str, Any]:
    """Give the settings of an estimator that tells them, as scikit-learn's do; of a Trained, its estimator's."""
    from fnlab.learn import Trained

    estimator = model.estimator if isinstance(model, Trained) else model
    tell = getattr(estimator, "get_params", None)
    told = tell() if callable(tell) else {}
    return plain(told) if isinstance(told, Mapping) else {}


def plain(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Keep what JSON holds; write the rest as text, without the addresses that are others in each process."""
    return {str(name): _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _ADDRESS.sub("", repr(value))


def _settings(package: Package, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Say how files are served that came without a function."""
    from fnlab.serve.packing import HANDLER, default_memory_mib

    if manifest.get("format") not in FORMATS:
        return {"handler": HANDLER}
    return {"handler": HANDLER, "memory_mib": default_memory_mib(package)}


def _package(files: Mapping[Any, Any]) -> Package:
    for path, content in files.items():
        if not isinstance(path, str) or not isinstance(content, bytes):
            raise BadValue(f"a package must map names to bytes; got {path!r}: {type(content).__name__}.")
    return Package(dict(files))


def _function(function: Function, params: Mapping[str, Any]) -> Intake:
    if function.layers or function.runtime != "python":
        what = "layers" if function.layers else f"the runtime {function.runtime!r}"
        raise BadValue(f"a registry keeps models that Python serves from one package; {function.name!r} has {what}.")
    return Intake(
        name=function.name,
        package=function.package,
        manifest=manifest_of(function.package),
        params=params,
        settings={name: getattr(function, name) for name in SETTINGS},
    )
