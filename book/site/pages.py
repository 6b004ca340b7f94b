"""Executed notebooks as pages: outputs that need a kernel or a front-end become plain HTML."""

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
#: What a widget of fnlab says about itself for places without a kernel: its figures, and its setting as text.
TWIN = "application/vnd.fnlab.twin+json"
HOW_TO_RUN = (
    "Here is something that moves, with Python behind it: say <code>make lab</code> and open this chapter there."
)

#: How a widget writes itself as text, and a bar of progress does not.
_OBJECT = re.compile(r"[A-Z]\w*\(")

Json = dict[str, Any]


def page(notebook: Json) -> Json:
    """Give the notebook with outputs that any browser can show, and without what only the run needed.

    Parameters
    ----------
    notebook : dict
        An executed notebook, as JSON.
    """
    cells = [_cell(cell) for cell in notebook["cells"] if "injected-parameters" not in _tags(cell)]
    metadata = {key: value for key, value in notebook["metadata"].items() if key not in ("widgets", "papermill")}
    return notebook | {"cells": cells, "metadata": metadata}


def _tags(cell: Json) -> list[str]:
    tags: list[str] = cell["metadata"].get("tags", [])
    return tags


def _cell(cell: Json) -> Json:
    if cell["cell_type"] != "code":
        return cell
    outputs = [shown for output in cell["outputs"] if (shown := _output(output)) is not None]
    return cell | {"outputs": outputs, "metadata": {"tags": _tags(cell)}}


def _output(output: Json) -> Json | None:
    """Give what is shown of an output, or None: a bar of progress says nothing once it is over."""
    if output.get("name") == "stderr":
        return None
    data = output.get("data", {})
    if TWIN in data:
        return _html(output, twin(data[TWIN]))
    if WIDGET in data:
        named = _OBJECT.match("".join(data.get("text/plain", "")))
        return _html(output, f'<p class="fnlab-how">{HOW_TO_RUN}</p>') if named else None
    return _html(output, figure(data[PLOTLY])) if PLOTLY in data else output


def _html(output: Json, html: str) -> Json:
    return output | {"data": {"text/html": html}, "metadata": {}}


def figure(described: Mapping[str, Any]) -> str:
    """Write a plotly figure as HTML: its numbers for the script, its sentence for whoever does not see it."""
    layout = described.get("layout", {})
    summary = escape(str((layout.get("meta") or {}).get("summary", "A figure.")))
    numbers = json.dumps({"data": described["data"], "layout": layout}).replace("</", "<\\/")
    return (
        f'<figure class="fnlab-figure" role="img" aria-label="{summary}" style="height: {layout.get("height", 450)}px">'
        f'<script type="application/json">{numbers}</script></figure>'
        f'<p class="fnlab-summary">{summary}</p>'
    )


def twin(described: Mapping[str, Any]) -> str:
    """Write a widget's still: its figures, its setting, and how to have it live."""
    figures = "".join(map(figure, described["figures"]))
    setting = f"<p>Setting: <code>{escape(described['setting'])}</code></p>" if described.get("setting") else ""
    return f'<div class="fnlab-twin">{figures}{setting}<p class="fnlab-how">{HOW_TO_RUN}</p></div>'
