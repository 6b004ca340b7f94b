"""How a noun shows itself in a notebook: a small table of names and values."""

from collections.abc import Mapping
from html import escape

#: Whoever waits longer than this, in seconds, is shown how far it is.
PATIENCE_S = 1.0


def facts(caption: str, rows: Mapping[str, str]) -> str:
    r"""Write an HTML table with a caption and one line a fact.

    Examples
    --------
    >>> print(facts("Trace", {"cold": "3"}).replace("><", ">\n<"))
    <table>
    <caption>Trace</caption>
    <tr>
    <th style='text-align:left'>cold</th>
    <td style='text-align:left'>3</td>
    </tr>
    </table>
    """
    lines = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(value)}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table><caption>{escape(caption)}</caption>{lines}</table>"
