"""Judge of exercise 5.8: which failure three numbers of a run speak of, and what was overlooked."""

from labkit.exercises.judges.comparing import holds
from labkit.exercises.reading import word
from labkit.exercises.sign_specs import COLLAPSE, HEALTHY, NAMES, VANISHED

# For each of `RUNS` its verdict, and {a wrong verdict: what was overlooked}; {s} stands for the run's signal,
# {d} for its diversity.
_VERDICTS = (
    (
        HEALTHY,
        {
            COLLAPSE: "the samples differ as the data do (diversity {d:.2f}): no collapse looks like that",
            VANISHED: "a signal of {s:.2f} is more than half of the full slope: G is taught",
        },
    ),
    (
        COLLAPSE,
        {
            HEALTHY: "gap 0 looks perfect, but the samples hardly differ: a collapse can hide behind it",
            VANISHED: "the signal is {s:.2f}: G is taught, and still all its samples are alike",
        },
    ),
    (
        COLLAPSE,
        {
            VANISHED: "a large gap alone is no vanished gradient: under -log D the signal is {s:.2f} here",
            HEALTHY: "the samples hardly differ (diversity {d:.2f}), however strong the signal is",
        },
    ),
    (
        VANISHED,
        {
            COLLAPSE: "a G that is not taught has little diversity too: ask for the signal first",
            HEALTHY: "no signal reaches G, and D tells all fakes",
        },
    ),
    (
        VANISHED,
        {
            HEALTHY: "diverse samples can be noise: without a signal G learns nothing",
            COLLAPSE: "the samples differ as the data do, but no signal reaches G",
        },
    ),
    (
        HEALTHY,
        {
            COLLAPSE: "the samples differ as the data do: a little above 1 is as good as a little below",
            VANISHED: "the signal is {s:.2f}: G is taught",
        },
    ),
    (
        HEALTHY,
        {
            COLLAPSE: "the same gap as in a total collapse, but the samples differ: ask the diversity",
            VANISHED: "the signal is {s:.2f}, as it must be where D is undecided",
        },
    ),
    (
        COLLAPSE,
        {
            HEALTHY: "four modes of eight: the samples differ half as much as the data do",
            VANISHED: "a large gap alone is no vanished gradient: the signal is {s:.2f}",
        },
    ),
    (
        VANISHED,
        {
            COLLAPSE: "its slope is {s:.1g} of the full one, silence: a G that is not taught differs little",
            HEALTHY: "its slope is {s:.1g} of the full one, silence",
        },
    ),
    (
        HEALTHY,
        {
            COLLAPSE: "a diversity of {d:.2f} is healthy: no two batches have exactly the same",
            VANISHED: "a signal of {s:.2f} is ample: at the equilibrium it is a half",
        },
    ),
)


def judge_signs(given, got):
    said = [word(got[f"run {k}"]) for k in range(len(given))]
    unknown = [v for v in said if v not in NAMES]
    yield holds(
        "it returns one of the three names",
        not unknown,
        got=repr(unknown[0]) if unknown else "",
        expected=", ".join(repr(n) for n in NAMES),
        cause="the function returned nothing: is there a `return` on every way out?"
        if unknown and unknown[0] == "(NoneType)"
        else "the names are spelt as in the text, in small letters",
    )
    cases = [
        (numbers, answer, *_VERDICTS[number])
        for (number, numbers), answer in sorted(zip(given, said, strict=True), key=lambda case: case[0])
    ]
    for verdict in NAMES:
        wrong = [
            (numbers, answer, clues)
            for numbers, answer, right, clues in cases
            if right == verdict and answer != verdict
        ]
        numbers, answer, clues = wrong[0] if wrong else ((0, 0, 0), "", {})
        yield holds(
            f"runs with a verdict {verdict!r} are called so",
            not wrong,
            got=f"{answer!r} for gap {numbers[0]:g}, signal {numbers[1]:g}, diversity {numbers[2]:g}",
            expected=repr(verdict),
            cause=clues.get(answer, "").format(s=numbers[1], d=numbers[2]),
        )
