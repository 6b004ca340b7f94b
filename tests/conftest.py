"""A skipped test proves nothing, and in CI nobody would notice it.

With ``FNLAB_NO_SKIPS=1`` in the environment (``.ci/run`` sets it) a test that skips itself fails, by name and with the
reason it gave. An expected failure (``xfail``) stays what it is.
"""

import os
import signal
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings

#: The first run inside instances; imported here, one of them would sleep for a quarter of an hour. Benchmarks are
#: programs, and their peers are in an environment of their own.
collect_ignore_glob = ["functions/*", "benchmarks/*"]

# A generated case may be slow because the machine is; that is no failure.
settings.register_profile("fnlab", deadline=None)
settings.load_profile("fnlab")

# A shell that starts the suite in its background has it ignore Ctrl-C, and so all that it starts; what is tested here
# is what Ctrl-C does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
NO_SKIPS = os.environ.get("FNLAB_NO_SKIPS") == "1"


def _fail_if_skipped(report: Report) -> Report:
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        # A skip's reason is the last of (path, line, reason).
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and FNLAB_NO_SKIPS=1 forbids it. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test that skipped itself, or was marked to be skipped."""
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge a whole file that skipped itself, as ``pytest.importorskip`` does."""
    return _fail_if_skipped((yield))
