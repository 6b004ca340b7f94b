"""How long a slider takes to change the figures, kernel side, and where that time goes.

Run it: ``python tests/benchmarks/bench_widget.py``. The day is the book's Figure 1-5, 16,640 page views.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import fnlab.scenario
from fnlab.cost import compare
from fnlab.figures import redraw
from fnlab.functions import Function, Package, Scaling
from fnlab.scenario import Scenario, play
from fnlab.simulator import run
from fnlab.widgets import ElasticityWidget, elasticity
from fnlab.workload import Constant, Profile, day

MOVES = 50
SCENARIO = Scenario(peak_per_hour=1210, curve="cost")
SLOW = Profile(init_s=Constant(1.5), cpu_s=Constant(1.3))
FAST = Profile(init_s=Constant(1.5), cpu_s=Constant(0.0004))
#: The rooms that a scenario passes through, by the name under which it calls them.
PARTS = {"run": "simulate", "day": "draw the day", "timeline": "measure", "bill": "bill", "vm_bill": "machine bill"}


def ms_of(action: Callable[[], Any]) -> float:
    """Time one call."""
    began = perf_counter()
    action()
    return (perf_counter() - began) * 1000


@contextmanager
def timed_parts() -> Iterator[dict[str, list[float]]]:
    """Collect the time of each part of a scenario while the block runs."""
    spent: dict[str, list[float]] = {title: [] for title in PARTS.values()}
    originals = {name: getattr(fnlab.scenario, name) for name in PARTS}

    def timed(name: str) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            began = perf_counter()
            result = originals[name](*args, **kwargs)
            spent[PARTS[name]].append((perf_counter() - began) * 1000)
            return result

        return wrapper

    for name in PARTS:
        setattr(fnlab.scenario, name, timed(name))
    try:
        yield spent
    finally:
        for name, original in originals.items():
            setattr(fnlab.scenario, name, original)


def moves(widget: ElasticityWidget) -> Iterator[Callable[[], None]]:
    """Move keep-alive and busiest hour in turn, each time to another value."""
    keep, peak = widget.sliders["keep_alive_s"], widget.sliders["peak_per_hour"]
    for number in range(MOVES):
        slider, values = (keep, (60, 120, 300, 600)) if number % 2 else (peak, (1100, 1200, 1210, 1300))
        others = [value for value in values if value != slider.value]
        yield lambda slider=slider, value=others[number % 3]: setattr(slider, "value", value)


def report(name: str, profile: Profile) -> None:
    """Print the slider's time and its parts."""
    widget = elasticity(profile, scenario=SCENARIO)
    with timed_parts() as spent:
        whole = [ms_of(move) for move in moves(widget)]
    draw, update = [], []
    for keep_alive_s in (60, 300) * 10:
        widget.scenario = Scenario(peak_per_hour=1210, curve="cost", keep_alive_s=keep_alive_s)
        before = [type(figure)(figure) for figure in widget.figures]
        widget.scenario = SCENARIO
        draw.append(ms_of(widget.static))
        fresh = widget.static()
        update.append(
            ms_of(lambda before=before, fresh=fresh: [redraw(*pair) for pair in zip(before, fresh, strict=True)])
        )
    print(f"{name}: slider to updated figures, median {median(whole):.1f} ms, p95 {quantiles(whole, n=20)[-1]:.1f} ms")
    for title, each in {**spent, "draw afresh": draw, "update in place": update}.items():
        print(f"  {title:<16}{median(each):6.1f} ms  {median(each) / median(whole):5.0%}")


def every_sheet() -> None:
    """Print how long the whole way takes: the day simulated, billed under every sheet, and drawn."""
    widget = elasticity(SLOW, scenario=SCENARIO)
    simulate, draw = Scenario.of(SCENARIO.text), widget.static

    def recompute() -> None:
        outlook = play(simulate, profile=SLOW, machine_per_hour=800)
        compare(outlook.trace, times=30)
        for pair in zip(widget.figures, draw(), strict=True):
            redraw(*pair)

    recompute()  # what is read and compiled once
    whole = [ms_of(recompute) for _ in range(MOVES)]
    trace = play(simulate, profile=SLOW, machine_per_hour=800).trace
    bills = [ms_of(lambda: compare(trace, times=30)) for _ in range(MOVES)]
    print(
        f"the day simulated, billed under {len(compare(trace).bills)} sheets and drawn: median {median(whole):.1f} ms, "
        f"p95 {quantiles(whole, n=20)[-1]:.1f} ms; the bills alone {median(bills):.1f} ms"
    )


def engines() -> None:
    """Print how the reference engine and the fast one compare on the same day."""
    rules = Scaling(keep_alive_s=SCENARIO.keep_alive_s, max_instances=SCENARIO.max_instances)
    function = Function(name="page", handler="page:view", package=Package({}), memory_mib=512, scaling=rules)
    workload = day(1210, curve="cost")
    slow, fast = (
        median(ms_of(lambda engine=engine: run(function, workload, profile=SLOW, engine=engine)) for _ in range(5))
        for engine in ("reference", "fast")
    )
    print(f"engines on this day: reference {slow:.0f} ms, fast {fast:.1f} ms, ratio {slow / fast:.0f}")


def main() -> None:
    """Print everything."""
    report("4.5 s a page view", SLOW)
    report("1.4 ms a page view", FAST)
    every_sheet()
    engines()


if __name__ == "__main__":
    main()
