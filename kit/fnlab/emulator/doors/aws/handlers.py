"""Names of handlers: AWS's ``path/module.function`` and the platform's ``module:function``."""

import re

#: Stands where a function has no Python handler that could be looked for.
NO_HANDLER = "no_handler:given"

_PLATFORM = re.compile(r"[\w-]+(\.[\w-]+)*:[A-Za-z_]\w*")


def to_platform(handler: str | None) -> str | None:
    """Translate a handler; None if it names none.

    Examples
    --------
    >>> to_platform("src/app.handler"), to_platform("handler"), to_platform("a.b.c")
    ('src.app:handler', None, 'a.b:c')
    """
    module, dot, function = (handler or "").rpartition(".")
    name = f"{module.replace('/', '.')}:{function}"
    return name if dot and _PLATFORM.fullmatch(name) else None


def to_aws(handler: str) -> str:
    """Translate a handler back."""
    return handler.replace(":", ".")
