"""The policies' default numbers, with their sources: dated facts in ``policies.toml``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def facts(group: str) -> dict[str, Any]:
    """Give a group of default values, and with them ``source``, ``as_of`` and ``status``.

    Examples
    --------
    >>> facts("knative")["stable_window_s"], facts("knative")["status"]
    (60, 'confirmed')
    """
    text = (files("fnlab.scheduler.policies") / "policies.toml").read_text(encoding="utf-8")
    entry: dict[str, Any] = tomllib.loads(text)[group]
    return entry
