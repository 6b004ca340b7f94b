"""Numbers for Prometheus, attributes and spans for OpenTelemetry."""

import json
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fnlab.emulator.doors.metrics import MetricsDoor
from fnlab.emulator.doors.spans import SpanFile, faas_attributes, span_of
from fnlab.emulator.meter import BUCKETS_S, Histogram, Meter
from fnlab.emulator.report import Report, refused
from fnlab.functions import Function, Package
from fnlab.trace import Status

FUNCTION = Function(name="f", handler="main:handler", package=Package({"main.py": b""}), memory_mib=512)


def report(status=Status.OK, *, init_s=0.0, duration_s=0.02, version=1):
    """Make a report as the platform would."""
    return Report(
        request_id="r-1",
        version=version,
        instance=0,
        pid=7,
        status=status,
        init_s=init_s,
        duration_s=duration_s,
        billed_s=0.02,
        cpu_s=0.01,
        memory_mib=512,
        peak_mib=40.0,
        phases=(),
        body=b"{}" if status is Status.OK else b'{"errorType": "ValueError", "errorMessage": "x", "stackTrace": []}',
    )


@pytest.fixture
def meter():
    """A meter that counts what a test notes."""
    return Meter()


@pytest.fixture
def samples(served, meter):
    """Read the metrics as Prometheus does: values by name and labels."""
    address = served(lambda platform: MetricsDoor(meter, platform))

    def samples():
        reply = httpx.get(f"http://{address}/metrics")
        assert reply.headers["content-type"].startswith("text/plain")
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(reply.text)
            for sample in family.samples
        }

    return samples


def test_requests_are_counted_by_how_they_ended(samples, meter):
    """Every report adds to its function, version and status; a cold one also to the inits."""
    meter.note("f", report(init_s=0.3))
    meter.note("f", report())
    meter.note("f", report(Status.TIMEOUT, version=0))
    meter.note("f", refused("r", FUNCTION, 1, reason="max instances"))
    found = samples()
    assert found["fnlab_invocations_total", "f", "ok", "1"] == 2
    assert found["fnlab_invocations_total", "f", "timeout", "$LATEST"] == 1
    assert found["fnlab_throttles_total", "f", "max instances", "1"] == 1
    assert found["fnlab_cold_starts_total", "f", "1"] == 1
    assert found["fnlab_billed_seconds_total", "f", "1"] == pytest.approx(0.04)
    assert found["fnlab_cpu_seconds_total", "f", "1"] == pytest.approx(0.02)
    assert found["fnlab_duration_seconds_count", "f", "1"] == 2
    assert found["fnlab_duration_seconds_sum", "f", "1"] == pytest.approx(0.04)
    assert found["fnlab_init_seconds_bucket", "f", "0.25", "1"] == 0
    assert found["fnlab_init_seconds_bucket", "f", "0.5", "1"] == 1


def test_living_instances_and_waiting_events_are_shown(samples, deploy):
    """Gauges tell the state of now: an idle instance after a call, and no event in the queue."""
    deploy("echo")(None)
    found = samples()
    assert found["fnlab_instances", "echo", "idle", "1"] == 1
    assert found["fnlab_async_events_waiting", "echo"] == 0


def test_a_meter_does_not_grow_with_requests_and_forgets_what_is_gone(meter):
    """A thousand requests take the room of one; a function's numbers go with it."""
    for _ in range(1000):
        meter.note("f", report())
    meter.note("g", report())
    assert len(meter.invocations) == 2
    meter.forget("f")
    assert list(meter.durations) == [("g", "1")]
    assert list(meter.invocations) == [(("g", "1"), Status.OK)]


def test_a_time_on_a_bound_belongs_below_it():
    """Buckets are cumulative, their bounds included; what is longer than all is in the last one only."""
    histogram = Histogram()
    for seconds in (BUCKETS_S[0], BUCKETS_S[0] * 1.01, BUCKETS_S[-1] * 2):
        histogram.note(seconds)
    assert histogram.buckets()[0] == (str(BUCKETS_S[0]), 1)
    assert histogram.buckets()[1] == (str(BUCKETS_S[1]), 2)
    assert histogram.buckets()[-2:] == [(str(BUCKETS_S[-1]), 2), ("+Inf", 3)]


def test_other_methods_are_refused(samples, served, meter):
    """Metrics are read only."""
    address = served(lambda platform: MetricsDoor(meter, platform))
    assert httpx.post(f"http://{address}/metrics").status_code == 405


def test_attributes_have_the_names_of_the_conventions():
    """Function, version, invocation, cold start, memory in bytes, trigger and cloud, as OpenTelemetry names them."""
    attributes = faas_attributes(report(init_s=0.1), FUNCTION, trigger="timer", region="here", resource_id="arn:x")
    assert attributes == {
        "faas.name": "f",
        "faas.version": "1",
        "faas.invocation_id": "r-1",
        "faas.coldstart": True,
        "faas.max_memory": 512 * 1024 * 1024,
        "faas.trigger": "timer",
        "faas.instance": "f/1/0",
        "process.pid": 7,
        "cloud.provider": "aws",
        "cloud.platform": "aws_lambda",
        "cloud.region": "here",
        "cloud.resource_id": "arn:x",
    }
    on_alibaba = faas_attributes(report(Status.ERROR), replace(FUNCTION, limits="alibaba-fc"))
    assert on_alibaba["cloud.platform"] == "alibaba_cloud_fc"
    assert on_alibaba["error.type"] == "ValueError"
    assert "faas.instance" not in faas_attributes(refused("r", FUNCTION, 1, reason="x"), FUNCTION)


def test_a_span_is_valid_otlp(tmp_path):
    """Each line is a request of OTLP's JSON: hexadecimal ids, times in nanoseconds as text, typed attributes."""
    file = SpanFile(tmp_path / "traces.jsonl", region="here")
    file.note(FUNCTION, report(init_s=0.5, duration_s=0.25))
    file.note(FUNCTION, report(Status.ERROR))
    file.close()
    lines = (tmp_path / "traces.jsonl").read_text().splitlines()
    good, bad = (json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0] for line in lines)
    assert (len(bytes.fromhex(good["traceId"])), len(bytes.fromhex(good["spanId"]))) == (16, 8)
    assert int(good["endTimeUnixNano"]) - int(good["startTimeUnixNano"]) == 750_000_000
    assert (good["kind"], good["status"], bad["status"]) == (2, {"code": 1}, {"code": 2})
    values = {attribute["key"]: attribute["value"] for attribute in good["attributes"]}
    assert values["faas.coldstart"] == {"boolValue": True}
    assert values["process.pid"] == {"intValue": "7"}
    resource = json.loads(lines[0])["resourceSpans"][0]["resource"]["attributes"]
    assert {"key": "cloud.region", "value": {"stringValue": "here"}} in resource
    assert (tmp_path / "traces.jsonl").stat().st_mode & 0o077 == 0


def test_ids_of_a_span_follow_from_the_request():
    """The same request has the same ids in every place that writes it."""
    first, second = (span_of(report(), FUNCTION, end_ns=end_ns, attributes={}) for end_ns in (10**18, 2 * 10**18))
    spans = [made["resourceSpans"][0]["scopeSpans"][0]["spans"][0] for made in (first, second)]
    assert spans[0]["traceId"] == spans[1]["traceId"]
