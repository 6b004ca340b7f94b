"""What runs inside an instance: open the model once, then answer one event after another.

An instance works in the four stages of LitServe: setup (in named phases of its own), decode, predict and encode.

The time this module takes to import is part of every cold start, so it imports next to nothing; numpy and the model's
framework come in the phase that is named after them.
"""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fnlab.errors import DeployError, InvalidInput, PlatformError

if TYPE_CHECKING:
    from fnlab.serve.events import Asked
    from fnlab.serve.formats.face import Opened
    from fnlab.serve.manifest import Manifest


class Context(Protocol):
    """What the platform tells a function."""

    @property
    def package_dir(self) -> Path:
        """Folder with the function's files."""

    @property
    def request_id(self) -> str:
        """The request, as in the logs."""

    def phase(self, name: str) -> AbstractContextManager[object]:
        """Record the time spent inside as a phase of the cold start, or as a stage of the request."""


class Model:
    """An open model and its manifest.

    Parameters
    ----------
    opened : Opened
        What predicts.
    manifest : Manifest
        What its rows look like.
    """

    def __init__(self, opened: "Opened", manifest: "Manifest") -> None:
        self.opened = opened
        self.manifest = manifest

    def predict(self, event: object, context: Context) -> list[Any]:
        """Give one answer a row, as JSON types: decode, predict, encode.

        Raises
        ------
        InvalidInput
            If the event is not what the manifest says.
        """
        from fnlab.serve import events

        with context.phase("decode"):
            asked = events.decode(event, self.manifest, request_id=context.request_id)
        with context.phase("predict"):
            found = self._run(asked)
        with context.phase("encode"):
            return self._encoded(found, asked.top)

    def predict_each(self, several: Sequence[object], context: Context) -> list[list[Any] | InvalidInput]:
        """Give each of several events its answers, all made in one go; or what is wrong with it.

        A model costs a fixed time to call, however few the rows. Its answers are those that it would give one by one,
        but for the last bits of numbers that are sums: how many rows there are may change the order of the terms.
        """
        from fnlab.serve import events

        with context.phase("decode"):
            asked = events.decode_each(several, self.manifest)
        with context.phase("predict"):
            found = self._run_each(asked)
        with context.phase("encode"):
            return [
                self._encoded(found[place], one.top) if isinstance(one, events.Asked) else one
                for place, one in enumerate(asked)
            ]

    def _run(self, asked: "Asked") -> Any:
        """Give the predictions, or the scores where the best classes are asked for."""
        if asked.top is None or self.opened.scores is None:
            return self.opened.predict(asked.rows)
        return self.opened.scores(asked.rows)

    def _run_each(self, asked: Sequence["Asked | InvalidInput"]) -> dict[int, Any]:
        """Give what is found for each that has rows, by its place: one call for labels, and one for scores."""
        import numpy as np

        from fnlab.serve.events import Asked

        found: dict[int, Any] = {}
        for ranked in (False, True):
            same = {
                place: one
                for place, one in enumerate(asked)
                if isinstance(one, Asked) and (one.top is not None) == ranked
            }
            if same:
                rows = [one.rows for one in same.values()]
                together = self._run(Asked(rows=np.concatenate(rows), top=1 if ranked else None))
                bounds = np.cumsum([len(part) for part in rows])[:-1]
                found |= dict(zip(same, np.split(together, bounds), strict=True))
        return found

    def _encoded(self, found: Any, top: int | None) -> list[Any]:
        from fnlab.serve import events

        return events.answer(found) if top is None else events.best(found, self.manifest.classes or (), top=top)


def open_model(context: Context) -> Model:
    """Read, check and load the model of a package, in named phases.

    Raises
    ------
    DeployError
        If the artefact is not the one that the manifest describes, or a file is missing or damaged.
    UntrustedType
        If the artefact holds a type that may not be loaded.
    """
    folder = context.package_dir
    with context.phase("imports"):
        import numpy  # noqa: F401  # imported here so that its time counts in this phase

        from fnlab.serve import events, safety  # noqa: F401
        from fnlab.serve.absent import absent
        from fnlab.serve.formats import format_of
        from fnlab.serve.manifest import MANIFEST, Manifest
    with context.phase("artefact read"):
        manifest = Manifest.from_json(_read(folder / MANIFEST))
        files = {name: _read(folder / name) for name in format_of(manifest.format).FILES}
    with context.phase("imports"):
        written_as = format_of(manifest.format)
        with absent(*manifest.without):
            written_as.imports(manifest)
    with context.phase("deserialise"):
        safety.check_hashes(files, manifest.files)
        written_as.check(files, manifest)
        model = Model(written_as.open(files, manifest, folder), manifest)
    with context.phase("first predict"):
        _warm_up(model)
    return model


_model: Model | None = None


def initialize(context: Context) -> None:
    """Open the model; the platform calls this once in each new instance.

    Raises
    ------
    PlatformError
        If it was called before: an instance serves one function.
    """
    global _model  # noqa: PLW0603  # an instance serves one model; this is where it stays
    if _model is not None:
        raise PlatformError("an instance must serve one function; initialize was called a second time.")
    _model = open_model(context)


def rehearse(context: Context) -> None:
    """Predict once more; the platform calls this in an instance that was forked ahead and is to wait."""
    if _model is not None:
        _warm_up(_model)


def handler(event: object, context: Context) -> list[Any]:
    """Answer one event: a list of rows, each a list of numbers, gives a list of predictions.

    An object with ``rows`` and ``top`` gives for each row as many classes with their scores, the best first. A model of
    texts or pictures takes them in the place of rows, too.

    Raises
    ------
    InvalidInput
        If the rows do not have the shape or type that the model was trained on.
    PlatformError
        If :func:`initialize` was not called.
    """
    if _model is None:
        raise PlatformError("an instance must call initialize before handler; it did not.")
    return _model.predict(event, context)


def batch(events: list[object], context: Context) -> list[Any]:
    """Answer several events with one call of the model; the platform calls this where it is asked to.

    An event that :func:`handler` would refuse gets an exception in place of its answer, so that the platform has
    :func:`handler` refuse it. Whatever else goes wrong, as with a number that the model does not take, goes wrong for
    all of them, and the platform has them answered one by one.

    Raises
    ------
    PlatformError
        If :func:`initialize` was not called.
    """
    if _model is None:
        raise PlatformError("an instance must call initialize before batch; it did not.")
    return _model.predict_each(events, context)


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise DeployError(f"a model's package must hold every file of its manifest; {path.name} is missing.")
    return path.read_bytes()


def _warm_up(model: Model) -> None:
    """Predict one row of zeros, so that what happens only once happens before the first request."""
    import numpy as np

    entry = model.manifest.input
    try:
        model.opened.predict(np.zeros((1, *entry.row_shape), dtype=entry.dtype))
    except ValueError as error:  # some models take no zeros (a logarithm, a Box-Cox); they are warm all the same
        print(f"the first predict was skipped, because the model takes no zeros: {error}", file=sys.stderr)
