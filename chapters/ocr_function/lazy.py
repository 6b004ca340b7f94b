"""The same handler without an initializer: whoever sends the first page waits for the models."""

from main import handler

__all__ = ["handler"]
