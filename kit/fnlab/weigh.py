"""Weigh functions: deploy them, start and call them in turn, and say what each takes up."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any

from fnlab.emulator import Deployed, Emulator
from fnlab.emulator.report import Report, error_of
from fnlab.errors import BadValue
from fnlab.functions import Function
from fnlab.measure.footprint import Footprint, Footprints, footprint, packages
from fnlab.trace import Status
from fnlab.units import require
from fnlab.verbs import deploy


def weigh(
    things: Mapping[str, object],
    event: Any,
    *,
    cold_starts: int = 5,
    calls: int = 20,
    memory_mib: int | None = None,
    emulator: Emulator | None = None,
) -> Footprints:
    """Measure what several functions take up, each by its own cold starts and warm calls on this machine.

    They take turns: the first start of each, then the second of each, and so on, so that a busy minute of the machine
    does not fall on one of them alone.

    Parameters
    ----------
    things : mapping of str to object
        What :func:`fnlab.deploy` takes, by the name that it gets in the comparison. What is deployed already is
        called as it is.
    event : JSON value or mapping
        What each is called with; a mapping with the same names gives each its own.
    cold_starts, calls : int
        How often each is started, and how often it is called warm after each start.
    memory_mib : int, optional
        Memory of all of them; by default each has its own.
    emulator : Emulator, optional
        Where to; by default one that is closed afterwards.

    Raises
    ------
    BadValue
        If there is nothing to weigh, or a count is below one.
    """
    require("cold_starts", cold_starts, at_least=1)
    require("calls", calls, at_least=1)
    if not things:
        raise BadValue("weigh needs at least one thing to weigh; got none.")
    if emulator is None:
        with Emulator() as own:
            return weigh(things, event, cold_starts=cold_starts, calls=calls, memory_mib=memory_mib, emulator=own)
    running = {
        name: thing if isinstance(thing, Deployed) else _deployed(thing, f"weighed-{number}", memory_mib, emulator)
        for number, (name, thing) in enumerate(things.items(), start=1)
    }
    events = event if isinstance(event, Mapping) and set(event) == set(things) else dict.fromkeys(things, event)
    reports: dict[str, list[Report]] = {name: [] for name in running}
    for _ in range(cold_starts):
        for name, fn in running.items():
            reports[name] += _round(fn, events[name], calls)
    homes = packages_distributions()  # reads every distribution's list of files, so once for all
    return Footprints(tuple(_footprint(name, fn.function, reports[name], homes) for name, fn in running.items()))


def installed_bytes(modules: Iterable[str], *, homes: Mapping[str, Sequence[str]] | None = None) -> int:
    """Add up the files of the installed distributions that top-level modules belong to; other modules have none.

    A distribution counts once, whole: that is how it is installed, whatever part of it is imported. `homes` says which
    distributions a module belongs to; by default what is installed is asked.
    """
    homes = packages_distributions() if homes is None else homes
    names = {name for module in modules if module != "fnlab" for name in homes.get(module, ())}
    return sum(map(_size_bytes, names))


def _size_bytes(name: str) -> int:
    try:
        files = distribution(name).files or ()
    except PackageNotFoundError:  # removed in this very moment
        return 0
    paths = (Path(file.locate()) for file in files)
    return sum(path.stat().st_size for path in paths if path.is_file())


def _deployed(thing: object, name: str, memory_mib: int | None, emulator: Emulator) -> Deployed:
    return deploy(thing, name=name, memory_mib=memory_mib, emulator=emulator)


def _round(fn: Deployed, event: Any, calls: int) -> list[Report]:
    """Start once and call a few times."""
    fn.evict()
    reports = [fn.invoke(event) for _ in range(calls + 1)]
    for report in reports:
        if report.status is not Status.OK:
            raise error_of(report.body, request_id=report.request_id)
    return reports


def _footprint(name: str, function: Function, reports: list[Report], homes: Mapping[str, Sequence[str]]) -> Footprint:
    cold = [report.phases for report in reports if report.phases]
    return footprint(
        name,
        starts=cold,
        calls_s=[report.duration_s for report in reports if not report.phases],
        package_bytes=function.package.size_bytes,
        installed_bytes=installed_bytes(set().union(*map(packages, cold)), homes=homes),
        peak_mib=max(report.peak_mib for report in reports),
    )
