"""What papers published of real platforms: dated facts, read from ``published.toml``."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.workload.heavy import Burr, Lognormal, Weibull
from fnlab.workload.laws import Law


@dataclass(frozen=True, kw_only=True)
class Published:
    """A distribution, with where it comes from.

    Attributes
    ----------
    title : str
        What is distributed so.
    kind : str
        Name of the law, as in the file.
    parameters : Mapping of str to float
        Its parameters.
    unit, source, as_of, note : str
        What a value means, where and when it was read.
    status : str
        ``"confirmed"``, ``"secondary"`` (not read in the source itself) or ``"unconfirmed"``.
    """

    title: str
    kind: str
    parameters: Mapping[str, float]
    unit: str
    source: str
    as_of: str
    status: Literal["confirmed", "secondary", "unconfirmed"]
    note: str

    @property
    def law(self) -> Law:
        """The distribution, to draw from; its values are in `unit`."""
        makers: dict[str, Callable[..., Law]] = {
            "lognormal": Lognormal,
            "burr": Burr,
            "lognormal-of-mean": Lognormal.of_mean,
            "weibull-of-mean": Weibull.of_mean,
        }
        if self.kind not in makers:
            raise BadValue(f"to be drawn from, a law must be one of {', '.join(makers)}; this is {self.kind!r}.")
        return makers[self.kind](**self.parameters)

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:g}" for name, value in self.parameters.items())
        return f"{self.title}: {self.kind} ({numbers}) in {self.unit}; {self.status}, {self.as_of}; {self.source}"

    def _repr_html_(self) -> str:
        rows = {"law": self.kind} | {name: f"{value:g}" for name, value in self.parameters.items()}
        rows |= {"unit": self.unit, "source": self.source, "as of": self.as_of, "status": self.status}
        return facts(self.title, rows | ({"note": self.note} if self.note else {}))


def published(name: str) -> Published:
    """Look up a published distribution.

    Raises
    ------
    BadValue
        If there is none of that name; the message lists those there are.

    Examples
    --------
    >>> published("huawei-cold-start").law.mean_s
    3.24
    """
    if name not in _all():
        raise BadValue(f"a published distribution is one of {', '.join(_all())}; got {name!r}.")
    return _all()[name]


@cache
def _all() -> dict[str, Published]:
    entries = tomllib.loads((files("fnlab.workload") / "published.toml").read_text(encoding="utf-8"))
    return {name: Published(kind=entry.pop("law"), **entry) for name, entry in entries.items()}
