"""Loads a handler and runs what stands beside it."""

import importlib
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from fnlab.emulator.instance.context import Context
from fnlab.emulator.instance.failures import CannotBatch
from fnlab.emulator.instance.output import flush

_exit = os._exit  # held from here: a handler may replace what it likes

Handler = Callable[[Any, Context], Any]
Batch = Callable[[list[Any], Context], Any]


def load(handler: str, context: Context) -> Handler:
    """Import ``"module:function"`` and run the module's ``initialize``, if it has one.

    Raises
    ------
    LookupError
        If the module has no such function; what it does have is in the message.
    """
    module_name, _, function_name = handler.partition(":")
    context.stage = "import"
    with context.phase("imports"):
        module = importlib.import_module(module_name)
    context.stage = "lookup"
    function = getattr(module, function_name, None)
    if not callable(function):
        found = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        raise LookupError(f"module {module_name!r} has no function {function_name!r}; it has {found or 'none'}")
    context.stage = "initialize"
    if callable(initialize := getattr(module, "initialize", None)):
        with context.phase("initialiser"):
            initialize(context)
    loaded: Handler = function
    return loaded


def batch_of(handler: str) -> Batch:
    """Find the function ``batch(events, context)`` beside a loaded handler.

    Raises
    ------
    CannotBatch
        If there is none, or the handler yields its answers.
    """
    module_name, _, function_name = handler.partition(":")
    if inspect.isgeneratorfunction(getattr(sys.modules[module_name], function_name, None)):
        raise CannotBatch("it yields its answers, and pieces of several answers cannot be told apart.")
    found: Batch | None = _beside(handler, "batch")
    if found is None:
        raise CannotBatch(f"module {module_name!r} has no function batch(events, context) beside it.")
    return found


def rehearse(handler: str, context: Context) -> None:
    """Run the module's ``rehearse(context)``, if it has one: work that a first request would otherwise pay for."""
    if own := _beside(handler, "rehearse"):
        with context.phase("rehearsal"):
            own(context)


class Ending:
    """Runs the module's ``pre_stop(context)``, if it has one, before the instance ends; once, however it ends.

    Parameters
    ----------
    handler : str
        ``"module:function"``.
    context : Context
        That of the init.
    """

    def __init__(self, handler: str, context: Context) -> None:
        self._handler, self._context = handler, context
        self._done = False

    def __call__(self) -> None:
        """Run it. What goes wrong in it goes to the log: there is nobody left to answer."""
        if self._done:
            return
        self._done = True
        own = _beside(self._handler, "pre_stop")
        if own is None:
            return
        try:
            own(self._context)
        except BaseException:  # the end comes anyway
            traceback.print_exc()

    def on_sigterm(self) -> None:
        """Have it run, and the process end, at SIGTERM; unless the handler's module has its own way with that."""
        if signal.getsignal(signal.SIGTERM) is end_quietly:
            signal.signal(signal.SIGTERM, self._end)
        os.register_at_fork(after_in_child=self._leave)

    def _leave(self) -> None:
        """Let a process that the handler forks end as any other does."""
        self._done = True
        if signal.getsignal(signal.SIGTERM) == self._end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self()
        end_quietly(number, frame)


def _beside(handler: str, name: str) -> Callable[..., Any] | None:
    """Find a function in the handler's module."""
    found = getattr(sys.modules.get(handler.partition(":")[0]), name, None)
    return found if callable(found) else None


def end_quietly(_number: int, _frame: FrameType | None) -> None:
    """End at SIGTERM, without clearing up: other threads may hold any lock."""
    flush(sys.stdout)
    flush(sys.stderr)
    _exit(0)
