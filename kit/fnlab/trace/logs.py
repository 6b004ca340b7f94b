"""Logs of a real cloud as a trace, so that they are measured and billed like a simulation.

:func:`read_lambda_log` reads AWS Lambda's REPORT lines, :func:`read_fc_log` the summaries of Alibaba Function Compute,
wherever they stand in a text. Such a line says how long an invocation took and what was billed, and not when it came or
which instance served it. What the lines around it do not tell is filled in by stated rules:

- The time of a line (ISO 8601, in UTC unless it says otherwise, or milliseconds since 1970 at its beginning) is when
  the invocation ended. Where no line has one, invocations follow one another without a pause.
- The log stream (``2026/11/24/[$LATEST]0123abcd``) is the instance. Where there is none, a start opens a new instance,
  and a warm invocation goes to the idle instance used last, or to one that was there before the log began.
- An instance exists from its first invocation to its last; what it idled afterwards is in no log.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, isnan, nan
from pathlib import Path

from fnlab.display import facts
from fnlab.errors import DataError
from fnlab.trace.rebuild import Logged, rebuilt
from fnlab.trace.rows import BadRows, OnBad, Skipped, existing
from fnlab.trace.table import Status, Trace
from fnlab.units import MS_PER_S

_ISO_TIME = re.compile(r"(?:19[7-9]\d|2\d{3})-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_EPOCH_MS = re.compile(r"^\W*(\d{13})\b")
_STREAM = re.compile(r"\d{4}/\d\d/\d\d/(?:[\w-]+)?\[[^\]]+\][0-9a-f]+")
#: Longer names first: "Billed Duration" is not a "Duration".
_FIELD = re.compile(
    r"(Billed Restore Duration|Restore Duration|Billed Duration|Init Duration|Duration|Max Memory Used|Memory Size"
    r"|Error Type|Status):[ \t]*([^\s,\"\\]+)"
)
_NEEDED = ("Duration", "Billed Duration", "Memory Size")
_NUMBERS = (*_NEEDED, "Init Duration", "Restore Duration", "Billed Restore Duration", "Max Memory Used")
_FC_EVENT = re.compile(r"FC (Initialize|Invoke) (Start|End) RequestId: *(\S+)")
#: One unit of the last digit of a summary: an init that there was, of which the log does not tell the length.
_UNKNOWN_INIT_S = 0.01 / MS_PER_S
#: No field is larger: 11 days in milliseconds, and a thousand times the memory of any function in MiB.
_LARGEST = 1_000_000_000
#: Characters of a bad line that are shown.
_SHOWN = 60
_STATUSES = {"success": Status.OK, "timeout": Status.TIMEOUT, "error": Status.ERROR, "failure": Status.ERROR}


@dataclass(frozen=True, eq=False, kw_only=True)
class CloudLog:
    """What a log told.

    Attributes
    ----------
    trace : Trace
        Its invocations, from the beginning of the first one.
    began_at_s : float
        When that was, in seconds since 1970; NaN where the log has no times.
    skipped : Skipped
        Lines that were left out because they were bad.
    """

    trace: Trace
    began_at_s: float
    skipped: Skipped

    def __repr__(self) -> str:
        return f"CloudLog({self.trace!r}; skipped {self.skipped.count:,})"

    def _repr_html_(self) -> str:
        began = "no times in the log" if isnan(self.began_at_s) else f"{datetime.fromtimestamp(self.began_at_s, UTC)}"
        rows = {
            "invocations": f"{len(self.trace):,}",
            "cold starts": f"{self.trace.cold_starts:,}",
            "billed": f"{self.trace['billed_s'].sum():,.3f} s",
            "began": began,
            "lines skipped": str(self.skipped),
        }
        return facts("Log of a cloud", rows)


def read_lambda_log(path: str | Path, *, on_bad: OnBad = "stop") -> CloudLog:
    r"""Read the REPORT lines of an AWS Lambda log: plain ones, or inside what CloudWatch exports.

    The fields may stand in any order (the runtime interface emulator writes the init first) and be separated by tabs or
    spaces. A restore from a snapshot counts as init. ``Status:`` and ``Error Type:`` are read where they are. The
    billed duration is the line's own.

    Parameters
    ----------
    path : str or Path
        A text file.
    on_bad : str
        What to do with a REPORT line that lacks a field or has nonsense in one: ``"stop"`` or ``"skip"`` and count.

    Raises
    ------
    DataError
        If the file is not there, holds no good REPORT line, or at a bad line with ``on_bad="stop"``.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "log.txt"
    >>> line = "REPORT RequestId: 1\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB"
    >>> _ = file.write_text(f"{line}\tInit Duration: 110.10 ms\t\n{line}\n")
    >>> log = read_lambda_log(file)
    >>> log.trace.cold_starts, log.trace["billed_s"].tolist()
    (1, [0.004, 0.004])
    """
    return _read(existing(path), on_bad, _lambda_reports, "REPORT RequestId:")


def read_fc_log(path: str | Path, *, on_bad: OnBad = "stop") -> CloudLog:
    """Read the logs of Alibaba Function Compute: the lines of each invocation with the summary behind them.

    ``FC Initialize Start`` opens a new instance. Its init is the time between that line and ``FC Initialize End``;
    where they have no times it is unknown, and counts as 0.01 ms, the smallest time that the summary could write, so
    that the start is seen. Parameters and errors are those of :func:`read_lambda_log`.
    """
    return _read(existing(path), on_bad, _fc_summaries, "Billed Duration:")


_Parser = Callable[[Iterable[str], BadRows], Iterator[tuple[int, Logged]]]


def _read(path: Path, on_bad: OnBad, parse: _Parser, sign: str) -> CloudLog:
    rows = BadRows(path.name, on_bad)
    with path.open(encoding="utf-8", errors="replace") as file:
        found = list(parse(file, rows))
    timed = any(not isnan(one.end_s) for _, one in found)
    for line, one in found if timed else ():
        if isnan(one.end_s):
            rows.bad(line, "column 1", "a time, as other lines of the log have one", "none")
    logged = [one for _, one in found if not (timed and isnan(one.end_s))]
    if not logged:
        raise DataError(f"a log must hold at least one good line with {sign!r}; {str(path)!r} holds none.")
    trace, began_at_s = rebuilt(logged, timed=timed)
    return CloudLog(trace=trace, began_at_s=began_at_s, skipped=rows.skipped)


def _lambda_reports(lines: Iterable[str], rows: BadRows) -> Iterator[tuple[int, Logged]]:
    for number, line in enumerate(lines, 1):
        begin = line.find("REPORT RequestId:")
        if begin >= 0 and (fields := _fields(line, begin, number, rows)):
            init_ms = float(fields.get("Init Duration", fields.get("Restore Duration", 0)))
            yield number, _logged(fields, line[:begin], init_s=init_ms / MS_PER_S)


def _fc_summaries(lines: Iterable[str], rows: BadRows) -> Iterator[tuple[int, Logged]]:
    initialised: dict[str, float] = {}  # request: init, of those that have begun
    began_s, ended_s, request = nan, nan, ""
    for number, line in enumerate(lines, 1):
        if event := _FC_EVENT.search(line):
            kind, edge, name = event.groups()
            at_s = _time_s(line[: event.start()])
            if kind == "Initialize":
                began_s = at_s if edge == "Start" else began_s
                length_s = at_s - began_s if edge == "End" else nan
                initialised[name] = _UNKNOWN_INIT_S if isnan(length_s) else max(length_s, _UNKNOWN_INIT_S)
            elif edge == "End":
                request, ended_s = name, at_s
        elif (begin := line.find("Duration:")) >= 0 and "Billed Duration:" in line:
            if fields := _fields(line, begin, number, rows):
                yield number, _logged(fields, line[:begin], init_s=initialised.pop(request, 0.0), end_s=ended_s)
            request, ended_s = "", nan


def _fields(line: str, begin: int, number: int, rows: BadRows) -> dict[str, str]:
    """Take a summary apart; tell what is wrong with it, and where, and give nothing then."""
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(line, begin):
        name, text = match.groups()
        if name in _NUMBERS and not _is_number(text):
            rows.bad(number, f"column {match.start(2) + 1} ({name!r})", f"a number from 0 to {_LARGEST:,}", text)
            return {}
        fields[name] = text
    for name in _NEEDED:
        if name not in fields:
            rows.bad(number, f"column {begin + 1}", f"followed by {name!r}", line[begin:].strip()[:_SHOWN])
            return {}
    return fields


def _logged(fields: dict[str, str], before: str, *, init_s: float, end_s: float = nan) -> Logged:
    """Make an invocation of a summary's fields and what stands before it on its line."""
    own_end_s, stream = _time_s(before), _STREAM.search(before)
    return Logged(
        end_s=end_s if isnan(own_end_s) else own_end_s,
        init_s=init_s,
        execution_s=float(fields["Duration"]) / MS_PER_S,
        billed_s=float(fields["Billed Duration"]) / MS_PER_S,
        memory_mib=ceil(float(fields["Memory Size"])),
        status=_status(fields),
        stream=stream.group() if stream else "",
    )


def _status(fields: dict[str, str]) -> Status:
    if "OutOfMemory" in fields.get("Error Type", ""):
        return Status.OUT_OF_MEMORY
    return _STATUSES.get(fields.get("Status", "success"), Status.ERROR)


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) <= _LARGEST
    except ValueError:
        return False


def _time_s(text: str) -> float:
    """Find the time in what stands before a line; NaN if there is none."""
    if match := _EPOCH_MS.search(text):
        return int(match.group(1)) / MS_PER_S
    if not (match := _ISO_TIME.search(text)):
        return nan
    try:
        moment = datetime.fromisoformat(match.group().replace(",", "."))
    except ValueError:  # digits in the form of a time that is none, such as a month 13
        return nan
    # A time without an offset is taken as UTC.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
