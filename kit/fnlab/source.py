"""A Python function, written in a notebook or a module, as the package of a deployable one.

Its source goes into a file, with what it uses from around it: imports, other functions' sources, plain constants.
Nothing is pickled, so what runs in an instance is what can be read here.
"""

import ast
import builtins
import importlib
import inspect
import symtable
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from fnlab.errors import BadValue, DeployError
from fnlab.functions import Function, Package, Scaling, StartStrategy

_FILE = "main.py"


def function(  # one argument a setting; all by name, all with a default
    *,
    name: str | None = None,
    memory_mib: int = 128,
    timeout_s: float = 3.0,
    env: Mapping[str, str] | None = None,
    scaling: Scaling | None = None,
    limits: str = "aws-lambda",
    start: StartStrategy = "fresh",
) -> Callable[[Callable[..., Any]], Function]:
    """Make a handler a :class:`Function` that can be deployed.

    The handler takes ``(event, context)``. From outside it may use modules, functions, classes that can be imported,
    and constants that Python can write down; they go with it as they are now.

    Parameters
    ----------
    name : str, optional
        The function's name; by default the handler's.
    memory_mib, timeout_s, env, scaling, limits, start
        As in :class:`Function`.

    Raises
    ------
    BadValue
        If the handler does not take an event and a context, or a setting breaks its rule.
    DeployError
        If the source is not to be had, or uses something that cannot go along.

    Examples
    --------
    ``@fl.function(memory_mib=256)`` above ``def thumbnail(event, context): ...``, then ``fn = fl.deploy(thumbnail)``.
    """

    def wrap(handler: Callable[..., Any]) -> Function:
        package, handler_name = package_of(handler)
        return Function(
            name=name or handler_name,
            handler=f"{_FILE.removesuffix('.py')}:{handler_name}",
            package=package,
            memory_mib=memory_mib,
            timeout_s=timeout_s,
            env=env or {},
            scaling=scaling or Scaling(),
            limits=limits,
            start=start,
        )

    return wrap


def package_of(handler: Callable[..., Any]) -> tuple[Package, str]:
    """Write a handler and what it uses into one file; give the package and the handler's name in it."""
    if not isinstance(handler, FunctionType) or handler.__name__ == "<lambda>":
        raise BadValue(f"a handler must be a function written with def; got {handler!r}.")
    if len(inspect.signature(handler).parameters) != 2:
        raise BadValue(f"a handler takes (event, context); {handler.__name__!r} takes {inspect.signature(handler)}.")
    parts: dict[str, str] = {}
    _collect(handler, handler.__name__, parts)
    text = "\n\n".join(sorted(parts.values(), key=lambda part: not part.startswith(("import ", "from "))))
    return Package({_FILE: f"{text}\n".encode()}), handler.__name__


def _collect(thing: FunctionType, known_as: str, parts: dict[str, str]) -> None:
    """Add the source of a function, after the parts that it uses."""
    parts[known_as] = ""  # it is being taken care of, should it use itself
    source = _source(thing)
    for name in _globals_of(source):
        if name not in parts and name in thing.__globals__:
            _add(name, thing.__globals__[name], parts, user=thing)
    del parts[known_as]
    parts[known_as] = source


def _add(name: str, value: Any, parts: dict[str, str], *, user: FunctionType) -> None:
    if isinstance(value, ModuleType):
        parts[name] = f"import {value.__name__} as {name}"
    elif isinstance(value, FunctionType) and (value.__module__, value.__name__) == (user.__module__, name):
        _collect(value, name, parts)  # written beside it
    elif found := _importable(value):
        parts[name] = f"from {found[0]} import {found[1]} as {name}"
    elif _is_plain(value):
        parts[name] = f"{name} = {value!r}"
    else:
        raise DeployError(
            f"a handler takes modules, functions and plain constants along; {user.__name__!r} uses {name!r}, which is "
            f"a {type(value).__name__}: make it inside the function, or send it with the event."
        )


def _source(thing: FunctionType) -> str:
    """Give a function's source without its decorators."""
    try:
        text = textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):
        raise DeployError(
            f"a handler's source must be in a file or a notebook; that of {thing.__name__!r} is not to be had."
        ) from None
    if captured := thing.__code__.co_freevars:
        raise DeployError(
            f"a handler must not depend on the variables of a function around it; {thing.__name__!r} uses "
            f"{', '.join(captured)}."
        )
    definition = ast.parse(text).body[0]
    return "\n".join(text.splitlines()[definition.lineno - 1 :])


def _globals_of(source: str) -> list[str]:
    """List the global names that a source refers to, at any depth, in alphabetical order, without the builtins."""

    def scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
        yield table
        for child in table.get_children():
            yield from scopes(child)

    names = {
        symbol.get_name()
        for table in scopes(symtable.symtable(source, _FILE, "exec"))
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module")
    }
    return sorted(name for name in names if not hasattr(builtins, name))


def _importable(value: Any) -> tuple[str, str] | None:
    """Say from where a function or class can be imported in another process; None if it cannot."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if module in {None, "__main__"} or not name.isidentifier() or not callable(value):
        return None
    try:
        return (module, name) if getattr(importlib.import_module(module), name, None) is value else None
    except ImportError:
        return None


def _is_plain(value: Any) -> bool:
    """Whether Python can write the value down and read it back."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False
