"""Reverse-mode automatic differentiation of one number at a time.

A :class:`Value` remembers which values it was computed from and, for each of them, its slope: by how much it changes
when that one changes a little. The chain rule multiplies slopes along a path and adds over paths.
:meth:`Value.backward` does this for all paths at once, from the result to what it was computed from.

Source: S. Linnainmaa, "Taylor expansion of the accumulated rounding error", BIT 16 (1976), pages 146 to 160.
"""

import math

from fnlab.errors import BadValue


class Value:
    """A number that knows how it was computed.

    Parameters
    ----------
    data : float
        The number.

    Attributes
    ----------
    grad : float
        Derivative with respect to this value of what :meth:`backward` was last called on; 0 before.
    inputs, slopes, depth : tuple of Value, tuple of float, int
        What it was computed from, by how much it changes with each, and after how many steps.

    Examples
    --------
    >>> x, w = Value(3), Value(-2)
    >>> y = (w * x + 1) ** 2
    >>> y.backward()
    >>> y.data, w.grad
    (25.0, -30.0)
    """

    __slots__ = ("data", "depth", "grad", "inputs", "slopes")
    __array_ufunc__ = None  # a number of numpy leaves `number * value` to __rmul__

    def __init__(self, data: float) -> None:
        self.data = float(data)
        self.grad = 0.0
        self.inputs: tuple[Value, ...] = ()
        self.slopes: tuple[float, ...] = ()
        self.depth = 0

    def __repr__(self) -> str:
        return f"Value({self.data:g}, grad={self.grad:g})"

    def __add__(self, other: "Value | float") -> "Value":
        other = _as_value(other)
        return _computed(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = _as_value(other)
        return _computed(self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other: "Value | float") -> "Value":
        other = _as_value(other)
        quotient = self.data / other.data
        return _computed(quotient, (self, other), (1 / other.data, -quotient / other.data))

    def __pow__(self, exponent: float) -> "Value":
        if self.data < 0 and exponent != int(exponent):
            raise BadValue(f"a number below 0 has whole powers only; got {self.data:g} ** {exponent:g}.")
        slope = exponent * self.data ** (exponent - 1) if exponent else 0.0
        return _computed(self.data**exponent, (self,), (slope,))

    def exp(self) -> "Value":
        """Give e to the power of this value."""
        power = math.exp(self.data)
        return _computed(power, (self,), (power,))

    def log(self) -> "Value":
        """Give the natural logarithm.

        Raises
        ------
        BadValue
            If the value is not above 0.
        """
        if not self.data > 0:
            raise BadValue(f"a logarithm needs a number above 0; got {self.data:g}.")
        return _computed(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> "Value":
        """Give the hyperbolic tangent: from -1 to 1, and steep around 0."""
        squashed = math.tanh(self.data)
        return _computed(squashed, (self,), (1 - squashed**2,))

    def relu(self) -> "Value":
        """Give the value itself when it is above 0, and 0 otherwise; the slope at 0 is taken as 0."""
        return _computed(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def __neg__(self) -> "Value":
        return self * -1

    def __sub__(self, other: "Value | float") -> "Value":
        return self + -_as_value(other)

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __rsub__(self, other: float) -> "Value":
        return _as_value(other) - self

    def __rtruediv__(self, other: float) -> "Value":
        return _as_value(other) / self

    def backward(self) -> None:
        """Set ``grad`` of this value and of everything it was computed from.

        A later call starts from zero again; nothing is carried over.
        """
        ancestry = sorted(_ancestry(self), key=lambda value: value.depth, reverse=True)
        for value in ancestry:
            value.grad = 0.0
        self.grad = 1.0
        # A value is deeper than its inputs, so its grad is complete before it is passed on.
        for value in ancestry:
            for source, slope in zip(value.inputs, value.slopes, strict=True):
                source.grad += slope * value.grad


def _as_value(number: Value | float) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _computed(data: float, inputs: tuple[Value, ...], slopes: tuple[float, ...]) -> Value:
    """Make a value one step deeper than the deepest that it was computed from."""
    value = Value(data)
    value.inputs, value.slopes = inputs, slopes
    value.depth = 1 + max([source.depth for source in inputs])
    return value


def _ancestry(result: Value) -> list[Value]:
    """List a value and everything it was computed from; a list of open ends takes the place of recursion."""
    found, open_ends = {result: None}, [result]
    while open_ends:
        for source in open_ends.pop().inputs:
            if source not in found:
                found[source] = None
                open_ends.append(source)
    return list(found)
