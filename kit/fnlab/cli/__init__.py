"""The command ``fnlab``: a platform in a terminal, and what one says to it from another."""

from fnlab.cli.commands import main

__all__ = ["main"]
