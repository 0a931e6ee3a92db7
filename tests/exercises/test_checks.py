"""The report of a check: words, colours, what it raises, and the fence around an answer."""

import random
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from labkit import checks, exercises, hand_in
from labkit.checks import CheckFailed, check
from labkit.exercises import module
from labkit.exercises import record as records
from labkit.exercises.exercise import Exercise, Written
from labkit.exercises.guard import TookTooLong, preserved_state, time_limit
from labkit.exercises.judging import findings
from labkit.exercises.probing import elsewhere, make_ready, trace_parts, traces, tried, with_gradients
from labkit.exercises.properties import Case, close, holds, left_alone
from labkit.exercises.record import as_array, run_probe
from tests.exercises.known import CODED, solution
from tests.solutions import ROOT


def right(images):
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


def unwritten(images):
    raise NotImplementedError("Exercise 0.1: your code here")


def _filled(result, rows):
    result[0] = rows
    result[1].copy_(rows)
    return result


def test_a_right_answer_prints_its_ticks_and_is_true(capsys):
    result = check("0.1", right)
    out = capsys.readouterr().out
    assert result and result.status == "passed"
    assert out.startswith("✔ 0.1 scale_images") and out.count("✔") == 1 + len(result.findings)


def test_an_unwritten_answer_does_not_raise(capsys):
    result = check("0.1", unwritten)
    assert capsys.readouterr().out.strip() == "○ 0.1 not attempted yet"
    assert not result and result.status == "blank"


@pytest.mark.parametrize(("first", "second"), [("7.4", "7.5"), ("0.1", "8.6")])
def test_an_answer_that_calls_an_unwritten_one_is_told_which_comes_first(first, second, capsys):
    def answer(*_given, **_more):
        raise NotImplementedError(f"Exercise {first}: your code here")

    result = check(second, answer)
    out = capsys.readouterr().out.strip()
    assert result.status == "blank" and not result
    assert out == f"○ {second} {first} is needed first: this answer calls it, and it is not written yet"
    assert f"{first} is needed first" in checks._html(result)
    row = hand_in.visible(exercises.find(second), {exercises.find(second).name: answer})
    assert (row.status, row.first) == ("not yet", result.findings[0].what)


@pytest.mark.parametrize(("exercise_id", "tensors"), [(i, e.tensors) for i, e in CODED.items() if e.tensors])
@pytest.mark.parametrize("other", [torch.Tensor.tolist, torch.Tensor.numpy])
def test_a_list_or_an_array_is_no_tensor(exercise_id, tensors, other):
    right = solution(exercise_id)
    found = checks.outcome(CODED[exercise_id], lambda *given, **more: other(right(*given, **more).detach()))
    last = found.findings[-1]
    assert not last.ok and last.what == f"{tensors[0]} is a tensor" and "`torch.tensor`" in last.cause


def test_a_text_in_the_place_of_a_number_is_no_failed_call():
    wanted = np.array(70)
    text = close("it is 70", np.array("70"), wanted)
    failed = close("it is 70", np.array("IndexError: list index out of range"), wanted)
    assert (text.got, text.expected) == ("the text '70'", "70") and "`str()`" in text.cause
    assert failed.expected == "no error" and failed.cause == ""


def test_another_not_implemented_error_is_a_failure():
    def answer(images):
        raise NotImplementedError("later")

    with pytest.raises(CheckFailed):
        check("0.1", answer)


def test_a_wrong_answer_says_got_expected_and_likely(capsys):
    with pytest.raises(CheckFailed, match="0.1 scale_images: the shape is") as error:
        check("0.1", lambda x: x.float() / 127.5 - 1)
    out = capsys.readouterr().out
    for word in ("got ", "expected ", "likely ", "(2, 6, 10, 3)", "(2, 3, 6, 10)", "permute"):
        assert word in out
    assert error.value._render_traceback_() == [f"CheckFailed: {error.value}"]


def test_an_error_in_the_answer_shows_the_students_line(capsys):
    def scale_images(images):
        channels_first = images.permute(0, 3, 1)
        return channels_first

    with pytest.raises(CheckFailed):
        check("0.1", scale_images)
    out = capsys.readouterr().out
    assert "channels_first = images.permute(0, 3, 1)" in out and "RuntimeError" in out


OPTIONAL = ("4.4",)  # earn no points
SLIPS = {  # what somebody wrote, and a word of the cause that it must get
    "nn.BCELoss()(x.float() - 0.5, torch.ones_like(x.float()))": "BCEWithLogitsLoss",
    "nn.BCEWithLogitsLoss()(x.float(), torch.ones(1))": "ones_like",
    "x + torch.ones(3, device='meta')": "x.device",
    "x.cuda() if not torch.cuda.is_available() else 1 / 0 + torch.ones(2) @ x.cuda()": "device|division",
    "x.float().mean().backward()": "`.detach()`",
    "(3).items()": "another kind",
    "None.shape": "`return`",
    "x.shapes": "misspelt",
    "x(1)": "no function",
    "x[99]": "an index lies outside",
    "x.sum(dim=9)": "an axis is named",
    "{'a': 1}['b']": "keys",
    "x.permute(0, 3, 1)": "the axes named",
    "x.view(5, 1)": "two shapes do not fit",
    "1 if x > 0 else 0": "truth value",
    "torch.zeros(2).long() @ torch.zeros(2)": "number types",
    "w.mul_(w.requires_grad_())": "weight is changed in place",
    "[loss.backward() for loss in [(w * 1).requires_grad_().pow(2).sum()] * 2]": "same graph twice",
}


@pytest.mark.parametrize("wrote", SLIPS)
def test_an_error_gets_a_cause_that_is_true_of_it(wrote):
    def scale_images(x):
        w = torch.ones(3, requires_grad=False)
        return eval(wrote, {"x": x, "w": w, "torch": torch, "nn": torch.nn})

    found = checks.outcome(exercises.find("0.1"), scale_images).findings[-1]
    assert any(word in found.cause for word in SLIPS[wrote].split("|")), f"{found.got}: {found.cause}"


def test_a_number_that_fits_one_set_of_inputs_is_caught_on_another():
    exercise = exercises.find("0.1")
    first = exercise.inputs(checks.SEED)
    known = [first, first // 4 + 96]

    def fitted(images):
        return right(images if any(torch.equal(images, k) for k in known) else images.flip(0))

    assert all(f.ok for f in findings(exercise, run_probe(exercise, fitted, checks.SEED), checks.SEED))
    assert checks.outcome(exercise, fitted).status == "failed"


def test_what_torch_imports_for_the_other_device_is_not_charged_to_an_answer():
    """In a fresh process the import alone takes about as long as an answer may."""
    code = (
        "import time; from labkit import checks; from labkit.exercises import find, probing, record\n"
        "real = probing.make_ready.__wrapped__\n"
        "def slow(): time.sleep(9); real()\n"
        "import functools; record.make_ready = probing.make_ready = functools.cache(slow)\n"
        "from tests.exercises.known import RIGHT\n"
        "print(checks.outcome(find('3.3'), RIGHT['3.3'][0]).status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split()[-1] == "passed", done.stderr


def test_a_call_that_mixes_devices_is_told_from_others():
    make_ready()
    x = torch.ones(3, device="meta")
    assert "device" in elsewhere(lambda: x + torch.ones(3))
    assert elsewhere(lambda: x + torch.ones_like(x)) == ""
    assert elsewhere(lambda: x * torch.tensor(2.0)) == ""
    assert elsewhere(lambda: float(x.sum())) == ""  # a right answer may ask for the number
    for moved in (lambda r: r, lambda r: [x, r]):
        assert "on the CPU" in elsewhere(lambda moved=moved: moved(_filled(torch.zeros(2, 3), x)))
    assert elsewhere(lambda: _filled(torch.zeros(2, 3), x).to(x)) == ""
    assert elsewhere(lambda: _filled(x.new_zeros(2, 3), x)) == ""
    assert elsewhere(lambda: torch.ones(3)) == ""
    weights = nn.Linear(3, 3, device="meta")
    for away in (x.cpu, lambda: x.to("cpu"), lambda: x.to(torch.device("cpu"), torch.float64).float()):
        assert "device" in elsewhere(lambda away=away: weights(away()))
        assert "device" in elsewhere(lambda away=away: away() * x)
        assert elsewhere(lambda away=away: x * away().sum().item()) == ""  # for a log, say
        assert elsewhere(away) == ""  # numbers to keep may well be on the CPU
    assert "device" in elsewhere(lambda: weights.to("cpu")(x))
    assert tried(lambda: 1 / 0) == "ZeroDivisionError: division by zero" and tried(lambda: 3) == 3


def test_on_a_slow_machine_the_kits_own_code_has_its_time(monkeypatch):
    """An expected result that came too late would be compared as if it were empty."""
    exercise = CODED["1.1"]
    record = run_probe(exercise, solution("1.1"), 977)
    monkeypatch.setattr(records, "LIMIT_SECONDS", 0.05)
    right = module(exercise.id).expected

    def slow(*given, **named):
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass
        return right(*given, **named)

    monkeypatch.setattr(module(exercise.id), "expected", slow)
    assert [found for found in findings(exercise, record, 977) if not found.ok] == []


def test_what_a_call_leaves_in_a_network_is_seen():
    def net():
        torch.manual_seed(0)
        return with_gradients(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))

    changes = (
        (lambda n: n[0].requires_grad_(False), "which weights can learn"),
        (lambda n: n.zero_grad(), "gradients"),
        (lambda n: n.zero_grad(set_to_none=False), "gradients"),
        (lambda n: n[1].eval(), "modes"),
        (lambda n: n[0].bias.data.add_(1), "weights"),
        (lambda n: n(torch.randn(4, 2)).pow(3).sum().backward(), "gradients"),
        (lambda n: n.eval().requires_grad_(False), "modes, which weights can learn"),
    )
    untouched = left_alone("net", ("net",), "it stays as it was")
    as_it_was = traces(net()).numpy()
    for change, said in changes:
        changed = net()
        change(changed)
        case = Case({"net": net()}, {"net": traces(changed).numpy()}, {"net": as_it_was})
        (found,) = untouched.find(case)
        assert not found.ok and found.got == f"changed: {said}"
    (found,) = untouched.find(Case({"net": net()}, {"net": as_it_was}, {"net": as_it_was}))
    assert found.ok and len(trace_parts(net())) == len(as_it_was)
    used = net()
    used(torch.ones(2, 2))
    assert torch.equal(traces(used), traces(net()))


@pytest.mark.parametrize("answer", [torch.zeros(3), None, 3, "scale_images"])
def test_a_result_in_the_place_of_the_function_is_explained(answer, capsys):
    with pytest.raises(CheckFailed):
        check("0.1", answer)
    assert 'pass the name itself: check("0.1", scale_images)' in capsys.readouterr().out


def test_the_function_of_another_exercise_is_recognised(capsys):
    def unscale_images(images):
        return images

    with pytest.raises(CheckFailed):
        check("0.1", unscale_images)
    assert "another exercise was passed" in capsys.readouterr().out


def test_an_answer_imported_from_the_kit_is_refused(capsys):
    from labkit.data import to_unit

    class Mine(Exercise):
        pass

    for answer in (to_unit, Mine):
        with pytest.raises(CheckFailed):
            check("0.1", answer)
        assert "an imported class or function is not an answer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bad", "says"), [("0.9", "0.1, 0.2"), ("x", "there is no exercise 'x'"), (0.1, "a string")]
)
def test_an_unknown_exercise_is_named(bad, says):
    with pytest.raises(KeyError, match=says):
        check(bad, right)


def test_a_question_answered_in_words_has_no_check(monkeypatch):
    monkeypatch.setattr(checks, "find", lambda i: Written("9.9", "Why", 1))
    with pytest.raises(TypeError, match="answered in words"):
        check("9.9", right)


def test_the_html_escapes_what_an_answer_says():
    result = checks.CheckResult(
        "0.1", "f", "failed", (holds("<b>", False, got="<script>", cause="a `code` & b"),)
    )
    page = checks._html(result)
    assert "<script>" not in page and "&lt;script&gt;" in page and "<code>code</code> &amp; b" in page


def test_no_global_state_is_left_behind():
    def answer(images):
        torch.manual_seed(1)
        np.random.seed(1)
        random.seed(1)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(1)
        images += 1
        return right(images)

    def state():
        return (
            torch.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(),
            random.getstate(),
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_num_threads(),
        )

    before = state()
    with pytest.raises(CheckFailed):
        check("0.1", answer)
    assert state() == before


def test_gradients_are_on_inside_whatever_is_set_outside():
    with torch.inference_mode(), preserved_state(0):
        x = torch.ones(1, requires_grad=True)
        (x * 2).sum().backward()
        assert x.grad.item() == 2


def test_a_loop_that_never_ends_is_stopped_even_if_it_swallows_errors():
    def forever():
        while True:
            try:
                sum(range(100))
            except Exception:  # the limit is no Exception, so this does not catch it
                continue

    start = time.monotonic()
    with pytest.raises(TookTooLong), time_limit(0.3):
        forever()
    with pytest.raises(TookTooLong), time_limit(0.1):
        time.sleep(30)
    assert time.monotonic() - start < 10


def test_outside_the_main_thread_there_is_no_limit_and_no_error():
    seen = []

    def work():
        with time_limit(0.01):
            seen.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [1]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "b"),
        (3, "i"),
        (2.5, "f"),
        ("text", "U"),
        ([1, 2.5], "f"),
        (torch.ones(2, dtype=torch.bfloat16), "f"),
        (np.float32(1), "f"),
        (torch.ones(2, requires_grad=True), "f"),
    ],
)
def test_plain_values_become_arrays(value, kind):
    assert as_array(value).dtype.kind == kind


@pytest.mark.parametrize(
    "value", [None, {}, [torch.ones(1)], object(), np.array([None]), torch.zeros(1).expand(10**9)]
)
def test_other_values_are_described(value):
    assert isinstance(as_array(value), str)


def test_every_exercise_is_found_by_its_id_and_belongs_to_its_lab():
    found = exercises.all_exercises()
    assert list(found) == sorted(found, key=lambda i: tuple(map(int, i.split("."))))
    for exercise_id, exercise in found.items():
        assert exercise.id == exercise_id and (exercise.points > 0 or exercise_id in OPTIONAL)


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (None, "declares no EXERCISE: a file of lab 0 declares one"),
        (Written("3.9", "Why", 1), "declares 3.9: a file of lab 0"),
        (Written("0.2", "Why", 1), "both declare 0.2"),
    ],
)
def test_a_file_that_is_no_exercise_of_its_lab_is_named(declared, says, monkeypatch):
    monkeypatch.setattr(exercises.module("0.1"), "EXERCISE", declared)
    with pytest.raises(ValueError, match=says):
        exercises.modules(0)


def test_the_fence_does_not_slow_torch_down():
    """A default device that is set, be it the CPU, sends every call into torch through Python."""
    with preserved_state(0):
        assert torch._C._len_torch_function_stack() == 0
