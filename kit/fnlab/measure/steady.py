"""Shares and means of a trace with their errors: cold starts, throttles, times, and levels."""

from dataclasses import replace
from math import nan
from typing import Literal

import numpy as np

from fnlab.errors import BadValue
from fnlab.measure.estimate import (
    BATCHES,
    WARM_UP,
    Estimate,
    WarmUp,
    batch_means,
    of_batches,
    require_batches,
    warm_up_length,
)
from fnlab.measure.steps import Counted, steps
from fnlab.measure.times import Part, durations_s
from fnlab.trace import Status, Trace
from fnlab.trace.table import Column

#: Into so many slices of time a level is put before a rule looks for the end of its warm-up.
_SLICES = 1000


def cold_share(
    trace: Trace,
    *,
    among: Literal["served", "all"] = "served",
    batches: int = BATCHES,
    confidence: float = 0.95,
    warm_up: WarmUp = WARM_UP,
) -> Estimate:
    """Estimate the share of cold starts by batch means, in batches of equally many invocations.

    When there was none (or nothing else) after the warm-up, batches tell nothing. Then the interval is one-sided: with
    n invocations and no cold start, a share above ``1 - (1 - confidence) ** (1 / n)`` would have shown at least one
    with the given confidence. For 95 % that is about 3 / n, the rule of three. It takes the invocations as independent.

    Parameters
    ----------
    trace : Trace
        What happened. The load must be steady: on a day with a curve, cut a piece out by ``trace.window``.
    among : str
        ``"served"``: a share of the invocations that reached an instance; ``"all"``: of every invocation.
    batches, confidence, warm_up
        See :func:`~fnlab.measure.batch_means`.

    Raises
    ------
    BadValue
        If a parameter breaks its rule, or fewer than `batches` invocations are left.

    Examples
    --------
    >>> from fnlab.trace import Recorder, Status
    >>> recorder = Recorder(memory_mib=128)
    >>> for at in range(300):
    ...     recorder.invocation(arrival_s=at, start_s=at, end_s=at, init_s=0, status=Status.OK, instance=0)
    >>> cold_share(recorder.trace(300.0), warm_up=0)
    Estimate(0, 95% from 0 to 0.00993608; by the count)
    """
    if among not in {"served", "all"}:
        raise BadValue(f"among must be 'served' or 'all'; got {among!r}.")
    cold = trace.cold if among == "all" else trace.cold[trace.served]
    return _share(cold, batches=batches, confidence=confidence, warm_up=warm_up)


def throttled_share(
    trace: Trace, *, batches: int = BATCHES, confidence: float = 0.95, warm_up: WarmUp = WARM_UP
) -> Estimate:
    """Estimate the share of all invocations that were throttled; see :func:`cold_share`."""
    refused = trace["status"] == Status.THROTTLED
    return _share(refused, batches=batches, confidence=confidence, warm_up=warm_up)


def mean_time(
    trace: Trace,
    *,
    of: Part = "latency",
    batches: int = BATCHES,
    confidence: float = 0.95,
    warm_up: WarmUp = WARM_UP,
) -> Estimate:
    """Estimate the mean of one part of the invocations' time, in seconds, in batches of equally many.

    Parameters
    ----------
    trace : Trace
        What happened, under a steady load.
    of : str
        See :func:`~fnlab.measure.durations_s`.
    batches, confidence, warm_up
        See :func:`~fnlab.measure.batch_means`.
    """
    return batch_means(durations_s(trace, of), batches=batches, confidence=confidence, warm_up=warm_up)


def mean_level(
    trace: Trace,
    *,
    of: Counted = "instances",
    batches: int = BATCHES,
    confidence: float = 0.95,
    warm_up: WarmUp = WARM_UP,
) -> Estimate:
    """Estimate a mean over time, such as that of the idle instances, in batches of equal time.

    Parameters
    ----------
    trace : Trace
        What happened, under a steady load.
    of : str
        See :func:`~fnlab.measure.steps`.
    batches, confidence, warm_up
        See :func:`~fnlab.measure.batch_means`; the warm-up is a share of the window, and ``"mser"`` looks at a thousand
        slices of it.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> recorder = Recorder(memory_mib=128)
    >>> recorder.created(0.0)
    0
    >>> mean_level(recorder.trace(300.0)).value
    1.0
    """
    require_batches(batches, confidence)
    level = steps(trace, of)
    if not trace.duration_s:
        raise BadValue("a mean over time needs a window longer than 0 s; got 0 s.")
    slices = level.means(np.linspace(0, trace.duration_s, _SLICES + 1)) if warm_up == "mser" else np.empty(_SLICES)
    from_s = trace.duration_s * warm_up_length(slices, warm_up) / _SLICES
    return of_batches(level.means(np.linspace(from_s, trace.duration_s, batches + 1)), confidence)


def _share(happened: Column, *, batches: int, confidence: float, warm_up: WarmUp) -> Estimate:
    """Estimate how often something happens, from booleans in order."""
    found = batch_means(happened, batches=batches, confidence=confidence, warm_up=warm_up)
    if 0 < found.value < 1:
        return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))
    # Nothing varied; only how many there were says something.
    count = len(happened) - warm_up_length(happened.astype("f8"), warm_up)
    beyond = (1 - confidence) ** (1 / count)
    low, high = (0.0, 1 - beyond) if found.value == 0 else (beyond, 1.0)
    return Estimate(value=found.value, standard_error=nan, low=low, high=high, confidence=confidence, batches=0)
