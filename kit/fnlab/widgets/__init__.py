"""Figures that move: points to draw and a machine that learns them, sliders on a day, a meter on a running function.

A widget computes no figure, no model and no price. What is drawn or chosen goes to the rooms that do, and what
they give is shown.
"""

from fnlab.widgets.cost_meter import Meter, Reading, meter
from fnlab.widgets.day import ElasticityWidget, elasticity
from fnlab.widgets.draw import DrawData, Point
from fnlab.widgets.live import live
from fnlab.widgets.playground import SvmPlayground, svm_playground
from fnlab.widgets.svm_choice import SvmChoice

__all__ = [
    "DrawData",
    "ElasticityWidget",
    "Meter",
    "Point",
    "Reading",
    "SvmChoice",
    "SvmPlayground",
    "elasticity",
    "live",
    "meter",
    "svm_playground",
]
