"""Students who look for the answer: in the judge, on the disk, in memory, in labkit."""

from collections.abc import Iterator

from tests.submissions.build import Case, case
from tests.submissions.fooling import DEF, attack


def cases() -> list[Case]:
    """All of them."""
    return [*_looking(), *_taking()]


def _looking() -> Iterator[Case]:
    for student, what, code, *rest in (
        ("judges", "imports the judges", _JUDGES, "refused", "labkit"),
        ("judges by name", "imports the judges by a name made up at run time", _JUDGES_BY_NAME, "raised"),
        ("solutions", "looks for notebooks on the disk and runs their answers", _SOLUTIONS),
        ("gc", "looks for the answer or the judge among all live objects", _GC),
        ("frames", "climbs up the frames for the inputs, the task and its cells", _FRAMES),
    ):  # fmt: skip
        yield attack(student, what, code, *rest)


def _taking() -> Iterator[Case]:
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
from labkit.exercises.judges import judge_of
{DEF}    return next(judge_of("1.1")(None, {{}})).expected
"""
_JUDGES_BY_NAME = f"""
import importlib
{DEF}    home = importlib.import_module(".".join(["lab" + "kit", "exercises", "jud" + "ges"]))
    return getattr(home, "judge_of")("1.1")
"""
_SOLUTIONS = f"""
import glob, json, os
{DEF}    seen = []
    for top in ("/", os.path.expanduser("~"), os.getcwd(), "/tmp"):
        for folder, folders, files in os.walk(top):
            folders[:] = [f for f in folders if f not in ("proc", "sys", "site-packages", "usr")]
            seen += [os.path.join(folder, f) for f in files if f.endswith((".ipynb", ".jsonl", ".html"))]
    print("found", seen)
    for path in seen:
        print(path, open(path, errors="replace").read()[:300])
        for cell in json.load(open(path)).get("cells", []):
            text = "".join(cell["source"])
            if "output_size (3 points)" in text and "BEGIN SOLUTION" in text:
                exec(text, globals())
                return globals()["output_size"](size, kernel_size, stride, padding, output_padding, dilation)
    return -1
"""
_GC = f"""
import gc, types
{DEF}    me = [output_size, output_size.__code__]
    for thing in gc.get_objects():
        named = isinstance(thing, types.FunctionType) and thing.__name__ in ("output_size", "judge")
        if named and thing not in me:
            print("found", thing, thing.__module__)
            return thing(size, kernel_size, stride, padding, output_padding, dilation)
    for thing in gc.get_objects():
        if isinstance(thing, (bytes, types.CodeType)) and thing is not me[1]:
            if getattr(thing, "co_name", "") == "output_size":
                return types.FunctionType(thing, globals())(size, kernel_size, stride, padding)
    return -1
"""
_FRAMES = f"""
import sys
{DEF}    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()):
            print(frame.f_code.co_filename, frame.f_code.co_name, name, repr(value)[:200])
            if name in ("expected", "solution", "answers", "truth"):
                return value
            for label, source, code in getattr(value, "cells", ()):
                if "output_size" in label + source and "sys._getframe" not in source:
                    exec(source, globals())
        frame = frame.f_back
    return -1
"""
_TAKES_GIVEN = """
import dis
def train_step(G, D, d_optimizer, g_optimizer, real, z):
    try:
        dis.dis(discriminator_loss)
        print(discriminator_loss.__code__.co_consts, discriminator_loss.__code__.co_names)
    except Exception:
        pass
    return {"d_loss": 0.0, "g_loss": 0.0}
"""
_IMPORTED = "from labkit.losses import logits_losses\ndiscriminator_loss, generator_loss = logits_losses(0.9)"
_WRAPPER = """
def discriminator_loss(D, real, fake, smooth=0.9):
    import labkit.losses as given
    return given.logits_losses(smooth)[0](D, real, fake)
"""
