"""``check("3.2", discriminator_loss)``: what is right about an answer, and the first thing that is not.

In a notebook the report has colours; elsewhere it is plain text with the same words.
"""

import contextlib
import html
from dataclasses import dataclass
from typing import Any

from labkit.exercises import find, modules
from labkit.exercises.exercise import Exercise, Finding, Written
from labkit.exercises.judging import NoJudge, findings
from labkit.exercises.record import run_probe
from labkit.markup import CIRCLE, CROSS, GREEN, GREY, ORANGE, TICK, with_code
from labkit.notebook import page_shell

SEED = 20_24  # any fixed number: the notebook's inputs never change, a grader's do
_MORE_SEEDS = (7, 31)  # a number that fits one set of inputs by chance does not fit three
_MARK = {"passed": TICK, "failed": CROSS, "blank": CIRCLE, "later": CIRCLE}
_COLOUR = {"passed": GREEN, "failed": ORANGE, "blank": GREY, "later": GREY}
_ONE_LINE = {"blank": "not attempted yet", "later": "is judged elsewhere"}


class CheckFailed(AssertionError):
    """An answer that does not do what its exercise asks. The report above it says what and why."""

    def _render_traceback_(self):
        # IPython shows this instead of a traceback through the kit, which would teach nothing.
        return [f"CheckFailed: {self}"]


@dataclass(frozen=True)
class CheckResult:
    """The outcome of a check: ``status`` is "passed", "failed", "blank", or "later" where no judge is here,
    as while a notebook is graded. True when it passed, and in the last case, so that nothing stops there.

    A blank one has a finding where the answer is written, but another exercise that it calls is not.
    """

    exercise: str
    name: str
    status: str
    findings: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return self.status in ("passed", "later")

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def _ipython_display_(self) -> None:
        """Nothing: the report has been shown, and a result at the end of a cell must not repeat it."""


def check(exercise_id: str, answer: Any) -> CheckResult:
    """Check an answer, show the report and return the result.

    Args:
        exercise_id: such as "3.2".
        answer: the function or class of the exercise, by its name and without calling it.

    Raises:
        CheckFailed: a property does not hold. An answer that is not written yet does not raise.
        KeyError: there is no such exercise.
        TypeError: the exercise is answered in words.
    """
    exercise = find(exercise_id)
    if isinstance(exercise, Written):
        raise TypeError(f"exercise {exercise_id} is answered in words; nothing to check here")
    other = _passed_another(exercise, answer)
    if other:
        result = CheckResult(exercise.id, exercise.name, "failed", (other,))
    else:
        result = outcome(exercise, answer)
    _show(result)
    if result.status == "failed":
        last = result.findings[-1]
        raise CheckFailed(f"{exercise.id} {exercise.name}: {last.what}: not yet")
    return result


def outcome(exercise: Exercise, answer: Any) -> CheckResult:
    """What `check` finds in an answer, without showing it: on one set of inputs, then on others, up to the
    first that shows a fault. Those whose inputs are fixed, or take long, are looked at once."""
    once = exercise.fixed or exercise.played or exercise.slow
    for seed in (SEED,) if once else (SEED, *_MORE_SEEDS):
        with _without_displays():
            record = run_probe(exercise, answer, seed)
        if record.status == "blank":
            needed = (record.failure,) if record.failure else ()
            return CheckResult(exercise.id, exercise.name, "blank", needed)
        try:
            found = tuple(findings(exercise, record, seed))
        except NoJudge:
            return CheckResult(exercise.id, exercise.name, "later")
        if not found or not found[-1].ok:
            return CheckResult(exercise.id, exercise.name, "failed", found)
    return CheckResult(exercise.id, exercise.name, "passed", found)


def _without_displays() -> contextlib.AbstractContextManager:
    """Inside, a page shows no progress bar: one that a trial breaks off would stay there, in red."""
    if page_shell() is None:
        return contextlib.nullcontext()
    from IPython.utils.capture import capture_output

    return capture_output(stdout=False, stderr=False, display=True)


def _passed_another(exercise: Exercise, answer: Any) -> Finding | None:
    """The function of another exercise of the lab: a slip of the hand that would read like a wrong answer."""
    name = getattr(answer, "__name__", None)
    lab = [m.EXERCISE for m in modules(int(exercise.id.split(".")[0])).values()]
    others = {e.name for e in lab if isinstance(e, Exercise)} - {exercise.name}
    if not isinstance(name, str) or name not in others:
        return None
    return Finding(
        f"it is `{exercise.name}`",
        False,
        f"`{name}`",
        f"`{exercise.name}`",
        f'the function of another exercise was passed: write check("{exercise.id}", {exercise.name})',
    )


def _lines(result: CheckResult) -> list[str]:
    if result.status in _ONE_LINE:
        return [f"{CIRCLE} {result.exercise} {_one_line(result)}"]
    lines = [f"{_MARK[result.status]} {result.exercise} {result.name}"]
    for finding in result.findings:
        lines.append(f"  {TICK if finding.ok else CROSS} {finding.what}")
        lines += [f"      {label:<9} {text}" for label, text in _details(finding)]
    return lines


def _one_line(result: CheckResult) -> str:
    return result.findings[0].what if result.findings else _ONE_LINE[result.status]


def _details(finding: Finding) -> list[tuple[str, str]]:
    if finding.ok:
        return []
    labelled = (("got", finding.got), ("expected", finding.expected), ("likely", finding.cause))
    return [(label, text) for label, text in labelled if text]


def _html(result: CheckResult) -> str:
    colour = _COLOUR[result.status]
    if result.status in _ONE_LINE:
        body = f"<b>{CIRCLE} {html.escape(result.exercise)}</b> {html.escape(_one_line(result))}"
    else:
        body = f"<b style='color:{colour}'>{_MARK[result.status]} {html.escape(result.exercise)}</b> "
        body += f"<code>{html.escape(result.name)}</code>"
    for finding in () if result.status in _ONE_LINE else result.findings:
        mark, tone = (TICK, GREEN) if finding.ok else (CROSS, ORANGE)
        body += f"<div><span style='color:{tone}'>{mark}</span> {_words(finding.what)}</div>"
        rows = "".join(
            f"<tr><td style='text-align:left;opacity:.7;padding:0 12px 0 0;vertical-align:top'>{label}</td>"
            f"<td style='text-align:left;padding:0'>{_words(text)}</td></tr>"
            for label, text in _details(finding)
        )
        if rows:
            body += f"<table style='margin:2px 0 4px 22px;border:0;background:none'>{rows}</table>"
    return f"<div style='border-left:4px solid {colour};padding:2px 0 2px 12px;line-height:1.5'>{body}</div>"


def _words(text: str) -> str:
    return with_code(html.escape(text))


def _show(result: CheckResult) -> None:
    if page_shell() is not None:
        from IPython.display import display

        display({"text/plain": str(result), "text/html": _html(result)}, raw=True)
    else:
        print(result)
