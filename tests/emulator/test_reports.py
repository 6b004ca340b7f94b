"""What the platform says of a call: phases, the REPORT line, the log."""

import re

import pytest


def test_the_phases_of_a_cold_start_add_up_to_its_init(deploy):
    """Every moment from the decision to ready is in one phase, by name; a warm call has none."""
    fn = deploy("echo")
    fn(None)
    cold = fn.last
    fn(None)
    assert [phase.name for phase in cold.phases] == ["queue", "spawn", "interpreter", "runtime", "imports", "other"]
    assert sum(phase.seconds for phase in cold.phases) == pytest.approx(cold.init_s, abs=0.003)
    assert all(phase.seconds >= 0 for phase in cold.phases)
    assert fn.last.phases == ()


def test_imports_are_measured_by_package(deploy, emulator):
    """A handler that imports numpy pays for numpy by name."""
    from fnlab.functions import Function, Package

    source = b"import numpy\n\ndef handler(event, context):\n    return float(numpy.sum(event))\n"
    fn = emulator.deploy(Function(name="sums", handler="main:handler", package=Package({"main.py": source})))
    assert fn([1, 2, 3]) == 6.0
    imports = next(phase for phase in fn.last.phases if phase.name == "imports")
    assert imports.parts["numpy"] > 0.01
    assert sum(imports.parts.values()) <= imports.seconds


def test_report_lines_have_the_form_of_lambdas(deploy):
    """Tab-separated, true init on a cold start and none on a warm one, billed = init + duration rounded up."""
    fn = deploy("echo")
    fn(None)
    fn(None)
    number = r"(\d+\.\d\d)"
    form = (
        rf"REPORT RequestId: [0-9a-f-]{{36}}\tDuration: {number} ms\tBilled Duration: (\d+) ms\t"
        rf"Memory Size: 1769 MB\tMax Memory Used: (\d+) MB\t"
    )
    cold = re.fullmatch(form + rf"Init Duration: {number} ms\t", fn.reports[0].line())
    warm = re.fullmatch(form, fn.reports[1].line())
    assert cold is not None
    assert warm is not None
    duration_ms, billed_ms, _, init_ms = map(float, cold.groups())
    assert billed_ms - 1 <= duration_ms + init_ms <= billed_ms + 0.01


def test_a_request_has_its_lines_in_the_log(deploy):
    """START, what the handler printed, END and REPORT, in this order, found by the request's id."""
    fn = deploy("prints")
    fn("the first")
    fn("the second")
    lines = fn.logs(fn.reports[1].request_id).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["START", "working", "END", "REPORT"]
    assert lines[1] == "working on the second"
    assert "working on the first" in fn.logs()


def test_what_a_handler_logs_is_in_the_log_as_on_aws(deploy):
    """Level, time, request and message, with tabs between; without the handler having set anything up."""
    fn = deploy("logs")
    request_id = fn("hello")
    (line,) = [line for line in fn.logs(request_id).splitlines() if "got hello" in line]
    level, time, request, message = line.split("\t")
    assert (level, request, message) == ("[INFO]", request_id, "got hello")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)


def test_what_a_handler_raises_is_in_the_log_with_its_traceback(deploy):
    """And without the frames of the runtime."""
    fn = deploy("logs")
    report = fn.invoke("bad")
    log = fn.logs(report.request_id)
    assert "[ERROR] ValueError: no good\nTraceback (most recent call last):\n" in log
    assert 'raise ValueError("no good")' in log
    assert "serving.py" not in log
