"""The list of what is as on Function Compute is complete and true."""

import ast
import re
from pathlib import Path

from alibabacloud_fc20230330.client import Client

from fnlab.emulator.doors.fc.door import OPERATIONS
from fnlab.emulator.doors.fc.parity import Parity, parity

ROOT = Path(__file__).parents[3]

#: The emulator's own: the link that GetFunctionCode gives.
OWN = {"DownloadFunctionCode"}


def test_every_operation_of_the_sdk_is_in_the_list():
    """The SDK's client has a method for each operation; the list has a row for each, and none besides."""
    methods = {name.removesuffix("_with_options") for name in dir(Client) if name.endswith("_with_options")}
    operations = {"".join(part.capitalize() for part in name.split("_")) for name in methods}
    assert {row.operation for row in parity()} == operations


def test_what_is_translated_is_not_said_to_be_absent():
    """A row is either translated and checked, or absent with a reason."""
    for row in parity():
        assert bool(row.absent) != (row.operation in OPERATIONS), row.operation
        assert bool(row.absent) != bool(row.checked_by), row.operation
    assert set(OPERATIONS) - {row.operation for row in parity()} == OWN


def test_every_check_exists_and_calls_its_operation():
    """The named test is there, in a file that calls the SDK's method of the operation."""
    for row in parity():
        if row.checked_by:
            path, _, name = row.checked_by.partition("::")
            source = (ROOT / path).read_text(encoding="utf-8")
            assert name in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
            method = re.sub(r"(?<!^)(?=[A-Z])", "_", row.operation).lower()
            sources = source + (ROOT / "tests/emulator/doors/conftest.py").read_text(encoding="utf-8")
            assert re.search(rf"\.{method}(_with_options)?\b", sources), method


def test_a_row_says_in_one_cell_how_it_compares():
    """A table may hold the row as text."""
    whole = {row.operation: str(row) for row in parity()}
    assert whole["DeleteFunction"].startswith(
        "as FC, checked by tests/emulator/doors/test_fc_functions.py::test_a_function"
    )
    assert whole["CreateSession"] == "not translated: no sessions"
    assert str(Parity(operation="X", checked_on=parity()[0].checked_on, checked_by="t", differs="d")).startswith(
        "differs: d (checked by t on 2026-"
    )
