"""Whatever stands in a file, a reader gives a recording or one sentence, and never hangs."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue, DataError
from fnlab.trace import read_fc_log, read_lambda_log
from fnlab.workload import read_azure2021, read_csv, read_huawei2025_cold_starts

GOOD = {
    read_azure2021: "app,func,end_timestamp,duration\na,f,10.5,0.5\na,g,0.2,0.3\n",
    read_csv: "arrival_s,duration_s,init_s,memory_mib\n1,2,,128\n2,3,0.5,\n",
    read_huawei2025_cold_starts: (
        "day,time,clusterName,funcName,userID,requestID,totalCost_cold_start,podAllocationCost,deployCodeCost,"
        "deployDependencyCost,schedulingCost,podID\n0,5,2,10,134,82f,1,1,0,0,0,pool24-600-512-1\n"
    ),
    read_lambda_log: (
        "2026-11-24T10:00:01.5Z 2026/11/24/[$LATEST]aa REPORT RequestId: 1\tDuration: 3.01 ms\tBilled Duration: 4 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 5 ms\n"
    ),
    read_fc_log: (
        "2026-11-24T10:00:01.5Z FC Initialize Start RequestId: 1\n2026-11-24T10:00:02.5Z FC Invoke End RequestId: 1\n"
        "Duration: 3.17 ms, Billed Duration: 100 ms, Memory Size: 512 MB, Max Memory Used: 54.58 MB\n"
    ),
}
SPLINTERS = [
    b",",
    b"\n",
    b'"',
    b"\r",
    b"\x00",
    b"\xff",
    b"-",
    b"e99",
    b"nan",
    b"inf",
    b"\t",
    b"9" * 30,
    b"\xef\xbb\xbf",
    b"",
]


@pytest.mark.parametrize("read", GOOD)
@given(
    wounds=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 20), st.sampled_from(SPLINTERS)),
        min_size=1,
        max_size=4,
    ),
    on_bad=st.sampled_from(["stop", "skip"]),
)
def test_garbage_is_read_or_refused_in_a_sentence(tmp_path_factory, read, wounds, on_bad):
    """A good file with pieces cut out and others put in: the library's own errors, and results that show themselves."""
    text = GOOD[read].encode()
    for where, length, splinter in wounds:
        begin = int(where * len(text))
        text = text[:begin] + splinter + text[begin + length :]
    file = tmp_path_factory.mktemp("garbage") / "file.csv"
    file.write_bytes(text)
    with suppress(DataError, BadValue):
        assert read(file, on_bad=on_bad)._repr_html_()
