"""Forbidden ways to an answer, told from its text: importing it from labkit, or fishing for it in memory.

A best effort: what keeps the judge honest is that it does not run beside the student's code. This check is
there so that calling the kit's own function is not graded as an answer, and it must never refuse a right one.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import labkit
from labkit.instructor.names import parse
from labkit.instructor.programs import Program
from labkit.instructor.trusted import Trusted

LONGEST = 200_000  # characters
# Parts of the kit that hold no answer: anything in them may be imported.
_FREE = ("labkit.settings", "labkit.plots", "labkit.notebook", "labkit.widgets", "labkit.synthetic")
_MEMORY = {
    "gc": {"get_objects", "get_referrers", "get_referents"},
    "inspect": {
        "currentframe", "stack", "trace", "getouterframes", "getinnerframes", "getframeinfo",
        "getsource", "getsourcelines", "getsourcefile", "getclosurevars", "getattr_static",
    },
    "sys": {
        "modules", "_getframe", "_getframemodulename", "_current_frames", "settrace", "setprofile",
        "meta_path", "path_hooks", "monitoring", "addaudithook",
    },
    "threading": {"settrace", "setprofile"},
    "importlib": {"reload"},
    "builtins": {"__import__", "exec", "eval"},
    "ctypes": set(),
    "_ctypes": set(),
    "pdb": set(),
    "runpy": set(),
}  # fmt: skip
_INSIDE = {
    "__subclasses__", "__globals__", "__builtins__", "__closure__", "__code__", "__loader__", "__spec__",
    "f_back", "f_globals", "f_locals", "f_builtins", "tb_frame", "gi_frame", "cr_frame", "ag_frame",
    "cell_contents",
}  # fmt: skip


def refusal(program: Program, trusted: Trusted) -> str:
    """Why a program is refused: the answer itself, or a helper that it uses, takes a shortcut. "" if none.

    Another exercise's answer that takes one is that exercise's own matter.
    """
    for cell in program.cells:
        if cell.label == program.exercise or cell.label.startswith("helper"):
            if reason := shortcut(cell.source, trusted):
                return reason if cell.label == program.exercise else f"in {cell.label}, {reason}"
    return ""


def shortcut(source: str, trusted: Trusted) -> str:
    """Why the code is refused, with the line: "line 3 imports labkit.losses: …". "" where it is not."""
    if len(source) > LONGEST:
        return f"the cell has {len(source):,} characters: far more than any answer"
    tree = parse(source)
    try:
        return next(_found(tree, trusted), "") if tree else ""
    except RecursionError:
        return "the cell is nested too deep to be read"


def _found(tree: ast.Module, trusted: Trusted) -> Iterator[str]:
    """The reasons, in the order in which they are met."""
    allowed = _allowed(trusted)
    stands_for = {**trusted.provided, **_imports(tree)}
    for node in ast.walk(tree):
        line = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            for wanted in _wanted(node):
                if not _may(wanted, allowed):
                    yield f"{line} imports {wanted}: {_why(wanted)}"
                if reason := _memory(wanted):
                    yield f"{line} {reason}"
        elif isinstance(node, ast.Attribute | ast.Name):
            wanted = _dotted(node, stands_for)
            if isinstance(node, ast.Attribute) and wanted and not _may(wanted, allowed):
                yield f"{line} uses {wanted}: {_why(wanted)}"
            if isinstance(node, ast.Attribute) and (reason := _memory(wanted)):
                yield f"{line} {reason}"
            if (node.attr if isinstance(node, ast.Attribute) else node.id) in _INSIDE:
                name = node.attr if isinstance(node, ast.Attribute) else node.id
                yield f"{line} uses {name}: an answer has no business in the inside of Python"
        elif isinstance(node, ast.Call):
            if reason := _call(node, stands_for, trusted):
                yield f"{line} {reason}"


def _allowed(trusted: Trusted) -> frozenset[str]:
    """Dotted names of what the instructor's own cells import from labkit."""
    return frozenset(v for v in trusted.provided.values() if v.split(".")[0] == "labkit")


def _imports(tree: ast.Module) -> dict[str, str]:
    """name -> what it stands for, for the imports anywhere in the code."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _wanted(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    return [f"{node.module}.{a.name}" for a in node.names]


def _may(wanted: str, allowed: frozenset[str]) -> bool:
    """Whether a dotted name is outside labkit, free, or among what the instructor's cells import.

    What lies in an allowed module may be used, but not a module below it that is not allowed itself.
    """
    parts = wanted.split(".")
    if parts[0] != "labkit" or len(parts) == 1 or wanted in allowed:
        return True
    if any(wanted == free or wanted.startswith(free + ".") for free in _FREE):
        return True
    inside = [".".join(parts[:n]) for n in range(2, len(parts) + 1)]
    if any(a.startswith(wanted + ".") for a in allowed):  # a package above something allowed
        return True
    owner = next((name for name in reversed(inside) if name in allowed), "")
    below = inside[inside.index(owner) + 1 :] if owner else inside
    return bool(owner) and not any(_is_module(name) for name in below)


def _is_module(dotted: str) -> bool:
    place = Path(labkit.__file__).parent.joinpath(*dotted.split(".")[1:])
    return place.is_dir() or place.with_suffix(".py").is_file()


def _why(wanted: str) -> str:
    if wanted.startswith(("labkit.exercises", "labkit.checks", "labkit.instructor")):
        return "an answer computes for itself and leaves the checks alone"
    return "that is not among what this lab gives you; an imported function is not an answer"


def _memory(wanted: str) -> str:
    module, _, name = wanted.partition(".")
    if module in _MEMORY and (not _MEMORY[module] or name.split(".")[0] in _MEMORY[module]):
        return f"uses {wanted}: an answer has no business in the inside of Python"
    return ""


def _dotted(node: ast.expr, stands_for: Mapping[str, str]) -> str:
    """ "labkit.training.checkpoints" for ``training.checkpoints``; "" for what begins with no import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in stands_for:
        return ""
    return ".".join([stands_for[node.id], *reversed(parts)])


def _call(node: ast.Call, stands_for: Mapping[str, str], trusted: Trusted) -> str:
    """What is wrong with a call that imports, runs text, or reads an attribute by its name."""
    called = _dotted(node.func, stands_for) or (node.func.id if isinstance(node.func, ast.Name) else "")
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if called in ("__import__", "importlib.import_module", "importlib.__import__"):
        if not texts:
            return f"calls {called} with a name that it makes up: write an import"
        module = texts[0]
        if module.split(".")[0] == "labkit" and (module == "labkit" or not _may(module, _allowed(trusted))):
            return f"imports {module}: {_why(module)}"
        return _memory(module)
    if called in ("exec", "eval", "compile"):
        if not node.args or not texts:
            return f"calls {called} on a text that it makes up: write the code itself"
        inner = parse(texts[0])
        return next(_found(inner, trusted), "") if inner else ""
    if called in ("getattr", "setattr", "hasattr", "operator.attrgetter") and set(texts) & _INSIDE:
        return f"uses {(set(texts) & _INSIDE).pop()}: an answer has no business in the inside of Python"
    if called == "getattr" and node.args and texts:
        wanted = _dotted(ast.Attribute(node.args[0], texts[0]), stands_for)
        if not _may(wanted, _allowed(trusted)):
            return f"uses {wanted}: {_why(wanted)}"
        return _memory(wanted)
    return ""
