"""Which of the engines that total is there, and worth its start."""

from importlib.util import find_spec
from types import ModuleType

from fnlab.errors import BadValue, MissingExtra
from fnlab.functions import Scaling
from fnlab.simulator import fast

#: From so many requests on, loading the compiled engine (about a second, measured on two cores) is worth it.
WORTH_COMPILING = 1_000_000


def has_numba() -> bool:
    """Tell whether the compiled engine can be used here."""
    try:
        return find_spec("numba") is not None
    except ValueError:  # somebody put None in its place, to do without
        return False


def choose(engine: str, scaling: Scaling, *, requests: float) -> ModuleType:
    """Give the module of the engine to use for so many requests: ``compiled`` or ``fast``.

    Raises
    ------
    BadValue
        If it does not know a setting.
    MissingExtra
        If the compiled one is asked for and numba is not installed.
    """
    if engine not in ("auto", "compiled", "fast"):
        raise BadValue(f"engine must be one of auto, compiled, fast; got {engine!r}.")
    if engine == "compiled" and not has_numba():
        raise MissingExtra('the compiled engine needs numba, which is not installed; run pip install "fnlab[fast]".')
    chosen: ModuleType = fast
    if engine != "fast" and has_numba() and (engine == "compiled" or requests >= WORTH_COMPILING or fast.unknown(scaling)):
        from fnlab.simulator import compiled

        chosen = compiled
    if (unknown := chosen.unknown(scaling)) is not None:
        raise BadValue(
            f"this engine knows {chosen.known(unknown)} only; got {getattr(scaling, unknown)!r}: "
            "run the function alone, where the reference engine plays it."
        )
    return chosen
