"""The README says how the doors compare with the providers."""

from pathlib import Path

from fnlab.emulator.doors.parity import put_into

README = Path(__file__).parents[3] / "README.md"


def test_the_readme_has_the_tables_of_today():
    """They are made from the lists beside the doors; ``make parity`` writes them anew."""
    text = README.read_text(encoding="utf-8")
    assert text == put_into(text)
