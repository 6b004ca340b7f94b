"""Instances that run somebody else's program instead of fnlab's own Python runtime.

``lambda_api`` serves programs that ask for their work, as AWS Lambda's runtimes do; ``custom_http`` asks programs that
are web servers, as Alibaba Function Compute's custom runtimes are. What the two share: ``base`` (a process and its
end), ``starting`` and ``vigil`` (how it is started and watched), ``usage`` and ``sockets`` (what the system says of
it), ``environment``.
"""

import importlib

from fnlab.emulator.runtimes.base import BaseInstance
from fnlab.emulator.runtimes.starting import ProgramStarter
from fnlab.errors import BadValue, MissingExtra
from fnlab.functions import Function

__all__ = ["BaseInstance", "ProgramStarter", "runtime_of"]

_KINDS = {"lambda-api": ("lambda_api", "LambdaApiInstance"), "http": ("custom_http", "CustomHttpInstance")}


def runtime_of(function: Function) -> type[BaseInstance]:
    """Give the kind of instance that a function's runtime needs.

    Raises
    ------
    MissingExtra
        If the packages that speak HTTP are not installed.
    """
    if function.runtime not in _KINDS:
        known = ", ".join(_KINDS)
        raise BadValue(f"only the runtimes {known} run a program of their own; got {function.runtime!r}.")
    module, name = _KINDS[function.runtime]
    try:
        kind: type[BaseInstance] = getattr(importlib.import_module(f"fnlab.emulator.runtimes.{module}"), name)
    except ModuleNotFoundError as error:
        sentence = f"the runtime {function.runtime!r} needs the extra 'serve' ({error}): pip install 'fnlab[serve]'."
        raise MissingExtra(sentence) from error
    return kind
