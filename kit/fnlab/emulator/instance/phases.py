"""Where time goes: the named phases of a cold start, the stages of a request, imports by package."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from typing import Any

_monotonic = time.monotonic  # held from here: a handler may replace what it likes


class Stopwatch:
    """Adds up time by name. Inner names take their time away from outer ones, so that the sum is the whole."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = 0.0

    def __call__(self, name: str) -> "Timed":
        """Count the time of the block under `name`."""
        return Timed(self, name)

    def begin(self, name: str) -> None:
        """Let time count under `name` from now on."""
        self._switch()
        self._open.append(name)
        self.seconds.setdefault(name, 0.0)

    def end(self) -> None:
        """Let it count again under what was open before."""
        self._switch()
        self._open.pop()

    def _switch(self) -> None:
        """Book the time since the last switch on whatever is innermost."""
        now = _monotonic()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now


class Timed:
    """A block whose time counts under a name. Requests have such blocks, so it is no generator: that costs twice."""

    __slots__ = ("_name", "_stopwatch")

    def __init__(self, stopwatch: Stopwatch, name: str) -> None:
        self._stopwatch, self._name = stopwatch, name

    def __enter__(self) -> None:
        self._stopwatch.begin(self._name)

    def __exit__(self, *_: object) -> None:
        self._stopwatch.end()


@contextmanager
def imports_by_package() -> Iterator[dict[str, float]]:
    """Measure what each top-level package costs to import while the block runs.

    The time of a package is that of its own modules, without what they import from others. Loading the code of a
    module, running it, and linking compiled modules all count.
    """
    stopwatch = Stopwatch()

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(loader: Any, subject: Any) -> Any:
            with stopwatch(loader.name.partition(".")[0]):
                return method(loader, subject)

        return wrapper

    originals: list[tuple[type, str, Callable[..., Any]]] = [
        (SourceFileLoader, "exec_module", SourceFileLoader.exec_module),
        (ExtensionFileLoader, "create_module", ExtensionFileLoader.create_module),
        (ExtensionFileLoader, "exec_module", ExtensionFileLoader.exec_module),
    ]
    for loader, name, method in originals:
        setattr(loader, name, timed(method))
    try:
        yield stopwatch.seconds
    finally:
        for loader, name, method in originals:
            setattr(loader, name, method)
