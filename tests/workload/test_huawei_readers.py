"""Huawei's traces of 2023 and 2025, in files of their exact formats, synthetic."""

import numpy as np
import pytest

from fnlab.errors import BadValue, DataError
from fnlab.workload import (
    published,
    read_huawei2023,
    read_huawei2025_cold_starts,
    read_huawei2025_requests,
)

COLD_STARTS = (
    "day,time,clusterName,funcName,userID,requestID,totalCost_cold_start,podAllocationCost,deployCodeCost,"
    "deployDependencyCost,schedulingCost,podID"
)
REQUESTS = (
    "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID,totalCost_worker,workerCost,runtimeCost,"
    "totalCost_frontend,frontendCost,busCost,readBodyCost,writeRspCost,cpu_usage,memory_usage,requestBodySize"
)
SKIP = 'Correct the line, or leave such lines out with on_bad="skip".'


@pytest.fixture
def metric(tmp_path):
    """Write the table of a metric and day: rows by time, one value a function; what is not given is empty or 0."""

    def written(name, day, cells, *, functions=3, empty="0", digits=3):
        folder = tmp_path / "private_dataset" / name
        folder.mkdir(parents=True, exist_ok=True)
        width = 60 if name.endswith("minute") else 1
        lines = ["day,time," + ",".join(map(str, range(functions)))]
        for slot in range(max(slot for slot, _ in cells) + 1):
            values = [str(cells.get((slot, function), empty)) for function in range(functions)]
            lines.append(f"{day},{day * 86_400 + slot * width}," + ",".join(values))
        (folder / f"day_{day:0{digits}d}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return tmp_path / "private_dataset"

    return written


def test_requests_of_2023_are_counts_of_days_on_end(metric):
    """Day after day in one window; a day that the data set leaves out has no requests."""
    metric("requests_minute", 3, {(0, 0): 4, (5, 2): "7.0"})
    root = metric("requests_minute", 5, {(1, 0): 2}, empty="")
    trace = read_huawei2023(root)
    assert trace.names == ("0", "1", "2")
    assert trace.invocations.tolist() == [6, 0, 7]
    assert trace.duration_s == 3 * 86_400
    assert np.flatnonzero(trace.workload("0").counts()).tolist() == [0, 2 * 1440 + 1]
    assert read_huawei2023(root, days=[5]).invocations.tolist() == [2, 0, 0]
    assert read_huawei2023(root, days=[5]).duration_s == 86_400


def test_requests_of_2023_by_the_second(metric):
    """Bins of a second, from the folder of that name."""
    trace = read_huawei2023(metric("requests_second", 0, {(7, 1): 3}, digits=2), resolution="second")
    assert trace.workload("1", rule="start").arrivals_s.tolist() == [7, 7, 7]


def test_delays_of_2023_are_weighted_by_the_requests_they_are_of(metric):
    """The mean of 100 ms for 3 requests and 200 ms for 1 is 125 ms; a delay of no request says nothing."""
    metric("requests_minute", 0, {(0, 0): 3, (4, 0): 1, (4, 1): 2})
    root = metric("function_delay_minute", 0, {(0, 0): 100, (4, 0): 200, (3, 1): 77, (4, 2): 5}, empty="")
    trace = read_huawei2023(root)
    assert trace.service.mean_s[0] == pytest.approx(0.125)
    assert np.isnan(trace.service.mean_s[1:]).all()
    law = trace.service_law("0")
    assert (law.samples_s, law.weights) == ((0.1, 0.2), (3, 1))
    assert read_huawei2023(root, delay_unit="s").service.mean_s[0] == pytest.approx(125)


def test_memory_of_2023_is_that_of_a_pod(metric):
    """The limit of all pods, divided by the pods of the same minute."""
    metric("requests_minute", 0, {(0, 0): 3})
    metric("memory_limit_minute", 0, {(0, 0): 256, (1, 0): 512, (2, 0): 9, (0, 1): 100})
    root = metric("instances_minute", 0, {(0, 0): 2, (1, 0): 4, (1, 1): 1})
    trace = read_huawei2023(root)
    assert trace.memory_mib[0] == 128
    assert np.isnan(trace.memory_mib[1:]).all()


def test_a_bad_cell_of_2023_is_told_by_file_line_and_column(metric):
    """The folder is part of the name, since all folders have the same files."""
    root = metric("requests_minute", 0, {(0, 0): 4, (1, 2): "many", (2, 1): 1})
    with pytest.raises(DataError) as caught:
        read_huawei2023(root)
    sentence = (
        "requests_minute/day_000.csv, line 3, column 5 ('2'): must be a whole number from 0, or empty; got 'many'."
    )
    assert str(caught.value) == f"{sentence} {SKIP}"
    trace = read_huawei2023(root, on_bad="skip")
    assert (trace.invocations.tolist(), trace.skipped.count) == ([4, 1, 0], 1)


def test_a_row_of_another_day_is_bad(metric):
    """Times count from the beginning of the data set, so a file's rows are of its day."""
    root = metric("requests_minute", 0, {(0, 0): 4, (1441, 1): 1})
    with pytest.raises(
        DataError, match=r"line 1442, column 2 \('time'\): must be a time of day 0, from 0 to 86400; got 86400"
    ):
        read_huawei2023(root)
    assert read_huawei2023(root, on_bad="skip").invocations.tolist() == [4, 0, 0]


def test_what_is_missing_of_2023_is_named(metric, tmp_path):
    """A folder, a day, a day of another metric, another number of functions, an unknown resolution or unit."""
    with pytest.raises(DataError, match=r"requests_minute' must be a folder with files such as day_000.csv"):
        read_huawei2023(tmp_path)
    root = metric("requests_minute", 0, {(0, 0): 4})
    with pytest.raises(DataError, match=r"requests_minute must have a file for day 8; it has none"):
        read_huawei2023(root, days=[0, 8])
    with pytest.raises(BadValue, match=r"days must name at least one day; got none"):
        read_huawei2023(root, days=[])
    with pytest.raises(BadValue, match=r"resolution must be one of minute, second; got 'hour'"):
        read_huawei2023(root, resolution="hour")
    with pytest.raises(BadValue, match=r"delay_unit must be one of ms, s; got 'us'"):
        read_huawei2023(root, delay_unit="us")
    metric("function_delay_minute", 1, {(0, 0): 4})
    with pytest.raises(DataError, match=r"function_delay_minute must have a file for day 0; it has none"):
        read_huawei2023(root)
    metric("requests_minute", 1, {(0, 0): 4}, functions=2)
    with pytest.raises(DataError, match=r"day_001.csv, line 1: must name the 3 functions of the first day"):
        read_huawei2023(root)


@pytest.fixture
def write(tmp_path):
    """Write a file with a header and rows."""

    def written(header, *rows):
        file = tmp_path / "R1.csv"
        file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return file

    return written


def started(at_s, cost_s, *, function=10, pod="pool24-600-512-0000577863"):
    """A row of a cold start."""
    return f"0,{at_s},2,{function},134,82f1,{cost_s},{cost_s},0,0,0,{pod}"


def requested(at_s, worker_s, frontend_s, *, function=296, pod="pool22-300-128-0000618412"):
    """A row of a request, logged at its end."""
    return (
        f"{at_s - 0.001},{at_s},763f,2,{function},{pod},224,{worker_s},0.0001,0.0236,{frontend_s},0.0003,0.0019,"
        "0.00001,0.000006,0.291506,32.3,1018"
    )


def test_cold_starts_of_2025_have_a_law_a_pool_and_a_size(write):
    """Function, user and pool name one function; the pool gives CPU and memory; the law draws what was measured."""
    trace = read_huawei2025_cold_starts(
        write(
            COLD_STARTS,
            started(51937.425, 2.25),
            started(51930.5, 1.75),
            started(52000, 9, pod="pool22-300-128-1"),
            started(60, 1, function=11, pod="custom"),
        )
    )
    assert trace.names == ("10---134---pool24-600-512", "10---134---pool22-300-128", "11---134---")
    assert trace.workload(0).arrivals_s.tolist() == [51930.5, 51937.425]
    assert trace.init_law(0).mean_s == 2
    assert trace.memory_mib[:2].tolist() == [512, 128]
    assert trace.cpu_share[:2].tolist() == [0.6, 0.3]
    assert np.isnan([trace.memory_mib[2], trace.cpu_share[2]]).all()
    assert trace.duration_s == 15 * 3600
    with pytest.raises(BadValue, match=r"Huawei 2025, cold starts does not tell how long a call takes"):
        trace.service_law(0)


def test_requests_of_2025_came_before_they_were_logged(write):
    """Arrival is the frontend's time less its duration; the duration is that of the function's pod."""
    trace = read_huawei2025_requests(
        write(REQUESTS, requested(2600186.995, 0.5, 0.75), requested(2600180, 0.25, 1)), from_s=2_600_000
    )
    assert trace.names == ("296---224---pool22-300-128",)
    assert trace.workload().arrivals_s.tolist() == pytest.approx([179, 186.245])
    assert trace.service_law().samples_s == (0.25, 0.5)
    assert len(trace.population()) == 1
    assert trace.population().memory_mib.tolist() == [128]


@pytest.mark.parametrize(
    ("read", "header", "good", "bad", "sentence"),
    [
        (
            read_huawei2025_cold_starts,
            COLD_STARTS,
            started(5, 1),
            started(6, "x"),
            "column 7 ('totalCost_cold_start'): must be a number from 0; got 'x'.",
        ),
        (
            read_huawei2025_cold_starts,
            COLD_STARTS,
            started(5, 1),
            "0,1,2",
            "the whole row: must be of 12 cells, as line 1 is; got 3.",
        ),
        (
            read_huawei2025_requests,
            REQUESTS,
            requested(5, 1, 1),
            requested(5, -1, 1),
            "column 8 ('totalCost_worker'): must be a number from 0; got '-1'.",
        ),
        (
            read_huawei2025_requests,
            REQUESTS,
            requested(5, 1, 1),
            requested(5, 1, 6),
            "column 2 ('time_frontend'): must be at least the request's duration after 0 s; got 5.0.",
        ),
    ],
)
def test_a_bad_row_of_2025_is_told_by_line_and_column(write, read, header, good, bad, sentence):
    """Stopped at or counted."""
    file = write(header, good, bad, good)
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value) == f"R1.csv, line 3, {sentence} {SKIP}"
    trace = read(file, on_bad="skip")
    assert (trace.invocations.tolist(), trace.skipped.count) == ([2], 1)


def test_published_cold_starts_come_back_through_the_format(write):
    """A file written from the published law of cold starts, read again, has its mean."""
    law = published("huawei-cold-start").law
    costs_s = law.draw(np.random.default_rng(1), 5_000)
    file = write(COLD_STARTS, *(started(at, repr(cost)) for at, cost in enumerate(costs_s.tolist())))
    assert read_huawei2025_cold_starts(file).init_law().mean_s == pytest.approx(costs_s.mean())
