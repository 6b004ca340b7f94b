"""What the platform would be to a model's function, in this process."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fnlab.serve import pack, runtime


@dataclass
class FakeContext:
    """What the platform would hand to a function; remembers the phases."""

    package_dir: Path
    request_id: str = "r1"
    phases: list = field(default_factory=list)

    @contextmanager
    def phase(self, name):
        self.phases.append(name)
        yield


@pytest.fixture
def context_of(tmp_path):
    """Give a function that lays files out as a package and gives the context of an instance that has them."""

    def lay_out(files):
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        return FakeContext(tmp_path)

    return lay_out


@pytest.fixture
def instance(context_of, monkeypatch):
    """Give a function that starts a fresh instance of a model in this process."""
    monkeypatch.setattr(runtime, "_model", None)

    def start(model, **options):
        context = context_of(pack(model, **options).files)
        runtime.initialize(context)
        return context

    return start
