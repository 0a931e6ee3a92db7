"""Answers to lab 04."""

import math
import struct
from pathlib import Path

import numpy as np
import torch
from tensorboard.compat.proto.event_pb2 import Event
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from labkit import plots
from labkit.data import to_uint8
from labkit.logbook import Logbook

# 4.1


def _one_by_one(logbook, step, d_loss, g_loss, every):
    if step // every * every != step:
        return
    logbook.scalars(step, {"loss/g": g_loss.item()})
    logbook.scalars(step, {"loss/d": d_loss.item()})


def _late_floats(logbook, step, d_loss, g_loss, every):
    row = {"loss/d": float(d_loss.detach().numpy()), "loss/g": float(g_loss.detach().numpy())}
    if not step % every:
        logbook.scalars(step, row)


def _twice(*given):
    _one_by_one(*given)
    _late_floats(*given)


def _skips(logbook, step, d_loss, g_loss, every):
    if step % every:
        logbook.scalars(step, {"loss/g": g_loss.item(), "loss/d": d_loss.item()})


def _late_if(due):
    def answer(logbook, step, d_loss, g_loss, every):
        if due(step, every):
            logbook.scalars(step, {"loss/d": d_loss, "loss/g": g_loss})

    return answer


# 4.2


def _by_tile(
    grid=lambda x: plots.tile(x, columns=4, gap=0), tag="samples/fixed_z", fakes=lambda x: x, at=None
):
    """Right, unless told otherwise."""

    def answer(logbook, step, fake, real_logits, fake_logits):
        logbook.histogram(at or step, "logits/fake", fakes(fake_logits))
        logbook.histogram(step, "logits/real", real_logits.detach().clone()[:, None])
        logbook.image(step, tag, grid(fake))

    return answer


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
    logbook.image(step, "samples/fixed_z", plots.tile(fake, columns=4, gap=0))


def _bytes_of(scaled):
    return lambda x: plots.tile(scaled(x.detach()).to(torch.uint8), columns=4, gap=0)


def _onto_zeros(fake):
    rows = to_uint8(fake).split(4)
    return torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1) + torch.zeros(1, dtype=torch.uint8)


def _downwards(fake):
    return torch.cat([torch.cat(list(line), dim=1) for line in to_uint8(fake).split(len(fake) // 4)], dim=2)


# 4.3


def _length(network):
    total = 0.0
    for parameter in network.parameters():
        if parameter.grad is None:
            continue
        total += float((parameter.grad.numpy().astype(float) ** 2).sum())
    return total**0.5


def _by_numpy(G, D, real_logits, fake_logits):
    real, fake = (1 / (1 + np.exp(-logits.numpy())) for logits in (real_logits, fake_logits))
    right = (real > 0.5).sum() + (fake <= 0.5).sum()
    return {
        "grad_norm/g": _length(G),
        "grad_norm/d": _length(D),
        "accuracy/d": float(right / (len(real) + len(fake))),
        "prob/fake": fake.mean(),
        "prob/real": real.mean(),
    }


def _norms(network):
    return [p.grad.norm().item() for p in network.parameters() if p.grad is not None]


def _by_torch(G, D, real_logits, fake_logits):
    both = torch.sigmoid(torch.stack([real_logits, fake_logits]))
    right = (both > 0.5) == torch.tensor([[True], [False]], device=both.device)
    found = dict(zip(("prob/real", "prob/fake"), both.mean(1).tolist(), strict=True))
    found |= {"accuracy/d": right.float().mean(), "grad_norm/d": math.hypot(*_norms(D))}
    return found | {"grad_norm/g": math.hypot(*_norms(G))}


def _until_none(network):
    squares = 0.0
    for parameter in network.parameters():
        if parameter.grad is None:
            break
        squares += parameter.grad.square().sum().item()
    return squares**0.5


def _without_biases(network):
    weights = [p for name, p in network.named_parameters() if "weight" in name]
    return math.sqrt(sum(float((p.grad**2).sum()) for p in weights if p.grad is not None))


def _with_clipping(G, D, real, fake):
    norms = [float(nn.utils.clip_grad_norm_(network.parameters(), 1.0)) for network in (D, G)]
    return _by_torch(G, D, real, fake) | dict(zip(("grad_norm/d", "grad_norm/g"), norms, strict=True))


def _by_clipping_at_infinity(G, D, real, fake):
    norms = [nn.utils.clip_grad_norm_(network.parameters(), math.inf) for network in (D, G)]
    return _by_torch(G, D, real, fake) | dict(zip(("grad_norm/d", "grad_norm/g"), norms, strict=True))


def _but(tag, change):
    """Right, but for one of the five, which is made of (G, D, real logits, fake logits)."""
    return lambda *given: _by_torch(*given) | {tag: change(*given)}


def _misnamed(*given):
    return {tag.replace("/", "_"): value for tag, value in _by_torch(*given).items()}


def _forgets_none(G, D, real_logits, fake_logits):
    return {"grad_norm/g": sum(p.grad.square().sum() for p in G.parameters()).sqrt().item()}


# 4.4


def _records(path, *, order="<", skip=4, torn=True, whole=12, behind=4):
    content, place = Path(path).read_bytes(), 0
    while place < len(content):
        if torn and place + whole > len(content):
            return
        (length,) = struct.unpack(order + "Q", content[place : place + 8])
        start = place + 8 + skip
        place = start + length + 4
        if torn and place - 4 + behind > len(content):
            return
        yield Event.FromString(content[start : start + length])


def _scalars(
    *,
    of=lambda event: event.summary.value,
    is_number=lambda value: value.HasField("simple_value"),
    step=lambda event, row: event.step,
    keep=lambda steps, values: (steps, values),
    **how,
):
    """Right, unless told otherwise."""

    def answer(path):
        columns = {}
        for event in _records(path, **how):
            for value in of(event):
                if is_number(value):
                    steps, values = columns.setdefault(value.tag, ([], []))
                    steps.append(step(event, len(steps)))
                    values.append(value.simple_value)
        return {tag: keep(*pair) for tag, pair in columns.items()}

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


# 4.7


def _late(columns, tag):
    steps, values = columns[tag]
    return float(np.median(values[steps > 0.75 * steps[-1]]))


def _table(columns):
    last = {tag: np.median(v[-len(v) // 4 + 1 :]) for tag, (_, v) in columns.items()}
    poor = last["recall/g"] < 0.1 or last["diversity/g"] < 0.6
    grown = last["grad_norm/g"] / columns["grad_norm/g"][1][0] >= 1.5
    lines = {
        "diverged": not math.isfinite(last["loss/g"]) or abs(last["loss/g"]) > 50,
        "discriminator too weak to teach": poor and -0.2 < last["gap/d"] < 0.2 and not grown,
        "vanishing gradient": last["signal/g"] < 0.04 and last["gap/d"] > 4,
        "mode collapse": poor,
        "healthy": True,
    }
    return next(verdict for verdict, so in lines.items() if so)


def _rule(
    *,
    read=_late,
    order=("diverged", "vanishing gradient", "discriminator too weak to teach", "mode collapse"),
    off=lambda loss: not abs(loss) <= 50,
    gone=lambda signal, gap: signal < 0.04 and gap > 4,
    poor=lambda recall, diversity: recall < 0.1 or diversity < 0.6,
    blind=lambda gap, growth: abs(gap) < 0.2 and growth < 1.5,
    told=lambda word: word,
):
    """The questions of the text in this order, with one of the usual mistakes."""

    def answer(columns):
        tags = ("loss/g", "signal/g", "gap/d", "recall/g", "diversity/g", "grad_norm/g")
        loss, signal, gap, recall, diversity, gradient = (read(columns, tag) for tag in tags)
        bad, growth = poor(recall, diversity), gradient / columns["grad_norm/g"][1][0]
        holds = {
            "diverged": off(loss),
            "vanishing gradient": gone(signal, gap),
            "discriminator too weak to teach": bad and blind(gap, growth),
            "mode collapse": bad,
            "healthy": True,
        }
        return told(next(verdict for verdict in (*order, "healthy") if holds[verdict]))

    return answer


_ORDER = ("diverged", "vanishing gradient", "discriminator too weak to teach", "mode collapse")


def _by_elimination(columns):
    end = {tag: _late(columns, tag) for tag in columns}
    if not -50 <= end["loss/g"] <= 50:
        return "diverged"
    if end["gap/d"] > 4 and end["signal/g"] < 0.04:
        return "vanishing gradient"
    if end["recall/g"] >= 0.1 and end["diversity/g"] >= 0.6:
        return "healthy"
    level = abs(end["gap/d"]) < 0.2 and end["grad_norm/g"] < 1.5 * columns["grad_norm/g"][1][0]
    return "discriminator too weak to teach" if level else "mode collapse"


def _without_quotes(columns):
    return healthy  # noqa: F821


# 4.8


def _in_a_with(folder, losses, picture):
    with SummaryWriter(log_dir=str(folder)) as writer:
        writer.add_image("samples/fixed_z", picture.permute(1, 2, 0).numpy(), len(losses), dataformats="HWC")
        for kind, column in zip(("d", "g"), zip(*losses, strict=True), strict=True):
            for step, loss in enumerate(column):
                writer.add_scalar(f"loss/{kind}", torch.tensor(loss), global_step=step + 1)


def _by_index(folder, losses, picture):
    writer = SummaryWriter(Path(folder))
    for i in range(len(losses)):
        writer.add_scalar("loss/g", losses[i][1], i + 1)
        writer.add_scalar("loss/d", losses[i][0], i + 1)
        if i + 1 == len(losses):
            writer.add_image("samples/fixed_z", picture, i + 1)
    writer.flush()
    writer.close()


def _one_writer_each(folder, losses, picture):
    scalars, pictures = (
        SummaryWriter(folder, filename_suffix=".a"),
        SummaryWriter(folder, filename_suffix=".b"),
    )
    for step, pair in enumerate(losses, start=1):
        for tag, loss in zip(("loss/d", "loss/g"), pair, strict=True):
            scalars.add_scalar(tag, np.float64(loss), step)
    pictures.add_image("samples/fixed_z", picture.numpy(), step)
    scalars.close()
    pictures.close()


def _writes(
    scalars=lambda writer, step, pair: [
        writer.add_scalar(tag, loss, step) for tag, loss in zip(("loss/d", "loss/g"), pair, strict=True)
    ],
    image=lambda writer, picture, step: writer.add_image("samples/fixed_z", picture, step),
    first=1,
    folder=lambda folder: folder,
    close=lambda writer: writer.close(),
):
    """Right, unless told otherwise."""

    def answer(into, losses, picture):
        writer = SummaryWriter(folder(into))
        for step, pair in enumerate(losses, first):
            scalars(writer, step, pair)
        image(writer, picture, step)
        close(writer)

    return answer


def _by_logbook(folder, losses, picture):
    with Logbook(folder) as logbook:
        for step, (d_loss, g_loss) in enumerate(losses, 1):
            logbook.scalars(step, {"loss/d": d_loss, "loss/g": g_loss})
        logbook.image(len(losses), "samples/fixed_z", picture)


def _closes_early(folder, losses, picture):
    _in_a_with(folder, losses, picture)
    SummaryWriter(folder).add_text("note", "one more")


RIGHT = {
    "4.1": [_one_by_one, _late_floats],
    "4.2": [_by_tile(), _by_places],
    "4.3": [_by_numpy, _by_torch, _by_clipping_at_infinity],
    "4.4": [_by_stream, _scalars()],
    "4.5": [_said(), _by_verdict],
    "4.7": [_table, _rule(), _by_elimination],
    "4.8": [_in_a_with, _by_index, _one_writer_each],
}

WRONG = {
    "4.1": {
        "letter for letter": lambda book, step, d, g, every: book.scalars(step, {"d_loss": d, "g_loss": g}),
        "expected  loss/d; loss/g": lambda book, step, d, g, every: book.scalars(step, {"Loss/D": d}),
        "got       none": lambda book, *more: book.image(1, "loss/d", torch.zeros(3, 2, 2)),
        "condition is flipped": _skips,
        "under the number `step`": lambda book, step, *more: _one_by_one(book, step - step % 3, *more),
        "written twice": _twice,
        "unchanged": lambda book, step, d, g, every: _one_by_one(book, step, d.round(), g.round(), every),
        "those are the steps that": lambda book, step, d, g, every: _one_by_one(book, step, d, g, 10),
        "before `every` were written": _late_if(lambda step, every: step < every),
        "from `every` on": _late_if(lambda step, every: step > every - 1),
        "one step early": _late_if(lambda step, every: step % every == every - 1),
        "the step, then a dictionary": lambda book, step, d, g, every: book.scalars({"loss/d": d}, step),
        "two arguments": lambda book, step, d, g, every: book.scalars("loss/d", d, step),
        "belong to a `SummaryWriter`": lambda book, step, d, g, every: book.add_scalar("loss/d", d, step),
        "the code that opened the logbook": lambda book, *more: (_one_by_one(book, *more), book.close()),
        "changed in place": lambda book, step, d, g, every: (
            _one_by_one(book, step, d, g, every),
            d.zero_(),
        ),
    },
    "4.2": {
        "put all fakes side by side first": _one_each,
        "1 under samples/fixed_z": _by_tile(tag="samples"),
        "before numpy sees it": _by_tile(grid=lambda x: x.numpy()),
        "would read floats as 0 to 1": _by_tile(grid=lambda x: plots.tile(x, columns=4, gap=0) / 255),
        "all fakes are in one column": _by_tile(grid=lambda x: torch.cat(list(to_uint8(x)), dim=1)),
        "only values beyond [-1, 1]": _by_tile(grid=_bytes_of(lambda x: (x + 1) * 127.5 % 256)),
        "whatever the fakes": _by_tile(grid=_bytes_of(lambda x: (x - x.min()) / (x.max() - x.min()) * 255)),
        "dark and light": _by_tile(grid=_bytes_of(lambda x: (1 - x.clamp(-1, 1)) * 127.5)),
        "clamp and scale a copy": _by_tile(grid=lambda x: plots.tile(x.clamp_(-1, 1), columns=4, gap=0)),
        "work on a copy": _by_tile(grid=lambda x: plots.tile(x.detach().clamp_(-1, 1), columns=4, gap=0)),
        "drops an axis of length 1": _by_tile(
            grid=lambda x: plots.tile(x, columns=4, gap=0).squeeze(),
        ),
        "another device": _by_tile(grid=_onto_zeros),
        "belong to a `SummaryWriter`": lambda book, *more: book.add_image("samples/fixed_z", more[1]),
        "takes three arguments": lambda book, step, fake, *more: book.image("samples/fixed_z", fake),
        "come from `fake.shape`": _by_tile(
            grid=lambda x: to_uint8(x).view(7, 4, 3, 6, 7).permute(2, 0, 3, 1, 4).flatten(1, 2).flatten(2)
        ),
        "after `permute`, use `reshape`": _by_tile(
            grid=lambda x: to_uint8(x).unflatten(0, (-1, 4)).permute(2, 0, 3, 1, 4).view(x.shape[1], -1)
        ),
        "and no gap": _by_tile(grid=lambda x: plots.tile(x, columns=4)),
        "run down the columns": _by_tile(grid=_downwards),
        "the pixels are shuffled": _by_tile(grid=lambda x: to_uint8(x).reshape(3, -1, 4 * x.shape[3])),
        "in the wrong places": _by_tile(grid=lambda x: plots.tile(x.flip(3), columns=4, gap=0)),
        "once for each of the two": _only_picture,
        "those are probabilities": _by_tile(fakes=torch.sigmoid),
        "a histogram wants all": _by_tile(fakes=torch.mean),
        "all of it": _by_tile(fakes=lambda x: x[1:]),
        "pass `step` on": _by_tile(at=1),
    },
    "4.3": {
        "from tag to number": lambda *given: [0.5] * 5,
        "the five of the text": _misnamed,
        "`.grad` None": _forgets_none,
        "take the sigmoid of each first": lambda *given: (
            _by_numpy(*given) | {"prob/real": given[2].mean(), "prob/fake": given[3].mean()}
        ),
        "not the mean of the sigmoids": _but("prob/fake", lambda G, D, r, f: torch.sigmoid(f.mean())),
        "sigmoid first, then": _but("prob/fake", lambda G, D, r, f: torch.tanh(f).mean()),
        "those are added up": _but("prob/fake", lambda G, D, r, f: torch.sigmoid(f).sum()),
        "right means a probability below": _but(
            "accuracy/d", lambda G, D, r, f: np.mean(np.concatenate([r, f]) > 0)
        ),
        "0.5 is a bound": _but("accuracy/d", lambda G, D, r, f: torch.cat([r > 0.5, f < 0.5]).float().mean()),
        "judged in pairs": _but("accuracy/d", lambda G, D, r, f: ((r > 0) & (f < 0)).float().mean()),
        "counts by itself": _but("accuracy/d", lambda G, D, r, f: (r > f).float().mean()),
        "over the number of both": _but("accuracy/d", lambda G, D, r, f: 1),
        "this one belongs to G": _but("grad_norm/g", lambda G, D, r, f: _length(D)),
        "it is their squares that add up": _but("grad_norm/g", lambda G, D, r, f: sum(_norms(G))),
        "the root is missing": _but("grad_norm/g", lambda G, D, r, f: _length(G) ** 2),
        "pass over it, and go on": _but("grad_norm/d", lambda G, D, r, f: _until_none(D)),
        "the biases are left out": _but("grad_norm/d", lambda G, D, r, f: _without_biases(D)),
        "a measurement only reads": _with_clipping,
        "`.eval()`": lambda G, D, *logits: _by_torch(G.eval(), D, *logits),
        "in place": lambda G, D, real, fake: (
            _by_torch(G, D, real, fake) | {"prob/real": real.sigmoid_().mean()}
        ),
        "`squeeze()` drops a batch of one": lambda G, D, real, fake: (
            _by_torch(G, D, real, fake)
            | {"prob/real": real.squeeze()[:100].sigmoid().mean(0) if len(real) > 1 else real.squeeze()[0]}
        ),
        "is on another device": lambda G, D, real, fake: (
            (torch.cat([real, fake]) > 0) == torch.ones(2 * len(real)),
            _by_torch(G, D, real, fake),
        )[1],
        "over all parameters": _but("grad_norm/d", lambda G, D, r, f: _length(D) / 2),
    },
    "4.4": {
        "expected  {tag: (steps, values)}": lambda path: [e.step for e in _records(path)],
        "a picture is no number": _scalars(is_number=lambda v: True),
        "no number was found": lambda path: {},
        "go on to the end of the file": lambda path: dict(list(_by_stream(path).items())[:1]),
        "begins 16 + n bytes after": _scalars(order=">"),
        "the file holds bytes, no text": lambda path: path.read_text(encoding="ascii"),
        "a value of 0 is a value too": _scalars(is_number=lambda v: v.simple_value),
        "the steps are 1, 2, 3": _scalars(step=lambda e, i: i + 1),
        "once for every value of that tag": _scalars(step=lambda e, i: 2 * e.step),
        "`event.step`, once for every value": _scalars(of=lambda event: event.summary.value[:1]),
        "the values run backwards": _scalars(keep=lambda s, v: (s, v[::-1])),
        "two lists": _scalars(keep=lambda s, v: dict(zip(s, v, strict=True))),
        "in the order of the file": _scalars(keep=lambda s, v: (s, sorted(v))),
        "a torn last record does not count": _scalars(torn=False),
        "ask before you unpack them": _scalars(whole=1),
        "its 16 + n bytes must all be there": _scalars(behind=0),
        "it is whole, and counts": _scalars(behind=5),
        "little-endian": _scalars(order=">", torn=False),
        "bytes were read that are no whole record": _scalars(skip=0, torn=False),
    },
    "4.5": {
        '{"run_a": verdict': lambda: list(WORDS),
        "one entry for each run": lambda: dict(list(_said()().items())[1:]),
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
    "4.7": {
        "letter for letter": _rule(told=str.title),
        "none of the failures' lines": lambda columns: "mode collapse",
        "a run in which a loss runs off": _rule(off=lambda loss: False),
        "a loss that runs off below zero": _rule(off=lambda loss: not loss <= 50),
        "a comparison with nan": _rule(off=lambda loss: abs(loss) > 50),
        "the run has diverged, whatever else": _rule(order=(*_ORDER[1:], "diverged")),
        "a loss that runs off, with no signal left": _rule(
            order=("vanishing gradient", "diverged", *_ORDER[2:])
        ),
        "up to 50 in size a loss is in bounds": _rule(off=lambda loss: not abs(loss) <= 5),
        "a loss beyond 50 in size": _rule(off=lambda loss: not abs(loss) <= 500),
        "whatever else is true": _rule(order=(_ORDER[2], *_ORDER[:2], _ORDER[3])),
        "ask this before anything else": _rule(order=("diverged", "mode collapse", *_ORDER[1:3])),
        "but a loss that runs off": _rule(gone=lambda signal, gap: signal < 0.01 and gap > 4),
        "a signal of 0.06": _rule(gone=lambda signal, gap: signal < 0.4 and gap > 4),
        "gone means": _rule(gone=lambda signal, gap: gap > 4),
        "D is not sure yet": _rule(gone=lambda signal, gap: signal < 0.04),
        "both": _rule(gone=lambda signal, gap: signal < 0.04 and gap > 2.5),
        "ask this before mode collapse": _rule(order=("diverged", "vanishing gradient", "mode collapse")),
        "a gap within 0.2 of 0 and a gradient": _rule(
            blind=lambda gap, growth: abs(gap) < 0.1 and growth < 1.5
        ),
        "a gradient that has shrunk": _rule(blind=lambda gap, growth: 0 < gap < 0.2 and growth < 1.5),
        "D teaches G, but is too slow": _rule(blind=lambda gap, growth: abs(gap) < 0.2),
        "a gap of 0.23": _rule(blind=lambda gap, growth: abs(gap) < 0.5 and growth < 1.5),
        "on both sides": _rule(blind=lambda gap, growth: gap < 0.2 and growth < 1.5),
        "recall just below 0.1": _rule(poor=lambda recall, diversity: recall < 0.05 or diversity < 0.6),
        "either is enough": _rule(poor=lambda recall, diversity: recall < 0.1),
        "neither recall nor diversity": _rule(
            poor=lambda recall, diversity: recall < 0.15 or diversity < 0.6
        ),
        "recall just above 0.1": _rule(poor=lambda recall, diversity: recall < 0.1 or diversity < 0.8),
        "failure beside poor samples only": lambda columns: (
            _table(columns) if abs(_late(columns, "gap/d")) > 0.1 else _rule(poor=lambda *any: True)(columns)
        ),
        "a healthy run": _rule(read=lambda columns, tag: columns[tag][1].max()),
        "the columns are loss/g": lambda columns: columns["loss/d"],
        "stands in quotes": _without_quotes,
        "is there a `return`": lambda columns: None,
    },
    "4.8": {
        "the kit's `Logbook` writes a table as well": _by_logbook,
        "the folder goes to the writer": _writes(folder=lambda into: f"{into}-elsewhere"),
        "call `writer.close()` after the last": _writes(close=lambda writer: None),
        "may be lost": _writes(close=lambda writer: writer.flush()),
        "the writer is closed at the end": _closes_early,
        "once for each of the two": _writes(
            lambda w, step, pair: w.add_scalars("loss", {"d": pair[0]}, step)
        ),
        "letter for letter": _writes(lambda w, step, pair: w.add_scalar("D loss", pair[0], step)),
        "only D's loss": _writes(lambda w, step, pair: w.add_scalar("loss/d", pair[0], step)),
        "the steps begin with 0": _writes(first=0),
        "in this order, for every pair": _writes(
            lambda w, step, pair: [
                w.add_scalar(f"loss/{k}", step, int(v)) for k, v in zip("dg", pair, strict=True)
            ]
        ),
        "the two losses are swapped": _writes(
            lambda w, step, pair: [
                w.add_scalar(f"loss/{k}", v, step) for k, v in zip("gd", pair, strict=True)
            ]
        ),
        "a tag, one number and the step": _writes(lambda w, step, pair: w.add_scalar("loss/d", pair, step)),
        "`add_scalar` takes a tag": _writes(lambda w, step, pair: w.add_scalar("loss/d")),
        "and more": _writes(lambda w, step, pair: w.scalar("loss/d", pair[0], step)),
        "a picture is there": _writes(image=lambda w, picture, step: w.add_image("sample", picture, step)),
        "once, after the loop": _writes(image=lambda w, picture, step: None),
        "the picture stands at step 0": _writes(
            image=lambda w, picture, step: w.add_image("samples/fixed_z", picture)
        ),
        "its bytes and its axes": _writes(
            image=lambda w, picture, step: w.add_image("samples/fixed_z", picture / 127.5 - 1, step)
        ),
        "pass `picture` as it came in": _writes(
            image=lambda w, picture, step: w.add_image("samples/fixed_z", picture[None], step)
        ),
        "work on a copy": _writes(
            image=lambda w, picture, step: (w.add_image("samples/fixed_z", picture, step), picture.zero_())
        ),
    },
}
