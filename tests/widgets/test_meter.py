"""The cost meter without a browser: what it reads, and that it stops."""

import threading

import pytest

from fnlab.cost import bill, vm_bill
from fnlab.emulator import Emulator
from fnlab.errors import BadValue
from fnlab.functions import Function, Package
from fnlab.trace import Recorder, Status
from fnlab.widgets import meter
from fnlab.widgets.cost_meter import read

ECHO = Function(
    name="echo", handler="main:handler", package=Package({"main.py": b"def handler(event, context): return event"})
)


def an_hour():
    """One instance for an hour, with a cold call of a second and a warm one of half a second; one call refused."""
    recorder = Recorder(memory_mib=1024)
    instance = recorder.created(0.0)
    recorder.ready(instance, 0.5)
    recorder.invocation(arrival_s=0, start_s=0.5, end_s=1, init_s=0.5, status=Status.OK, instance=instance)
    recorder.invocation(arrival_s=2, start_s=2, end_s=2.5, init_s=0, status=Status.OK, instance=instance)
    recorder.refused(2.1)
    return recorder.trace(3600)


class Fake:
    """Gives one trace after the other."""

    def __init__(self, *traces):
        self.traces, self.read = list(traces), threading.Semaphore(0)

    @property
    def trace(self):
        """The next one; the last one again and again."""
        self.read.release()
        return self.traces.pop(0) if len(self.traces) > 1 else self.traces[0]


def wait_for(condition):
    """Wait until something holds."""
    while not condition():
        threading.Event().wait(0.005)


def test_a_reading_is_totals_and_two_bills():
    """The numbers are the trace's and the price sheets', and nothing else."""
    trace = an_hour()
    seen = read(trace)
    assert (seen.calls, seen.cold_starts, seen.throttled) == (3, 1, 1)
    assert (seen.instance_s, seen.busy_s, seen.window_s) == (3600, 1.5, 3600)
    assert seen.bill == bill(trace, "aws-lambda")
    assert seen.machine_bill == vm_bill(trace, "t3.medium")
    assert seen.rows == {
        "calls": "3 (1 cold, 1 throttled)",
        "instance time": "1 h, of it busy 1.5 s",
        "bill so far": "0.000025 USD (AWS Lambda)",
        "1 x t3.medium, idle or not": "0.04 USD (Amazon EC2, on demand, Linux)",
        "metered for": "1 h",
    }


def test_each_bill_keeps_its_currency():
    """There is no exchange rate: a machine in dollars stands beside a bill in yuan."""
    seen = read(an_hour(), sheet="alibaba-fc-cn")
    assert (seen.bill.currency, seen.machine_bill.currency) == ("CNY", "USD")


@pytest.mark.parametrize("wrong", [{"sheet": "aws-lamda"}, {"machine": "t3.huge"}, {"every_s": 0}])
def test_a_slip_is_said_at_once(wrong):
    """Before any thread starts."""
    with pytest.raises(BadValue):
        meter(Fake(an_hour()), **wrong)


def test_the_meter_follows_and_stops_when_closed():
    """What it shows changes with the trace; closed, it reads no more and its thread is gone."""
    source = Fake(Recorder(memory_mib=1024).trace(1))
    shown = meter(source, every_s=0.01)
    assert shown.reading.calls == 0
    source.traces.append(an_hour())
    wait_for(lambda: shown.reading.calls == 3)
    wait_for(lambda: "3 (1 cold, 1 throttled)" in shown.value)
    shown.close()
    assert not shown.running


def test_a_closed_emulator_ends_the_meter():
    """The last reading stays, with a sentence below it."""
    with Emulator() as emulator:
        fn = emulator.deploy(ECHO)
        both = meter(fn, every_s=0.01), meter(emulator, every_s=0.01)
        fn(1)
        wait_for(lambda: all(each.reading.calls == 1 for each in both))
    wait_for(lambda: not any(each.running for each in both))
    for each in both:
        assert each.reading.calls == 1
        assert each.value.endswith("<p>this needs a running emulator; it was closed.</p>")
        each.close()
