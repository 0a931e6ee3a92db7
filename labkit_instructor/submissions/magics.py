"""Cells freed of what only a notebook understands: ``%matplotlib inline``, ``!pip install``, ``await``.

IPython itself says what is a magic: its transformer makes calls of ``get_ipython()`` of them, over several
lines and inside blocks too. The calls become ``None`` and the rest of the cell stays as it is.
"""

import ast
import re

from IPython.core.inputtransformer2 import TransformerManager

from labkit_instructor.submissions.names import parse

_PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "memit", "debug"}
_CALLS = {"system", "getoutput", "run_line_magic", "run_cell_magic"}
_LONGEST = 10_000  # characters, and
_MOST = 30  # lines with a sign of magic: the transformer reads the whole cell again for each
_SIGN = re.compile(r"^\s*[%!?/,;]|=\s*[%!]|\?\s*$", re.MULTILINE)


def without_magics(source: str) -> tuple[str, tuple[str, ...]]:
    """The cell as plain Python, and notes on what was left out; as it is where that cannot be had."""
    plain = parse(source)
    if plain is not None and not any(isinstance(node, ast.Await) for node in _strange(plain)):
        return source, ()
    lines = source.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    head = re.match(r"%%(\w*)", lines[first])
    if head and head[1] not in _PYTHON_MAGICS:
        return "", (f"a cell that begins with %%{head[1][:20]} is no Python and was left out",)
    gone = [lines[first]] if head else []
    rest = "\n".join(["#", *lines[first + 1 :]] if head else lines)  # `from __future__` may come next
    text = _transformed(rest)
    tree = _tree(text)
    if tree is None:  # what is wrong is the student's own, and not that there is a magic above it
        return text, ()
    kept, magics = _blanked(text, tree)
    if parse(kept) is None:
        return source, ()
    gone += magics
    shown = ", ".join(" ".join(line.split())[:30] for line in gone[:3])
    return kept, (f"lines that are no Python were left out: {shown}",)


def _transformed(source: str) -> str:
    """What IPython would run; the source itself where that takes too long to find out."""
    if len(source) > _LONGEST or len(_SIGN.findall(source)) > _MOST:
        return source
    try:
        text = TransformerManager().transform_cell(source)
        return text if source.endswith("\n") else text.removesuffix("\n")
    except Exception:  # it reads with a tokenizer that knows many ways to fail
        return source


def _tree(text: str) -> ast.Module | None:
    """The syntax tree, with ``await`` at the margin, as a cell may have it."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        return compile(text, "cell", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _blanked(text: str, tree: ast.Module) -> tuple[str, list[str]]:
    """The text with ``None`` in the place of every call that stands for a magic, and of every await outside
    a function; and these."""
    content = text.encode()
    starts = [0]
    for line in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    gone = []
    for node in sorted(_strange(tree), key=lambda n: (n.lineno, n.col_offset), reverse=True):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        gone.append(_said(node, content[begin:end].decode()))
        content = content[:begin] + b"None" + content[end:]
    return content.decode(), gone[::-1]


def _strange(node: ast.AST) -> list[ast.expr]:
    """The outermost magics and awaits below a node; an await inside a function is plain Python."""
    found = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Await) or _is_magic(child):
            found.append(child)
        elif isinstance(child, ast.AsyncFunctionDef):
            found += [n for n in ast.walk(child) if _is_magic(n)]
        else:
            found += _strange(child)
    return found


def _is_magic(node: ast.AST) -> bool:
    """``get_ipython().system(...)`` and the like."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=name)):
            return name in _CALLS
    return False


def _said(node: ast.expr, text: str) -> str:
    """A magic as the student wrote it, nearly."""
    if isinstance(node, ast.Call):
        words = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
        return {"run_line_magic": "%", "run_cell_magic": "%%"}.get(node.func.attr, "!") + " ".join(words)
    return text
