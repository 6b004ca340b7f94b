"""Figures that move: sliders on a scenario, and a meter on a running function.

A widget computes no figure and no price. The sliders make a :class:`~fnlab.scenario.Scenario`, which is played; the
meter reads a trace, which is priced.
"""

from fnlab.widgets.cost_meter import Meter, Reading, meter
from fnlab.widgets.day import ElasticityWidget, elasticity

__all__ = ["ElasticityWidget", "Meter", "Reading", "elasticity", "meter"]
