"""What a trace would have cost with another memory size or another keep-alive."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from fnlab.cost.keep_alive import Rekept, with_keep_alive
from fnlab.cost.nouns import Bill, money
from fnlab.cost.pricing import price
from fnlab.cost.quantities import usage
from fnlab.cost.reading import functions_sheet
from fnlab.cost.resizing import Resized, with_memory
from fnlab.cost.sheets import Sheet, marked
from fnlab.cost.sizes import check_whole
from fnlab.errors import BadValue
from fnlab.trace import Trace
from fnlab.units import require, short_duration

if TYPE_CHECKING:
    import pandas as pd

_MEDIAN, _TAIL = 0.5, 0.95


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """One side of a comparison: a trace and its bill."""

    trace: Trace
    bill: Bill

    @property
    def cold_starts(self) -> int:
        """Requests that waited for a new instance."""
        return self.trace.cold_starts

    @property
    def instance_s(self) -> float:
        """Seconds that instances existed."""
        return self.trace.instance_s

    def latency_s(self, share: float) -> float:
        """Give the latency that this share of the requests served did not exceed; NaN when none was."""
        found = self.trace.latency_s[self.trace.served]
        return float(np.quantile(found, share)) if len(found) else float("nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class WhatIf:
    """What a change would have made of a trace.

    Attributes
    ----------
    before, after : Outcome
        As it was, and as it would have been.
    notes : tuple of str
        What of it is exact, and what was assumed.
    """

    before: Outcome
    after: Outcome
    notes: tuple[str, ...]

    @property
    def saved(self) -> Decimal:
        """How much less the bill is; negative when it is more."""
        return self.before.bill.total - self.after.bill.total

    @property
    def frame(self) -> "pd.DataFrame":
        """One row a side."""
        import pandas as pd

        rows = [
            (each.bill.total, each.bill.currency, each.cold_starts, each.instance_s, each.latency_s(_MEDIAN))
            for each in (self.before, self.after)
        ]
        columns = ["total", "currency", "cold_starts", "instance_s", "median_latency_s"]
        return pd.DataFrame(rows, columns=columns, index=["before", "after"])

    def __repr__(self) -> str:
        pair = " -> ".join(money(each.bill.total, each.bill.currency) for each in (self.before, self.after))
        doubt = "" if self.after.bill.status == "confirmed" else f", {self.after.bill.status}"
        return (
            f"WhatIf({self.after.bill.sheet!r}, {pair}, {self.before.cold_starts:,} -> {self.after.cold_starts:,} "
            f"cold starts{doubt})"
        )

    def _repr_html_(self) -> str:
        head = "<tr><th></th><th>before</th><th>after</th></tr>"
        rows = "".join(
            f"<tr><td style='text-align:left'>{name}</td><td>{old}</td><td>{new}</td></tr>"
            for name, old, new in zip(*(_cells(each) for each in (None, self.before, self.after)), strict=True)
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in (*self.notes, *self.after.bill.notes))
        return f"<table><caption>{escape(self.after.bill.title)}</caption>{head}{rows}</table><ul>{notes}</ul>"


def _cells(side: Outcome | None) -> tuple[str, ...]:
    if side is None:
        return "bill", "status", "cold starts", "instance time", "median latency", "95 % latency"
    return (
        money(side.bill.total, side.bill.currency),
        marked(side.bill.status),
        f"{side.cold_starts:,}",
        short_duration(side.instance_s),
        *(short_duration(side.latency_s(share)) if side.trace.served.any() else "" for share in (_MEDIAN, _TAIL)),
    )


def what_if(
    trace: Trace,
    sheet: str | Sheet,
    *,
    memory_mib: int | None = None,
    keep_alive_s: float | None = None,
    cpu_share_of_time: float | None = None,
    threads: int = 1,
    init_s: float | None = None,
    times: int = 1,
    free_tier: bool = False,
    vcpu: float | None = None,
    disk_mib: float | None = None,
    gpu: str = "",
    gpu_size: float | None = None,
) -> WhatIf:
    """Work out, from a trace alone, what another memory size or keep-alive would have made of it.

    Nothing is simulated: every request stays in its place, and :attr:`WhatIf.notes` say what that leaves exact.

    Parameters
    ----------
    memory_mib : int
        Memory of every instance.
    keep_alive_s : float
        How long on-demand instances are kept after their last completion; a gap that is equal is warm.
    cpu_share_of_time : float
        The share of execution time, 0 to 1, that is CPU work and takes inversely as long as there is CPU. Left out,
        durations stay as they are.
    threads : int
        As many vCPU as the code can use at once.
    init_s : float
        How long an added cold start takes; left out, the mean of the trace's own.
    times, free_tier, vcpu, disk_mib, gpu, gpu_size
        See :func:`bill`.

    Raises
    ------
    BadValue
        If neither a memory nor a keep-alive is given, a value is out of range, or as :func:`bill`.

    Examples
    --------
    >>> from fnlab.trace import Recorder, Status
    >>> recorder = Recorder(memory_mib=1024)
    >>> used = recorder.created(0.0)
    >>> for at_s, init_s in ((1.0, 0.5), (101.0, 0.0)):
    ...     recorder.invocation(
    ...         arrival_s=at_s, start_s=at_s + init_s, end_s=at_s + 2, init_s=init_s, status=Status.OK, instance=used
    ...     )
    >>> what_if(recorder.trace(3600), "aws-lambda", keep_alive_s=60)
    WhatIf('aws-lambda', 0.000067 USD -> 0.000075 USD, 1 -> 2 cold starts)
    """
    prices = functions_sheet(sheet)
    _check(memory_mib, keep_alive_s, cpu_share_of_time, threads)
    changed, notes = trace, list[str]()
    if memory_mib is not None:
        share = cpu_share_of_time or 0.0
        resized = with_memory(trace, memory_mib, prices, cpu_share_of_time=share, vcpu=vcpu, threads=threads)
        changed, notes = resized.trace, [*_memory_notes(resized, memory_mib, cpu_share_of_time, threads)]
    if keep_alive_s is not None:
        rekept = with_keep_alive(changed, keep_alive_s, init_s=init_s)
        changed = rekept.trace
        notes += _keep_alive_notes(rekept, given=init_s is not None)

    def outcome(each: Trace) -> Outcome:
        used = usage(each, prices, times=times, vcpu=vcpu, disk_mib=disk_mib, gpu=gpu, gpu_size=gpu_size)
        return Outcome(trace=each, bill=price(used, prices, free_tier=free_tier))

    return WhatIf(before=outcome(trace), after=outcome(changed), notes=tuple(notes))


def _check(memory_mib: int | None, keep_alive_s: float | None, cpu_share_of_time: float | None, threads: int) -> None:
    if memory_mib is None and keep_alive_s is None:
        raise BadValue("what_if must be given a memory_mib or a keep_alive_s, or both; got neither.")
    if memory_mib is not None:
        check_whole("memory_mib", memory_mib)
    check_whole("threads", threads)
    if cpu_share_of_time is None:
        return
    require("cpu_share_of_time", cpu_share_of_time, at_least=0)
    if cpu_share_of_time > 1:
        raise BadValue(f"cpu_share_of_time must be at most 1; got {cpu_share_of_time!r}.")
    if memory_mib is None:
        raise BadValue(f"cpu_share_of_time must come with a memory_mib that changes; got {cpu_share_of_time!r} alone.")


def _memory_notes(made: Resized, memory_mib: int, share: float | None, threads: int) -> Iterator[str]:
    yield f"The trace does not say how much memory a request needs: whether {memory_mib} MiB is enough is not checked."
    if share is None:
        yield "Durations are unchanged, for no cpu_share_of_time is given: exact if the code does no CPU work."
        return
    scaled = ", ".join(f"{mib} MiB: x {factor:.4g}" for mib, factor in made.factor.items())
    yield (
        f"Execution times are multiplied ({scaled}): {share:.0%} of them is taken as CPU work of at most {threads} "
        "vCPU, the rest and init as unchanged."
    )
    if made.crowded:
        yield (
            f"{made.crowded:,} requests would begin while the one before them still runs; they were left on their "
            "instance. A platform with one request an instance would start others: cold starts are too few, and where "
            "overlap is billed once, so is the bill."
        )


def _keep_alive_notes(made: Rekept, *, given: bool) -> Iterator[str]:
    init = f"{short_duration(made.init_s)} each, {'as given' if given else 'the mean of the trace'}"
    if made.added:
        yield f"{made.added:,} starts are added, where an instance was idle for longer than it is kept ({init})."
    if made.avoided:
        yield (
            f"{made.avoided:,} starts are spared: each takes the most recently used instance that had been stopped "
            "and would still have been kept. Why it had been stopped the trace does not say; it is taken as idleness."
        )
    if not made.added and not made.avoided:
        yield "No start is added or spared; only how long instances wait for a next request changes."
    yield (
        "Exact where an instance serves one request at a time, the most recently used one is taken first, and no other "
        "request falls into an init that is added or spared; otherwise approximate, for no request is moved to another "
        "instance that would have been there. Provisioned instances and refused requests stay as they are."
    )
    if made.guessed:
        yield (
            f"{made.guessed:,} spared starts were recorded without a part of execution; it is taken as the mean of the "
            "warm requests."
        )
