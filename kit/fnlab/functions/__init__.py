"""What is deployed: frozen nouns, with no clock and nothing running.

A :class:`Function` is a :class:`Package` of files, the handler inside it, and how it may run: memory, timeout,
:class:`Scaling`. What a value may be is a dated fact of a provider, kept in :class:`Limits`.
"""

from fnlab.functions.alias import DRAFT, Alias
from fnlab.functions.asynchronous import AsyncPolicy
from fnlab.functions.function import Function, Payload, Runtime, StartStrategy
from fnlab.functions.isolation import Isolation
from fnlab.functions.package import Package
from fnlab.functions.policy import IdleView, Keep, KeepAlive, LoadView, Scaler
from fnlab.functions.quota import Limits
from fnlab.functions.scaling import Binding, Placement, Reuse, Scaling

__all__ = [
    "DRAFT",
    "Alias",
    "AsyncPolicy",
    "Binding",
    "Function",
    "IdleView",
    "Isolation",
    "Keep",
    "KeepAlive",
    "Limits",
    "LoadView",
    "Package",
    "Payload",
    "Placement",
    "Reuse",
    "Runtime",
    "Scaler",
    "Scaling",
    "StartStrategy",
]
