"""Quantiles that confidence intervals need, without scipy."""

from math import cos, pi, sin, sqrt, tan
from statistics import NormalDist

import numpy as np

from fnlab.errors import BadValue
from fnlab.units import require

#: Halvings of an angle below a quarter turn until nothing of a double changes.
_HALVINGS = 60


def student_t(share: float, degrees: int) -> float:
    """Give the t such that a Student variable lies between -t and t with probability `share`.

    For a whole number of degrees of freedom that probability is a finite sum of powers of a cosine (M. Abramowitz and
    I. Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4), which is inverted by halving an interval.

    Examples
    --------
    >>> round(student_t(0.95, 29), 4)
    2.0452
    """
    low, high = 0.0, pi / 2
    weights = _weights(degrees)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, weights, degrees) < share else (low, middle)
    return sqrt(degrees) * tan(low)


def normal_z(share: float) -> float:
    """Give the z such that a standard normal variable lies between -z and z with probability `share`."""
    return NormalDist().inv_cdf((1 + share) / 2)


def require_confidence(confidence: float) -> None:
    """Refuse a confidence that is not between 0 and 1."""
    require("confidence", confidence, above=0)
    if confidence >= 1:
        raise BadValue(f"confidence must be below 1; got {confidence!r}.")


def _weights(degrees: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Give the factors of the even powers of the cosine: 1, 1/2, 1*3/(2*4), ... or 1, 2/3, 2*4/(3*5), ..."""
    terms = (degrees - 1 if degrees % 2 else degrees) // 2
    step = np.arange(1, max(terms, 1))
    ratios = 2 * step / (2 * step + 1) if degrees % 2 else (2 * step - 1) / (2 * step)
    return np.concatenate([[1.0], np.cumprod(ratios)])


def _within(angle: float, weights: np.ndarray[tuple[int], np.dtype[np.float64]], degrees: int) -> float:
    """Probability that a Student variable is within ``sqrt(degrees) * tan(angle)`` of 0."""
    series = float(weights @ cos(angle) ** (2 * np.arange(len(weights))))
    if degrees % 2 == 0:
        return sin(angle) * series
    return 2 / pi * (angle + (sin(angle) * cos(angle) * series if degrees > 1 else 0.0))
