"""What a text reader sees on a page, when it fails, and what a size of memory makes of a page."""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Protocol

from fnlab.errors import BadValue
from fnlab.figures.style import FIRST, INK, SECOND, WARNING, figure, go

#: Below this confidence a line is drawn as doubtful.
_DOUBT = 0.9
_WIDEST_PX, _TALLEST_PX, _TOP_PX = 760, 620, 76


class Picture(Protocol):
    """What is drawn of a Pillow image."""

    width: int
    height: int

    def save(self, fp: Any, format: str) -> None:
        """Write the picture as a file of that format."""


def page(
    picture: Picture, lines: Sequence[Mapping[str, Any]] = (), *, title: str = "", doubt: float = _DOUBT
) -> go.Figure:
    """Draw a page, and a box around each line that was found; pointing at a box tells what was read.

    Parameters
    ----------
    picture : Pillow image
        The page.
    lines : sequence of mappings
        Each with `text`, `confidence` (0 to 1) and `box`, four corners ``[x, y]`` in pixels of the picture.
    doubt : float
        Lines below this confidence are drawn in another colour.
    """
    sure = [line for line in lines if line["confidence"] >= doubt]
    doubtful = [line for line in lines if line["confidence"] < doubt]
    scale = min(1.0, _WIDEST_PX / picture.width, _TALLEST_PX / picture.height)
    bare = {"visible": False, "showgrid": False, "zeroline": False}
    found = f"{len(lines)} line{'s' * (len(lines) != 1)} found" if lines else "nothing marked"
    kinds = (("read", sure, FIRST), (f"doubtful, below {doubt:g}", doubtful, WARNING))
    return figure(
        [
            {"type": "image", "source": _source(picture), "hoverinfo": "skip"},
            *([_halo(lines)] if lines else []),
            *(_boxes(name, group, color) for name, group, color in kinds if group),
        ],
        title=title or found,
        summary=f"A page of {picture.width} x {picture.height} pixels: {found}, {len(doubtful)} of them in doubt.",
        height=round(picture.height * scale) + _TOP_PX + 20,
        margin={"t": _TOP_PX, "b": 20, "l": 20},
        xaxis=bare | {"range": [0, picture.width], "constrain": "domain"},
        yaxis=bare | {"range": [picture.height, 0], "scaleanchor": "x", "constrain": "domain"},
        showlegend=bool(lines),
    )


def _source(picture: Picture) -> str:
    data = BytesIO()
    picture.save(data, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"


def _halo(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put something pale behind the outlines, so that they are seen on ink of their own colour."""
    pale = {"color": "rgba(255, 255, 255, 0.85)", "width": 6}
    return _boxes("halo", lines, "") | {"line": pale, "showlegend": False, "hoverinfo": "skip", "hovertemplate": None}


def _boxes(name: str, lines: Sequence[Mapping[str, Any]], color: str) -> dict[str, Any]:
    """Outline all boxes of a kind by one trace; a gap ends each."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    said: list[str | None] = []
    for line in lines:
        corners = [*line["box"], line["box"][0]]
        xs += [*(x for x, _ in corners), None]
        ys += [*(y for _, y in corners), None]
        said += [f"{line['text']} ({line['confidence']:.3f})"] * len(corners) + [None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": xs,
        "y": ys,
        "line": {"color": color, "width": 2},
        "text": said,
        "hovertemplate": "%{text}<extra></extra>",
    }


def reading_errors(
    curves: Mapping[str, Mapping[float, tuple[float, float]]], *, reversed_axes: Sequence[str] = (), title: str = ""
) -> go.Figure:
    """Draw error rate and mean confidence against one kind of trouble after another, a panel each.

    Parameters
    ----------
    curves : mapping
        Of each kind of trouble, by what its axis says: how strong it was, to the error rate and the mean confidence.
    reversed_axes : sequence of str
        Panels where less is worse, such as the height of a letter; drawn from the largest to the smallest.

    Raises
    ------
    BadValue
        If there is no curve, or one without a point.
    """
    if not curves or not all(curves.values()):
        raise BadValue(f"reading errors need at least one point in each panel; got {dict(curves)!r}.")
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    for number, (trouble, points) in enumerate(curves.items(), start=1):
        axis = "" if number == 1 else str(number)
        traces += _curves(points, axis, first=number == 1)
        backwards = {"autorange": "reversed"} if trouble in reversed_axes else {}
        layout[f"xaxis{axis}"] = {"title": {"text": trouble}} | backwards
        layout[f"yaxis{axis}"] = {"range": [-0.04, 1.04], "showticklabels": number == 1, "tickformat": ".0%"}
    layout["yaxis"]["title"] = {"text": "error rate, confidence"}
    worst = (f"{trouble} {max(error for error, _ in points.values()):.0%}" for trouble, points in curves.items())
    return figure(
        traces,
        title=title or "When reading fails",
        summary=f"Highest error rate of each: {', '.join(worst)}.",
        height=360,
        grid={"rows": 1, "columns": len(curves), "pattern": "independent", "xgap": 0.08},
        **layout,
    )


def _curves(points: Mapping[float, tuple[float, float]], axis: str, *, first: bool) -> list[dict[str, Any]]:
    kinds = (("character error rate", 0, WARNING, "solid"), ("mean confidence of the lines", 1, FIRST, "dot"))
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "legendgroup": name,
            "showlegend": first,
            "x": list(points),
            "y": [values[which] for values in points.values()],
            "xaxis": f"x{axis}",
            "yaxis": f"y{axis}",
            "line": {"color": color, "dash": dash},
            "hovertemplate": f"%{{x}}: {name} %{{y:.1%}}<extra></extra>",
        }
        for name, which, color, dash in kinds
    ]


def memory_sizes(
    sizes: Mapping[int, tuple[float, float]],
    *,
    law_s: Mapping[int, float] | None = None,
    vcpu_mib: int | None = None,
    currency: str = "USD",
    title: str = "",
) -> go.Figure:
    """Draw what a request takes and what a thousand cost, memory size by memory size.

    Parameters
    ----------
    sizes : mapping of int to (float, float)
        Of each size in MiB: seconds a request, and the cost of 1,000.
    law_s : mapping of int to float, optional
        Seconds that a request should take, by size; drawn as marks beside what was measured.
    vcpu_mib : int, optional
        The memory that comes with one whole virtual CPU; marked by a line.

    Raises
    ------
    BadValue
        If there is no size.
    """
    if not sizes:
        raise BadValue("a figure of memory sizes needs at least one; got none.")
    labels = [_mib(size) for size in sizes]
    seconds, costs = ([values[which] for values in sizes.values()] for which in (0, 1))
    mark = {} if vcpu_mib is None else _one_vcpu(sorted(sizes), vcpu_mib)
    cheapest = min(sizes, key=lambda size: sizes[size][1])
    return figure(
        [
            _columns("a request, measured", labels, seconds, FIRST, ".2f"),
            *([] if law_s is None else [_marks("by the law", law_s)]),
            _columns("1,000 requests", labels, costs, SECOND, ".4f") | {"xaxis": "x2", "yaxis": "y2"},
        ],
        title=title or "Memory, time and money",
        summary=(
            f"A request takes {max(seconds):.2f} s in the slowest size and {min(seconds):.2f} s in the fastest; "
            f"1,000 cost least, {min(costs):.4f} {currency}, with {cheapest:,} MiB."
        ),
        height=390,
        margin={"t": 96},
        legend={"y": 1.09},  # above the note on the vCPU
        grid={"rows": 1, "columns": 2, "pattern": "independent", "xgap": 0.14},
        bargap=0.4,
        yaxis={"title": {"text": "seconds a request"}, "rangemode": "tozero"},
        yaxis2={"title": {"text": f"{currency} for 1,000 requests"}, "rangemode": "tozero", "separatethousands": False},
        xaxis={"type": "category"},
        xaxis2={"type": "category"},
        showlegend=law_s is not None,
        **mark,
    )


def _columns(name: str, labels: list[str], values: list[float], color: str, form: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": labels,
        "y": values,
        "marker": {"color": color},
        "texttemplate": f"%{{y:{form}}}",
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": f"%{{x}}: %{{y:{form}}}<extra>{name}</extra>",
    }


def _marks(name: str, seconds: Mapping[int, float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [_mib(size) for size in seconds],
        "y": list(seconds.values()),
        "marker": {"symbol": "line-ew", "size": 54, "line": {"width": 3, "color": WARNING}},
        "hovertemplate": f"%{{x}}: %{{y:.2f}}<extra>{name}</extra>",
    }


def _mib(size: int) -> str:
    return f"{size:,} MiB"


def _one_vcpu(sizes: Sequence[int], vcpu_mib: int) -> dict[str, Any]:
    """Mark the place among the columns from which on there is a whole virtual CPU."""
    below = sum(size < vcpu_mib for size in sizes)
    if not 0 < below < len(sizes):
        return {}
    place = below - 0.5
    style = {"color": INK, "dash": "dot", "width": 1}
    line = {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "line": style}
    note = {
        "text": f"one vCPU from {_mib(vcpu_mib)}",
        "x": place,
        "y": 1,
        "yanchor": "bottom",
        "xanchor": "center",
        "showarrow": False,
    }
    sides = (("x", "y"), ("x2", "y2"))
    return {
        "shapes": [line | {"xref": x, "yref": f"{y} domain"} for x, y in sides],
        "annotations": [note | {"xref": x, "yref": f"{y} domain"} for x, y in sides],
    }
