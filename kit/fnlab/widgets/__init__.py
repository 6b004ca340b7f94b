"""Sliders on a scenario: move one, and the same figures as everywhere else follow.

A widget computes nothing and draws nothing. It turns its sliders into a :class:`~fnlab.scenario.Scenario`, plays it,
and brings its figures up to date.
"""

from fnlab.widgets.day import ElasticityWidget, elasticity

__all__ = ["ElasticityWidget", "elasticity"]
