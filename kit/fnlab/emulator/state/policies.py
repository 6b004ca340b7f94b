"""Scaling rules as JSON. A ready-made policy goes by name; one of a user's own is code, and code is not stored."""

import warnings
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from fnlab.functions import Scaling
from fnlab.scheduler import policies

_SINGLE = ("keep_alive", "autoscaler")


def scaling_to_json(scaling: Scaling) -> dict[str, Any]:
    """Write rules down."""
    plain = {field.name: getattr(scaling, field.name) for field in fields(Scaling)}
    for name in _SINGLE:
        plain[name] = None if plain[name] is None else _to_json(plain[name])
    return plain | {"rules": [_to_json(rule) for rule in scaling.rules]}


def scaling_from_json(content: Mapping[str, Any], *, of: str) -> Scaling:
    """Read rules back.

    Where one of the policies was a user's own, the function has its fixed rules until it is deployed again, and a
    warning says so.
    """
    written = [content.get("keep_alive"), content.get("autoscaler"), *content.get("rules", ())]
    own = [policy["own"] for policy in written if policy is not None and "own" in policy]
    plain = {name: value for name, value in content.items() if name not in (*_SINGLE, "rules")}
    if own:
        warnings.warn(
            f"a policy of one's own lives as long as the process that deployed it; {of!r} goes on by its fixed rules "
            f"without {', '.join(own)}: deploy it again.",
            stacklevel=2,
        )
        scaling = Scaling(**plain)
        return replace(scaling, binding="first-free") if content.get("autoscaler") is not None else scaling
    return Scaling(
        **plain,
        **{name: _from_json(content.get(name)) for name in _SINGLE},
        rules=tuple(_from_json(rule) for rule in content.get("rules", ())),
    )


def _to_json(policy: object) -> dict[str, Any]:
    kind = type(policy)
    if is_dataclass(policy) and getattr(policies, kind.__name__, None) is kind:
        settings = {field.name: getattr(policy, field.name) for field in fields(policy) if field.init}
        return {"policy": kind.__name__, "settings": settings}
    return {"own": str(getattr(policy, "__name__", kind.__name__))}


def _from_json(written: Mapping[str, Any] | None) -> Any:
    if written is None:
        return None
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in written["settings"].items()}
    return getattr(policies, written["policy"])(**settings)
