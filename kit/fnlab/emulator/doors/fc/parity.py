"""What is as on Function Compute and what is not: a list for people, and for the tests that hold it to the truth."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How one operation compares.

    Attributes
    ----------
    operation : str
        Its name in the API.
    checked_by : str
        The test that tries it through the official SDK; empty if it is absent.
    checked_on : date
        When the list was last gone through.
    differs : str
        In what it differs; empty if in nothing that is known.
    absent : str
        Why it is not there; empty if it is.
    """

    operation: str
    checked_on: date
    checked_by: str = ""
    differs: str = ""
    absent: str = ""

    def __str__(self) -> str:
        """Say it in one cell of a table."""
        if self.absent:
            return f"not translated: {self.absent}"
        checked = f"checked by {self.checked_by} on {self.checked_on}"
        return f"differs: {self.differs} ({checked})" if self.differs else f"as FC, {checked}"


@cache
def parity() -> tuple[Parity, ...]:
    """Read the list."""
    content = tomllib.loads((files("fnlab.emulator.doors.fc") / "parity.toml").read_text(encoding="utf-8"))
    checked_on = content["checked_on"]
    return tuple(
        Parity(operation=operation, checked_on=checked_on, **row) for operation, row in content["operations"].items()
    )
