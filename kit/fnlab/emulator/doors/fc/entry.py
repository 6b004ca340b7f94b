"""Handlers and initialisers as Function Compute names them, ``folder/module.function``, and as the platform does."""

import re

from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.functions import Package

#: Added to a package whose initialiser the platform would not find by itself.
ADAPTER = "fnlab_fc_entry"

_NAME = re.compile(r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*\.[A-Za-z_]\w*")


def from_fc(name: str, what: str = "handler") -> str:
    """Write ``folder/module.function`` as ``folder.module:function``.

    Examples
    --------
    >>> from_fc("index.handler"), from_fc("src/index.handler")
    ('index:handler', 'src.index:handler')
    """
    if not _NAME.fullmatch(name):
        raise Refusal(f"{what} must read 'module.function'; got {name!r}.")
    module, _, function = name.rpartition(".")
    return f"{module.replace('/', '.')}:{function}"


def to_fc(handler: str) -> str:
    """Write ``folder.module:function`` as ``folder/module.function``.

    Examples
    --------
    >>> to_fc("src.index:handler")
    'src/index.handler'
    """
    module, _, function = handler.partition(":")
    return f"{module.replace('.', '/')}.{function}"


def with_initialiser(package: Package, handler: str, initialiser: str | None) -> tuple[Package, str]:
    """Let an initialiser of any name be found.

    The platform calls a function ``initialize`` that stands beside the handler. For any other one a small module is
    added that imports both under the names that are looked for.

    Returns
    -------
    tuple of Package, str
        The files, and the handler to deploy.
    """
    module = handler.partition(":")[0]
    if initialiser is None or initialiser == f"{module}:initialize":
        return package, handler
    its_module, _, its_name = initialiser.partition(":")
    name = handler.partition(":")[2]
    source = f"from {module} import {name} as handler\nfrom {its_module} import {its_name} as initialize\n"
    files = {**package.files, f"{ADAPTER}.py": source.encode()}
    return Package(files), f"{ADAPTER}:handler"


def without_adapter(package: Package) -> Package:
    """Take the added module away again."""
    return Package({name: content for name, content in package.files.items() if name != f"{ADAPTER}.py"})
