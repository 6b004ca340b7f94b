"""Readers of public traces: files in their published formats become a :class:`~fnlab.workload.Recording`.

Each checks every cell that it uses, and tells the line and column of a bad row. Logs of single invocations become a
trace; their readers are in :mod:`fnlab.trace`, because a bill must be able to read them, and a bill knows traces only.
"""

from fnlab.workload.readers.azure2019 import read_azure2019
from fnlab.workload.readers.azure2021 import read_azure2021
from fnlab.workload.readers.huawei2023 import read_huawei2023
from fnlab.workload.readers.huawei2025 import read_huawei2025_cold_starts, read_huawei2025_requests
from fnlab.workload.readers.plain import read_csv, write_csv

__all__ = [
    "read_azure2019",
    "read_azure2021",
    "read_csv",
    "read_huawei2023",
    "read_huawei2025_cold_starts",
    "read_huawei2025_requests",
    "write_csv",
]
