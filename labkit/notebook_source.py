"""The source of classes that cells of a notebook define, with all that they use: text that runs by itself."""

import ast
import inspect
import linecache
import symtable
import sys
import textwrap
import types
from collections.abc import Iterable, Mapping
from typing import Any

from labkit.notebook import page_shell


def source_of(classes: Iterable[type]) -> str:
    """The source of classes of a notebook, after all the definitions and imports that they use.

    What a name stands for now is what counts, not what the cells say one after the other: a cell may have
    been run twice, or have failed. Names that cannot be traced are left out; the classes then fail when they
    are checked.
    """
    parts: dict[str, None] = {}  # in the order in which they must run
    seen: set[str] = set()

    def add(name: str, home: Mapping[str, Any]) -> None:
        if name in seen or name not in home:
            return  # there already, or a builtin
        seen.add(name)
        text, needs = _written(name, home)
        for other in needs:
            add(other, home)
        if text:
            parts[text] = None

    for one in classes:
        add(one.__name__, vars(sys.modules[one.__module__]) | {one.__name__: one})
    return "\n\n".join(parts) + "\n"


def _written(name: str, home: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Code that gives a name its value, and the names of the same notebook that this code uses."""
    value = home[name]
    if isinstance(value, types.ModuleType):
        plain = value.__name__ == name
        return f"import {value.__name__}" + ("" if plain else f" as {name}"), []
    if getattr(value, "__module__", None) == home["__name__"]:
        text = _definition(value) or _assignment(name)
        return text, _globals(symtable.symtable(text, name, "exec"))
    for module in (getattr(value, "__module__", None), "torch", "torch.nn.functional", "math"):
        its_name = getattr(value, "__name__", name)
        if module and getattr(sys.modules.get(module), its_name, None) is value:
            return f"from {module} import {its_name} as {name}", []
    if _is_plain(value):
        return f"{name} = {value!r}", []
    text = _assignment(name)
    return text, _globals(symtable.symtable(text, name, "exec"))


def _definition(thing: Any) -> str:
    """The `def` or `class` that made this function or class, with its decorators; "" where none is known.

    `inspect.getsource` finds no class of a notebook before Python 3.13: it searches the file of a module. A
    method knows its cell, whose text IPython keeps in `linecache`.
    """
    thing = inspect.unwrap(thing)
    members = (inspect.unwrap(m) for m in vars(thing).values()) if isinstance(thing, type) else (thing,)
    codes = [m.__code__ for m in members if isinstance(m, types.FunctionType)]
    for code in codes:
        cell = "".join(linecache.getlines(code.co_filename))
        made = [
            node
            for node in ast.walk(_parsed(cell))
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            and node.name == thing.__name__
            and node.lineno <= code.co_firstlineno + len(node.decorator_list)
            and code.co_firstlineno <= node.end_lineno
        ]
        if made:
            return _text(cell, made[-1])
    return ""


def _assignment(name: str) -> str:
    """The latest statement of a cell that set this name."""
    shell = page_shell()
    cells = shell.user_ns.get("In", []) if shell is not None else []
    for cell in reversed(cells):
        for node in reversed(_parsed(cell).body):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return _text(cell, node)
            if isinstance(node, ast.Assign | ast.AnnAssign) and name in _set_by(node):
                return _text(cell, node)
    return ""


def _parsed(cell: str) -> ast.Module:
    try:
        return ast.parse(cell)
    except SyntaxError:  # it never ran
        return ast.Module([], [])


def _set_by(statement: ast.stmt) -> set[str]:
    found = ast.walk(statement)
    return {n.id for n in found if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _text(cell: str, node: Any) -> str:
    """The lines of a definition or statement, from its first decorator on, without indentation."""
    first = min(n.lineno for n in (node, *getattr(node, "decorator_list", ())))
    return textwrap.dedent("\n".join(cell.splitlines()[first - 1 : node.end_lineno]))


def _is_plain(value: Any) -> bool:
    """Whether a value is a number, a text, or a list or dictionary of such."""
    try:
        return ast.literal_eval(repr(value)) == value
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _globals(table: symtable.SymbolTable) -> list[str]:
    """The names that a piece of source takes from its module, and not from its own scopes."""
    outer = table.get_type() == "module"
    names = [s.get_name() for s in table.get_symbols() if s.is_global() or outer and s.is_referenced()]
    return names + [name for inner in table.get_children() for name in _globals(inner)]
