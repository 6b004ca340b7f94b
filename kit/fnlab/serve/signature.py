"""What goes into a model and what comes out: tensors by name, type and shape, and what an event may be."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite, prod
from typing import Any

from fnlab.errors import BadValue

#: Types that a row may be converted to.
INPUT_DTYPES = ("float32", "float64", "int32", "int64")

#: Types that a prediction may have.
OUTPUT_DTYPES = ("bool", "float32", "float64", "int64", "str")

#: Largest picture that a model may ask for, in pixels.
_MOST_PIXELS = 4096 * 4096


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """An input or output of a model.

    Attributes
    ----------
    name, dtype : str
        As the framework calls it; one of numpy's names of a type, or ``"str"``.
    shape : tuple of (int or None)
        The first dimension counts the rows and is ``None``, any number.

    Raises
    ------
    BadValue
        If a value breaks its rule.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise BadValue(f"a tensor must have a name; got {self.name!r}.")
        if self.dtype not in INPUT_DTYPES + OUTPUT_DTYPES:
            known = ", ".join(sorted({*INPUT_DTYPES, *OUTPUT_DTYPES}))
            raise BadValue(f"the dtype of {self.name!r} must be one of {known}; got {self.dtype!r}.")
        if not isinstance(self.shape, tuple) or not self.shape or self.shape[0] is not None:
            raise BadValue(f"the shape of {self.name!r} must begin with None, the rows; got {self.shape!r}.")
        for size in self.shape[1:]:
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise BadValue(
                    f"the shape of {self.name!r} must hold whole numbers of at least 1 after the rows; "
                    f"got {self.shape!r}."
                )

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return tuple(size for size in self.shape[1:] if size is not None)

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return prod(self.row_shape)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A text becomes a row of whole numbers, by the rule of :class:`fnlab.learn.TextEncoding`.

    Attributes
    ----------
    alphabet : str
        Characters that are told apart.
    length : int
        Numbers in a row.
    """

    alphabet: str
    length: int

    def __post_init__(self) -> None:
        if not isinstance(self.alphabet, str) or not self.alphabet or len(set(self.alphabet)) != len(self.alphabet):
            raise BadValue(f"alphabet must be a text of different characters; got {self.alphabet!r}.")
        if isinstance(self.length, bool) or not isinstance(self.length, int) or self.length < 1:
            raise BadValue(f"length must be a whole number of at least 1; got {self.length!r}.")


@dataclass(frozen=True, kw_only=True)
class Images:
    """A picture becomes a row: it is scaled to a size, and its pixels from black to white to a range of values.

    Attributes
    ----------
    height, width, channels : int
        Pixels, and 1 (grey) or 3 (red, green, blue) values each.
    black, white : float
        Values of the darkest and the brightest pixel. A model of bright strokes on a dark ground takes dark ones on
        paper when `black` is the larger.
    channels_first : bool
        Whether all of one colour comes before the next colour.
    """

    height: int
    width: int
    channels: int = 1
    black: float = 0.0
    white: float = 1.0
    channels_first: bool = False

    def __post_init__(self) -> None:
        for name, value in (("height", self.height), ("width", self.width)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadValue(f"{name} must be a whole number of pixels of at least 1; got {value!r}.")
        if self.height * self.width > _MOST_PIXELS:
            raise BadValue(f"an image must have at most {_MOST_PIXELS:,} pixels; got {self.height} x {self.width}.")
        if isinstance(self.channels, bool) or self.channels not in (1, 3):
            raise BadValue(f"channels must be 1 (grey) or 3 (red, green, blue); got {self.channels!r}.")
        for name, level in (("black", self.black), ("white", self.white)):
            if isinstance(level, bool) or not isinstance(level, int | float) or not isfinite(level):
                raise BadValue(f"{name} must be a finite number; got {level!r}.")
        if self.black == self.white:
            raise BadValue(f"black and white must differ; got {self.black!r} for both.")
        if not isinstance(self.channels_first, bool):
            raise BadValue(f"channels_first must be True or False; got {self.channels_first!r}.")


#: What an item of an event may be beside a row of numbers.
Takes = Texts | Images | None

_KINDS: Mapping[str, type[Texts] | type[Images]] = {"texts": Texts, "images": Images}


def takes_to_json(takes: Takes) -> dict[str, Any]:
    """Write down what an event may hold.

    Examples
    --------
    >>> takes_to_json(None)
    {'kind': 'rows'}
    """
    if takes is None:
        return {"kind": "rows"}
    return {"kind": next(kind for kind, known in _KINDS.items() if isinstance(takes, known)), **asdict(takes)}


def takes_from_json(values: object) -> Takes:
    """Read what :func:`takes_to_json` wrote.

    Raises
    ------
    BadValue
        If it is of no known kind, or has other keys than that kind.
    """
    if not isinstance(values, dict) or values.get("kind") not in ("rows", *_KINDS):
        raise BadValue(f"what an event holds must be of the kind rows, texts or images; got {values!r}.")
    settings = {name: value for name, value in values.items() if name != "kind"}
    kind = _KINDS.get(values["kind"])
    known = set(kind.__dataclass_fields__) if kind else set()
    if set(settings) != known:
        raise BadValue(f"an event of {values['kind']} must be described by {sorted(known)}; got {sorted(settings)}.")
    return kind(**settings) if kind else None


def tensor_from_json(values: object) -> TensorSpec:
    """Read a tensor's name, dtype and shape.

    Raises
    ------
    BadValue
        If it has other keys, or a value breaks its rule.
    """
    if not isinstance(values, dict) or set(values) != {"name", "dtype", "shape"}:
        raise BadValue(f"a tensor must be described by name, dtype and shape; got {values!r}.")
    shape = values["shape"]
    return TensorSpec(
        name=values["name"], dtype=values["dtype"], shape=tuple(shape) if isinstance(shape, list) else shape
    )
