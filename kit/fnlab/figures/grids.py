"""A sweep: how a measure changes with the choices."""

from typing import TYPE_CHECKING, Any, Literal

from fnlab.errors import BadValue
from fnlab.figures.style import PALETTE, figure, go, thousands

if TYPE_CHECKING:
    import pandas as pd

#: Ends of column names that are units, and how a reader sees them.
_UNITS = {"_per_s": "1/s", "_s": "s", "_ms": "ms", "_mib": "MiB", "_bytes": "bytes", "_per_h": "1/h", "_usd": "USD"}
#: Names that need other words than their own, and their units.
_NAMES = {
    "usd": ("cost", "USD"),
    "keep_alive_s": ("keep-alive", "s"),
    "instance_s": ("instance time", "s"),
    "busy_s": ("busy time", "s"),
}
#: Choices at least this many times apart are drawn on a logarithmic axis.
_WIDE = 16
#: More lines than this are hard to tell apart; more choices than this on an axis are not written one by one.
_MOST_LINES, _MOST_TICKS = len(PALETTE), 12
#: Marks differ too, for lines that cross and for eyes that take colours for one another.
_MARKS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "cross", "star")
#: Light to dark in one hue: the order is seen without colour vision, and the dark end is the palette's first colour.
_HEAT = [[0, "#E3F0F9"], [0.5, "#56B4E9"], [1, "#004B78"]]


def sweep(
    frame: "pd.DataFrame",
    *,
    x: str,
    y: str,
    by: str | None = None,
    kind: Literal["lines", "map"] = "lines",
    low: str | None = None,
    high: str | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw a table in which each row is one combination of choices and what came of it.

    Parameters
    ----------
    frame : DataFrame
        One row a combination; columns are choices and measures.
    x : str
        The choice along the axis.
    y : str
        The measure.
    by : str, optional
        A second choice: one line for each of its values, or the other axis of the map.
    kind : str
        ``"lines"``, or ``"map"``: the measure as the darkness of a cell, with its value in it.
    low, high : str, optional
        Columns with the ends of an interval for the measure; lines only.

    Raises
    ------
    BadValue
        If a column is missing, a combination has more than one row, a map has no second choice, or there are more lines
        than one can tell apart.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"keep_alive_s": [60, 600], "cold_share": [0.2, 0.05]})
    >>> sweep(table, x="keep_alive_s", y="cold_share").data[0].y.tolist()
    [0.2, 0.05]
    """
    _check(frame, x=x, by=by, others=[y, *(column for column in (low, high) if column is not None)])
    if kind == "map":
        if by is None or low is not None or high is not None:
            raise BadValue("a map needs two choices, x and by, and draws no interval; give by, and leave low and high.")
        return _map(frame, x=x, y=y, by=by, title=title)
    if kind != "lines":
        raise BadValue(f"kind must be 'lines' or 'map'; got {kind!r}.")
    if (low is None) != (high is None):
        raise BadValue(f"an interval needs both ends; got low={low!r} and high={high!r}.")
    return _lines(frame, x=x, y=y, by=by, ends=None if low is None or high is None else (low, high), title=title)


def label(column: str) -> str:
    """Write a column's name for a reader, with its unit.

    Examples
    --------
    >>> label("latency_p95_s"), label("memory_mib"), label("cold_share"), label("usd")
    ('latency p95 (s)', 'memory (MiB)', 'cold share', 'cost (USD)')
    """
    name, unit = _words(column)
    return f"{name} ({unit})" if unit else name


def _words(column: str) -> tuple[str, str]:
    """Split a column's name into what it is and its unit."""
    if column in _NAMES:
        return _NAMES[column]
    for end, unit in _UNITS.items():
        if column.endswith(end):
            return column.removesuffix(end).replace("_", " "), unit
    return column.replace("_", " "), ""


def _chosen(column: str, value: Any) -> str:
    """Say a choice with its value: keep-alive 60 s."""
    name, unit = _words(column)
    return f"{name} {_said(value)} {unit}".rstrip()


def _check(frame: "pd.DataFrame", *, x: str, by: str | None, others: list[str]) -> None:
    choices = [x] if by is None else [x, by]
    for column in choices + others:
        if column not in frame.columns:
            raise BadValue(f"a column must be one of {', '.join(map(str, frame.columns))}; got {column!r}.")
    if len(set(choices)) < len(choices):
        raise BadValue(f"x and by must be two choices; got {x!r} twice.")
    if frame.empty:
        raise BadValue("a sweep must have at least one row; got none.")
    counts = frame.groupby(choices, observed=True).size().reset_index(name="rows")
    worst = counts.sort_values("rows", ascending=False, kind="stable").iloc[0]
    if worst["rows"] > 1:
        where = " and ".join(_chosen(choice, worst[choice]) for choice in choices)
        raise BadValue(
            f"each value of {' and '.join(choices)} must have one row; got {worst['rows']} for {where}; "
            "select rows, or name another choice by."
        )


def _lines(
    frame: "pd.DataFrame", *, x: str, y: str, by: str | None, ends: tuple[str, str] | None, title: str | None
) -> go.Figure:
    groups = [(None, frame)] if by is None else list(frame.groupby(by, observed=True))
    if len(groups) > _MOST_LINES:
        raise BadValue(f"a figure holds at most {_MOST_LINES} lines; got {len(groups)}; draw a map (kind='map').")
    traces = []
    for number, (value, rows) in enumerate(groups):
        ordered = rows.sort_values(x)
        if ends is not None:
            traces.append(_band(ordered, x=x, ends=ends, color=PALETTE[number]))
        name = y if by is None else _chosen(by, value)
        traces.append(_line(ordered, x=x, y=y, number=number) | {"name": name, "showlegend": by is not None})
    return figure(
        traces,
        title=title or f"{_capital(_words(y)[0])} by {_words(x)[0]}",
        summary=_summary(frame, x=x, y=y, by=by),
        height=400,
        hovermode="x unified",
        margin={"t": 84 if by is not None else 56},
        xaxis=_axis(frame, x),
        yaxis={"title": {"text": label(y)}, "rangemode": "tozero", "tickformat": _ticks(y), "automargin": True},
    )


def _line(rows: "pd.DataFrame", *, x: str, y: str, number: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": rows[x].to_numpy(),
        "y": rows[y].to_numpy(),
        "line": {"width": 2, "color": PALETTE[number]},
        "marker": {"size": 8, "symbol": _MARKS[number]},
        "hovertemplate": f"%{{y:{_format(y)}}}",
    }


def _band(rows: "pd.DataFrame", *, x: str, ends: tuple[str, str], color: str) -> dict[str, Any]:
    """An interval as an area around its line."""
    low, high = (rows[end].to_numpy() for end in ends)
    along = rows[x].to_numpy()
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*along, *along[::-1]],
        "y": [*high, *low[::-1]],
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": f"rgba({red}, {green}, {blue}, 0.2)",
        "showlegend": False,
        "hoverinfo": "skip",
        "name": "interval",
    }


def _map(frame: "pd.DataFrame", *, x: str, y: str, by: str, title: str | None) -> go.Figure:
    table = frame.pivot_table(index=by, columns=x, values=y, observed=True, sort=True)
    cells = table.to_numpy()
    trace = {
        "type": "heatmap",
        "x": [_said(value) for value in table.columns],
        "y": [_said(value) for value in table.index],
        "z": cells,
        "colorscale": _HEAT,
        "xgap": 2,
        "ygap": 2,
        "texttemplate": f"%{{z:{_format(y)}}}",
        "textfont": {"size": 12},
        "hovertemplate": f"{label(x)} %{{x}}, {label(by)} %{{y}}: %{{z:{_format(y)}}}<extra></extra>",
        "colorbar": {
            "title": {"text": label(y), "side": "right", "font": {"size": 13}},
            "tickformat": _ticks(y),
            "outlinewidth": 0,
        },
    }
    square = {"type": "category", "showgrid": False, "ticks": "", "showline": False}
    return figure(
        [trace],
        title=title or f"{_capital(_words(y)[0])} by {_words(x)[0]} and {_words(by)[0]}",
        summary=_summary(frame, x=x, y=y, by=by),
        margin={"t": 56},
        height=130 + 44 * max(len(table.index), 3),
        xaxis=square | {"title": {"text": label(x)}},
        yaxis=square | {"title": {"text": label(by)}, "automargin": True},
    )


def _axis(frame: "pd.DataFrame", x: str) -> dict[str, Any]:
    """An axis that fits the choices: logarithmic when they are far apart, and with a tick at each when they are few."""
    axis: dict[str, Any] = {"title": {"text": label(x)}}
    values = sorted(frame[x].unique())
    if frame[x].dtype.kind not in "iuf":
        return axis | {"type": "category", "categoryorder": "array", "categoryarray": values}
    if values[0] > 0 and values[-1] >= _WIDE * values[0]:
        axis |= {"type": "log"}
    if len(values) <= _MOST_TICKS:
        axis |= {"tickmode": "array", "tickvals": values, "ticktext": [_said(value) for value in values]}
    return axis


def _summary(frame: "pd.DataFrame", *, x: str, y: str, by: str | None) -> str:
    """Say where the measure is smallest and where it is largest."""
    if not frame[y].notna().any():
        return f"{_capital(label(y))} is unknown everywhere."
    choices = [x] if by is None else [x, by]
    ends = []
    known = frame.dropna(subset=[y]).sort_values(y)
    for row in (known.iloc[0], known.iloc[-1]):
        where = " and ".join(_chosen(choice, row[choice]) for choice in choices)
        ends.append(f"{format(row[y], '.2%') if _is_share(y) else thousands(row[y])} at {where}")
    return f"{_capital(label(y))} goes from {ends[0]} to {ends[1]}."


def _is_share(column: str) -> bool:
    return column.endswith("share") or column == "utilisation"


def _format(column: str) -> str:
    return ".3~p" if _is_share(column) else ",.4~g"


def _ticks(column: str) -> str:
    return "~%" if _is_share(column) else ",~g"


def _said(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, int | float) or hasattr(value, "dtype") else str(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
