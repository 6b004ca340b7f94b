"""What the platform does, in numbers: ``GET /metrics`` for Prometheus and everything that reads its format."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fnlab.emulator.http.messages import Request, Response, text_response
from fnlab.emulator.meter import Histogram, Key, Meter
from fnlab.emulator.platform import Platform

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

PATH = "/metrics"


class Collector:
    """Reads a meter and a platform when Prometheus asks; keeps nothing.

    Parameters
    ----------
    meter : Meter
        What has happened.
    platform : Platform
        What there is now.
    """

    def __init__(self, meter: Meter, platform: Platform) -> None:
        self._meter, self._platform = meter, platform

    def collect(self) -> Iterator["Metric"]:
        """Give all metrics."""
        meter = self._meter
        yield _counter(
            "fnlab_invocations",
            "Requests that have ended, by how they did.",
            ("status",),
            ((key, (status.name.lower(),), count) for (key, status), count in meter.invocations.items()),
        )
        yield _counter(
            "fnlab_throttles",
            "Requests that were refused, by the reason.",
            ("reason",),
            ((key, (reason,), count) for (key, reason), count in meter.throttles.items()),
        )
        yield _plain("fnlab_cold_starts", "Requests that waited for a new instance.", meter.cold_starts)
        yield _plain("fnlab_billed_seconds", "Time that a provider would bill.", meter.billed_s)
        yield _plain("fnlab_cpu_seconds", "CPU time that handlers used.", meter.cpu_s)
        yield _histogram("fnlab_duration_seconds", "Time from the handler's begin to its end.", meter.durations)
        yield _histogram("fnlab_init_seconds", "Time that cold requests waited for their instance.", meter.inits)
        yield self._instances()
        yield self._waiting()

    def _instances(self) -> "Metric":
        from prometheus_client.core import GaugeMetricFamily

        states: Counter[tuple[str, str, str]] = Counter()
        for supervisor in self._platform.running():
            for slot in supervisor.slots():
                states[supervisor.function.name, str(supervisor.version or "$LATEST"), slot.state] += 1
        family = GaugeMetricFamily(
            "fnlab_instances", "Living instances, by what they do.", labels=("function", "version", "state")
        )
        for labels, count in states.items():
            family.add_metric(labels, count)
        return family

    def _waiting(self) -> "Metric":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(
            "fnlab_async_events_waiting", "Asynchronous events that wait for an attempt.", labels=("function",)
        )
        waiting = self._platform.delivery.waiting()
        for entry in self._platform.catalog:
            family.add_metric((entry.name,), waiting.get(entry.name, 0))
        return family


class MetricsDoor:
    """Answers ``GET /metrics`` in the form that the caller asks for.

    Parameters
    ----------
    meter, platform : Meter, Platform
        What is told of.
    """

    def __init__(self, meter: Meter, platform: Platform) -> None:
        self._collector = Collector(meter, platform)
        self._registry: CollectorRegistry | None = None

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method not in {"GET", "HEAD"}:
            return text_response("metrics are read with GET.\n", status=405)
        # The library brings a web server of its own along, which takes time to import.
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            self._registry = CollectorRegistry()
            self._registry.register(self._collector)
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(200, {"Content-Type": content_type}, encode(self._registry))


_Rows = Iterable[tuple[Key, tuple[str, ...], float]]


def _counter(name: str, help: str, more: Sequence[str], rows: _Rows) -> "Metric":
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, help, labels=("function", "version", *more))
    for key, labels, value in rows:
        family.add_metric((*key, *labels), value)
    return family


def _plain(name: str, help: str, numbers: Mapping[Key, float]) -> "Metric":
    return _counter(name, help, (), ((key, (), value) for key, value in numbers.items()))


def _histogram(name: str, help: str, histograms: dict[Key, Histogram]) -> "Metric":
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(name, help, labels=("function", "version"))
    for key, histogram in histograms.items():
        family.add_metric(key, buckets=histogram.buckets(), sum_value=histogram.sum_s)
    return family
