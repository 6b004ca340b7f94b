"""Turn a fitted model into a function: a safe artefact, a manifest, and the handler that serves them.

:func:`model_function` packs the model; :mod:`fnlab.serve.runtime` is what runs inside an instance, and
:mod:`fnlab.serve.formats` holds what reads and writes models' files. This package imports nothing until it is asked for
a name, because every cold start imports it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fnlab.serve.conversion import to_onnx
    from fnlab.serve.manifest import Manifest
    from fnlab.serve.packing import model_function, pack
    from fnlab.serve.registry import Registry
    from fnlab.serve.signature import Images

__all__ = ["Images", "Manifest", "Registry", "model_function", "pack", "to_onnx"]

_HOMES = {
    "Images": "signature",
    "Manifest": "manifest",
    "Registry": "registry",
    "model_function": "packing",
    "pack": "packing",
    "to_onnx": "conversion",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
