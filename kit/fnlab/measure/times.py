"""How long things took, an invocation at a time, and their percentiles."""

from collections.abc import Sequence
from math import nan
from typing import Literal, get_args

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.units import require

#: Parts of an invocation's time, see :func:`durations_s`.
Part = Literal["latency", "service", "init", "wait"]

#: Rounding of ``start_s - arrival_s - init_s``, in units of the clock's last place.
_ULPS = 4


def wait_s(trace: Trace) -> Column:
    """Seconds from an invocation's arrival until it began to run, without its init; of one refused, until its refusal.

    Three times are subtracted, so a wait that is no longer than their rounding is none.
    """
    waited = trace["start_s"] - trace["arrival_s"] - trace["init_s"]
    rounding = _ULPS * np.spacing(np.abs(trace["start_s"]))
    return np.where(waited > rounding, waited, 0.0)


def durations_s(trace: Trace, of: Part = "latency") -> Column:
    """Give one part of the time of every invocation that has it, in order of arrival.

    Parameters
    ----------
    trace : Trace
        What happened.
    of : str
        ``"latency"``: from arrival to end; ``"service"``: from the handler's begin to its end; ``"wait"``: from arrival
        to start, without the init. These are of the served invocations. ``"init"``: of the cold ones.

    Raises
    ------
    BadValue
        If `of` is none of these.
    """
    match of:
        case "latency":
            return trace.latency_s[trace.served]
        case "service":
            return (trace["end_s"] - trace["start_s"])[trace.served]
        case "wait":
            return wait_s(trace)[trace.served]
        case "init":
            return trace["init_s"][trace.cold]
    raise BadValue(f"of must be one of {', '.join(get_args(Part))}; got {of!r}.")


def percentiles(
    trace: Trace, which: Sequence[float] = (50, 95, 99, 99.9), *, of: Part = "latency"
) -> dict[float, float]:
    """Give percentiles of one part of the invocations' time, in seconds.

    Between two observations the percentile is interpolated linearly (R. J. Hyndman and Y. Fan, "Sample quantiles in
    statistical packages", The American Statistician 50 (1996), definition 7).

    Parameters
    ----------
    trace : Trace
        What happened.
    which : sequence of float
        Percentages from 0 to 100.
    of : str
        See :func:`durations_s`.

    Returns
    -------
    dict
        Seconds by percentage; NaN when no invocation has such a time.

    Raises
    ------
    BadValue
        If a percentage is outside 0 to 100, or `of` is unknown.

    Examples
    --------
    >>> from fnlab.trace import Recorder, Status
    >>> recorder = Recorder(memory_mib=128)
    >>> for end in (1, 2, 3, 4, 5):
    ...     recorder.invocation(arrival_s=0, start_s=0, end_s=end, init_s=0, status=Status.OK, instance=0)
    >>> percentiles(recorder.trace(10.0), (50, 75))
    {50: 3.0, 75: 4.0}
    """
    for percentage in which:
        require("a percentage", percentage, at_least=0)
        if percentage > 100:
            raise BadValue(f"a percentage must be at most 100; got {percentage!r}.")
    seconds = durations_s(trace, of)
    found = np.percentile(seconds, list(which)).tolist() if len(seconds) else [nan] * len(which)
    return dict(zip(which, found, strict=True))
