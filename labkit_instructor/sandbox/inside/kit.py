"""What an answer finds of the kit: what its lab shows, and nothing that answers an exercise.

Whatever the kit computes could be handed in as an answer, under any name and by any way that leads to it. So
it is not there: before a student's code runs, the body of every function of the kit that is not needed goes.
What remains is what the lab's own cells import, what the exercise's probe calls, and all that these need.
"""

import contextlib
import functools
import gc
import importlib
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Nobody looks while answers are graded: what only shows something does nothing. So do the figures of `plots`.
_SHOWING = ("labkit.checks", "labkit.doctor", "labkit.hand_in", "labkit.notebook", "labkit.widgets")
_SAYS_WHAT_IT_IS = ("__eq__", "__hash__", "__repr__")  # no answer: left, so that any value can be printed
_MOST = 2_000  # elements of a table that are followed


@dataclass(frozen=True)
class Shown:
    """What a lab lets its answers have of the kit.

    Attributes:
        names: "labkit.plots", "labkit.logbook.Logbook": what the lab's own cells import. Of a module it is
            all that the module itself offers.
        answers: "labkit.losses": modules and names that answer an exercise, whatever else needs them.
    """

    names: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


NOTHING = Shown()


@dataclass(frozen=True)
class Remains:
    """What is still there for one exercise: its functions by identity, and the names in the kit's modules."""

    functions: set[int] = field(default_factory=set)
    names: set[tuple[str, str]] = field(default_factory=set)


def functions() -> list[types.FunctionType]:
    """Every function of the kit that was loaded, methods and inner functions with them."""
    return [f for f in gc.get_objects() if type(f) is types.FunctionType and _is_kit(_home(f))]


class Loaded:
    """What is loaded of the kit. A collection in a fork would copy pages that all of them share, so whatever
    is there by now is out of its reach."""

    def __init__(self) -> None:
        self.modules = self._modules()
        self.functions = functions()
        gc.freeze()

    def load(self, shown: Shown) -> None:
        """Import the modules of what is shown: once the rest is taken away, nothing of the kit comes in."""
        for name in shown.names:
            for module in (name, name.rpartition(".")[0]):  # the one, or that of a function or class
                with contextlib.suppress(ImportError):
                    importlib.import_module(module)
        if self.modules != self._modules():
            gc.unfreeze()
            self.__init__()

    def _modules(self) -> set[str]:
        return {name for name in sys.modules if _is_kit(name)}


def remains(shown: Shown, roots: Iterable[Any]) -> Remains:
    """What stays: what the lab shows, less what answers it, and all that ``roots`` need.

    Args:
        roots: the exercise, and what runs after the student's cells. What they need stays, come what may.
    """
    left = Remains()
    walk = _Walk(left, shown.answers)
    for name in shown.names:
        walk.offered(name)
    walk = _Walk(left)
    for root in roots:
        walk.visit(root)
    return left


def withdraw(loaded: Iterable[types.FunctionType], left: Remains) -> None:
    """Take away, in this process and for good, all of the kit that does not remain."""
    for function in loaded:
        if id(function) not in left.functions and function.__name__ not in _SAYS_WHAT_IT_IS:
            function.__code__ = _instead(_only_shows(function), function.__code__.co_freevars)
    for name, module in list(sys.modules.items()):
        for key, value in list(vars(module).items()) if _is_kit(name) else ():
            stays = callable(value) or isinstance(value, types.ModuleType) or key.startswith("__")
            if not stays and (name, key) not in left.names:
                delattr(module, key)


class _Walk:
    """From what is wanted to all that it needs, by the names that the code of each function mentions.

    Args:
        barred: where not to go. Without any, everything may be needed; with some, what only shows is not.
    """

    def __init__(self, left: Remains, barred: tuple[str, ...] | None = None) -> None:
        self.left = left
        self.barred = barred
        self.barred_things = {id(thing) for name in barred or () for thing in _named(name)}
        self.seen: dict[Any, Any] = {}  # holds what was seen, so that no identity is used twice

    def offered(self, dotted: str) -> None:
        """Follow a name that a lab imports: a module's own contents, or the one thing that it stands for."""
        module = sys.modules.get(dotted)
        if module is None:
            owner, _, last = dotted.rpartition(".")
            if owner in sys.modules and last in vars(sys.modules[owner]):
                self._attribute(sys.modules[owner], last, frozenset())
            return
        listed = getattr(module, "__all__", ())
        for name, value in list(vars(module).items()):
            own = getattr(value, "__module__", dotted) == dotted and not name.startswith("_")
            if (own or name in listed) and not isinstance(value, types.ModuleType):
                self._attribute(module, name, frozenset())

    def visit(self, thing: Any) -> None:
        """Follow a value."""
        if id(thing) in self.seen or id(thing) in self.barred_things:
            return
        self.seen[id(thing)] = thing
        if isinstance(thing, types.FunctionType):
            self._function(thing)
        elif isinstance(thing, type):
            if _is_kit(str(thing.__module__)) and not self._is_barred(thing.__module__):
                self._all((*thing.__bases__, *vars(thing).values()))
        elif isinstance(thing, Mapping):
            self._all(list(thing.values())[:_MOST])
        elif isinstance(thing, list | tuple | set | frozenset):
            self._all(list(thing)[:_MOST])
        elif isinstance(thing, types.CellType):
            with contextlib.suppress(ValueError):  # not set
                self.visit(thing.cell_contents)
        elif not isinstance(thing, types.ModuleType):
            self._all(_wrapped(thing))
            if _is_kit(str(type(thing).__module__)):
                self._all((type(thing), getattr(thing, "__dict__", {})))

    def _all(self, parts: Iterable[Any]) -> None:
        for part in parts:
            self.visit(part)

    def _function(self, function: types.FunctionType) -> None:
        home = _home(function)
        if self._is_barred(home) or (self.barred is not None and _is_kit(home) and _only_shows(function)):
            return
        self._all((function.__defaults__, function.__kwdefaults__, vars(function)))
        self._all(function.__closure__ or ())
        if not _is_kit(home) or home not in sys.modules:
            return
        self.left.functions.add(id(function))
        names = frozenset(_mentioned(function.__code__))
        for name in names:
            if name in function.__globals__:
                self._attribute(sys.modules[home], name, names)
            elif name in sys.modules:  # an import inside the function
                self._module(sys.modules[name], names)

    def _attribute(self, module: types.ModuleType, name: str, names: frozenset[str]) -> None:
        value = vars(module).get(name)
        if isinstance(value, types.ModuleType):
            self._module(value, names)
        elif not self._is_barred(module.__name__) and id(value) not in self.barred_things:
            self.left.names.add((module.__name__, name))
            self.visit(value)

    def _module(self, module: types.ModuleType, names: frozenset[str]) -> None:
        if not _is_kit(module.__name__) or (module.__name__, names) in self.seen:
            return
        self.seen[module.__name__, names] = module
        for name in names & vars(module).keys():
            self._attribute(module, name, names)

    def _is_barred(self, module: str) -> bool:
        return any(module == name or module.startswith(name + ".") for name in self.barred or ())


def _named(dotted: str) -> Iterator[Any]:
    """The function or class of this name."""
    owner, _, last = dotted.rpartition(".")
    thing = vars(sys.modules[owner]).get(last) if owner in sys.modules else None
    if isinstance(thing, types.FunctionType | type):
        yield thing


def _wrapped(thing: Any) -> Iterator[Any]:
    """What a descriptor or a decorator has inside."""
    if isinstance(thing, staticmethod | classmethod | types.MethodType):
        yield thing.__func__
    elif isinstance(thing, property):
        yield from (thing.fget, thing.fset)
    elif isinstance(thing, functools.partial):
        yield from (thing.func, thing.args, thing.keywords)
    elif isinstance(thing, functools.cached_property):
        yield thing.func
    elif isinstance(inner := getattr(thing, "__wrapped__", None), types.FunctionType):  # `functools.cache`
        yield inner


def _mentioned(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _mentioned(constant)


def _home(function: types.FunctionType) -> str:
    return str(function.__globals__.get("__name__", ""))


def _is_kit(module: str) -> bool:
    return module == "labkit" or module.startswith("labkit.")


def _only_shows(function: types.FunctionType) -> bool:
    """Whether all that comes of it is a figure, a page or a line for somebody to read."""
    if _home(function) == "labkit.plots":
        made = getattr(function.__annotations__.get("return"), "__name__", "")
        return made in ("Figure", "Animation")
    return any(_home(function) == part or _home(function).startswith(part + ".") for part in _SHOWING)


@functools.cache
def _instead(shows: bool, free: tuple[str, ...]) -> types.CodeType:
    """The body of a function that is not there; ``free``: the variables that the old one had from outside."""
    stub = _nothing_to_see if shows else _not_yours
    return stub.__code__.replace(co_freevars=free)


# Both run among the names of the function that they stand for, so each brings what it needs. The first says
# what `labkit.exercises.record.NOT_YOURS` does.


def _not_yours(*_values, **_options):
    raise RuntimeError("the kit's own, not yours: an answer computes this itself")


def _nothing_to_see(*_values, **_options):
    from labkit_instructor.sandbox.inside.stand_ins import names

    return names()["get_ipython"]()
