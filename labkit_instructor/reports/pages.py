"""What every page for people is made of: one HTML file that needs nothing else and runs nothing.

Texts come from strangers. `escaped`, `words` and `markdown` return HTML that is safe to put between tags and
inside quoted attributes; whatever stands outside them is the kit's own. The page forbids scripts and every
load but its own pictures, should something slip through all the same.
"""

import base64
import html
import re
import struct
import unicodedata

import bleach
import mistune

from labkit.markup import with_code
from labkit_instructor.reports.style import CSS
from labkit_instructor.submissions.figures import png

MOST_TEXT = 20_000  # characters of one text on a page

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""

_TAGS = frozenset(
    (
        "p",
        "br",
        "hr",
        "strong",
        "em",
        "del",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "blockquote",
        "a",
        "span",
        "div",
    )
    + ("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td")
)
_PAINT = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")  # colours and the like, for a terminal
# Named one by one: Cf also holds the joiner that emoji and several scripts need.
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def page(title: str, body: str, *, css: str = "") -> str:
    """One HTML page that needs no other file.

    Args:
        title: plain text, for the window.
        body: HTML, made with the functions below.
        css: styles that only this page needs, after those of every page.
    """
    return _PAGE.format(policy=_POLICY, title=escaped(title, 200), css=CSS + css, body=body)


def escaped(text: str, most: int = MOST_TEXT) -> str:
    """The text as HTML that shows it, with what has no shape made visible: control characters, lone
    surrogates, and the marks that turn the direction of writing. Past ``most`` characters it is cut and says
    so."""
    return html.escape(_shown(clipped(text, most)))


def words(text: str, most: int = MOST_TEXT) -> str:
    """Escaped text in which `this` becomes code, as a check in the notebook has it."""
    return with_code(escaped(text, most))


def markdown(text: str, most: int = MOST_TEXT) -> str:
    """The HTML of a stranger's Markdown: no raw HTML, no pictures, links to the web only; $maths$ stays as it
    was typed. A text that cannot be rendered is shown as it is."""
    plain = _shown(clipped(text, most))
    try:
        return _cleaned(_rendered(plain))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return f"<pre>{html.escape(plain)}</pre>"


def clipped(text: str, most: int) -> str:
    """The text, or its first ``most`` characters and, where it is many, how many were left out."""
    if len(text) <= most:
        return text
    left = len(text) - most
    return f"{text[:most]} …" + (f" ({left:,} more characters)" if left > 200 else "")


def picture(encoded: str, alt: str) -> str:
    """An ``<img>`` of a PNG in base64; empty where it is none, or is larger than a page should hold."""
    clean = png(encoded)
    if not clean:
        return ""
    width, height = struct.unpack(">II", base64.b64decode(clean[:32])[16:24])
    size = f'width="{width}" height="{height}"'
    return f'<img {size} alt="{escaped(alt, 200)}" src="data:image/png;base64,{clean}">'


def number(value: float) -> str:
    """Points as people write them: 3, not 3.0; 2.5; no more than two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def many(count: int, singular: str, plural: str = "") -> str:
    """A count with its noun: "1 exercise", "3 exercises"."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def _shown(text: str) -> str:
    """The text without characters that act instead of showing something."""
    if text.isascii() and text.isprintable():
        return text
    text = _PAINT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(_shape(c) for c in text)


def _shape(character: str) -> str:
    code = ord(character)
    if character in "\n\t":
        return character
    if code < 32 or code == 127:
        return f"\\x{code:02x}"
    if character in _TURNING:
        return f"[U+{code:04X}]"
    # Cc: the rest of the control characters; Cs: half a surrogate pair, which no file can hold.
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cs") else character


def _rendered(text: str) -> str:
    render = mistune.create_markdown(escape=True, plugins=["math", "table", "strikethrough"])
    # The plugin keeps formulas away from emphasis, and writes them for a script that is not here.
    formula = re.compile(r'(<span class="math">)\\\((.*?)\\\)(</span>)', re.DOTALL)
    return formula.sub(r"\1$\2$\3", str(render(text)))


def _cleaned(found: str) -> str:
    safe = bleach.clean(found, tags=_TAGS, attributes=_allowed, protocols=["http", "https"], strip=True)
    return safe.replace("<a ", '<a rel="noreferrer noopener nofollow" ')


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "a":
        return name == "href" and value.lower().startswith(("http://", "https://"))
    return tag in ("span", "div") and (name, value) == ("class", "math")
