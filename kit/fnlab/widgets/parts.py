"""What widgets are made of: the packages they need, and a ruler for the page."""

from fnlab.errors import MissingExtra

try:
    import anywidget
    import ipywidgets
    import traitlets
    from plotly.graph_objects import Figure, FigureWidget
except ModuleNotFoundError as error:
    if error.name not in {"anywidget", "ipywidgets", "plotly", "traitlets"}:
        raise
    raise MissingExtra(f'a widget needs {error.name}, which is not installed; run pip install "fnlab[lab]".') from None

__all__ = ["Figure", "FigureWidget", "Ruler", "anywidget", "ipywidgets", "traitlets"]


class Ruler(anywidget.AnyWidget):
    """Invisible; knows how wide the page is where it lies.

    A FigureWidget does not find out by itself (https://github.com/plotly/plotly.py/issues/5208): it starts with 700
    pixels, whatever room there is.

    Attributes
    ----------
    width_px : int
        0 until a browser shows it.
    """

    _esm = """
    export default {
      render({ model, el }) {
        const observer = new ResizeObserver(() => {
          if (el.clientWidth > 0 && el.clientWidth !== model.get("width_px")) {
            model.set("width_px", el.clientWidth);
            model.save_changes();
          }
        });
        observer.observe(el);
        return () => observer.disconnect();
      },
    };
    """
    width_px = traitlets.Int(0).tag(sync=True)
