"""Whether a handler can be there at all: said when a function is deployed, not when it is first called."""

from importlib.util import find_spec
from pathlib import PurePosixPath

from fnlab.errors import HandlerNotImportable
from fnlab.functions import Function


def check_handler(function: Function) -> None:
    """Refuse a function whose handler's module is nowhere: in no package of its own, and not installed.

    Raises
    ------
    HandlerNotImportable
        The message says what the package holds.
    """
    if function.runtime != "python":
        return  # its program knows what to do with the handler
    module = function.handler.partition(":")[0]
    path = PurePosixPath(*module.split("."))
    places = {path.with_suffix(".py"), path / "__init__.py"}
    # AWS's layers keep Python's files in a folder of that name.
    places_in_layer = places | {"python" / place for place in places}
    files = {PurePosixPath(name) for name in function.package.files}
    layered = {PurePosixPath(name) for layer in function.layers for name in layer.files}
    if not places & files and not places_in_layer & layered and find_spec(module.partition(".")[0]) is None:
        held = ", ".join(sorted(function.package.files))
        raise HandlerNotImportable(
            f"handler {function.handler!r} needs a module {module!r}, in the package or installed; "
            f"the package holds {held}."
        )
