"""A running bill beside a running function, and what an idle machine would have cost meanwhile."""

import threading
import time
from dataclasses import dataclass
from html import escape
from typing import Protocol

from fnlab.cost import Bill, bill, vm_bill
from fnlab.cost.nouns import money
from fnlab.cost.vm import sheet_of
from fnlab.display import facts
from fnlab.errors import EmulatorClosed
from fnlab.trace import Trace
from fnlab.units import require, short_duration
from fnlab.widgets.parts import ipywidgets

#: A reading may take this share of the time at most: the trace of a busy day is long.
_READING_SHARE = 0.1


class Traced(Protocol):
    """What can be metered: a deployed function, or an emulator with all of its functions."""

    @property
    def trace(self) -> Trace:
        """What has happened so far."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the meter shows at one moment.

    Attributes
    ----------
    calls, cold_starts, throttled : int
        So far.
    instance_s, busy_s, window_s : float
        Seconds that instances existed; that they worked; and that it has been metered.
    bill, machine_bill : Bill
        What the calls cost, and what the machine would have cost in the same time; each in its own currency.
    """

    calls: int
    cold_starts: int
    throttled: int
    instance_s: float
    busy_s: float
    window_s: float
    bill: Bill
    machine_bill: Bill

    @property
    def rows(self) -> dict[str, str]:
        """The same as text."""
        machine = self.machine_bill
        return {
            "calls": f"{self.calls:,} ({self.cold_starts:,} cold, {self.throttled:,} throttled)",
            "instance time": f"{short_duration(self.instance_s)}, of it busy {short_duration(self.busy_s)}",
            "bill so far": f"{money(self.bill.total, self.bill.currency)} ({self.bill.title})",
            f"{machine.lines[0].item}, idle or not": f"{money(machine.total, machine.currency)} ({machine.title})",
            "metered for": short_duration(self.window_s),
        }

    def _repr_html_(self) -> str:
        return facts("Meter", self.rows)


def read(trace: Trace, *, sheet: str = "aws-lambda", machine: str = "t3.medium") -> Reading:
    """Read a trace as the meter does.

    Parameters
    ----------
    sheet, machine : str
        Whose prices, and which machine would have been rented instead for the trace's whole window.

    Raises
    ------
    BadValue
        If there is no such sheet or machine.
    """
    return Reading(
        calls=len(trace),
        cold_starts=trace.cold_starts,
        throttled=trace.throttled,
        instance_s=trace.instance_s,
        busy_s=trace.busy_s,
        window_s=trace.duration_s,
        bill=bill(trace, sheet),
        machine_bill=vm_bill(trace, machine, sheet_name=sheet_of(machine)),
    )


class Meter(ipywidgets.HTML):  # type: ignore[misc]  # ipywidgets is not typed
    """The widget of :func:`meter`. It is read by a thread, so that it goes on while a cell runs.

    Attributes
    ----------
    reading : Reading
        What is shown.
    """

    def __init__(self, source: Traced, *, sheet: str, machine: str, every_s: float) -> None:
        super().__init__()
        self._source, self._sheet, self._machine, self._every_s = source, sheet, machine, every_s
        self._stopped = threading.Event()
        self.refresh()  # so that a slip in a name is said here and not in the thread
        self._thread = threading.Thread(target=self._go_on, name="fnlab-meter", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still follows."""
        return self._thread.is_alive()

    def refresh(self) -> None:
        """Read now."""
        self.reading = read(self._source.trace, sheet=self._sheet, machine=self._machine)
        self.value = self.reading._repr_html_()

    def close(self) -> None:
        """Stop reading, and take the widget away."""
        self._stopped.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        super().close()

    def _go_on(self) -> None:
        pause_s = self._every_s
        while not self._stopped.wait(pause_s):
            began_s = time.monotonic()
            try:
                self.refresh()
            except EmulatorClosed as error:  # the last reading stays, for it is the final one
                self.value += f"<p>{escape(str(error))}</p>"
                return
            pause_s = max(self._every_s, (time.monotonic() - began_s) / _READING_SHARE)


def meter(source: Traced, *, sheet: str = "aws-lambda", machine: str = "t3.medium", every_s: float = 1.0) -> Meter:
    """Show what a function, or a whole emulator, costs while it runs; ``close()`` ends it.

    Parameters
    ----------
    source : Deployed or Emulator
        What is metered.
    sheet, machine : str
        Whose prices, and which machine would have been rented instead.
    every_s : float
        How often it is read.

    Raises
    ------
    BadValue
        If there is no such sheet or machine.
    """
    require("every_s", every_s, above=0)
    return Meter(source, sheet=sheet, machine=machine, every_s=every_s)
