"""Answers to exercise 4.7: a verdict from the columns of a run."""

import math

import numpy as np

POOR = ("recall/g", 0.1), ("diversity/g", 0.6)


def _late(columns, tag):
    steps, values = columns[tag]
    return float(np.median(values[steps > 0.75 * steps[-1]]))


def _chain(columns):
    loss, signal, gap = (_late(columns, tag) for tag in ("loss/g", "signal/g", "gap/d"))
    few, alike = _late(columns, "recall/g") < 0.1, _late(columns, "diversity/g") < 0.6
    if not -50 <= loss <= 50:
        verdict = "diverged"
    elif signal < 0.05 and gap > 4:
        verdict = "vanishing gradient"
    elif not (few or alike):
        verdict = "healthy"
    elif -0.15 < gap < 0.15:
        verdict = "discriminator too weak to teach"
    else:
        verdict = "mode collapse"
    return verdict


def _table(columns):
    last = {tag: np.median(v[-len(v) // 4 + 1 :]) for tag, (_, v) in columns.items()}
    poor = any(last[tag] < bound for tag, bound in POOR)
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
    words=None,
):
    """The rule of the text, with one of the usual slips."""

    def answer(columns):
        loss, signal, gap, recall, diversity = (
            read(columns, tag) for tag in ("loss/g", "signal/g", "gap/d", "recall/g", "diversity/g")
        )
        told = words or (lambda word: word)
        if runs_off(loss):
            return told("diverged")
        if samples_first and poor(recall, diversity):
            return told("discriminator too weak to teach" if blind(gap) else "mode collapse")
        if gone(signal, gap):
            return told("vanishing gradient")
        if poor(recall, diversity):
            return told("discriminator too weak to teach" if blind(gap) else "mode collapse")
        return told("healthy")

    return answer


def _undecided_first(columns):
    if abs(_late(columns, "loss/g")) <= 50 and abs(_late(columns, "gap/d")) < 0.15:
        return "discriminator too weak to teach"
    return _chain(columns)


def _vanished_if_alike(columns):
    verdict = _chain(columns)
    varied = _late(columns, "diversity/g") > 0.6
    return "mode collapse" if verdict == "vanishing gradient" and varied else verdict


RIGHT_RULES = [_chain, _table, _rule()]

WRONG_RULES = {
    "letter for letter": _rule(words=str.title),
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
    "is there a `return`": lambda columns: None,
}
