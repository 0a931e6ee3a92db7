"""Answers to lab 04."""

import math
import struct
from pathlib import Path

import numpy as np
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event

from labkit import plots
from labkit.data import to_uint8
from tests.answers.rules import RIGHT_RULES, WRONG_RULES

# 4.1


def _losses(*, tags=("loss/d", "loss/g"), when=lambda s, e: s % e == 0, value=lambda x: x, at=lambda s, e: s):
    """Both losses at the right steps, with one of the usual slips."""

    def answer(logbook, step, d_loss, g_loss, every):
        if when(step, every):
            logbook.scalars(at(step, every), dict(zip(tags, (value(d_loss), value(g_loss)), strict=False)))

    return answer


def _one_by_one(logbook, step, d_loss, g_loss, every):
    if step // every * every != step:
        return
    logbook.scalars(step, {"loss/g": g_loss.item()})
    logbook.scalars(step, {"loss/d": d_loss.item()})


def _late_floats(logbook, step, d_loss, g_loss, every):
    row = {"loss/d": float(d_loss.detach().numpy()), "loss/g": float(g_loss.detach().numpy())}
    if not step % every:
        logbook.scalars(step, row)


def _both(which):
    def answer(logbook, step, d_loss, g_loss, every):
        if step % every == 0:
            value = (d_loss, g_loss)[which]
            logbook.scalars(step, {"loss/d": value, "loss/g": value})

    return answer


def _twice(logbook, step, d_loss, g_loss, every):
    _one_by_one(logbook, step, d_loss, g_loss, every)
    _one_by_one(logbook, step, d_loss, g_loss, every)


# 4.2


def _grid(fake, columns=4):
    pixels = to_uint8(fake.detach())
    rows = [torch.cat(list(line), dim=2) for line in pixels.split(columns)]
    return torch.cat(rows, dim=1)


def _pictures(*, grid=_grid, tag="samples/fixed_z", real=lambda r, f: r, fake=lambda r, f: f, at=lambda s: s):
    """One picture and two histograms, with one of the usual slips."""

    def answer(logbook, step, images, real_logits, fake_logits):
        logbook.image(step, tag, grid(images))
        logbook.histogram(at(step), "logits/real", real(real_logits, fake_logits))
        logbook.histogram(at(step), "logits/fake", fake(real_logits, fake_logits))

    return answer


def _by_tile(logbook, step, fake, real_logits, fake_logits):
    logbook.histogram(step, "logits/fake", fake_logits)
    logbook.histogram(step, "logits/real", real_logits.detach().clone())
    logbook.image(step, "samples/fixed_z", plots.tile(to_uint8(fake), columns=4, gap=0))


def _by_places(logbook, step, fake, real_logits, fake_logits):
    n, c, h, w = fake.shape
    grid = torch.zeros(c, n // 4 * h, 4 * w, dtype=torch.uint8)
    for i in range(n):
        top, left = i // 4 * h, i % 4 * w
        pixels = ((fake[i].clamp(-1, 1) + 1) * 127.5).detach()
        grid[:, top : top + h, left : left + w] = pixels.to(torch.uint8)  # cut off, not rounded: one byte
    logbook.image(step, "samples/fixed_z", grid)
    for tag, logits in {"real": real_logits, "fake": fake_logits}.items():
        logbook.histogram(step, f"logits/{tag}", logits)


def _one_each(logbook, step, fake, real_logits, fake_logits):
    for image in fake:
        logbook.image(step, "samples/fixed_z", to_uint8(image))


def _only_picture(logbook, step, fake, real_logits, fake_logits):
    logbook.image(step, "samples/fixed_z", _grid(fake))


def _reshaped(fake):
    n, c, h, w = fake.shape
    return to_uint8(fake).reshape(c, n // 4 * h, 4 * w)


def _downwards(fake):
    n = len(fake)
    return _grid(fake[[(i % 4) * (n // 4) + i // 4 for i in range(n)]])


def _bytes_of(fake):
    whole = ((fake.detach() + 1) * 127.5).round().to(torch.int64).remainder(256).to(torch.uint8)
    return torch.cat([torch.cat(list(line), dim=2) for line in whole.split(4)], dim=1)


# 4.3


def _norm(network):
    parts = [p.grad.flatten() for p in network.parameters() if p.grad is not None]
    return torch.cat(parts).norm().item()


def _measure(*, d_norm=_norm, g_norm=_norm, **changes):
    """All five, with one of them done another way."""

    def answer(G, D, real_logits, fake_logits):
        real, fake = torch.sigmoid(real_logits), torch.sigmoid(fake_logits)
        given = (real_logits, fake_logits)
        result = {
            "prob/real": real.mean().item(),
            "prob/fake": fake.mean().item(),
            "accuracy/d": ((real > 0.5).float().mean() + (fake < 0.5).float().mean()).item() / 2,
            "grad_norm/d": d_norm(D),
            "grad_norm/g": g_norm(G),
        }
        return result | {tag.replace("_", "/"): change(*given) for tag, change in changes.items()}

    return answer


def _by_numpy(G, D, real_logits, fake_logits):
    def length(network):
        total = 0.0
        for parameter in network.parameters():
            if parameter.grad is None:
                continue
            total += float((parameter.grad.numpy().astype(float) ** 2).sum())
        return total**0.5

    real, fake = (1 / (1 + np.exp(-logits.numpy())) for logits in (real_logits, fake_logits))
    right = (real > 0.5).sum() + (fake <= 0.5).sum()
    return {
        "grad_norm/g": length(G),
        "grad_norm/d": length(D),
        "accuracy/d": float(right / (len(real) + len(fake))),
        "prob/fake": fake.mean(),
        "prob/real": real.mean(),
    }


def _norms(network):
    return [p.grad.norm().item() for p in network.parameters() if p.grad is not None]


def _with(network):
    return [p for p in network.parameters() if p.grad is not None]


def _share(bound):
    return lambda r, f: (((r > bound).float().mean() + (f < bound).float().mean()) / 2).item()


def _forgets_none(G, D, real_logits, fake_logits):
    return {"grad_norm/g": sum(p.grad.square().sum() for p in G.parameters()).sqrt().item()}


def _misnamed(G, D, real_logits, fake_logits):
    result = _measure()(G, D, real_logits, fake_logits)
    return {tag.replace("/", "_"): value for tag, value in result.items()}


# 4.4


def _records(path, *, order="<", skip=4, torn=True):
    content, place = Path(path).read_bytes(), 0
    while place < len(content):
        if torn and place + 12 > len(content):
            return
        (length,) = struct.unpack(order + "Q", content[place : place + 8])
        start = place + 8 + skip
        place = start + length + 4
        if torn and place > len(content):
            return
        yield Event.FromString(content[start : start + length])


def _scalars(
    *, records=_records, is_number=lambda v: v.HasField("simple_value"), step=lambda e, i: e.step, keep=None
):
    """All numbers of a file, with one of the usual slips."""

    def answer(path):
        columns = {}
        for event in records(path):
            for value in event.summary.value:
                if is_number(value):
                    steps, values = columns.setdefault(value.tag, ([], []))
                    steps.append(step(event, len(steps)))
                    values.append(value.simple_value)
        return columns if keep is None else {tag: keep(*pair) for tag, pair in columns.items()}

    return answer


def _by_stream(path):
    columns = {}
    with open(path, "rb") as stream:
        while True:
            head = stream.read(12)
            if len(head) < 12:
                return columns
            length = int.from_bytes(head[:8], "little")
            body = stream.read(length + 4)
            if len(body) < length + 4:
                return columns
            event = Event.FromString(body[:-4])
            for value in event.summary.value:
                if value.WhichOneof("value") == "simple_value":
                    pair = columns.setdefault(value.tag, ([], []))
                    pair[0].append(event.step)
                    pair[1].append(value.simple_value)


def _by_library(path):
    events = EventAccumulator(str(path), size_guidance={"scalars": 0})
    events.Reload()
    found = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
    return {tag: ([e.step for e in column], [e.value for e in column]) for tag, column in found.items()}


def _counts_the_torn_one(path):
    columns = _by_stream(path)
    columns["loss/d"][0].append(80)
    columns["loss/d"][1].append(9.0)
    return columns


def _first_value_only(path):
    columns = {}
    for event in _records(path):
        for value in event.summary.value[:1]:
            if value.HasField("simple_value"):
                steps, values = columns.setdefault(value.tag, ([], []))
                steps.append(event.step)
                values.append(value.simple_value)
    return columns


# 4.5

WORDS = (
    "vanishing gradient",
    "discriminator too weak to teach",
    "diverged",
    "healthy",
    "mode collapse",
)


def _said(**changes):
    return lambda: dict(zip((f"run_{c}" for c in "abcde"), WORDS, strict=True)) | changes


def _by_verdict():
    where = {"healthy": "run_d", "diverged": "run_c", "mode collapse": "run_e"}
    where |= {"vanishing gradient": "run_a", "discriminator too weak to teach": "run_b"}
    return {run: verdict for verdict, run in where.items()}


def _four():
    said = _said()()
    del said["run_c"]
    return said


RIGHT = {
    "4.1": [_one_by_one, _late_floats],
    "4.2": [_by_tile, _by_places],
    "4.3": [_by_numpy, _measure()],
    "4.4": [_by_stream, _by_library, _scalars()],
    "4.5": [_said(), _by_verdict],
    "4.7": RIGHT_RULES,
}

WRONG = {
    "4.1": {
        "nothing was written": lambda logbook, step, d_loss, g_loss, every: None,
        "only D's loss": _losses(tags=("loss/d",)),
        "only G's loss": _losses(tags=("loss/g",), value=lambda x: x),
        "letter for letter": _losses(tags=("d_loss", "g_loss")),
        "expected  loss/d; loss/g": _losses(tags=("Loss/D", "Loss/G")),
        "every step was written": _losses(when=lambda s, e: True),
        "condition is turned round": _losses(when=lambda s, e: s % e),
        "the first multiple only": _losses(when=lambda s, e: s == e),
        "the row's number": _losses(at=lambda s, e: s // e),
        "one step late": _losses(when=lambda s, e: (s - 1) % e == 0),
        "under the number `step`": _losses(at=lambda s, e: 0),
        "written twice": _twice,
        "losses are swapped": _losses(tags=("loss/g", "loss/d")),
        "both tags hold D's": _both(0),
        "both tags hold G's": _both(1),
        "divided by `every`": _losses(value=lambda x: x / 3),
        "unchanged": _losses(value=lambda x: round(x.item(), 1)),
    },
    "4.2": {
        "put all fakes side by side first": _one_each,
        "1 under samples/fixed_z": _pictures(tag="samples"),
        "would read floats as 0 to 1": _pictures(grid=lambda x: _grid(x).float() / 255),
        "not put side by side": _pictures(grid=to_uint8),
        "that is one fake": _pictures(grid=lambda x: to_uint8(x)[0]),
        "channels come first": _pictures(grid=lambda x: _grid(x).permute(1, 2, 0)),
        "all fakes are in one row": _pictures(grid=lambda x: _grid(x, columns=8)),
        "all fakes are in one column": _pictures(grid=lambda x: _grid(x, columns=1)),
        "rows and columns are swapped": _pictures(grid=lambda x: _grid(x, columns=2)),
        "and no gap": _pictures(grid=lambda x: plots.tile(to_uint8(x), columns=4)),
        "run down the columns": _pictures(grid=_downwards),
        "the pixels are shuffled": _pictures(grid=_reshaped),
        "wrapped around": _pictures(grid=_bytes_of),
        "-1 must become 0": _pictures(grid=lambda x: _grid(x.clamp(0, 1) * 2 - 1)),
        "show the first fake": _pictures(grid=lambda x: _grid(x[:1].expand_as(x))),
        "once for each of the two": _only_picture,
        "those are probabilities": _pictures(real=lambda r, f: torch.sigmoid(r)),
        "real and fake are swapped": _pictures(real=lambda r, f: f, fake=lambda r, f: r),
        "a histogram wants all": _pictures(fake=lambda r, f: f.mean()),
        "the sign says": _pictures(fake=lambda r, f: f.abs()),
        "pass `step` on": _pictures(at=lambda s: 0),
    },
    "4.3": {
        "from tag to number": lambda *a: [0.5] * 5,
        "the five of the text": _misnamed,
        "`.grad` None": _forgets_none,
        "take the sigmoid of each first": _measure(prob_real=lambda r, f: r.mean().item()),
        "not the mean of the sigmoids": _measure(prob_real=lambda r, f: torch.sigmoid(r.mean()).item()),
        "swapped": _measure(prob_real=lambda r, f: torch.sigmoid(f).mean().item()),
        "how real D finds a fake": _measure(prob_fake=lambda r, f: 1 - torch.sigmoid(f).mean().item()),
        "the median": _measure(prob_fake=lambda r, f: np.median(torch.sigmoid(f).numpy()).item()),
        "only the real images": _measure(accuracy_d=lambda r, f: (r > 0).float().mean().item()),
        "only the fakes": _measure(accuracy_d=lambda r, f: (f < 0).float().mean().item()),
        "right means a probability below": _measure(
            accuracy_d=lambda r, f: torch.cat([r > 0, f > 0]).float().mean().item()
        ),
        "0.5 is a bound": _measure(accuracy_d=_share(0.5)),
        "take their mean": _measure(accuracy_d=lambda r, f: 2 * _share(0)(r, f)),
        "that is a count": _measure(accuracy_d=lambda r, f: 20 * _share(0)(r, f)),
        "wrong ones": _measure(accuracy_d=lambda r, f: 1 - _share(0)(r, f)),
        "the other network's": lambda G, D, r, f: _measure()(D, G, r, f),
        "it is their squares that add up": _measure(d_norm=lambda n: sum(_norms(n))),
        "were averaged": _measure(d_norm=lambda n: sum(_norms(n)) / len(_norms(n))),
        "the largest layer": _measure(d_norm=lambda n: max(_norms(n))),
        "the last layer only": _measure(g_norm=lambda n: _norms(n)[-1]),
        "the root is missing": _measure(g_norm=lambda n: _norm(n) ** 2),
        "absolute values": _measure(g_norm=lambda n: sum(p.grad.abs().sum().item() for p in _with(n))),
        "norm of the weights": _measure(
            g_norm=lambda n: torch.cat([p.detach().flatten() for p in n.parameters()]).norm().item()
        ),
        "do not average": _measure(g_norm=lambda n: _norm(n) / math.sqrt(sum(p.numel() for p in _with(n)))),
    },
    "4.4": {
        "expected  {tag: (steps, values)}": lambda path: [e.step for e in _records(path)],
        "a picture is no number": _scalars(is_number=lambda v: True),
        "go on to the end of the file": lambda path: {},
        "a value of 0 is a value too": _scalars(is_number=lambda v: v.simple_value),
        "the steps are 0, 1, 2": _scalars(step=lambda e, i: i),
        "the steps are 1, 2, 3": _scalars(step=lambda e, i: i + 1),
        "that is the time": _scalars(step=lambda e, i: e.wall_time),
        "the last one only": _scalars(keep=lambda s, v: (s[-1:], v[-1:])),
        "the first one only": _scalars(keep=lambda s, v: (s[:1], v[:1])),
        "loop over `event.summary.value`": _first_value_only,
        "the last record is torn": _counts_the_torn_one,
        "they run backwards": _scalars(keep=lambda s, v: (s[::-1], v[::-1])),
        "steps and values are swapped": _scalars(keep=lambda s, v: (v, s)),
        "two lists": _scalars(keep=lambda s, v: dict(zip(s, v, strict=True))),
        "a torn last record is no record": _scalars(records=lambda path: _records(path, torn=False)),
        "little-endian": _scalars(records=lambda path: _records(path, order=">", torn=False)),
        "the bytes are cut in the wrong places": _scalars(
            records=lambda path: _records(path, skip=0, torn=False)
        ),
        "those are the steps": _scalars(keep=lambda s, v: (s, s)),
    },
    "4.5": {
        '{"run_a": verdict': lambda: list(WORDS),
        "one entry for each run": _four,
        "letter for letter": _said(run_b="weak discriminator"),
        "`recall/g` of run_a": _said(run_a="healthy"),
        "`signal/g` of run_a": _said(run_a="mode collapse"),
        "`gap/d` of run_a": _said(run_a="discriminator too weak to teach"),
        "`recall/g` of run_b": _said(run_b="healthy"),
        "`gap/d` of run_b": _said(run_b="mode collapse", run_e="discriminator too weak to teach"),
        "its scores stay in bounds": _said(run_c="mode collapse"),
        "`gap/d` of run_d": _said(run_d="vanishing gradient"),
        "the samples are poor": _said(run_d="discriminator too weak to teach"),
        "`signal/g` of run_c": _said(run_c="vanishing gradient"),
        "`loss/g` of run_e": _said(run_e="diverged"),
        "is there a `return`": lambda: print(end=""),
    },
    "4.7": WRONG_RULES,
}
