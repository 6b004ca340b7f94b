"""What handlers log by ``logging``, and the errors that they raise, in the form of AWS Lambda's Python runtime."""

import os
import sys
import threading
import time
import traceback
from typing import Any

#: The request that each thread serves now.
serving = threading.local()

_FORM = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(request_id)s\t%(message)s"
_STDERR_FD = 2
_HERE = os.path.dirname(__file__)  # noqa: PTH120  # pathlib is loaded later, and costs time in each start
_dumped = os.write


def take_over() -> None:
    """Give the root logger a handler, if the function's code has loaded ``logging`` and given it none.

    Where it has not, nothing is loaded: that would be time in every cold start.
    """
    logging: Any = sys.modules.get("logging")
    if logging is None or logging.getLogger().handlers:
        return

    def with_request(record: Any) -> bool:
        record.request_id = getattr(serving, "request_id", "")
        return True

    form = logging.Formatter(_FORM, "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.addFilter(with_request)
    handler.setFormatter(form)
    logging.getLogger().addHandler(handler)


def write_error(error: BaseException) -> None:
    """Write an error that a handler raised, with its traceback, to the instance's log."""
    kind, message = type(error).__name__, _words(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_HERE)]
    lines = [f"[ERROR] {kind}: {message}", "Traceback (most recent call last):", *traceback.format_list(frames)]
    text = "\n".join(line.rstrip("\n") for line in lines) + "\n"
    try:
        _dumped(_STDERR_FD, text.encode(errors="backslashreplace"))
    except OSError:  # the handler has closed it, and cannot complain about a missing log
        return


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as other:  # a class of the handler's own, whose words cannot be made
        return f"<{type(other).__name__} while the message was made>"
