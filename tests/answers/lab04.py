"""Answers to lab 04."""

import math
import struct
from pathlib import Path

import numpy as np
import torch
from tensorboard.compat.proto.event_pb2 import Event
from torch import nn

from labkit import plots
from labkit.data import to_uint8

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
    lines = {
        "diverged": not math.isfinite(last["loss/g"]) or abs(last["loss/g"]) > 50,
        "vanishing gradient": last["signal/g"] < 0.05 and last["gap/d"] > 4,
        "discriminator too weak to teach": poor and abs(last["gap/d"]) < 0.15,
        "mode collapse": poor,
        "healthy": True,
    }
    return next(verdict for verdict, so in lines.items() if so)


def _rule(
    *,
    read=_late,
    runs_off=lambda loss: not abs(loss) <= 50,
    gone=lambda signal, gap: signal < 0.05 and gap > 4,
    poor=lambda recall, diversity: recall < 0.1 or diversity < 0.6,
    blind=lambda gap: abs(gap) < 0.15,
    samples_first=False,
    told=lambda word: word,
):
    """The rule of the text, with one of the usual mistakes."""

    def answer(columns):
        tags = ("loss/g", "signal/g", "gap/d", "recall/g", "diversity/g")
        loss, signal, gap, recall, diversity = (read(columns, tag) for tag in tags)
        if runs_off(loss):
            return told("diverged")
        bad, vanished = poor(recall, diversity), gone(signal, gap)
        if vanished and not (samples_first and bad):
            return told("vanishing gradient")
        if bad:
            return told("discriminator too weak to teach" if blind(gap) else "mode collapse")
        return told("healthy")

    return answer


def _undecided_first(columns):
    if abs(_late(columns, "loss/g")) <= 50 and abs(_late(columns, "gap/d")) < 0.15:
        return "discriminator too weak to teach"
    return _table(columns)


def _vanished_if_alike(columns):
    verdict = _table(columns)
    varied = _late(columns, "diversity/g") > 0.6
    return "mode collapse" if verdict == "vanishing gradient" and varied else verdict


RIGHT = {
    "4.1": [_one_by_one, _late_floats],
    "4.2": [_by_tile(), _by_places],
    "4.3": [_by_numpy, _by_torch, _by_clipping_at_infinity],
    "4.4": [_by_stream, _scalars()],
    "4.5": [_said(), _by_verdict],
    "4.7": [_table, _rule()],
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
        "go on to the end of the file": lambda path: {},
        "a value of 0 is a value too": _scalars(is_number=lambda v: v.simple_value),
        "the steps are 1, 2, 3": _scalars(step=lambda e, i: i + 1),
        "once for every value of that tag": _scalars(step=lambda e, i: 2 * e.step),
        "loop over `event.summary.value`": _scalars(of=lambda event: event.summary.value[:1]),
        "they run backwards": _scalars(keep=lambda s, v: (s, v[::-1])),
        "two lists": _scalars(keep=lambda s, v: dict(zip(s, v, strict=True))),
        "in the order of the file": _scalars(keep=lambda s, v: (s, sorted(v))),
        "a torn last record is no record": _scalars(torn=False),
        "little-endian": _scalars(order=">", torn=False),
        "the bytes are cut in the wrong places": _scalars(skip=0, torn=False),
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
        "none of the four failures' lines": lambda columns: "mode collapse",
        "a loss beyond 50": _rule(runs_off=lambda loss: False),
        "the absolute value of the loss": _rule(runs_off=lambda loss: not loss <= 50),
        "a comparison with nan": _rule(runs_off=lambda loss: abs(loss) > 50),
        "this line comes before the poor samples": _rule(samples_first=True),
        "the samples do not matter for this line": _vanished_if_alike,
        "a large gap alone is no failure": _rule(gone=lambda signal, gap: gap > 4),
        "a small signal alone is no failure": _rule(gone=lambda signal, gap: signal < 0.05),
        "poor samples, and D sees it": _rule(gone=lambda signal, gap: signal < 0.95 and gap > 4),
        "either is enough": _rule(poor=lambda recall, diversity: recall < 0.1 and diversity < 0.6),
        "recall 0 with varied samples": _rule(poor=lambda recall, diversity: diversity < 0.6),
        "samples alike, recall not yet 0": _rule(poor=lambda recall, diversity: recall < 0.1),
        "a gap near 0 beside poor samples": _rule(blind=lambda gap: False),
        "the absolute value of the gap": _rule(blind=lambda gap: gap < 0.15),
        "failure beside poor samples only": _undecided_first,
        "a healthy run": _rule(read=lambda columns, tag: columns[tag][1].mean()),
        "got       mode collapse": _rule(read=lambda columns, tag: columns[tag][1][-1]),
        "the columns are loss/g": lambda columns: columns["loss/d"],
        "is there a `return`": lambda columns: None,
    },
}
