"""Lab 05, the signs: which failure three numbers from the end of a run speak of."""

from labkit.exercises.spec import holds

HEALTHY, COLLAPSE, VANISHED = "healthy", "mode collapse", "vanishing gradient"
NAMES = (HEALTHY, COLLAPSE, VANISHED)

# (gap, signal, diversity), verdict, {a wrong verdict: what was overlooked}. Rounded from runs of this lab.
_RUNS = (
    (
        (0.8, 0.59, 0.99),
        HEALTHY,
        {
            COLLAPSE: "the samples differ as the data do (diversity 0.99): no collapse looks like that",
            VANISHED: "a signal of 0.59 is more than half of the full slope: G is taught",
        },
    ),
    (
        (0.0, 0.51, 0.16),
        COLLAPSE,
        {
            HEALTHY: "gap 0 looks perfect, but the samples hardly differ: a collapse can hide behind it",
            VANISHED: "the signal is 0.51: G is taught, and still all its samples are alike",
        },
    ),
    (
        (13.0, 0.90, 0.09),
        COLLAPSE,
        {
            VANISHED: "a large gap alone is no vanished gradient: under -log D the signal is 0.90 here",
            HEALTHY: "the samples hardly differ (diversity 0.09), however strong the signal is",
        },
    ),
    (
        (23.0, 0.0, 0.05),
        VANISHED,
        {
            COLLAPSE: "a G that is not taught has little diversity too: ask for the signal first",
            HEALTHY: "no signal reaches G, and D tells all fakes",
        },
    ),
    (
        (12.0, 0.0001, 0.95),
        VANISHED,
        {
            HEALTHY: "diverse samples can be noise: without a signal G learns nothing",
            COLLAPSE: "the samples differ as the data do, but no signal reaches G",
        },
    ),
    (
        (1.8, 0.72, 1.03),
        HEALTHY,
        {
            COLLAPSE: "the samples differ as the data do: a little above 1 is as good as a little below",
            VANISHED: "the signal is 0.72: G is taught",
        },
    ),
    (
        (0.0, 0.51, 1.02),
        HEALTHY,
        {
            COLLAPSE: "the same gap as in a total collapse, but the samples differ: ask the diversity",
            VANISHED: "the signal is 0.51, as it must be where D is undecided",
        },
    ),
    (
        (10.9, 0.83, 0.54),
        COLLAPSE,
        {
            HEALTHY: "four modes of eight: the samples differ half as much as the data do",
            VANISHED: "a large gap alone is no vanished gradient: the signal is 0.83",
        },
    ),
    (
        (4.6, 0.004, 0.30),
        VANISHED,
        {
            COLLAPSE: "its slope is 0.004 of the full one, silence: a G that is not taught differs little",
            HEALTHY: "its slope is 0.004 of the full one, silence",
        },
    ),
    (
        (0.5, 0.41, 0.90),
        HEALTHY,
        {
            COLLAPSE: "a diversity of 0.90 is healthy: no two batches have exactly the same",
            VANISHED: "a signal of 0.41 is ample: at the equilibrium it is a half",
        },
    ),
)


def runs(_seed: int) -> list[tuple[float, float, float]]:
    """(gap, signal, diversity) of ten runs. The same for every seed: they are measured, not drawn."""
    return [numbers for numbers, _, _ in _RUNS]


def probe_signs(read_signs, given):
    said = [read_signs(*numbers) for numbers in given]
    plain = [v if type(v) is str else f"({type(v).__name__})" for v in said]
    return {f"run {k}": v[:40] for k, v in enumerate(plain)}


def judge_signs(given, got):
    said = [str(got[f"run {k}"]) for k in range(len(given))]
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
    for verdict, numbers_of in (
        (v, [r for r in zip(_RUNS, said, strict=True) if r[0][1] == v]) for v in NAMES
    ):
        wrong = [(numbers, answer, clues) for (numbers, _, clues), answer in numbers_of if answer != verdict]
        numbers, answer, clues = wrong[0] if wrong else ((0, 0, 0), "", {})
        yield holds(
            f"runs with a verdict {verdict!r} are called so",
            not wrong,
            got=f"{answer!r} for gap {numbers[0]:g}, signal {numbers[1]:g}, diversity {numbers[2]:g}",
            expected=repr(verdict),
            cause=clues.get(answer, ""),
        )
