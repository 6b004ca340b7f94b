"""Turn a fitted model into a function: a safe artefact, a manifest, and the handler that serves them.

:func:`model_function` packs the model; :mod:`fnlab.serve.runtime` is what runs inside an instance, and
:mod:`fnlab.serve.artefact` is the only place that reads or writes a model's file. This package imports nothing until
it is asked for a name, because every cold start imports it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest
    from fnlab.serve.packing import model_function
    from fnlab.serve.registry import Registry

__all__ = ["Manifest", "Registry", "model_function"]


def __getattr__(name: str) -> object:
    if name == "Manifest":
        from fnlab.serve.manifest import Manifest

        return Manifest
    if name == "model_function":
        from fnlab.serve.packing import model_function

        return model_function
    if name == "Registry":
        from fnlab.serve.registry import Registry

        return Registry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
