"""What the doctor found: one line per thing, aligned, at most 80 columns wide."""

import sys
import textwrap
from dataclasses import dataclass

_WIDTH = 80


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        thing: what was checked.
        state: ``ok``; ``note`` for something that is fine but worth knowing; ``fix`` for what stops the labs.
        text: what was found.
        advice: what to do, empty when there is nothing to do.
    """

    thing: str
    state: str
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """All findings; prints as aligned lines of at most 80 columns."""

    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """True when nothing stops the labs."""
        return all(finding.state != "fix" for finding in self.findings)

    def __str__(self) -> str:
        lines = [line for finding in self.findings for line in _lines(finding)]
        broken = sum(finding.state == "fix" for finding in self.findings)
        verdict = "Ready for the labs." if self.ready else f"{broken} to fix: see the lines that say so."
        return _printable("\n".join([*lines, "", verdict]))

    __repr__ = __str__


def _lines(finding: Finding) -> list[str]:
    sign = {"ok": "✓ ok  ", "note": "· note", "fix": "✗ fix "}[finding.state]
    head = f"{sign} {finding.thing:<12} "
    return _wrapped(head, finding.text) + (
        _wrapped(" " * len(head) + "→ ", finding.advice) if finding.advice else []
    )


def _printable(text: str) -> str:
    """An old Windows console cannot show the signs: leave them out there."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        for sign, letters in {"✓ ": "", "· ": "", "✗ ": "", "→": ">"}.items():
            text = text.replace(sign, letters)
    return text


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head]
