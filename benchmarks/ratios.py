"""Speed as a ratio: what the kit does and what its rival does, in images per second."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Speeds:
    """One line of the table."""

    what: str
    kit: float
    rival: float

    @property
    def ratio(self) -> float:
        """How many times faster the kit is."""
        return self.kit / self.rival


def table(rows: Iterable[Speeds], what: str, rival: str, decimals: int) -> str:
    """The rows as a Markdown table, with these words in its head and that many decimals of the ratio."""
    lines = [f"| {what}, images per second | kit | {rival} | ratio |", "|---|---:|---:|---:|"]
    lines += [f"| {r.what} | {r.kit:,.0f} | {r.rival:,.0f} | {r.ratio:.{decimals}f}x |" for r in rows]
    return "\n".join(lines)
