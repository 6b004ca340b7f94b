"""The platform for real: instances are processes that really start, serve and stop.

``Emulator`` runs inside this Python process, on a thread of its own; nothing else has to be started. Its modules, one
idea each: ``emulator`` (the thread and what is deployed), ``client`` (a deployed function, to call), ``supervisor``
(carries out what the scheduler decides), ``process`` (one instance, from outside), ``instance`` (the same, from
inside), ``player`` (a workload against real processes), ``clock``, ``home``, ``report``.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fnlab.emulator.client import Deployed
    from fnlab.emulator.emulator import Emulator, default_emulator
    from fnlab.emulator.player import replay
    from fnlab.emulator.report import Report

__all__ = ["Deployed", "Emulator", "Report", "default_emulator", "replay"]

_HOMES = {
    "Deployed": "client",
    "Emulator": "emulator",
    "Report": "report",
    "default_emulator": "emulator",
    "replay": "player",
}


def __getattr__(name: str) -> Any:
    # An instance imports this package on its way to `instance`; it must not pay for the platform around it.
    if name in _HOMES:
        return getattr(importlib.import_module(f"fnlab.emulator.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
