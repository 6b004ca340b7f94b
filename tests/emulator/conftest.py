"""One emulator a test, and a way to deploy the folders in tests/functions."""

from pathlib import Path

import pytest

from fnlab.emulator import Emulator
from fnlab.functions import Function, Package, Scaling

FUNCTIONS = Path(__file__).parents[1] / "functions"


@pytest.fixture
def emulator():
    """An emulator that is gone, with all its instances, after the test."""
    with Emulator() as running:
        yield running


@pytest.fixture
def deploy(emulator):
    """Deploy a folder of tests/functions by its name, at one whole CPU unless told otherwise."""

    def deploy(case, *, memory_mib=1769, timeout_s=10, env=None, start="fresh", **scaling):
        return emulator.deploy(
            Function(
                name=case,
                handler="main:handler",
                package=Package.of_folder(FUNCTIONS / case),
                memory_mib=memory_mib,
                timeout_s=timeout_s,
                env=env or {},
                start=start,
                scaling=Scaling(**scaling),
            )
        )

    return deploy
