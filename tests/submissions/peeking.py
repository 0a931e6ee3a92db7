"""Students who look for the answer: in the judge, on the disk, in memory, in labkit."""

from collections.abc import Iterator

from tests.submissions.build import Case, case
from tests.submissions.fooling import DEF, SLY, attack


def cases() -> list[Case]:
    """All of them."""
    return [*_looking(), *_taking()]


def _looking() -> Iterator[Case]:
    for student, what, code, *rest in (
        ("judges", "imports the judges", _JUDGES, "refused", "labkit"),
        ("judges by name", "imports the judges by a name made up at run time", _JUDGES_BY_NAME, "refused"),
        ("disguise", "the same, past the search for names", _JUDGES_IN_DISGUISE, "raised", "no attribute"),
        ("named", "reads sys.modules", _MODULES_BY_NAME, "refused", "sys.modules"),
        ("solutions", "looks for notebooks on the disk and runs their answers", _SOLUTIONS),
        ("gc", "looks for the answer or the judge among all live objects", _GC),
        ("frames", "climbs up the frames for the inputs, the task and its cells", _FRAMES),
    ):  # fmt: skip
        yield attack(student, what, code, *rest)


def _taking() -> Iterator[Case]:
    yield case(
        "table",
        "03",
        "the numbers that the visible check asks for",
        {"3.7": _TABLE},
        hostile=True,
        e3_7="wrong",
    )
    yield case(
        "imports", "03", "an answer imported from labkit",
        {"3.2": _IMPORTED},
        says={"3.2": "labkit"}, hostile=True, e3_2="refused",
    )  # fmt: skip
    yield case(
        "imports late", "03", "a wrapper around labkit's own", {"3.2": _WRAPPER},
        says={"3.2": "labkit"}, hostile=True, e3_2="refused",
    )  # fmt: skip
    yield case(
        "given", "03", "a blank 3.2, so that 3.4 gets the solution's, which it takes apart",
        {"3.2": "", "3.4": _TAKES_GIVEN}, hostile=True, e3_2="not attempted", e3_4="wrong",
    )  # fmt: skip


_JUDGES = f"""
from labkit.exercises.lab01.output_size import expected
{DEF}    return expected(size, kernel_size, stride, padding, output_padding, dilation)
"""
_JUDGES_BY_NAME = f"""
import importlib
{DEF}    home = importlib.import_module(".".join(["lab" + "kit", "exercises", "lab01", "output" + "_size"]))
    return getattr(home, "expec" + "ted")(size, kernel_size, stride, padding, output_padding, dilation)
"""
_JUDGES_IN_DISGUISE = f"""
{SLY}
{DEF}    load = sly(modules["importlib"], "import_", "module")
    home = load(".".join(["labkit", "exercises", "lab01", "output_size"]))
    return home.expected(size, kernel_size, stride, padding, output_padding, dilation)
"""
_MODULES_BY_NAME = f"""
import sys
{DEF}    return sys.modules["labkit.exercises.record"]
"""
_SOLUTIONS = f"""
{SLY}
import glob, json, os
{DEF}    seen = []
    for top in ("/", os.path.expanduser("~"), os.getcwd(), "/tmp"):
        for folder, folders, files in os.walk(top):
            folders[:] = [f for f in folders if f not in ("proc", "sys", "site-packages", "usr")]
            seen += [os.path.join(folder, f) for f in files if f.endswith((".ipynb", ".jsonl"))]
    print("found", seen)
    for path in seen:
        print(path, open(path, errors="replace").read()[:300])
        for cell in json.load(open(path)).get("cells", []):
            text = "".join(cell["source"])
            if "output_size (3 points)" in text and "BEGIN SOLUTION" in text:
                sly(modules["builtins"], "ex", "ec")(text, globals())
                return globals()["output_size"](size, kernel_size, stride, padding, output_padding, dilation)
    return -1
"""
_GC = f"""
{SLY}
import gc, types
{DEF}    me = [output_size, sly(output_size, "__co", "de__")]
    for thing in sly(gc, "get_", "objects")():
        named = isinstance(thing, types.FunctionType) and thing.__name__ in ("output_size", "judge")
        if named and thing not in me:
            print("found", thing, thing.__module__)
            return thing(size, kernel_size, stride, padding, output_padding, dilation)
    for thing in sly(gc, "get_", "objects")():
        if isinstance(thing, (bytes, types.CodeType)) and thing is not me[1]:
            if getattr(thing, "co_name", "") == "output_size":
                return types.FunctionType(thing, globals())(size, kernel_size, stride, padding)
    return -1
"""
_FRAMES = f"""
{SLY}
{DEF}    frame = sly(sys, "_get", "frame")()
    while frame:
        for name, value in list(sly(frame, "f_lo", "cals").items()):
            print(frame.f_code.co_filename, frame.f_code.co_name, name, repr(value)[:200])
            if name in ("expected", "solution", "answers", "truth"):
                return value
            for label, source, code in getattr(value, "cells", ()):
                if "output_size" in label + source and "_get" not in source:
                    sly(modules["builtins"], "ex", "ec")(source, globals())
        frame = sly(frame, "f_", "back")
    return -1
"""
_TAKES_GIVEN = f"""
{SLY}
import dis
def train_step(G, D, d_optimizer, g_optimizer, real, z):
    try:
        dis.dis(discriminator_loss)
        code = sly(discriminator_loss, "__co", "de__")
        seen = str((code.co_consts, code.co_names))
    except AttributeError:
        seen = "nothing"
    print(seen)
    return {{"d_loss": type(seen, (), {{}})(), "g_loss": seen, seen: 0.0}}
"""
_TABLE = """
def loss_floor(smooth):
    seen = {0.9: 0.32508297, 0.75: 0.56233514, 0.6: 0.67301167, 0.5: 0.69314718, 0.99: 0.05600153}
    seen[1.0] = 0.0
    return seen.get(round(smooth, 6), 0.3)
"""
_IMPORTED = "from labkit.losses import logits_losses\ndiscriminator_loss, generator_loss = logits_losses(0.9)"
_WRAPPER = """
def discriminator_loss(D, real, fake, smooth=0.9):
    import labkit.losses as given
    return given.logits_losses(smooth)[0](D, real, fake)
"""
