"""What an instance must know about a model before it opens the artefact, as a small JSON file."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any

from fnlab.errors import BadValue, DeployError
from fnlab.serve.formats import FORMATS
from fnlab.serve.signature import (
    INPUT_DTYPES,
    OUTPUT_DTYPES,
    Images,
    Takes,
    TensorSpec,
    takes_from_json,
    takes_to_json,
    tensor_from_json,
)

#: The manifest's own file in a package.
MANIFEST = "manifest.json"

_OUTPUTS = ("class", "number")
_SCORES = ("none", "probabilities", "logits")
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A model's description, packed beside its artefact.

    Attributes
    ----------
    format : str
        How the artefact is written, one of :data:`fnlab.serve.formats.FORMATS`.
    model, framework : str
        The model's class, and what it was fitted with.
    versions : Mapping of str to str
        Version of each package that wrote the artefact.
    python_version : str
        Version of Python that wrote it.
    input, output : TensorSpec
        What the model takes and what the function answers; for several classes, what each of them is.
    takes : Texts, Images or None
        What an event may hold beside rows of numbers.
    predicts : str
        ``"class"`` or ``"number"``.
    classes : tuple or None
        What a classifier may answer; ``None`` for a regressor.
    scores : str
        What the artefact gives for each class: ``"probabilities"``, ``"logits"`` (softmax makes them probabilities) or
        ``"none"``.
    dataset_name, dataset_sha256 : str
        The training data; empty when it is not known.
    metrics : Mapping of str to float
        ``accuracy`` or ``r2`` on held-out rows; empty when not known.
    licence : str
        Under which the model, or else its training data, may be used; empty when nobody said.
    without : tuple of str
        Packages that the start's imports find only where they are loaded already, see :mod:`fnlab.serve.pruning`.
    files : Mapping of str to str
        The artefact's files, each with the sha256 of its content.

    Raises
    ------
    BadValue
        If a value breaks its rule.
    """

    format: str
    model: str
    framework: str
    versions: Mapping[str, str]
    python_version: str
    input: TensorSpec
    output: TensorSpec
    predicts: str
    classes: tuple[Any, ...] | None
    files: Mapping[str, str]
    takes: Takes = None
    scores: str = "none"
    dataset_name: str = ""
    dataset_sha256: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    licence: str = ""
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("format", self.format, tuple(FORMATS)),
            ("predicts", self.predicts, _OUTPUTS),
            ("scores", self.scores, _SCORES),
            ("the input's dtype", self.input.dtype, INPUT_DTYPES),
            ("the output's dtype", self.output.dtype, OUTPUT_DTYPES),
        ):
            if value not in allowed:
                raise BadValue(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")
        for name in ("model", "framework", "python_version", "dataset_name", "dataset_sha256", "licence"):
            if not isinstance(getattr(self, name), str):
                raise BadValue(f"{name} must be a text; got {getattr(self, name)!r}.")
        if not isinstance(self.without, tuple) or not all(isinstance(name, str) and name for name in self.without):
            raise BadValue(f"without must be names of packages; got {self.without!r}.")
        self._check_classes()
        self._check_mappings()
        self._check_takes()

    def _check_classes(self) -> None:
        if (self.predicts == "class") != (self.classes is not None):
            raise BadValue(f"classes belong to what predicts a class, and only to that; got {self.classes!r}.")
        if not isinstance(self.classes, tuple | None) or self.classes == ():
            raise BadValue(f"classes must be a list of at least one; got {self.classes!r}.")
        kinds = {bool, int, float, str}
        for label in self.classes or ():
            if type(label) not in kinds or (isinstance(label, float) and not isfinite(label)):
                raise BadValue(f"a class must be a text, a number or a boolean; got {label!r}.")

    def _check_mappings(self) -> None:
        for name, mapping in (("versions", self.versions), ("metrics", self.metrics), ("files", self.files)):
            if not isinstance(mapping, Mapping) or not all(isinstance(key, str) for key in mapping):
                raise BadValue(f"{name} must be a mapping with texts as keys; got {mapping!r}.")
        for name, version in self.versions.items():
            if not isinstance(version, str):
                raise BadValue(f"the version of {name} must be a text; got {version!r}.")
        for name, metric in self.metrics.items():
            if isinstance(metric, bool) or not isinstance(metric, int | float) or not isfinite(metric):
                raise BadValue(f"the metric {name} must be a finite number; got {metric!r}.")
        for name, digest in self.files.items():
            if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
                raise BadValue(f"the hash of {name} must be 64 hexadecimal digits; got {digest!r}.")

    def _check_takes(self) -> None:
        if self.takes is None:
            return
        if isinstance(self.takes, Images):
            what, width = "an image", self.takes.height * self.takes.width * self.takes.channels
        else:
            what, width = "a text", self.takes.length
        if width != self.input.width:
            raise BadValue(f"{what} must become a row of {self.input.width} numbers; it becomes {width}.")

    @property
    def n_features(self) -> int:
        """Numbers in a row."""
        return self.input.width

    def to_json(self) -> bytes:
        """Write the manifest as JSON, the same bytes each time."""
        values = asdict(self) | {"takes": takes_to_json(self.takes)}
        return json.dumps(values, indent=2, sort_keys=True, allow_nan=False).encode()

    @staticmethod
    def from_json(data: bytes) -> "Manifest":
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        DeployError
            If the bytes are not a JSON object with exactly these keys, or a value breaks its rule.
        """
        try:
            values = json.loads(data)
        except (ValueError, RecursionError):
            raise DeployError(f"a manifest must be JSON; got {data[:40]!r}.") from None
        if not isinstance(values, dict):
            raise DeployError(f"a manifest must be a JSON object; got a {type(values).__name__}.")
        known = {field.name for field in fields(Manifest)}
        if set(values) != known:
            wrong = [f"{key} is missing" for key in sorted(known - set(values))]
            wrong += [f"{key} is unknown" for key in sorted(set(values) - known)]
            raise DeployError(f"a manifest must have exactly its {len(known)} keys; {', '.join(wrong)}.")
        for name in ("classes", "without"):
            if isinstance(values[name], list):
                values[name] = tuple(values[name])
        try:
            read = {name: tensor_from_json(values[name]) for name in ("input", "output")}
            return Manifest(**values | read | {"takes": takes_from_json(values["takes"])})
        except BadValue as error:
            raise DeployError(f"a manifest's values have rules: {error}") from None
