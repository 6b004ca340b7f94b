"""Numbers in, a plotly Figure out: every picture of the book, each with a sentence that says what it shows.

Nothing is measured or priced here. A figure is transparent, so that it stands on a light page and on a dark one, and
carries its summary for readers who cannot see it in ``figure.layout.meta["summary"]``.
"""

from fnlab.figures.coldstart import cold_start
from fnlab.figures.curves import learning_curve
from fnlab.figures.footprints import footprints
from fnlab.figures.forks import futures
from fnlab.figures.graphs import graph
from fnlab.figures.grids import sweep
from fnlab.figures.learning import confusion, images
from fnlab.figures.load import elasticity
from fnlab.figures.money import compare_bills, cost
from fnlab.figures.networks import film, losses, tangent
from fnlab.figures.ocr import memory_sizes, page, reading_errors
from fnlab.figures.squares import lifted
from fnlab.figures.stages import stages
from fnlab.figures.style import redraw
from fnlab.figures.svm import margin, margins
from fnlab.figures.svm_steps import smo
from fnlab.figures.windows import filters, moving_window

__all__ = [
    "cold_start",
    "compare_bills",
    "confusion",
    "cost",
    "elasticity",
    "film",
    "filters",
    "footprints",
    "futures",
    "graph",
    "images",
    "learning_curve",
    "lifted",
    "losses",
    "margin",
    "margins",
    "memory_sizes",
    "moving_window",
    "page",
    "reading_errors",
    "redraw",
    "smo",
    "stages",
    "sweep",
    "tangent",
]
