"""Which of the engines that total is there, and worth its start."""

from importlib.util import find_spec
from types import ModuleType

from fnlab.errors import BadValue, MissingExtra
from fnlab.functions import Scaling
from fnlab.simulator import fast

#: From so many requests on, the compiled engine is worth its start: where plain Python knows the rules, at some 0.6 µs
#: a request, and where otherwise only the reference engine does, at some 20 µs. Measured on two cores: to load what was
#: compiled before takes 1.3 s, as long as 2 million and 65,000 requests; to compile, once, 4 to 8 s of CPU. Of the
#: second a multiple, so that nobody waits for that who would have had a trace in a second or two.
WORTH_COMPILING = {"fast": 2_000_000, "reference": 200_000}


def has_numba() -> bool:
    """Tell whether the compiled engine can be used here."""
    try:
        return find_spec("numba") is not None
    except ValueError:  # somebody put None in its place, to do without
        return False


def choose(engine: str, scaling: Scaling, *, requests: float) -> ModuleType | None:
    """Give the module of the engine for so many requests, ``compiled`` or ``fast``; None for the reference.

    Raises
    ------
    BadValue
        If the engine asked for does not know a setting.
    MissingExtra
        If the compiled one is asked for and numba is not installed.
    """
    if engine == "compiled" and not has_numba():
        raise MissingExtra('the compiled engine needs numba, which is not installed; run pip install "fnlab[fast]".')
    fast_knows = fast.unknown(scaling) is None
    if engine == "auto":
        worth = WORTH_COMPILING["fast" if fast_knows else "reference"]
        if requests >= worth and has_numba():
            from fnlab.simulator import compiled

            if compiled.unknown(scaling) is None:
                return compiled
        return fast if fast_knows else None
    if engine == "reference":
        return None
    chosen: ModuleType = fast
    if engine == "compiled":
        from fnlab.simulator import compiled

        chosen = compiled
    if (unknown := chosen.unknown(scaling)) is not None:
        raise BadValue(f"the {engine} engine knows {chosen.known(unknown)} only; got {getattr(scaling, unknown)!r}.")
    return chosen
