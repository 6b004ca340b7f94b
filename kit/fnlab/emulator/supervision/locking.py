"""Methods that hold their object's lock: callers' own threads may be at the same state as the event loop."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


class Lockable(Protocol):
    """Something with a lock that the same thread may take again."""

    lock: "threading.RLock"


def locked(method: Method) -> Method:
    """Hold the object's lock during a method."""

    @wraps(method)
    def guarded(self: Lockable, *given: Any, **named: Any) -> Any:
        with self.lock:
            return method(self, *given, **named)

    return guarded  # type: ignore[return-value]  # it takes and gives what the method does
