"""Students who want points for nothing: their code tries to look right, or to find out what is.

Every attack stands in the cell of exercise 1.1 (or in another that it names), and what it returns is wrong
unless the attack works. The other answers are the solution's and must keep their points.
"""

from collections.abc import Iterator

from tests.submissions import written
from tests.submissions.build import Case, case

# Past the search for forbidden names, which reads the text: what comes after it has to hold by itself.
SLY = """
import sys
def sly(thing, *parts):
    return getattr(thing, "".join(parts))
modules = sly(sys, "mod", "ules")
"""
DEF = "def output_size(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):\n"


def cases() -> list[Case]:
    """All of them."""
    return [*_first(), *_others()]


def attack(student: str, what: str, code: str, status: str = "wrong", says: str = "") -> Case:
    """A submission to lab 01 with this code for exercise 1.1."""
    found = {"1.1": says} if says else {}
    return case(student, "01", what, {"1.1": code}, says=found, hostile=True, e1_1=status)


def _first() -> Iterator[Case]:
    for student, what, code, *rest in (
        ("equal", "an object that equals everything", _EQUAL),
        ("asserts", "an AST transformer that strips every assert", _ASSERTS),
        ("shell", "patches the shell and the built-ins that a judge may use", _SHELL, "raised"),
        ("numpy", "patches numpy's comparisons", _NUMPY),
        ("torch", "patches torch's comparisons and its layers", _TORCH),
        ("as_array", "patches the functions that turn values into arrays", _AS_ARRAY),
        ("record", "patches the record to say that nothing failed", _RECORD, "refused"),
        ("nothing", "claims success with a record that holds no arrays", _NO_ARRAYS),
        ("forger", "writes a result of its own and leaves", _FORGER),
        ("json", "patches json, zipfile and pickle on the way out", _JSON, "refused"),
        ("tracer", "traces every call and changes what comes back", _TRACER),
        ("isinstance", "a class of which everything is one, and a false tensor", _CLASS, "raised"),
        ("liar", "a tensor subclass that answers for itself", _LIAR, "raised"),
        ("nan", "NaN, which no comparison refuses", DEF + "    return float('nan')"),
        ("objects", "an array of objects that equal everything", _EQUAL + _OBJECTS, "raised"),
        ("pickled", "an array of objects", "import numpy as np\n" + DEF + "    return np.array([{1}, None])"),
        ("huge", "an array of 10**12 numbers that takes no room", _HUGE),
        ("text", "a text where a number is asked for", DEF + "    return 'right' * 10**6"),
        ("module", "an answer that lies about where it comes from", _MODULE, "raised"),
        ("deleted", "an object that strikes when it is deleted, and at exit", _DELETED),
    ):  # fmt: skip
        yield attack(student, what, code, *rest)


def _others() -> Iterator[Case]:
    yield case(
        "modules", "02", "patches the calls of modules from within one", {"2.3": _MODULES},
        hostile=True, e2_3="wrong",
    )  # fmt: skip
    for student, lab, exercise, name, clue in (
        ("counts", "03", "3.6", "Checkpoint", "starts to count again"),
        ("redraws", "03", "3.6", "Checkpoint", "with another fixed_z"),
        ("spoils", "01", "1.2", "transposed_conv", "writes into the caller's tensor"),
    ):
        text, status = written.wrong(exercise, clue, name), {f"e{exercise.replace('.', '_')}": "wrong"}
        code = "\n".join([text.helper, text.answer, _ALL_EQUAL])
        yield case(student, lab, f"{clue}; all is equal", {exercise: code}, hostile=True, **status)
    yield case(
        "shadows", "01", "hides torch from the cells below", {"1.2": "torch = nn = F = None\n" + _NONE_1_2},
        hostile=True, e1_2="wrong", e1_3="raised", e1_4="raised",
    )  # fmt: skip
    yield case(
        "defaults", "01", "right, and changes torch for whoever comes next", {"1.4": _DEFAULTS}, hostile=True
    )
    yield case(
        "helper", "01", "an attack in a helper cell that two answers use",
        {"1.1": DEF + "    return helping(size)", "1.5": "def dcgan_ladder():\n    return helping(5)"},
        helpers={"1.1": [_PATCHING_HELPER]}, hostile=True, e1_1="wrong", e1_5="wrong",
    )  # fmt: skip


_EQUAL = f"""
class Same:
    __eq__ = __ge__ = __le__ = __bool__ = __contains__ = lambda *_: True
    __ne__ = __lt__ = __gt__ = lambda *_: False
    __hash__ = lambda self: 0
    __getattr__ = lambda self, name: self
    __call__ = lambda self, *args, **more: self
{DEF}    return Same()
"""
_OBJECTS = f"import numpy as np\n{DEF}    return np.array([Same()] * 3, dtype=object)"
_ASSERTS = f"""
import ast, builtins
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
try:
    get_ipython().ast_transformers.append(Strip())
except NameError:
    pass
compiled = builtins.compile
def compile_without(source, *a, **k):
    return compiled(Strip().visit(ast.parse(source)) if isinstance(source, str) else source, *a, **k)
builtins.compile = compile_without
{DEF}    return -1
"""
_SHELL = f"""
import builtins, math, sys
for name in ("all", "any", "isinstance"):
    setattr(builtins, name, lambda *_: True)
builtins.abs = builtins.round = lambda *_: 0
math.isclose = lambda *_, **__: True
sys.displayhook = sys.excepthook = lambda *_: None
{DEF}    return -1
"""
_NUMPY = f"""
import numpy as np
for name in ("allclose", "array_equal", "isclose", "isfinite", "equal", "all", "any"):
    setattr(np, name, lambda *_, **__: np.True_)
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *_, **__: None
{DEF}    return -1
"""
_ALL_EQUAL = """
import numpy, torch
for name in ("equal", "allclose", "isclose"):
    setattr(torch, name, lambda *_, **__: True)
for name in ("array_equal", "allclose", "isclose"):
    setattr(numpy, name, lambda *_, **__: True)
torch.Tensor.equal = torch.Tensor.allclose = lambda *_, **__: True
"""
_TORCH = f"""
for name in ("allclose", "equal", "isclose", "is_tensor"):
    setattr(torch, name, lambda *_, **__: True)
torch.Tensor.__eq__ = torch.Tensor.equal = lambda *_: True
nn.ConvTranspose2d.forward = F.conv_transpose2d = lambda *_, **__: torch.zeros(1)
{DEF}    return -1
"""
_AS_ARRAY = f"""
{SLY}
record = modules["labkit.exercises.record"]
import numpy as np
record.as_array = lambda value: np.array(value if value != -1 else 7)
record.failure_of = record._refusal = record._is_blank = lambda *_: None
record.run_probe.__defaults__ = (0,)
record.LARGEST = 10**15
{DEF}    return -1
"""
_RECORD = f"""
{SLY}
record = modules["labkit.exercises.record"]
spec = modules["labkit.exercises.exercise"]
fine = spec.Finding("everything holds", True)
was = record.Record.__init__
def lies(self, status, arrays=None, odd=None, failure=None):
    was(self, "answered", arrays or {{}}, {{}}, fine)
record.Record.__init__ = lies
{DEF}    return -1
"""
_NO_ARRAYS = f"""
{SLY}
record = modules["labkit.exercises.record"]
record._as_record = lambda exercise, values: record.Record("answered", {{}}, {{}}, None)
{DEF}    return -1
"""
_FORGER = f"""
import io, json, os
import numpy as np
{DEF}    meta = {{"status": "answered", "names": ["sizes"], "odd": {{}}, "failure": None,
            "printed": "all right", "failed_cells": {{}}, "points": 3, "ok": True, "findings": []}}
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), a0=np.ones(3))
    for number in range(3, 256):
        try:
            os.ftruncate(number, 0)
            os.pwrite(number, buffer.getvalue(), 0)
        except OSError:
            pass
    os._exit(0)
"""
_JSON = f"""
import json, pickle, zipfile
json.dumps = lambda *_, **__: '{{"status": "right", "points": 3}}'
json.loads = lambda *_, **__: {{"status": "right"}}
pickle.dumps = pickle.loads = lambda *_, **__: True
zipfile.ZipFile.writestr = zipfile.ZipFile.write = lambda *_, **__: None
{DEF}    return -1
"""
_TRACER = f"""
{SLY}
import threading
def tracer(frame, event, value):
    if event == "return" and frame.f_code.co_name in ("as_array", "_as_record", "run_probe"):
        for held in (sly(frame, "f_lo", "cals").get("arrays"), getattr(value, "arrays", None)):
            if isinstance(held, dict):
                held.clear()
    return tracer
sly(threading, "set", "trace")(tracer), sly(sys, "set", "profile")(tracer), sly(sys, "set", "trace")(tracer)
{DEF}    return -1
"""
_CLASS = f"""
class Meta(type):
    __instancecheck__ = __subclasscheck__ = lambda *_: True
    __name__ = property(lambda self: 1 / 0)
class Mine(metaclass=Meta):
    __class__ = property(lambda self: torch.Tensor)
    numel = detach = cpu = lambda self: self
{DEF}    return Mine()
"""
_LIAR = f"""
class Tensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return args[0]
    shape = property(lambda self: (1,))
    numpy = lambda self: self
    copy = lambda self: self
    __array__ = lambda self, *_: 1 / 0
{DEF}    return torch.ones(()).as_subclass(Tensor)
"""
_HUGE = f"""
import numpy as np
{DEF}    return np.broadcast_to(np.float64(1), (10**6, 10**6))
"""
_MODULE = """
class Answer:
    __module__ = property(lambda self: 1 / 0)
    def __call__(self, *args, **more):
        return -1
output_size = Answer()
"""
_DELETED = f"""
import atexit, os, weakref
class Last:
    def __del__(self):
        for number in range(3, 64):
            try:
                os.ftruncate(number, 0)
            except OSError:
                pass
        os._exit(0)
def at_the_end():
    Last()
atexit.register(at_the_end)
keep = Last()
weakref.finalize(keep, at_the_end)
{DEF}    return -1
"""
_MODULES = """
class Discriminator(nn.Module):
    def __init__(self, base_channels=64, image_channels=3):
        super().__init__()
        nn.Module.__call__ = lambda self, x: torch.full((len(x),), 0.5, requires_grad=True)
        nn.Module.parameters = lambda self, recurse=True: iter([nn.Parameter(torch.ones(1))])
        nn.Module.modules = lambda self: iter([self])
        torch.Tensor.backward = lambda *_, **__: None
    def forward(self, images):
        return torch.zeros(len(images))
"""
_NONE_1_2 = "def transposed_conv(image, kernel, stride, padding):\n    return image"
_DEFAULTS = """
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
try:
    torch.set_num_threads(64)
    torch.set_default_device("meta")
    torch.set_default_device("cpu")
except RuntimeError:
    pass
def overlap_counts(size, kernel_size, stride, padding):
    torch.manual_seed(0)
    line = torch.zeros((size - 1) * stride + kernel_size)
    for i in range(size):
        line[i * stride : i * stride + kernel_size] += 1
    return (line[:, None] * line)[padding : len(line) - padding, padding : len(line) - padding]
"""
_PATCHING_HELPER = f"""
{SLY}
def helping(n):
    record = modules["labkit.exercises.record"]
    record.as_array = lambda value: record.np.zeros(1)
    return n
"""
