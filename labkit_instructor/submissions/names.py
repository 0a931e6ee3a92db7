"""Which names a piece of Python makes and which it needs, told from its text alone.

Nothing is run. A piece that does not parse has no names: `names` returns None for it.
"""

import ast
import re
import symtable
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

HEAVIEST = 100_000  # characters outside strings: many times a whole lab, and parsed in a second
_STRING = re.compile(r"'[^'\\\n]*'|\"[^\"\\\n]*\"")
_DYNAMIC = {"eval", "exec", "globals", "locals", "vars"}
_COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}


@dataclass(frozen=True)
class Names:
    """What a piece of code makes and needs at module level.

    Attributes:
        binds: name -> where it comes from: "torch.nn" for an import of that, "def", "class", or "".
        now: names needed when the piece runs.
        later: names needed when its functions are called.
        touches: names whose objects it changes, or makes anew out of the old: ``Checkpoint.save = save``,
            ``rows.append(1)``, ``@register``, ``class Net(Net)``; inside loops and branches too.
        star: it holds a star import, which may make any name.
        dynamic: it calls eval, globals or the like, which may need any name.
    """

    binds: Mapping[str, str]
    now: frozenset[str]
    later: frozenset[str]
    touches: frozenset[str] = frozenset()
    star: bool = False
    dynamic: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """Everything that must come from elsewhere, now or later."""
        return (self.now | self.later) - self.binds.keys()


def weight(source: str) -> int:
    """How much there is to parse: the characters outside strings, roughly."""
    return len(source) if len(source) <= HEAVIEST else len(_STRING.sub("", source))


def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None where the text is no Python, nested too deep, or too long to be read."""
    if weight(source) > HEAVIEST:
        return None
    try:
        with warnings.catch_warnings():  # "\d" in a student's string is not our business
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def names(source: str) -> Names | None:
    """The names that the source makes and needs; None where it does not parse."""
    tree = parse(source)
    if tree is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Stars are left out: symtable knows nothing of what they bring.
            table = symtable.symtable(source, "cell", "exec")
        now, later, declared = set(), set(), set()
        _collect(table, False, now, later, declared)
        binds = {s.get_name(): "" for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
        binds |= dict.fromkeys(declared, "") | dict(_origins(tree.body))
        return Names(
            binds=binds,
            now=frozenset(now),
            later=frozenset(later),
            touches=frozenset(_touched(tree.body)),
            star=any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in tree.body),
            dynamic=bool((now | later) & _DYNAMIC),
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """(name that it makes, what it stands for) for each name of an import statement."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
    elif isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            if alias.name != "*":
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _collect(table: symtable.SymbolTable, inside: bool, now: set, later: set, declared: set) -> None:
    """Sort the global names that a scope and those below it use into now and later."""
    module = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (module or symbol.is_global()):
            (later if inside else now).add(symbol.get_name())
        if not module and symbol.is_declared_global() and symbol.is_assigned():
            declared.add(symbol.get_name())
    for child in table.get_children():
        function = child.get_type() == "function" and child.get_name() not in _COMPREHENSIONS
        _collect(child, inside or function, now, later, declared)


def _origins(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, "def"
        elif isinstance(node, ast.ClassDef):
            yield node.name, "class"
        else:
            yield from imported(node)


def _touched(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        changed: list[ast.expr] = []
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from (n for decorator in node.decorator_list for n in _loaded(decorator))
                yield from {node.name} & {n for base in getattr(node, "bases", ()) for n in _loaded(base)}
                continue  # what is inside runs later, or in a scope of its own
            case ast.Assign(targets=changed, value=value):
                yield from {t.id for t in changed if isinstance(t, ast.Name)} & set(_loaded(value))
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
                changed = [target]
            case ast.Delete(targets=changed):
                pass
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                changed = [method]
            case ast.Expr(value=ast.Call(func=ast.Name(id="setattr"), args=[thing, *_])):
                changed = [ast.Attribute(thing)]
        yield from (name for target in changed for name in _roots(target))
        for part in ("body", "orelse", "finalbody"):
            yield from _touched(getattr(node, part, []))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from _touched(part.body)


def _loaded(node: ast.AST) -> Iterator[str]:
    """The names that an expression reads."""
    yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def _roots(target: ast.expr) -> Iterator[str]:
    """``table`` for ``table["one"].x``, a target of which only a part is set; nothing for a plain name."""
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _roots(element)
        return
    root = target.value if isinstance(target, ast.Starred) else target
    whole = root
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    if root is not whole and isinstance(root, ast.Name):
        yield root.id


def plain(text: str) -> str:
    """The text without blank lines and trailing spaces: what two copies of a cell have in common."""
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def skeleton(source: str) -> str:
    """The syntax tree as text, without comments and docstrings; "" where there is none."""
    tree = parse(source)
    if tree is None or not tree.body:
        return ""
    try:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        return ast.dump(tree)
    except RecursionError:
        return ""
