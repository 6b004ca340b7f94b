"""The same model, smaller and faster to start: every way that is known is tried, and measured."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from html import escape

import numpy as np

from fnlab.datasets import Dataset
from fnlab.emulator import Deployed, Emulator
from fnlab.errors import BadValue, DeployError, MissingExtra
from fnlab.functions import Function
from fnlab.learn import Trained
from fnlab.measure import Footprint, Footprints
from fnlab.measure.footprint import packages
from fnlab.serve import model_function
from fnlab.serve.conversion import to_onnx
from fnlab.serve.formats.onnx_file import OnnxModel
from fnlab.serve.manifest import MANIFEST, Manifest
from fnlab.serve.pruning import pruned
from fnlab.serve.quantise import to_float16, to_int8
from fnlab.units import require
from fnlab.weigh import weigh

#: Of the ways whose start is within this of the fastest, the one with the smallest package is chosen.
_AS_FAST = 1.1
_AS_IT_IS = "as it is"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to serve a model, as measured.

    Attributes
    ----------
    name : str
        What was done.
    function : Function or None
        What serves it; ``None`` where it does not work.
    footprint : Footprint or None
        What that takes up.
    changed : float
        Share of the held-out rows for which it answers something else than the model as it is.
    accuracy : float
        Share of the held-out rows for which it is right.
    why_not : str
        Why it does not work, or is not chosen whatever it saves; empty otherwise.
    """

    name: str
    function: Function | None = None
    footprint: Footprint | None = None
    changed: float = float("nan")
    accuracy: float = float("nan")
    why_not: str = ""


@dataclass(frozen=True, kw_only=True)
class Slim:
    """A model slimmed: what was tried, and what was chosen.

    Attributes
    ----------
    ways : tuple of Way
        The model as it is comes first.
    chosen : Way
        The one that starts fastest among those whose answers are good enough.
    """

    ways: tuple[Way, ...]
    chosen: Way

    @property
    def function(self) -> Function:
        """What to deploy, as in ``fl.deploy(slimmed.function, name="digits")``."""
        if self.chosen.function is None:
            raise BadValue(f"a way that is chosen must work; {self.chosen.name!r} does not.")
        return self.chosen.function

    @property
    def before(self) -> Footprint:
        """What the model takes up as it is."""
        return self.footprints[_AS_IT_IS]

    @property
    def after(self) -> Footprint:
        """What it takes up now."""
        return self.footprints[self.chosen.name]

    @property
    def footprints(self) -> Footprints:
        """All that could be measured, for :func:`fnlab.figures.footprints`."""
        return Footprints(tuple(way.footprint for way in self.ways if way.footprint is not None))

    @property
    def times_faster(self) -> float:
        """How many times shorter its median cold start has become."""
        return self.before.cold_s / self.after.cold_s

    def __repr__(self) -> str:
        return f"Slim({self.chosen.name}: cold start {self.times_faster:.1f} times shorter)"

    def _repr_html_(self) -> str:
        head = ["", *self.before.row, "changed", "accuracy", ""]
        titles = "".join(f"<th>{title}</th>" for title in head)
        rows = ["".join(f"<td>{escape(cell)}</td>" for cell in self._cells(way)) for way in self.ways]
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"

    def _cells(self, way: Way) -> list[str]:
        note = "chosen" if way is self.chosen else way.why_not
        if way.footprint is None:
            return [way.name, *[""] * len(self.before.row), "", "", note]
        return [way.name, *way.footprint.row.values(), f"{way.changed:.2%}", f"{way.accuracy:.3f}", note]


def slim(
    model: object,
    dataset: Dataset,
    *,
    max_changed: float = 0.0,
    cold_starts: int = 5,
    calls: int = 20,
    emulator: Emulator | None = None,
) -> Slim:
    """Try to make a fitted classifier smaller and faster to start, and keep what its answers allow.

    Four ways are tried: leaving out imports that nothing needs; ONNX; and of that, weights of half precision or of
    eight bits. Each is deployed with the memory of the model as it is. It answers every held-out row, and is started
    from nothing and called again, in turn with the others.

    Parameters
    ----------
    model : fitted classifier or Trained
        What :func:`fnlab.deploy` takes.
    dataset : Dataset
        Its held-out rows are the ones to be answered.
    max_changed : float
        Share of these rows for which the answer may be another one than that of the model as it is.
    cold_starts, calls : int
        As in :func:`fnlab.weigh.weigh`.
    emulator : Emulator, optional
        Where to measure; by default one that is closed afterwards.

    Raises
    ------
    BadValue
        If `max_changed` is no share, or the model is no classifier.
    DeployError
        If the model cannot be deployed even as it is.
    """
    require("max_changed", max_changed, at_least=0)
    if max_changed > 1:
        raise BadValue(f"max_changed must be a share, from 0 to 1; got {max_changed!r}.")
    if emulator is None:
        with Emulator() as own:
            return slim(model, dataset, max_changed=max_changed, cold_starts=cold_starts, calls=calls, emulator=own)
    as_it_is = replace(model_function(model), name=_label(_AS_IT_IS))
    if Manifest.from_json(as_it_is.package.files[MANIFEST]).predicts != "class":
        raise BadValue("slim compares answers one by one, so it takes a classifier; this model predicts a number.")
    first = emulator.deploy(as_it_is)
    expected = np.asarray(first(dataset.X_test))
    candidates, failed = _candidates(model, first, dataset)
    memory_mib = first.function.memory_mib  # the processor comes with it
    candidates = {
        name: replace(function, name=_label(name), memory_mib=memory_mib) for name, function in candidates.items()
    }
    running = {name: emulator.deploy(function) for name, function in candidates.items()}
    weighed = weigh(running, dataset.X_test[:1].tolist(), cold_starts=cold_starts, calls=calls, emulator=emulator)
    ways = []
    for footprint in weighed:
        answers = np.asarray(running[footprint.name](dataset.X_test))
        changed = float((answers != expected).mean())
        ways.append(
            Way(
                name=footprint.name,
                function=candidates[footprint.name],
                footprint=footprint,
                changed=changed,
                accuracy=float((answers == dataset.y_test).mean()),
                why_not=f"changes more than {max_changed:.2%} of the answers" if changed > max_changed else "",
            )
        )
    return Slim(ways=(*ways, *failed), chosen=_chosen([way for way in ways if not way.why_not]))


def _candidates(model: object, first: Deployed, dataset: Dataset) -> tuple[dict[str, Function], list[Way]]:
    """Make a function by each way; where one does not work, say why."""
    onnx = cache(lambda: to_onnx(model))  # asked for by three ways
    ways: dict[str, Callable[[], Function]] = {
        "pruned imports": lambda: pruned(first.function, _imported(first, dataset)),
        "ONNX": lambda: _serving(model, onnx()),
        "ONNX, float16": lambda: _serving(model, to_float16(onnx())),
        "ONNX, int8": lambda: _serving(model, to_int8(onnx())),
    }
    made, failed = {_AS_IT_IS: first.function}, []
    for name, make in ways.items():
        try:
            made[name] = make()
        except (BadValue, DeployError, MissingExtra) as error:
            failed.append(Way(name=name, why_not=str(error)))
    return made, failed


def _imported(first: Deployed, dataset: Dataset) -> tuple[str, ...]:
    """See what a cold start of the model as it is imports; the last call was one, unless it was deployed before."""
    if not first.last.phases:
        first.evict()
        first(dataset.X_test[:1])
    return tuple(packages(first.last.phases))


def _serving(model: object, converted: OnnxModel) -> Function:
    """Make the function of a converted model; its manifest still names data and metrics of the one it was made of."""
    return model_function(replace(model, estimator=converted) if isinstance(model, Trained) else converted)


def _label(name: str) -> str:
    return f"slim-{name.replace(', ', '-').replace(' ', '-')}".lower()


def _chosen(good: list[Way]) -> Way:
    """Pick the smallest of those that start about as fast as the fastest."""
    starts = {way.name: way.footprint.cold_s for way in good if way.footprint is not None}
    limit_s = _AS_FAST * min(starts.values())
    quick = [way for way in good if way.footprint is not None and starts[way.name] <= limit_s]
    return min(quick, key=lambda way: way.footprint.package_bytes if way.footprint else 0)
