"""From templates and values to HTML pages that need no other file and run nothing.

Texts come from strangers. The templates escape every value because Jinja's autoescape is on, and `visible`
sees each one before that. Only the filters `words` and `markdown`, and the address of a `picture`, return
`Markup`. The page forbids scripts and every load but its own pictures, should something slip through all the
same.
"""

import base64
import re
import struct
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bleach
import jinja2
import mistune
from markupsafe import Markup, escape

from labkit.exercises import all_exercises
from labkit.markup import CIRCLE, CROSS, TICK, with_code
from labkit_instructor.submissions.figures import png

TEMPLATES = Path(__file__).resolve().parent / "templates"
MOST_TEXT = 20_000  # characters of one text on a page

# fmt: off
_TAGS = frozenset((
    "p", "br", "hr", "strong", "em", "del", "code", "pre", "ul", "ol", "li", "blockquote", "a", "span", "div",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
))
# fmt: on
_PAINT = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")  # colours and the like, for a terminal
# Named one by one: Cf also holds the joiner that emoji and several scripts need.
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@dataclass(frozen=True)
class Look:
    """How a status looks: ``sign`` stands before the word, ``tone`` is the class of its colour; ``says`` is
    for the student where a mark gives no reason of its own."""

    sign: str
    tone: str
    says: str = ""


LOOKS = {
    "right": Look(TICK, "good"),
    "wrong": Look(CROSS, "bad"),
    "raised": Look("!", "stop", "Your code stopped with an error."),
    "timed out": Look("…", "late", "Your code was still running when its time was up."),
    "not attempted": Look(CIRCLE, "none", "The cell is as it was handed out."),
    "missing": Look("–", "none", "The notebook has no cell that answers this exercise."),
    "refused": Look("⊘", "stop", "This answer was not run."),
    "to review": Look("✎", "wait", "A person reads this answer; its points come later."),
    "reviewed": Look("●", "wait"),
}


@dataclass(frozen=True)
class Png:
    """A PNG on a page: its size in pixels, and the data URL that holds it."""

    width: int
    height: int
    url: Markup


def render(template: str, **values: Any) -> str:
    """The page that a template makes of these values.

    Raises:
        jinja2.UndefinedError: the template uses a value that is not given.
    """
    return environment().get_template(template).render(values)


@cache
def environment() -> jinja2.Environment:
    """What turns templates into pages, made once."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"cut": cut, "words": words, "markdown": markdown, "number": number, "many": many}
    made.globals |= {"look": look, "title": title}
    return made


def visible(value: Any, most: int = MOST_TEXT) -> Any:
    """A value as a page may show it, before it is escaped. Control characters, lone surrogates and the marks
    that turn the direction of writing become visible; past ``most`` characters a text is cut."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = cut(value, most)
    if text.isascii() and text.isprintable():
        return text
    text = _PAINT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(_shape(c) for c in text)


def cut(text: str, most: int) -> str:
    """The text, or its first ``most`` characters and, where it is many, how many were left out."""
    if len(text) <= most:
        return text
    left = len(text) - most
    return f"{text[:most]} …" + (f" ({left:,} more characters)" if left > 200 else "")


def words(text: str, most: int = MOST_TEXT) -> Markup:
    """The text, at most so many characters of it, in which `this` becomes code, as in a notebook's check."""
    # Markup, as the text is escaped here, before the tags of the kit go around its pieces.
    return Markup(with_code(str(escape(visible(text, most)))))


def markdown(text: str, most: int = MOST_TEXT) -> Markup:
    """The HTML of a stranger's Markdown: no raw HTML, no pictures, links to the web only; $maths$ stays as it
    was typed. A text that cannot be rendered is shown as it is."""
    plain = visible(text, most)
    try:
        # Markup, as `bleach` leaves nothing but the plain tags and web links named here.
        return Markup(_cleaned(_rendered(plain)))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return Markup("<pre>{}</pre>").format(plain)  # `format` of Markup escapes what it puts in


def picture(encoded: str) -> Png | None:
    """A PNG in base64 as a picture; None where it is none, or is larger than a page should hold."""
    clean = png(encoded)
    if not clean:
        return None
    width, height = struct.unpack(">II", base64.b64decode(clean[:32])[16:24])
    # Markup, so that it is not cut like a text: `png` has encoded it anew, so it is plain base64.
    return Png(width, height, Markup(f"data:image/png;base64,{clean}"))


def look(status: str) -> Look:
    """The look of a status; of one that this version does not know, a plain one."""
    return LOOKS.get(status, Look("?", "none"))


def title(exercise: str, otherwise: str = "") -> str:
    """The title of an exercise; of one that this kit does not have, what is given instead."""
    return _titles().get(exercise, otherwise)


def number(value: float) -> str:
    """Points as people write them: 3, not 3.0; 2.5; no more than two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def many(count: float, singular: str) -> str:
    """A count or points with their noun: "1 exercise", "1,200 exercises", "2.5 points"."""
    said = f"{count:,}" if isinstance(count, int) else number(count)
    return f"{said} {singular if count == 1 else singular + 's'}"


@cache
def _titles() -> dict[str, str]:
    """id -> title; kept, as it takes longer to find the exercises than to make a page."""
    return {i: exercise.title for i, exercise in all_exercises().items()}


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
