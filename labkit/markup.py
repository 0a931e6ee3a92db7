"""How a report shows what came of an answer: the signs, their colours, `this` in a text as code,
and nothing that a terminal would obey.

Checks in a notebook, the table of ``hand_in`` and the pages of feedback all use these, so that a student
sees the same thing everywhere. The colours are those of Okabe and Ito (2008), which people who do not see red
and green apart can still tell from each other.
"""

TICK, CROSS, CIRCLE = "✔", "✘", "○"  # it holds, it does not, nothing has been tried
GREEN, ORANGE, GREY = "#009E73", "#D55E00", "#808080"


def printable(text: object) -> str:
    """The text with � for what a terminal would obey instead of showing: escape codes, control characters,
    lone surrogates. File names and damaged files bring them along."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def with_code(escaped: str) -> str:
    """Put what stands between two backticks into ``<code>``.

    Args:
        escaped: text that is safe as HTML. One with an odd number of backticks is returned as it is.
    """
    parts = escaped.split("`")
    if len(parts) % 2 == 0:
        return escaped
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
