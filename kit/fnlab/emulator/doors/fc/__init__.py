"""Alibaba Function Compute 3.0 (API version 2023-03-30), as its official SDK speaks it.

:class:`FcDoor` finds the operation that a request asks for; the modules beside it hold one group of operations each.
What is translated, and what differs from the service, is listed in ``parity.toml``.
"""

from fnlab.emulator.doors.fc.call import PREFIX
from fnlab.emulator.doors.fc.door import FcDoor
from fnlab.emulator.doors.fc.refusals import gate_refusal

__all__ = ["PREFIX", "FcDoor", "gate_refusal"]
