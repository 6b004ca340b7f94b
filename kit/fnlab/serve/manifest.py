"""What an instance must know about a model before it opens the artefact, as a small JSON file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from fnlab.errors import BadValue, DeployError

_DTYPES = ("float32", "float64")
_OUTPUTS = ("class", "number")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A model's description, packed beside its artefact.

    Attributes
    ----------
    framework, framework_version, python_version : str
        What the model was fitted with.
    n_features : int
        Numbers in a row.
    dtype : str
        Type that a row is converted to: ``"float64"`` or ``"float32"``.
    output : str
        ``"class"`` or ``"number"``.
    classes : tuple or None
        What a classifier may answer; ``None`` for a regressor.
    dataset_name, dataset_sha256 : str
        The training data; empty when it is not known.
    metrics : Mapping of str to float
        ``accuracy`` or ``r2`` on held-out rows; empty when not known.
    artefact_sha256 : str
        Hash of the artefact that belongs to this manifest.

    Raises
    ------
    BadValue
        If a value breaks its rule.
    """

    framework: str
    framework_version: str
    python_version: str
    n_features: int
    dtype: str
    output: str
    classes: tuple[Any, ...] | None
    dataset_name: str
    dataset_sha256: str
    metrics: Mapping[str, float]
    artefact_sha256: str

    def __post_init__(self) -> None:
        whole = isinstance(self.n_features, int) and not isinstance(self.n_features, bool)
        if not whole or self.n_features < 1:
            raise BadValue(f"n_features must be a whole number of at least 1; got {self.n_features!r}.")
        for name, value, allowed in (("dtype", self.dtype, _DTYPES), ("output", self.output, _OUTPUTS)):
            if value not in allowed:
                raise BadValue(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")

    def to_json(self) -> bytes:
        """Write the manifest as JSON, the same bytes each time."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, allow_nan=False).encode()

    @staticmethod
    def from_json(data: bytes) -> "Manifest":
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        DeployError
            If the bytes are not a JSON object with exactly these keys.
        BadValue
            If a value breaks its rule.
        """
        try:
            values = json.loads(data)
        except ValueError:
            raise DeployError(f"a manifest must be JSON; got {data[:40]!r}.") from None
        if not isinstance(values, dict):
            raise DeployError(f"a manifest must be a JSON object; got a {type(values).__name__}.")
        known = {field.name for field in fields(Manifest)}
        if set(values) != known:
            wrong = [f"{key} is missing" for key in sorted(known - set(values))]
            wrong += [f"{key} is unknown" for key in sorted(set(values) - known)]
            raise DeployError(f"a manifest must have exactly its {len(known)} keys; {', '.join(wrong)}.")
        if isinstance(values["classes"], list):
            values["classes"] = tuple(values["classes"])
        return Manifest(**values)
