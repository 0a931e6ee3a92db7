"""Right answers that something has happened to: cells that are no code any more, files that have grown, and
answers that were written for the GPU of Colab."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.submissions.build import Case, Notebook, at, case, filled, raw, released, saved, solved, statuses


def cases() -> list[Case]:
    """All of them."""
    return [*_no_code(), *_large(), *_for_a_gpu()]


def turned(kind: str, *exercises: str) -> Callable[[Notebook], Notebook]:
    """The answer cells of these exercises became cells of this kind, as one key does in Jupyter."""

    def change(notebook: Notebook) -> Notebook:
        cells = list(notebook["cells"])
        for index in [at(notebook, exercise) for exercise in exercises]:
            kept = {k: v for k, v in cells[index].items() if k not in ("outputs", "execution_count")}
            cells[index] = {**kept, "cell_type": kind}
        return {**notebook, "cells": cells}

    return change


def _no_code() -> Iterator[Case]:
    yield case(
        "Ann", "01", "an answer in a Markdown cell", change=turned("markdown", "1.1"),
        says={"1.1": "its cell is a Markdown cell"},
    )  # fmt: skip
    yield case(
        "Art", "03", "three answers in raw cells, two of which another calls",
        change=turned("raw", "3.2", "3.3", "3.7"), says={"3.2": "its cell is a raw cell", "3.7": "raw cell"},
    )  # fmt: skip
    yield case(
        "Asa", "03", "a wrong answer in a Markdown cell", {"3.7": "def loss_floor(smooth):\n    return 0.0"},
        change=turned("markdown", "3.7"), says={"3.7": "Markdown cell"}, e3_7="wrong",
    )  # fmt: skip
    yield case(
        "Ava", "03", "a blank in a Markdown cell", {"3.7": ""}, change=turned("markdown", "3.7"),
        e3_7="not attempted",
    )  # fmt: skip
    untouched = turned("markdown", "1.1", "1.2")(released("01"))
    yield Case(
        "Axl", "01", "nothing written, and two cells turned into text", saved(untouched),
        dict.fromkeys(statuses("01"), "not attempted"),
    )  # fmt: skip


def _with_output(data: dict) -> Callable[[Notebook], Notebook]:
    def change(notebook: Notebook) -> Notebook:
        cells = [dict(cell) for cell in notebook["cells"]]
        code = next(cell for cell in cells if cell["cell_type"] == "code")
        code["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
        return {**notebook, "cells": cells}

    return change


def _large() -> Iterator[Case]:
    without = {"": "it was read without its outputs"}
    yield case(
        "Bar", "01", "an animation of 21 MB in an output",
        change=_with_output({"text/html": "<img src='data:image/png;base64," + "A" * 21_000_000 + "'>"}),
        says=without,
    )  # fmt: skip
    yield case(
        "Bel", "01", "a table of 200,000 rows in the outputs of 25 MB",
        change=_with_output({"text/html": ['<td class="[{]}\\">' + "x" * 100 + "\n"] * 200_000}),
        says=without,
    )  # fmt: skip
    state = {f"{i:032x}": {"a": {"b": {}}, "c": []} for i in range(260_000)}
    yield case(
        "Bix", "01", "the states of 260,000 widgets",
        change=lambda n: {**n, "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": state}}},
        says=without,
    )  # fmt: skip
    yield Case("Buz", "01", "zeros behind the end of the file", _followed_by(b"\n\0\0\0\0"), statuses("01"))
    yield Case(
        "Bey", "01", "half of another notebook behind the end", _followed_by(b'{"cells": [{"source'),
        statuses("01"), {"": "the file goes on after the end of the notebook"},
    )  # fmt: skip


def _followed_by(rest: bytes) -> Callable[[Path], None]:
    return raw(json.dumps(filled("01")).encode() + rest, "01_transposed_convolution.ipynb")


_D_LOSS = """
def discriminator_loss(D, real, fake, smooth=0.9):
    real, fake = real.cuda(), fake.detach().cuda()
    bce = F.binary_cross_entropy_with_logits
    on_real = bce(D(real), torch.full((len(real),), smooth, device="cuda"))
    return on_real + bce(D(fake), torch.zeros(len(fake)).cuda())
"""
_G_LOSS = """
device = torch.device("cuda")

def generator_loss(D, real, fake):
    score = D(fake.to(device))
    return nn.BCEWithLogitsLoss().to(device)(score, torch.ones(len(score), device=device))
"""
_LOOP = (
    solved("03")["3.5"]
    .replace("z.to(real.device)", "z.cuda()")
    .replace("next(run.batches)", "next(run.batches).cuda()")
)
_BCE = solved("03")["3.1"].replace("torch.zeros_like(logits)", "torch.zeros(())")


def _for_a_gpu() -> Iterator[Case]:
    yield case(
        "Cal G", "03", "losses with .cuda() and device='cuda', a step that calls them, a loop of its own",
        {"3.2": _D_LOSS, "3.3": _G_LOSS, "3.5": _LOOP},
        says=dict.fromkeys(("3.2", "3.3", "3.5"), "graded as on a CPU"),
    )  # fmt: skip
    wrong = _D_LOSS.replace("fake.detach()", "fake")
    yield case(
        "Cam G", "03", "for a GPU, and without detach()", {"3.2": wrong}, says={"3.2": "graded as on a CPU"},
        e3_2="wrong",
    )  # fmt: skip
    yield case(
        "Cat G", "03", "a device for everything, in a cell above",
        {"3.7": "def loss_floor(smooth):\n"
                "    p = torch.tensor([smooth, 1 - smooth], device=DEVICE, dtype=torch.float64)\n"
                "    return torch.special.entr(p).sum().item()"},
        helpers={"3.7": ['DEVICE = "cuda:0"\ntorch.cuda.synchronize()\nprint(torch.cuda.current_device())']},
        says={"3.7": "graded as on a CPU"},
    )  # fmt: skip
    yield case(
        "Cem G", "03", "a default device",
        {"3.1": 'torch.set_default_device("cuda")\n' + _BCE},
        says={"3.1": "graded as on a CPU"},
    )  # fmt: skip
    yield case(
        "Cid G", "03", "asks whether there is a GPU, as one should",
        {"3.7": 'device = "cuda" if torch.cuda.is_available() else "cpu"\n' + solved("03")["3.7"]},
    )  # fmt: skip
    start = "def overlap_counts(size, kernel_size, stride, padding):\n"
    yield case(
        "Cleo G", "01", "counts on a GPU, in autocast",
        {"1.4": start + "    with torch.device('cuda'), torch.autocast('cuda'):\n"
                "        ones = torch.ones(1, 1, size, size)\n"
                "        stamp = torch.ones(1, 1, kernel_size, kernel_size)\n"
                "        return F.conv_transpose2d(ones, stamp, stride=stride, padding=padding)[0, 0].cpu()"},
        says={"1.4": "graded as on a CPU"},
    )  # fmt: skip
