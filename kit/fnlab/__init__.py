"""Learn and experiment with serverless AI: a book you can run, on a library you can import.

>>> import fnlab as fl
>>> digits = fl.datasets.load("digits")                  # doctest: +SKIP
>>> model = fl.train(SVC(gamma=0.001), digits)           # doctest: +SKIP
>>> fn = fl.deploy(model, memory_mib=512)                # doctest: +SKIP
>>> fn(digits.X_test[:3])                                # doctest: +SKIP

Names are imported when they are first used, so that ``import fnlab`` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fnlab import cost, datasets, errors, figures, learn, measure, scenario, serve, simulator, widgets, workload
    from fnlab.cost import bill, compare
    from fnlab.emulator import Emulator
    from fnlab.functions import Function, Scaling
    from fnlab.grid import sweep
    from fnlab.learn import train
    from fnlab.measure import compare_traces
    from fnlab.scheduler import policies as policies
    from fnlab.source import function
    from fnlab.verbs import deploy, replay, simulate
    from fnlab.workload import Profile

__version__ = "0.1.0"

__all__ = [
    "Emulator",
    "Function",
    "Profile",
    "Scaling",
    "bill",
    "compare",
    "compare_traces",
    "cost",
    "datasets",
    "deploy",
    "errors",
    "figures",
    "function",
    "learn",
    "measure",
    "policies",
    "replay",
    "scenario",
    "serve",
    "simulate",
    "simulator",
    "sweep",
    "train",
    "widgets",
    "workload",
]

#: Where each name that is not a room comes from.
_HOMES = {
    "Emulator": "emulator",
    "Function": "functions",
    "Profile": "workload",
    "Scaling": "functions",
    "bill": "cost",
    "compare": "cost",
    "compare_traces": "measure",
    "deploy": "verbs",
    "function": "source",
    "policies": "scheduler.policies",
    "replay": "verbs",
    "simulate": "verbs",
    "sweep": "grid",
    "train": "learn",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'fnlab' has no attribute {name!r}")
    room = importlib.import_module(f"fnlab.{_HOMES.get(name, name)}")
    value = room if room.__name__.endswith(f".{name}") else getattr(room, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
