"""The command ``fnlab``: a platform in a terminal, and what one says to it from another."""

import sys

__all__ = ["main"]

#: What the extra ``serve`` brings, and the commands cannot do without.
_NEEDED = {"click", "httptools", "httpx"}


def main() -> None:
    """Run the command, or say which packages it lacks."""
    try:
        from fnlab.cli.commands import main as command
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        sys.exit(
            f'Error: the command fnlab needs {error.name}, which is not installed; run pip install "fnlab[serve]".'
        )
    command()
