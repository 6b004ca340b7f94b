"""How long a dragged point takes to change the playground's figure, kernel side, and where that time goes.

Run it: ``python tests/benchmarks/bench_playground.py``. A move is what the browser sends while a point is dragged:
the whole list of points, one of them elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, process_time

import numpy as np

from fnlab.widgets import SvmChoice, SvmPlayground, svm_playground
from fnlab.widgets.draw import clouds

MOVES = 40
SIZES = (24, 100, 200)
CHOICES = (
    SvmChoice(C=1, kernel="linear"),
    SvmChoice(C=1000, kernel="linear"),
    SvmChoice(C=1, kernel="rbf", gamma=0.5),
    SvmChoice(C=1000, kernel="rbf", gamma=10),
    SvmChoice(C=1, kernel="poly", degree=3),
    SvmChoice(C=1000, kernel="poly", degree=6),
)


@dataclass(frozen=True)
class Ms:
    """Milliseconds by the clock, and those in which this process had a core: the two differ on a busy machine."""

    clock: float
    core: float


def ms_of(action: Callable[[], object]) -> Ms:
    """Time one call."""
    began, worked = perf_counter(), process_time()
    action()
    return Ms((perf_counter() - began) * 1000, (process_time() - worked) * 1000)


def drags(playground: SvmPlayground, *, seed: int) -> list[Ms]:
    """Drag one point through the plane and time each message."""
    rng = np.random.default_rng(seed)
    points = [list(point) for point in playground.drawing.points]
    times = []
    for x, y in rng.uniform((-4, -3), (4, 3), (MOVES, 2)).round(2).tolist():
        points[0] = [x, y, points[0][2]]
        state = {"points": [list(point) for point in points]}
        times.append(ms_of(lambda state=state: playground.drawing.set_state(state)))
    return times


def said(ms: list[float]) -> str:
    """Write median and 95th percentile."""
    return f"median {median(ms):5.1f} ms, p95 {quantiles(ms, n=20)[-1]:5.1f} ms"


def main() -> None:
    """Print median and 95th percentile for clouds that overlap, which are the hardest to separate."""
    for size in SIZES:
        for choice in CHOICES:
            playground = svm_playground(clouds(each=size // 2, spread=1.6), choice=choice)
            times = drags(playground, seed=size)
            X, y = playground.drawing.X, playground.drawing.y
            fits = [ms_of(lambda choice=choice, X=X, y=y: choice.fit(X, y)).clock for _ in range(10)]
            clock, core = [each.clock for each in times], [each.core for each in times]
            print(
                f"{size:4} points, {choice.text:<44} {said(clock)} (of a core: {said(core)}); "
                f"the fit alone {median(fits):4.1f} ms"
            )


if __name__ == "__main__":
    main()
