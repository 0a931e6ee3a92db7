"""Right answers in notebooks that ran well where they were written: in Colab, on a Mac, with other packages,
with cells that go on training, and with answers in several cells."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from tests.submissions.build import (
    Case,
    at,
    case,
    code_cell,
    file_name,
    filled,
    saved,
    solved,
    statuses,
)
from tests.submissions.styles import with_cells

SIZE = solved("01")["1.1"]
_HEAD = SIZE[: SIZE.index("):\n") + 3].lstrip("\n")
_BODY = "return (size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding"


def cases() -> list[Case]:
    """All of them."""
    return [
        *_failing_lines(),
        *_slow_cells(),
        *_in_several_cells(),
        *_by_marker(),
        *_of_torch(),
        *_with_strays(),
    ]


def _size(plus: str = "1") -> str:
    return f"{_HEAD}    {_BODY} + {plus}\n"


def _failing_lines() -> Iterator[Case]:
    """Lines that fail in the sandbox and are no part of the answer."""
    above = (
        "import a_package_of_colab as ap",
        "from google.colab import auth, output",
        "auth.authenticate_user()",
        "output.enable_custom_widget_manager()",
        "import os, sys, matplotlib",
        "os.makedirs('/content/drive/MyDrive/lab')",
        "os.chdir('/content')",
        "matplotlib.use('TkAgg')",
        "sys.stdout.reconfigure(encoding='utf-8')",
        "sys.stdout.writelines(['a', 'b'])",
        "sys.stdout.buffer.write(b'x')",
        "name = input('Your name? ')",
        "3 + 4",
        "print(_)",
    )
    yield case(
        "Dag", "01", "lines for Colab above the answer", {"1.1": "\n".join(above) + "\n" + _size()},
        says={"1.1": "was passed over"},
    )  # fmt: skip
    yield case(
        "Dee", "01", "a helper whose first import is not there", {"1.1": _size("int(np.ones(1)[0])")},
        helpers={"1.1": ["import a_package_of_colab as ap\nimport numpy as np"]},
        says={"1.1": "a line of the cell helper 1 stopped with ModuleNotFoundError"},
    )  # fmt: skip
    folded = "from a_package_of_colab import fold\n" + _size("fold(1)")
    yield case(
        "Dot", "01", "a package that the answer needs", {"1.1": folded},
        says={"1.1": "install it beside the kit"}, e1_1="raised",
    )  # fmt: skip
    yield case(
        "Dov", "01", "asks whether this is Colab",
        {"1.1": "import sys\nIN_COLAB = 'google.colab' in sys.modules\n" + _size()},
        helpers={"1.2": ["import pdb\nimport inspect\nprint(inspect.getsource(output_size))"]},
    )  # fmt: skip
    timed = {"1.1": "from __future__ import annotations\n" + _size()}
    yield case("Dua", "01", "%%time, and an import from the future", timed, change=_first("1.1", "%%time\n"))


def _first(exercise: str, line: str):
    def change(notebook):
        cells = [dict(cell) for cell in notebook["cells"]]
        cell = cells[at(notebook, exercise)]
        cell["source"] = line + cell["source"]
        return {**notebook, "cells": cells}

    return change


def _slow_cells() -> Iterator[Case]:
    below = "\nwhile True:\n    x = output_size(4, 3)  # somebody's training\n"
    yield case(
        "Edo", "01", "a training without end below the answer", {"1.1": _size() + below},
        says={"1.1": "was stopped after 2 seconds"},
    )  # fmt: skip
    yield case(
        "Ela", "01", "a slow cell above, of which the answer needs one name", {"1.1": _size("ONE")},
        helpers={"1.1": ["import time\nONE = 1\ntime.sleep(9)"]},
        says={"1.1": "helper 1 was stopped after 2 seconds"},
    )  # fmt: skip


def _in_several_cells() -> Iterator[Case]:
    generator = solved("02")["2.2"]
    init, forward = (
        generator[: generator.index("    def forward")],
        "def forward(self, z):\n    return self.{}(z)",
    )
    layers = next(w for w in ("layers", "net", "main") if f"self.{w}" in generator)
    forward = forward.format(layers)
    decorator = (
        "def add_to_class(cls):\n    def add(f):\n        setattr(cls, f.__name__, f)\n        return f\n"
        "    return add"
    )
    ways = {
        "a decorator": f"@add_to_class(Generator)\n{forward}",
        "a loop": f"{forward}\nfor f in (forward,):\n    setattr(Generator, f.__name__, f)",
        "a branch": f"{forward}\nif True:\n    Generator.forward = forward",
        "a class of the same name": "class Generator(Generator):\n    " + forward.replace("\n", "\n    "),
    }
    for number, (way, cell) in enumerate(ways.items(), 1):
        yield case(
            f"Fay {number}", "02", f"`forward` in a cell of its own, by {way}", {"2.2": init},
            helpers={"2.2": [decorator]}, change=with_cells({"2.2": cell}),
        )  # fmt: skip
    begun = init.replace("class Generator", "class Begun")
    rest = "class Generator(Begun):\n    " + forward.replace("\n", "\n    ")
    yield case("Fox", "02", "the class is completed below", {"2.2": begun}, change=with_cells({"2.2": rest}))
    looped = ["LAYERS = [(4, 1, 0)]", "for _ in range(4):\n    LAYERS.append((4, 2, 1))"]
    yield case(
        "Fya", "01", "a list that a loop fills, and a table",
        {"1.5": "def dcgan_ladder():\n    return LAYERS", "1.1": _size("TABLE['one']")},
        helpers={"1.5": looped, "1.1": ["TABLE = {}", "TABLE['zero'], TABLE['one'] = 0, 1"]},
    )  # fmt: skip
    registry = (
        "KNOWN = {}\ndef register(name):\n    def add(f):\n        KNOWN[name] = f\n        return f\n"
        "    return add"
    )
    by_name = (
        f"{_HEAD}    return KNOWN['size'](size, kernel_size, stride, padding, output_padding, dilation)\n"
    )
    yield case(
        "Fyn", "01", "a function that a decorator registers", {"1.1": by_name},
        helpers={"1.1": [registry, "@register('size')\n" + _size().replace("output_size", "formula")]},
    )  # fmt: skip


def _by_marker() -> Iterator[Case]:
    mine = {
        "1.1": "# Exercise 1.1 output_size: my tests\ndef try_it():\n    print(output_size(4, 3))\ntry_it()",
        "1.4": "# Exercise 1.4 · overlap_counts (3 points)\ndef overlap_counts_1(*given):\n    return []",
    }
    yield case("Gil", "01", "tests and old versions under a marker of their own", change=with_cells(mine))
    quoted = f'"""Formula.\n\n# Exercise 1.2 · conv (4 points)\n"""\n{_size()}'
    yield case("Gus D", "01", "a marker in a docstring", {"1.1": quoted})


def _of_torch() -> Iterator[Case]:
    yield case("Hal C", "03", "a compiled loss", {"3.1": "@torch.compile\n" + solved("03")["3.1"].lstrip()})
    on_a_mac = (
        "def discriminator_loss(D, real, fake, smooth=0.9):\n"
        "    real, fake = real.to('mps'), fake.detach().to('mps')\n"
        "    bce = F.binary_cross_entropy_with_logits\n"
        "    on_real = bce(D(real), torch.full((len(real),), smooth, device='mps'))\n"
        "    return on_real + bce(D(fake), torch.zeros(len(fake), device='mps'))"
    )
    yield case("Hei", "03", "for a Mac", {"3.2": on_a_mac}, says={"3.2": "graded as on a CPU"})
    halved = "def discriminator_loss(D, real, fake, smooth=0.9):\n    return (D(real) - D(fake)).mean() / 2"
    step = solved("03")["3.4"]
    place = step.rindex("return {")
    swapped = step[:place] + "found = {" + step[place + 8 :] + "\n    return dict(reversed(found.items()))"
    yield case(
        "Hua", "03", "3.2 wrong, and 3.4 has its keys in another order", {"3.2": halved, "3.4": swapped},
        says={"3.4": "3.2"}, e3_2="wrong",
    )  # fmt: skip


def _with_strays() -> Iterator[Case]:
    """A scratch notebook, newer than the lab's, lies beside it."""
    strays = {
        "Ivo S": ("Untitled.ipynb", {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}),
        "Ivy S": ("scratch.ipynb", {"nbformat": 4, "metadata": {}, "cells": [code_cell("print('hello')")]}),
        "Iza S": ("notes.ipynb", "[cut off"),
    }
    for student, (name, content) in strays.items():
        yield Case(
            student, "01", f"a newer {name} beside it", _beside(name, content), statuses("01"),
            {"": "of no lab that can be told"},
        )  # fmt: skip


def _beside(name: str, content: object):
    def put(folder: Path) -> None:
        saved(filled("01"), file_name("01"))(folder)
        os.utime(folder / file_name("01"), (1_000_000_000, 1_000_000_000))
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")

    return put
