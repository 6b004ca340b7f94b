"""Import a package as if some others were not installed."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType


class _NotHere:
    """A finder that answers for some packages, and says that they are not there."""

    def __init__(self, packages: frozenset[str]) -> None:
        self._packages = packages
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Refuse the packages, and leave all others to the finders behind."""
        if name.partition(".")[0] in self._packages and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}, as far as this import goes.", name=name)


@contextmanager
def absent(*packages: str) -> Iterator[None]:
    """Let imports in the block find these packages only where they are loaded already.

    Libraries load each other where they find each other, for conversions that a served model does not use, and every
    cold start pays for it. scikit-learn is the strangest case: skops asks it for all its estimators, so it imports all
    its modules, one of which adapts torch. With torch installed that is 1 s and 170 MiB for a support vector machine.

    What is not there is refused as Python refuses it, by ModuleNotFoundError, which these libraries expect. After the
    block everything is found again; other threads are not affected.
    """
    finder = _NotHere(frozenset(packages))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
