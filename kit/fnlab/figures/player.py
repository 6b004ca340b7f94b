"""Frames under a slider, and a button that plays them."""

from collections.abc import Mapping, Sequence
from typing import Any

from fnlab.figures.style import INK, go

#: Room that buttons and slider take below the panels.
ROOM_PX = 120


def with_frames(
    drawn: go.Figure,
    frames: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    moving: Sequence[int],
    what: str,
    frame_ms: int,
) -> go.Figure:
    """Give a figure frames; it is changed in place, and shows what it was drawn with until somebody plays it.

    Parameters
    ----------
    drawn : Figure
        With enough room at the bottom, see :data:`ROOM_PX`.
    frames : mapping of str to sequence of traces
        By the name that the slider shows; the parts of each moving trace that change.
    moving : sequence of int
        Which traces of the figure these are.
    what : str
        What the names count, such as "epoch".
    frame_ms : int
        How long a frame stays while they play.
    """
    drawn.frames = [go.Frame(name=name, data=list(traces), traces=list(moving)) for name, traces in frames.items()]
    at_once = {"frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}, "mode": "immediate"}
    play = {"frame": {"duration": frame_ms, "redraw": True}, "transition": {"duration": 0}, "fromcurrent": True}
    drawn.layout.updatemenus = [
        {
            "type": "buttons",
            "direction": "left",
            "x": 0,
            "y": 0,
            "xanchor": "left",
            "yanchor": "top",
            "pad": {"t": 62, "r": 10},
            "bordercolor": INK,
            "buttons": [
                {"label": "▶", "method": "animate", "args": [None, play]},
                {"label": "❚❚", "method": "animate", "args": [[None], at_once]},
            ],
        }
    ]
    drawn.layout.sliders = [
        {
            "x": 0.12,
            "len": 0.88,
            "y": 0,
            "pad": {"t": 46},
            "active": len(frames) - 1,
            "currentvalue": {"prefix": f"{what} ", "xanchor": "left"},
            "steps": [{"label": name, "method": "animate", "args": [[name], at_once]} for name in frames],
        }
    ]
    return drawn
