"""Functions and settings as JSON, for the store. Packages are named by their hash; their files are in the home."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from fnlab.emulator.state.policies import scaling_from_json, scaling_to_json
from fnlab.functions import Alias, AsyncPolicy, Function, Isolation, Package

#: Gives the package that has this hash.
FindPackage = Callable[[str], Package]


def function_to_json(function: Function) -> dict[str, Any]:
    """Write a function down; of its packages, the hashes."""
    plain = {name: getattr(function, name) for name in Function.__dataclass_fields__}
    return plain | {
        "env": dict(function.env),
        "package": function.package.sha256,
        "layers": [layer.sha256 for layer in function.layers],
        "scaling": scaling_to_json(function.scaling),
        "isolation": asdict(function.isolation),
    }


def function_from_json(content: Mapping[str, Any], find: FindPackage) -> Function:
    """Read a function back."""
    return Function(
        **{
            **content,
            "command": tuple(content["command"]),
            "package": find(content["package"]),
            "layers": tuple(map(find, content["layers"])),
            "scaling": scaling_from_json(content["scaling"], of=content["name"]),
            "isolation": Isolation(**content["isolation"]),
        }
    )


def alias_to_json(alias: Alias) -> dict[str, Any]:
    """Write an alias down."""
    weights = {str(version): share for version, share in alias.weights.items()}
    return {"name": alias.name, "version": alias.version, "weights": weights, "description": alias.description}


def alias_from_json(content: Mapping[str, Any]) -> Alias:
    """Read an alias back."""
    weights = {int(version): share for version, share in content["weights"].items()}
    return Alias(**{**content, "weights": weights})


def policy_from_json(content: Mapping[str, Any]) -> AsyncPolicy:
    """Read an asynchronous policy back."""
    return AsyncPolicy(**{**content, "delays_s": tuple(content["delays_s"])})
