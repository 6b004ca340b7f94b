"""One day under one set of choices: what the sliders of a widget stand for, and what follows from them."""

from dataclasses import asdict, dataclass, fields
from typing import Self

from fnlab.cost import Bill, bill, machines, vm_bill
from fnlab.cost.vm import sheet_of
from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.measure import Timeline, timeline
from fnlab.simulator import run
from fnlab.trace import Trace
from fnlab.units import S_PER_H, S_PER_MIN, require
from fnlab.workload import Profile, day

_BIN_S = 15 * S_PER_MIN
#: A day of so many is about a million page views, a second or two of simulation.
_MOST_PER_HOUR = 100_000


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Choices that fit on a line of text, so that a reader can paste them into a question.

    Parameters
    ----------
    peak_per_hour : float
        Page views in the busiest hour.
    keep_alive_s, memory_mib, max_instances
        As in :class:`fnlab.functions.Function`.
    curve : str
        Shape of the day, see :func:`fnlab.workload.day`.
    seed : int
        Chance, fixed.

    Raises
    ------
    BadValue
        If the busiest hour has more page views than can be simulated while a reader waits, or the seed is not a whole
        number from 0.

    Examples
    --------
    >>> Scenario(peak_per_hour=1000).text
    'peak_per_hour=1000 keep_alive_s=300 memory_mib=512 max_instances=100 curve=elasticity seed=0'
    >>> Scenario.of(Scenario(memory_mib=256).text) == Scenario(memory_mib=256)
    True
    """

    peak_per_hour: float = 800
    keep_alive_s: float = 300
    memory_mib: int = 512
    max_instances: int = 100
    curve: str = "elasticity"
    seed: int = 0

    def __post_init__(self) -> None:
        require("peak_per_hour", self.peak_per_hour, at_least=0)
        if self.peak_per_hour > _MOST_PER_HOUR:
            raise BadValue(f"peak_per_hour must be at most {_MOST_PER_HOUR:,}; got {self.peak_per_hour!r}.")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise BadValue(f"seed must be a whole number from 0; got {self.seed!r}.")

    @property
    def text(self) -> str:
        """The choices as ``name=value`` words."""
        return " ".join(f"{name}={value}" for name, value in asdict(self).items())

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what :attr:`text` wrote.

        Raises
        ------
        BadValue
            If a word is not ``name=value`` or names an unknown choice.
        """
        kinds = {field.name: type(field.default) for field in fields(cls)}
        choices: dict[str, object] = {}
        for word in text.split():
            name, equals, value = word.partition("=")
            if not equals or name not in kinds:
                raise BadValue(f"a scenario's words are name=value with {', '.join(kinds)}; got {word!r}.")
            choices[name] = value if kinds[name] is str else _number(name, value)
        return cls(**choices)  # type: ignore[arg-type]  # each value has its field's type


def _number(name: str, text: str) -> int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise BadValue(f"{name} must be a number; got {text!r}.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """What a scenario leads to.

    Attributes
    ----------
    scenario : Scenario
        The choices.
    trace, timeline : Trace, Timeline
        The simulated day, whole and in bins of 15 minutes.
    per_instance_h : float
        Page views an hour that one instance can serve.
    bill, machine_bill : Bill
        What the day costs by the invocation, and what the bought machines cost.
    machines : int
        How many would have been bought to carry the busiest hour.
    """

    scenario: Scenario
    trace: Trace
    timeline: Timeline
    per_instance_h: float
    bill: Bill
    machine_bill: Bill
    machines: int


def play(
    scenario: Scenario,
    *,
    profile: Profile,
    machine_per_hour: float,
    sheet: str = "aws-lambda",
    machine: str = "t3.medium",
) -> Outlook:
    """Simulate a scenario's day and bill it, beside the machines that would have been bought.

    Parameters
    ----------
    scenario : Scenario
        The choices.
    profile : Profile
        How long a page view keeps an instance busy.
    machine_per_hour : float
        Page views an hour that one bought machine can serve.
    sheet, machine : str
        Price sheet of the function, and the machine to compare with.
    """
    function = Function(
        name="page",
        handler="page:view",
        package=Package({}),
        memory_mib=scenario.memory_mib,
        scaling=Scaling(keep_alive_s=scenario.keep_alive_s, max_instances=scenario.max_instances),
    )
    workload = day(scenario.peak_per_hour, curve=scenario.curve, seed=scenario.seed)
    trace = run(function, workload, profile=profile, seed=scenario.seed)
    count = max(1, machines(scenario.peak_per_hour, capacity_per_hour=machine_per_hour))
    return Outlook(
        scenario=scenario,
        trace=trace,
        timeline=timeline(trace, bin_s=_BIN_S),
        per_instance_h=S_PER_H / profile.mean_service_s(function.cpu_share),
        bill=bill(trace, sheet),
        machine_bill=vm_bill(trace, machine, count=count, sheet_name=sheet_of(machine)),
        machines=count,
    )
