"""A student's settings become checked settings, or one clear line about what is wrong with them.

Each field of a settings dataclass is declared with its rule, `number`, `whole`, `choice` or `flag`, and
``__post_init__`` calls `check`: so settings that exist can be played, however they were made.

    @dataclass(frozen=True)
    class Mine:
        g_lr: float = number(1e-3, "a learning rate", low=0, high=1, above=True, say="1e-3")
        steps: int = whole(500, "a number of steps", low=1, high=5_000)

        def __post_init__(self):
            check(self)
"""

import difflib
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np

Kind = TypeVar("Kind")
MOST_SEEDS = 100
LOSSES = ("non-saturating", "saturating", "relativistic")
_RULE = "rule"


class GameError(ValueError):
    """Settings that cannot be played. The message is one line: what is wrong, and what to write."""


@dataclass(frozen=True)
class Rule:
    """What one setting may be: a number in a range, or one of the ``values``."""

    what: str
    say: str
    low: float = 0.0
    high: float = 0.0
    above: bool = False
    is_whole: bool = False
    values: tuple = ()

    def clean(self, name: str, value: Any) -> Any:
        """Return the value as a plain int, float, bool or str.

        Raises:
            GameError: the rule does not allow it.
        """
        if self.values:
            return self._one_of(name, value)
        wanted = f"give {self.what} {self.range()}, say {self.say}."
        if isinstance(value, str):
            raise GameError(f"{name} is the text {_short(value)}: {wanted[:-1]}, without quotes.")
        if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
            raise GameError(f"{name} is {_short(value)}, no number: {wanted}")
        try:
            value = value if isinstance(value, int) else float(value)
            fits = self.low <= value <= self.high and not (self.above and value == self.low)
            fits = fits and not (self.is_whole and value != int(value))
        except OverflowError:
            fits = False
        if not fits:
            raise GameError(f"{name} is {_short(value)}: {wanted}")
        return int(value) if self.is_whole else float(value)

    def range(self) -> str:
        low, high = (f"{x:,.0f}" if x == int(x) else f"{x:g}" for x in (self.low, self.high))
        if self.is_whole:
            return f"from {low} to {high}"
        return f"{'above' if self.above else 'from'} {low} {'and at most' if self.above else 'to'} {high}"

    def _one_of(self, name: str, value: Any) -> Any:
        plain = bool(value) if isinstance(value, np.bool_) else value
        for allowed in self.values:
            if type(plain) is type(allowed) and plain == allowed:
                return allowed
        meant = difflib.get_close_matches(str(plain), [str(v) for v in self.values], 1, 0.5)
        which = ", ".join(repr(v) for v in self.values[:-1]) + f" or {self.values[-1]!r}"
        guess = f" Did you mean {meant[0]!r}?" if meant and isinstance(plain, str) else ""
        raise GameError(f"{name} is {_short(value)}: {self.what} is {which}.{guess}")


def number(default: float, what: str, *, low: float, high: float, say: str, above: bool = False) -> Any:
    """A field that holds a float from ``low`` to ``high``; with ``above``, ``low`` itself is not allowed."""
    return field(default=default, metadata={_RULE: Rule(what, say, low, high, above)})


def whole(default: int, what: str, *, low: int, high: int, say: str = "") -> Any:
    """A field that holds an int from ``low`` to ``high``."""
    rule = Rule(what, say or f"{default:,}".replace(",", "_"), low, high, is_whole=True)
    return field(default=default, metadata={_RULE: rule})


def choice(default: str, what: str, values: tuple[str, ...]) -> Any:
    """A field that holds one of the words."""
    return field(default=default, metadata={_RULE: Rule(what, default, values=values)})


def flag(default: bool) -> Any:
    """A field that holds True or False."""
    return field(default=default, metadata={_RULE: Rule("this switch", str(default), values=(True, False))})


def learning_rate(default: float) -> Any:
    """A field that holds a learning rate, above 0 and at most 1."""
    return number(default, "a learning rate", low=0, high=1, above=True, say="1e-3")


def decay(default: float) -> Any:
    """A field that holds Adam's beta1, 0 to 0.999."""
    return number(default, "a decay", low=0, high=0.999, say="0.5")


def check(settings: Any) -> None:
    """Check every field of a dataclass against its rule, and make its values plain Python numbers.

    To be called from ``__post_init__``, of a frozen dataclass too.

    Raises:
        GameError: the first field that breaks its rule.
    """
    for one in fields(settings):
        if _RULE in one.metadata:
            value = one.metadata[_RULE].clean(one.name, getattr(settings, one.name))
            object.__setattr__(settings, one.name, value)


def check_packing(settings: Any) -> None:
    """Check that a batch can be divided into packs: ``batch_size`` is a multiple of ``packing``.

    Raises:
        GameError: it is not.
    """
    if settings.batch_size % settings.packing:
        raise GameError(
            f"packing {settings.packing} does not divide batch_size {settings.batch_size}: "
            "a batch must consist of whole packs."
        )


def settings_from(
    kind: type[Kind],
    changes: Any,
    *,
    base: Kind | None = None,
    allowed: tuple[str, ...] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> Kind:
    """Settings from what a student wrote: a dict of names and values, on top of ``base``.

    Args:
        kind: the settings dataclass, `Ring` or `Digits`.
        changes: a dict; an empty one changes nothing.
        base: what is not in ``changes`` comes from here; None means the defaults.
        allowed: the names that may change in this exercise; None means all.
        at_most: the largest value that a number may have in this exercise, by name.

    Raises:
        GameError: no dict, an unknown name, one that must stay as it is, or a value that cannot be played.
            The message advises nothing that is not allowed.
    """
    names = [one.name for one in fields(kind)]
    allowed = tuple(names) if allowed is None else allowed
    if not isinstance(changes, Mapping):
        raise GameError(
            f'settings are {_short(changes)}: write a dict of names and values, {{"{allowed[0]}": ...}}.'
        )
    for name, value in changes.items():
        if name not in names:
            meant = _meant(str(name), allowed)
            guess = f": did you mean {meant!r}?" if meant else "."
            raise GameError(f"unknown setting {_short(name)}{guess} You may set {', '.join(allowed)}.")
        if name not in allowed:
            raise GameError(f"{name} stays as it is here: change only {', '.join(allowed)}.")
        if name in (at_most or {}):
            rule = kind.__dataclass_fields__[name].metadata[_RULE]
            replace(rule, high=at_most[name]).clean(name, value)
    return replace(kind() if base is None else base, **changes)


def _meant(name: str, allowed: Sequence[str]) -> str:
    """The name that somebody meant: one of the same words, or else one that looks alike; "" for none."""
    words = sorted(name.lower().replace("-", "_").split("_"))
    same = [known for known in allowed if sorted(known.split("_")) == words]
    return (same or difflib.get_close_matches(name, allowed, 1, 0.5) or [""])[0]


def checked(kind: type[Kind], settings: Any) -> Kind:
    """Return ``settings`` when they are of this kind.

    Raises:
        GameError: they are something else, a dict for example.
    """
    if not isinstance(settings, kind):
        name = kind.__name__
        raise GameError(f"settings are {_short(settings)}: give a {name}, say {name}({_first(kind)}=...).")
    return settings


def clean_seeds(seeds: Iterable[int]) -> list[int]:
    """The seeds as a list of ints.

    Raises:
        GameError: none, more than 100, or one that is no whole number from 0 to 2**31 - 1.
    """
    if isinstance(seeds, str | bytes) or not isinstance(seeds, Iterable):
        raise GameError(f"seeds are {_short(seeds)}: give a list of whole numbers, say range(5).")
    rule = Rule("a whole number", "0", 0, 2**31 - 1, is_whole=True)
    found = []
    for seed in seeds:
        if len(found) == MOST_SEEDS:
            raise GameError(f"more than {MOST_SEEDS} seeds: give fewer, say range(5).")
        found.append(rule.clean("a seed", seed))
    if not found:
        raise GameError("no seeds: give at least one, say range(5).")
    return found


def clean_count(name: str, value: Any, high: int, say: str) -> int:
    """A whole number from 1 to ``high``, or a GameError that names it."""
    return Rule("a whole number", say, 1, high, is_whole=True).clean(name, value)


def row_of(seed: int, seeds: list[int]) -> int:
    """Where a seed stands among those that were played.

    Raises:
        KeyError: this seed was not played.
    """
    if seed not in seeds:
        raise KeyError(f"seed {seed} was not played: choose among {seeds}.")
    return seeds.index(seed)


def _first(kind: type) -> str:
    first: Field = fields(kind)[0]
    return first.name


def _short(value: Any) -> str:
    """How a value looks in a message: one line of at most about 40 characters."""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 10**15 else "a number of many digits"
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."
