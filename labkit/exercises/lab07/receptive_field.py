"""Exercise 7.2: how much of the image one number of the result depends on."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import tried
from labkit.exercises.properties import Case, same, says
from labkit.exercises.reading import word
from labkit.networks import translation

PATCH_GAN = ((4, 2), (4, 2), (4, 2), (4, 1), (4, 1))


def layers(seed: int) -> list[tuple[int, int]]:
    """(kernel, stride) of six layers, no two alike: so many that no wrong count gives the same by chance."""
    generator = torch.Generator().manual_seed(seed)
    kernels = (torch.randperm(8, generator=generator)[:6] + 5).tolist()
    strides = torch.randint(2, 5, (6,), generator=generator).tolist()
    return list(zip(kernels, strides, strict=True))


def probe(receptive_field, spans):
    given = list(spans)
    field = receptive_field(given)
    return {
        "the result": field,
        "kind": type(field).__name__,
        "spans afterwards": [n for span in given for n in span],
        "of one layer": tried(lambda: receptive_field(spans[-1:])),
        "of the PatchGAN": tried(lambda: receptive_field(list(PATCH_GAN))),
        "without layers": tried(lambda: _said(receptive_field([]))),
    }


def _said(field):
    return "None: nothing came back" if field is None else field


EXERCISE = Exercise(
    "7.2",
    "The receptive field",
    3,
    "receptive_field(spans)",
    layers,
    probe,
    causes={
        r"too many values to unpack|not enough values to unpack": (
            "`spans` has any number of pairs, none too: `for kernel, stride in spans`"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


expected = translation.receptive_field


def _from_the_image(start=1, grow=lambda kernel, stride, jump: (kernel - 1) * jump, jump_of=None):
    """The field layer by layer from the image on. ``jump`` is by how many pixels neighbours are apart."""

    def answer(spans):
        field, jump = start, 1
        for kernel, stride in spans:
            field += grow(kernel, stride, jump)
            jump = jump_of(jump, stride) if jump_of else jump * stride
        return field

    return answer


def _backwards(grow, start=1):
    """The field from the last layer on, as ``grow(field, kernel, stride)`` has it."""

    def answer(spans):
        field = start
        for kernel, stride in reversed(spans):
            field = grow(field, kernel, stride)
        return field

    return answer


def _no_int(case: Case) -> str:
    if word(case.got["kind"]) == "float":
        return "a width in pixels is an `int`: use `//` instead of `/`, and no `float(...)`"
    return "return the number itself: a width in pixels is an `int`, no tensor and no array"


PROPERTIES = (
    same(
        "the result",
        "the width for several layers",
        "from the last layer to the first: field = (field - 1) * stride + kernel, beginning with 1",
        points=2,
        rtol=0,
    ),
    says("kind", "it is a whole number", "int", "int64", otherwise=_no_int),
    same(
        "of one layer", "one layer sees as many pixels as its kernel", "a list of one layer comes in", rtol=0
    ),
    same(
        "of the PatchGAN",
        "the PatchGAN's five layers see 70 pixels",
        "for kernels of 4 with strides 2, 2, 2, 1, 1 the text works it out",
        points=0.75,
        rtol=0,
    ),
    same(
        "without layers",
        "without any layer a number sees one pixel",
        "for an empty list return 1, the number with which the count begins",
        points=0.25,
        rtol=0,
    ),
    same(
        "spans afterwards",
        "the list is left as it was",
        "`reverse()` and `pop()` change the caller's list: take `reversed(spans)`",
        rtol=0,
    ),
)

MISTAKES = {
    "the layers are taken from the wrong end: the first of `spans` is next to the image": (
        lambda spans: expected(spans[::-1])
    ),
    "kernel and stride are exchanged: a pair is (kernel, stride)": lambda spans: expected(
        [span[::-1] for span in spans]
    ),
    "that is the sum of the kernels: a pixel of a later layer stands for several of the image": (
        lambda spans: sum(kernel for kernel, _ in spans)
    ),
    "the strides are ignored: each widens the steps of all layers after it": _from_the_image(
        jump_of=lambda jump, stride: 1
    ),
    "that is the product of the strides, the distance of two neighbours of the result": lambda spans: (
        torch.tensor([stride for _, stride in spans]).prod().item()
    ),
    "that is the product of the kernels": lambda spans: torch.tensor([k for k, _ in spans]).prod().item(),
    "each layer adds kernel - 1 steps, not kernel: neighbouring windows overlap": _from_the_image(
        grow=lambda kernel, stride, jump: kernel * jump
    ),
    "each layer adds kernel - 1 steps, not kernel, and the count begins at one pixel": _from_the_image(
        0, lambda kernel, stride, jump: kernel * jump
    ),
    "one pixel short: a result without layers sees one pixel, and the count begins there": _from_the_image(0),
    "a layer's own stride counts only for the layers after it": _from_the_image(
        grow=lambda kernel, stride, jump: (kernel - 1) * jump * stride
    ),
    "the stride comes into effect a layer too late: the next layer takes its steps already": lambda spans: (
        expected([(k, s) for (k, _), s in zip(spans, [1, *(s for _, s in spans)], strict=False)])
    ),
    "only the stride of the layer before is counted: multiply all strides before it": _from_the_image(
        jump_of=lambda jump, stride: stride
    ),
    "the strides are added up: they multiply": _from_the_image(jump_of=lambda jump, stride: jump + stride),
    "a stride spreads the layers, not the pixels of one kernel: it is no dilation": lambda spans: (
        1 + sum((kernel - 1) * stride for kernel, stride in spans)
    ),
    "(field - 1) * stride + kernel: the field has one step less than it has pixels": _backwards(
        lambda field, kernel, stride: field * stride + kernel
    ),
    "(field - 1) * stride + kernel: the 1 is taken away before the field is multiplied": _backwards(
        lambda field, kernel, stride: field * stride + kernel - 1
    ),
    "the count begins at 0: one number sees itself, so begin with 1": _backwards(
        lambda field, kernel, stride: (field - 1) * stride + kernel, start=0
    ),
    "only the last layer is counted: does the `return` stand inside the loop?": lambda spans: spans[-1][0],
    "only the first layer is counted: does the `return` stand inside the loop?": lambda spans: spans[0][0],
    "the first layer of `spans` is left out": lambda spans: expected(spans[1:]),
    "the last layer of `spans` is left out": lambda spans: expected(spans[:-1]),
}
