"""Says what the shell before it was refused."""

import os
from pathlib import Path


def handler(event, context):
    lines = (Path(os.environ["TMPDIR"]) / "tries").read_text().splitlines()
    return dict(line.split() for line in lines)
