"""What the doors do as the providers do, and where they differ: the tables in the README.

``python -m fnlab.emulator.doors.parity README.md`` writes them anew; a test compares.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from fnlab.emulator.doors.aws.parity import PARITY
from fnlab.emulator.doors.fc.parity import parity

_BEGIN, _END = "<!-- parity: begin -->", "<!-- parity: end -->"


def tables() -> str:
    """Write both tables as Markdown, each folded behind a line that counts."""
    aws = [(operation, str(row)) for operation, row in PARITY.items()]
    fc = [(row.operation, str(row)) for row in parity()]
    return "\n\n".join((_table("AWS Lambda, REST API 2015-03-31", aws), _table("Alibaba FC 3.0, API 2023-03-30", fc)))


def put_into(text: str) -> str:
    """Give a text with the tables between its two marks."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n\n{tables()}\n\n{_END}{after}"


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    rows = list(rows)
    same = sum(text.startswith("as ") for _, text in rows)
    differ = sum(text.startswith("differs") for _, text in rows)
    counts = f"{same} as the provider, {differ} with a stated difference, {len(rows) - same - differ} not translated"
    lines = [f"| {operation} | {_cell(text)} |" for operation, text in rows]
    head = ["<details>", f"<summary>{title}: {counts}</summary>", "", "| operation | here |", "|---|---|"]
    return "\n".join([*head, *lines, "", "</details>"])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(put_into(page.read_text(encoding="utf-8")), encoding="utf-8")
