"""The nouns of money: a line, and a bill of lines."""

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from fnlab.cost.sheets import Status, marked, worst
from fnlab.errors import BadValue

if TYPE_CHECKING:
    import pandas as pd

_CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a bill.

    Attributes
    ----------
    item : str
        What is billed.
    quantity, unit : Decimal, str
        How much of it.
    unit_price, amount : Decimal
        In the bill's currency; the amount is not rounded.
    status, source : str
        How certain the facts behind the line are, and where they come from.
    note : str
        How the quantity came about.
    """

    item: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    status: Status
    source: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a usage costs on one price sheet.

    Attributes
    ----------
    sheet, title : str
        The sheet's name in code and in print.
    currency : str
        ISO code.
    lines : tuple of Line
        They add up to :attr:`total`.
    notes : tuple of str
        What was assumed, and what is not in the total.
    """

    sheet: str
    title: str
    currency: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """Sum of the lines, not rounded."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def total_usd(self) -> float:
        """The total as a float, of a bill in US dollars.

        Raises
        ------
        BadValue
            If the bill is in another currency.
        """
        if self.currency != "USD":
            raise BadValue(
                f"total_usd must be asked of a bill in USD, for fnlab has no exchange rate; "
                f"{self.sheet!r} bills in {self.currency}."
            )
        return float(self.total)

    @property
    def status(self) -> Status:
        """The least certain status of any line."""
        return worst(line.status for line in self.lines)

    @property
    def frame(self) -> "pd.DataFrame":
        """The lines as a DataFrame."""
        import pandas as pd

        return pd.DataFrame([vars(line) for line in self.lines], columns=list(Line.__dataclass_fields__))

    def __repr__(self) -> str:
        doubt = "" if self.status == "confirmed" else f", {self.status}"
        return f"Bill({self.sheet!r}, {money(self.total, self.currency)}, {len(self.lines)} lines{doubt})"

    def _repr_html_(self) -> str:
        head = "<tr><th>item</th><th>quantity</th><th>unit</th><th>unit price</th><th>amount</th><th>status</th></tr>"
        rows = "".join(self._row(line) for line in self.lines)
        total = (
            f"<tr><th style='text-align:left' colspan='4'>total</th><th>{money(self.total, self.currency)}</th></tr>"
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<table><caption>{escape(self.title)}</caption>{head}{rows}{total}</table>"
            + f"<ul>{notes}</ul>" * bool(notes)
        )

    def _row(self, line: Line) -> str:
        title = escape(f"{line.note}. {line.source}" if line.note else line.source, quote=True)
        cells = (
            quantity(line.quantity),
            escape(line.unit),
            f"{line.unit_price.normalize():f}",
            money(line.amount, self.currency),
            marked(line.status),
        )
        body = "".join(f"<td>{cell}</td>" for cell in cells)
        return f"<tr title='{title}'><td style='text-align:left'>{escape(line.item)}</td>{body}</tr>"


def money(amount: Decimal, currency: str) -> str:
    """Write an amount: two decimals, or two digits when it is less than a cent.

    Examples
    --------
    >>> money(Decimal("1234.567"), "USD"), money(Decimal("0.0000416"), "USD")
    ('1,234.57 USD', '0.000042 USD')
    """
    if amount == 0 or abs(amount) >= _CENT:
        return f"{amount:,.2f} {currency}"
    return f"{Decimal(f'{amount:.1e}'):f} {currency}"


def quantity(number: Decimal) -> str:
    """Write a quantity with at most three decimals.

    Examples
    --------
    >>> quantity(Decimal("540000.000")), quantity(Decimal("0.12345"))
    ('540,000', '0.123')
    """
    text = f"{number:,.3f}"
    return text.rstrip("0").rstrip(".")
