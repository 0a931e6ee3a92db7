"""Forbidden ways to an answer, told from its text: importing it from labkit, or fishing for it in memory.

A best effort: what keeps the judge honest is that it does not run beside the student's code. This check is
there so that calling the kit's own function is not graded as an answer, and it must never refuse a right one.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import labkit
from labkit_instructor.judging.shown import BESIDE
from labkit_instructor.submissions.names import HEAVIEST, imported, parse, weight
from labkit_instructor.submissions.trusted import Trusted

# Parts of the kit that hold no answer: anything in them may be imported.
_FREE = ("labkit.settings", "labkit.plots", "labkit.notebook", "labkit.widgets", "labkit.synthetic")
_LETTERS = 8  # of a name that does not exist
_FISHING = "an answer has no business in the inside of Python"
_MEMORY = {
    "gc": {"get_objects", "get_referrers", "get_referents"},
    "inspect": {
        "currentframe", "stack", "trace", "getouterframes", "getinnerframes", "getframeinfo",
        "getclosurevars", "getattr_static",
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
    "runpy": set(),
}  # fmt: skip
_INSIDE = {
    "__subclasses__", "__globals__", "__builtins__", "__closure__", "__code__", "__loader__", "__spec__",
    "f_back", "f_globals", "f_builtins", "tb_frame", "gi_frame", "cr_frame", "ag_frame",
    "cell_contents",
}  # fmt: skip


def shortcut(source: str, trusted: Trusted) -> str:
    """Why the code is refused, with the line: "line 3 imports labkit.losses: …". "" where it is not."""
    if weight(source) > HEAVIEST:
        return f"the cell has {len(source):,} characters: far more than any answer"
    tree = parse(source)
    try:
        return next(_found(tree, trusted), "") if tree else ""
    except RecursionError:
        return "the cell is nested too deep to be read"


def _found(tree: ast.Module, trusted: Trusted) -> Iterator[str]:
    """The reasons, in the order in which they are met."""
    kit = _Kit(trusted)
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    given = {name: meant for name, meant in trusted.provided.items() if name not in own}
    stands_for = {**given, **_imports(tree)}
    harmless = {id(node) for node in _looks_in_colab(tree)}
    for node in ast.walk(tree):
        if id(node) in harmless:
            continue
        line = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            for wanted in _wanted(node):
                if wanted not in kit.allowed and not kit.may(wanted):
                    yield f"{line} imports {_real(wanted)}: {_why(wanted)}"
                elif reason := _memory(wanted):
                    yield f"{line} {reason}"
        elif isinstance(node, ast.Attribute | ast.Name):
            wanted = _dotted(node, stands_for)
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if not kit.may(wanted):
                yield f"{line} uses {_real(wanted)}: {_why(wanted)}"
            elif isinstance(node, ast.Attribute) and (reason := _memory(wanted)):
                yield f"{line} {reason}"
            elif name in _INSIDE:
                yield f"{line} uses {name}: {_FISHING}"
        elif isinstance(node, ast.Call) and (reason := _call(node, stands_for, trusted, kit)):
            yield f"{line} {reason}"


def _looks_in_colab(tree: ast.Module) -> Iterator[ast.expr]:
    """``sys.modules`` in ``"google.colab" in sys.modules``: whether a module is loaded is no secret."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Constant(), ops=[ast.In() | ast.NotIn()], comparators=where):
                yield from where


class _Kit:
    """What a lab lets its answers take from labkit."""

    def __init__(self, trusted: Trusted) -> None:
        self.allowed = {v for v in trusted.provided.values() if v.split(".")[0] == "labkit"}
        self.barred = BESIDE.get(trusted.lab, ())

    def may(self, wanted: str) -> bool:
        """Whether a dotted name is outside labkit, holds no answer, or is imported by the lab's own cells.

        What lies in an allowed module may be used, but not a module below it that is not allowed itself.
        """
        parts = wanted.split(".")
        if parts[0] != "labkit":
            return True
        if any(wanted == b or wanted.startswith(b + ".") for b in self.barred):
            return False
        if len(parts) == 1 or wanted in self.allowed:
            return True
        if any(wanted == free or wanted.startswith(free + ".") for free in _FREE):
            return True
        if any(a.startswith(wanted + ".") for a in self.allowed):  # a package above something allowed
            return True
        inside = [".".join(parts[:n]) for n in range(2, len(parts) + 1)]
        owner = next((name for name in reversed(inside) if name in self.allowed), "")
        return bool(owner) and not any(_is_module(name) for name in inside[inside.index(owner) + 1 :])


def _imports(tree: ast.Module) -> dict[str, str]:
    """name -> what it stands for, for the imports anywhere in the code."""
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    return dict(pair for node in nodes for pair in imported(node))


def _wanted(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    return [f"{node.module}.{a.name}" for a in node.names]


def _is_module(dotted: str) -> bool:
    place = Path(labkit.__file__).parent.joinpath(*dotted.split(".")[1:])
    return place.is_dir() or place.with_suffix(".py").is_file()


def _real(wanted: str) -> str:
    """As much of a name as exists, and a few letters: the rest is the student's, and the sentence ours."""
    parts = wanted.split(".")
    known = next((n for n in range(len(parts), 0, -1) if _is_module(".".join(parts[:n]))), 0)
    rest = "".join(parts[known : known + 1])
    there = hasattr(sys.modules.get(".".join(parts[:known])), rest)
    return ".".join([*parts[:known], rest if there else rest[:_LETTERS]]).strip(".")


def _why(wanted: str) -> str:
    if wanted.startswith(("labkit.exercises", "labkit.checks", "labkit_instructor")):
        return "an answer computes for itself and leaves the checks alone"
    if any(wanted.startswith(barred) for names in BESIDE.values() for barred in names):
        return "the kit has it so that you can compare; it is not your answer"
    return "that is not among what this lab gives you; an imported function is not an answer"


def _memory(wanted: str) -> str:
    module, _, name = wanted.partition(".")
    if module in _MEMORY and (not _MEMORY[module] or name.split(".")[0] in _MEMORY[module]):
        return f"uses {'.'.join(wanted.split('.')[:2])}: {_FISHING}"
    return ""


def _dotted(node: ast.expr, stands_for: Mapping[str, str]) -> str:
    """ "labkit.training.checkpoints" for ``training.checkpoints``; "" for what begins with no import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < 20:
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in stands_for:
        return ""
    return ".".join([stands_for[node.id], *reversed(parts)])


def _call(node: ast.Call, stands_for: Mapping[str, str], trusted: Trusted, kit: _Kit) -> str:
    """What is wrong with a call that imports, runs text, or reads an attribute by its name."""
    called = _dotted(node.func, stands_for) or (node.func.id if isinstance(node.func, ast.Name) else "")
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if called in ("__import__", "importlib.import_module", "importlib.__import__"):
        if not texts:
            return f"calls {called} with a name that it makes up: write an import"
        if texts[0] == "labkit" or not kit.may(texts[0]):
            return f"imports {_real(texts[0])}: {_why(texts[0])}"
        return _memory(texts[0])
    if called in ("exec", "eval", "compile"):
        if not texts:
            return f"calls {called} on a text that it makes up: write the code itself"
        inner = parse(texts[0])
        reason = next(_found(inner, trusted), "") if inner else ""
        return f"in the text that it runs, {reason}" if reason else ""
    if called in ("getattr", "setattr", "hasattr", "operator.attrgetter"):
        for text in texts:
            if text in _INSIDE:
                return f"uses {text}: {_FISHING}"
        if called == "getattr" and texts:
            wanted = _dotted(ast.Attribute(node.args[0], texts[0]), stands_for)
            return _memory(wanted) if kit.may(wanted) else f"uses {_real(wanted)}: {_why(wanted)}"
    return ""
