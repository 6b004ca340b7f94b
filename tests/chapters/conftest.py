"""What lies beside the chapters is imported as a chapter imports it: from its own folder."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

CHAPTERS = Path(__file__).parents[2] / "chapters"


@pytest.fixture
def beside(monkeypatch):
    """Import a module of the chapters' folder by its name; afterwards it is forgotten, with what it brought along."""
    monkeypatch.syspath_prepend(CHAPTERS)
    yield import_module
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(CHAPTERS):
            del sys.modules[name]
