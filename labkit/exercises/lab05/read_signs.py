"""Exercise 5.8: which failure three numbers from the end of a run speak of."""

import functools

import numpy as np

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, holds, rule
from labkit.exercises.reading import word

RUNS = (  # (gap, signal, diversity), from runs of this lab
    (0.8, 0.59, 0.99),
    (0.0, 0.51, 0.16),
    (13.0, 0.9, 0.09),
    (23.0, 0.0, 0.05),
    (12.0, 0.0001, 0.95),
    (1.8, 0.72, 1.03),
    (0.0, 0.51, 1.02),
    (10.9, 0.83, 0.54),
    (4.6, 0.004, 0.3),
    (0.5, 0.41, 0.9),
)


def runs(seed: int) -> list[tuple[int, tuple[float, float, float]]]:
    """Ten runs in any order: (its number in `RUNS`, (gap, signal, diversity)).

    The numbers are those that were measured, up to three hundredths more or less: no sign depends on that.
    """
    rng = np.random.default_rng(seed)
    near = [tuple(float(f"{v * rng.uniform(0.97, 1.03):.3g}") for v in run) for run in RUNS]
    return [(number, near[number]) for number in rng.permutation(len(RUNS)).tolist()]


def probe(read_signs, given):
    said = [read_signs(*numbers) for _, numbers in given]
    plain = [v if type(v) is str else f"({type(v).__name__})" for v in said]
    return {f"run {k}": v[:40] for k, v in enumerate(plain)}


EXERCISE = Exercise("5.8", "Read the signs", 3, "read_signs(gap, signal, diversity)", runs, probe)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

NAMES = ("healthy", "mode collapse", "vanishing gradient")

# For each of `RUNS` what somebody overlooked who gave it each of these names; the right one has no clue. {s}
# stands for the run's signal, {d} for its diversity.
_OVERLOOKED = (
    (
        "",
        "the samples differ as the data do (diversity {d:.2f}): no collapse looks like that",
        "a signal of {s:.2f} is more than half of the full slope: G is taught",
    ),
    (
        "gap 0 looks perfect, but the samples hardly differ: a collapse can hide behind it",
        "",
        "the signal is {s:.2f}: G is taught, and still all its samples are alike",
    ),
    (
        "the samples hardly differ (diversity {d:.2f}), however strong the signal is",
        "",
        "a large gap alone is no vanished gradient: under -log D the signal is {s:.2f} here",
    ),
    (
        "no signal reaches G, and D tells all fakes",
        "a G that is not taught has little diversity too: ask for the signal first",
        "",
    ),
    (
        "diverse samples can be noise: without a signal G learns nothing",
        "the samples differ as the data do, but no signal reaches G",
        "",
    ),
    (
        "",
        "the samples differ as the data do: a little above 1 is as good as a little below",
        "the signal is {s:.2f}: G is taught",
    ),
    (
        "",
        "the same gap as in a total collapse, but the samples differ: ask the diversity",
        "the signal is {s:.2f}, as it must be where D is undecided",
    ),
    (
        "four modes of eight: the samples differ half as much as the data do",
        "",
        "a large gap alone is no vanished gradient: the signal is {s:.2f}",
    ),
    (
        "its slope is {s:.1g} of the full one, silence",
        "its slope is {s:.1g} of the full one, below the 0.04 of 4.7, beside a gap above 4: no gradient",
        "",
    ),
    (
        "",
        "a diversity of {d:.2f} is healthy: no two batches have exactly the same",
        "a signal of {s:.2f} is ample: at the equilibrium it is a half",
    ),
)


def _said(case: Case) -> list[str]:
    return [word(case.got[f"run {k}"]) for k in range(len(RUNS))]


def _one_of_three(case: Case):
    unknown = [said for said in _said(case) if said not in NAMES]
    cause = "the names are spelt as in the text, in small letters"
    if unknown[:1] == ["(NoneType)"]:
        cause = "the function returned nothing: is there a `return` on every way out?"
    yield holds(
        "it returns one of the three names",
        not unknown,
        got=repr(unknown[0]) if unknown else "",
        expected=", ".join(repr(name) for name in NAMES),
        cause=cause,
    )


def _called(name: str, case: Case):
    what = f"runs with a verdict {name!r} are called so"
    for (number, (gap, signal, diversity)), said in sorted(zip(case.given, _said(case), strict=True)):
        clues = dict(zip(NAMES, _OVERLOOKED[number], strict=True))
        if not clues[name] and said != name:
            got = f"{said!r} for gap {gap:g}, signal {signal:g}, diversity {diversity:g}"
            cause = clues[said].format(s=signal, d=diversity)
            if set(_said(case)) == {*NAMES} - {name}:
                cause = _NEVER
            yield holds(what, False, got=got, expected=repr(name), cause=cause)
    yield holds(what, True)


_NEVER = (
    "no run at all is called so: the arguments come in the order gap, signal, diversity. Does each "
    "comparison point the right way, and does an earlier line catch these runs?"
)
_EACH_RUN = [f"run {k}" for k in range(len(RUNS))]
PROPERTIES = (
    rule(_one_of_three, *_EACH_RUN),
    *(rule(functools.partial(_called, name), *_EACH_RUN, compared=True, points=1) for name in NAMES),
)

IDLE = tuple(lambda *_numbers, name=name: name for name in NAMES)
