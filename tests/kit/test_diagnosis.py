"""A diagnosis from the log alone: each verdict, and each trap that has caught somebody."""

import math

import numpy as np
import pytest
import torch

from labkit import diagnosis
from labkit.diagnosis import COLLAPSE, DIVERGED, EARLY, HEALTHY, VANISHING, WEAK, DiagnosisError, diagnose
from labkit.logbook import Logbook, read

LN2 = math.log(2)
# What each kind of run has at its end, and at its start; measured ones on the ring look like these.
START = {
    "loss/d": 2 * LN2, "loss/g": LN2, "prob/real": 0.5, "prob/fake": 0.5, "accuracy/d": 0.5,
    "grad_norm/d": 0.1, "grad_norm/g": 0.05, "gap/d": 0.0, "signal/g": 0.5, "diversity/g": 0.05,
}  # fmt: skip
SAMPLED = {"recall/g": 0.0, "coverage/g": 0.125}
GOOD = {"diversity/g": 1.0, "recall/g": 0.9, "coverage/g": 1.0}
ENDS = {
    HEALTHY: {"gap/d": 0.7, "signal/g": 0.58, "grad_norm/g": 4.5, **GOOD},
    COLLAPSE: {"gap/d": 0.02, "grad_norm/g": 0.4, "diversity/g": 0.17, "recall/g": 0.0, "coverage/g": 0.125},
    VANISHING: {
        "gap/d": 27.0, "signal/g": 1e-6, "grad_norm/g": 1e-5, "loss/d": 3e-6, "accuracy/d": 1.0,
        "diversity/g": 0.05,
    },
    WEAK: {"gap/d": 0.01, "signal/g": 0.51, "grad_norm/g": 0.05, "diversity/g": 0.1},
    DIVERGED: {"loss/d": 4e5, "loss/g": -2e6, "gap/d": 3e5, "diversity/g": 30.0},
}  # fmt: skip


def log_of(*, steps=1000, rows=100, without=(), **end) -> dict:
    """A log that goes from `START` to ``end`` in its first half, and stays there with some noise."""
    chance = np.random.default_rng(0)
    columns = {}
    for tag, start in (START | SAMPLED).items():
        count = rows if tag in START else max(2, rows // 8)
        at = np.linspace(steps / count, steps, count).round()
        path = np.minimum(1.0, 2 * at / steps)
        values = start + (end.get(tag, start) - start) * path
        columns[tag] = (at.astype(int), values * (1 + 0.05 * chance.standard_normal(count)))
    return {tag: column for tag, column in columns.items() if tag not in without}


@pytest.mark.parametrize("verdict", diagnosis.VERDICTS)
@pytest.mark.parametrize("without", [(), ("coverage/g",), ("coverage/g", "recall/g")])
def test_each_verdict_with_whatever_was_measured(verdict, without):
    found = diagnose(log_of(without=without, **ENDS[verdict]))
    assert found.verdict == verdict
    assert any(letter.isdigit() for letter in found.reason), "numbers are read off"
    assert found.advice.endswith(".") and "\n" not in found.reason + found.advice
    assert 2 <= len(found.curves) <= 3
    for steps, values in found.curves.values():
        assert len(steps) == len(values) > 0


def test_perfect_losses_do_not_hide_a_total_collapse():
    perfect = {"loss/d": 2 * LN2, "loss/g": LN2, "prob/real": 0.5, "prob/fake": 0.5, "gap/d": 0.0}
    found = diagnose(log_of(**perfect, **{"grad_norm/g": 0.4, "diversity/g": 0.0, "coverage/g": 0.125}))
    assert found.verdict == COLLAPSE
    assert "pass for health" in found.reason


def test_a_small_gradient_is_no_failure():
    assert diagnose(log_of(**ENDS[HEALTHY] | {"grad_norm/g": 0.02, "gap/d": 0.05})).verdict == HEALTHY


def test_a_rising_loss_of_g_is_no_failure():
    assert diagnose(log_of(**ENDS[HEALTHY] | {"loss/g": 6.0, "loss/d": 0.2, "gap/d": 6.0})).verdict == HEALTHY


def test_relativistic_scores_mean_nothing_alone():
    both = {"prob/real": 0.99, "prob/fake": 0.99, "loss/d": LN2}
    assert diagnose(log_of(**ENDS[HEALTHY] | both)).verdict == HEALTHY
    assert diagnose(log_of(**ENDS[COLLAPSE] | both)).verdict == COLLAPSE


def test_a_sure_d_whose_signal_arrives_is_not_vanishing():
    """Collapse with D far ahead: the gap alone would say vanishing."""
    found = diagnose(log_of(**ENDS[COLLAPSE] | {"gap/d": 11.0, "signal/g": 0.88}))
    assert found.verdict == COLLAPSE
    assert "R1 + R2" in found.advice


def test_a_run_cut_short_is_told_to_go_on():
    log = log_of(**ENDS[COLLAPSE] | {"gap/d": 2.0, "signal/g": 0.8})
    for tag, end in {"diversity/g": 0.7, "coverage/g": 0.6}.items():
        steps, values = log[tag]
        values[:] = end * steps / 1000
    found = diagnose(log)
    assert "too early" in found.reason and "longer" in found.advice


def seen(log: dict, images: float, roughness: float) -> dict:
    """The log of a run on images: how many it saw, and fakes that end this much rougher than real images."""
    steps = log["gap/d"][0]
    part = steps / steps[-1]
    return log | {
        "images/seen": (steps, images * part),
        "roughness/g": (steps, 20 + (roughness - 20) * np.minimum(1, 2 * part)),
    }


@pytest.mark.parametrize("verdict", [HEALTHY, COLLAPSE])
def test_noise_after_few_images_is_neither_a_failure_nor_health(verdict):
    log = log_of(without=("coverage/g", "recall/g"), **ENDS[verdict] | {"gap/d": 4.7, "signal/g": 0.99})
    found = diagnose(seen(log, 12_800, 6))
    assert found.verdict == EARLY
    assert "12,800 images" in found.reason and "rough" in found.reason
    assert "70,000 images" in found.advice and "5,469 steps" in found.advice
    assert diagnose(seen(log, 200_000, 6)).verdict != EARLY, "by then noise is a failure"
    assert diagnose(log).verdict != EARLY, "nothing tells how many images were seen"


def test_a_run_that_still_gains_in_variety_goes_on():
    log = log_of(without=("coverage/g", "recall/g"), **ENDS[COLLAPSE] | {"gap/d": 4.7, "signal/g": 0.99})
    assert diagnose(seen(log, 32_000, 1.2)).verdict == COLLAPSE
    steps, diversity = log["diversity/g"]
    diversity[:] = 0.9 * steps / steps[-1]
    found = diagnose(seen(log, 32_000, 1.2))
    assert found.verdict == EARLY
    assert "variety" in found.reason


def test_noise_that_was_once_varied_has_collapsed():
    log = seen(log_of(without=("coverage/g", "recall/g"), **ENDS[COLLAPSE] | {"gap/d": 8.0}), 12_800, 6)
    assert diagnose(log).verdict == EARLY
    log["diversity/g"][1][20:50] = 0.5
    assert diagnose(log).verdict == COLLAPSE


def test_the_variety_of_a_fresh_g_is_none_to_lose():
    """Noise of a dense G differs from the start, and settles."""
    log = seen(log_of(without=("coverage/g", "recall/g"), **ENDS[COLLAPSE] | {"gap/d": 4.2}), 1_600, 7)
    steps, _ = log["diversity/g"]
    log |= {"diversity/g": (steps, np.linspace(0.8, 0.5, len(steps)))}
    log |= {"roughness/g": (steps, np.linspace(5.5, 7.5, len(steps)))}
    assert diagnose(log).verdict == EARLY


def test_noise_that_was_once_smoother_has_collapsed():
    log = seen(log_of(without=("coverage/g", "recall/g"), **ENDS[COLLAPSE] | {"gap/d": 8.0}), 6_400, 9)
    log["roughness/g"][1][20:50] = 5
    assert diagnose(log).verdict == COLLAPSE


@pytest.mark.parametrize("verdict", [VANISHING, WEAK, DIVERGED])
def test_few_images_are_no_excuse_for_a_run_that_cannot_learn(verdict):
    log = log_of(without=("coverage/g", "recall/g"), **ENDS[verdict])
    assert diagnose(seen(log, 5_000, 8)).verdict == verdict


def test_a_d_that_had_an_edge_is_not_too_weak_after_few_images():
    """G of the lab sheet is five times as fast as D, so that both are fooled in turn at first."""
    fooled = {"gap/d": -3.0, "signal/g": 0.04, "loss/d": 3.8, "grad_norm/g": 0.6, "diversity/g": 0.2}
    log = seen(log_of(without=("coverage/g", "recall/g"), **fooled), 3_200, 18)
    assert diagnose(log).verdict == WEAK
    log["gap/d"][1][10:30] = 2.0
    assert diagnose(log).verdict == EARLY


def test_a_fooled_d_and_a_flat_one_teach_nothing():
    """Fakes that D prefers to real images; and fakes that look good to a D that knows nothing."""
    fooled = {"gap/d": -3.0, "signal/g": 0.04, "loss/d": 3.8, "grad_norm/g": 0.6, "diversity/g": 0.2}
    assert diagnose(log_of(**fooled)).verdict == WEAK
    flat = ENDS[HEALTHY] | {"gap/d": 0.002, "signal/g": 0.5, "grad_norm/g": 0.004}
    log = log_of(**flat)
    assert diagnose(log).verdict == HEALTHY  # as in the best runs with R1 + R2; nothing says otherwise
    steps, _ = log["recall/g"]
    assert diagnose(log | {"precision/g": (steps, np.full(len(steps), 0.3))}).verdict == HEALTHY
    assert diagnose(log | {"precision/g": (steps, np.full(len(steps), 0.02))}).verdict == WEAK


def test_fakes_that_ran_off_have_not_collapsed():
    log = log_of(**ENDS[COLLAPSE] | {"gap/d": 0.6, "diversity/g": 2.5})
    assert diagnose(log).verdict == DIVERGED
    assert "run off" in diagnose(log).reason
    unseen = log_of(**ENDS[COLLAPSE] | {"gap/d": 0.01, "diversity/g": 2.5})
    assert diagnose(unseen).verdict == WEAK


def test_coverage_that_still_rises_counts_as_it_ends():
    log = log_of(**ENDS[HEALTHY])
    steps, coverage = log["coverage/g"]
    coverage[:] = 0.8 * (steps / 1000) ** 4
    assert diagnose(log).verdict == HEALTHY


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_divergence_however_short_the_run(broken):
    log = log_of(steps=20, rows=20)
    log["loss/g"][1][17] = broken
    found = diagnose(log)
    assert found.verdict == DIVERGED
    assert "step 18" in found.reason


def test_gaps_in_other_columns_are_passed_over():
    log = log_of(**ENDS[HEALTHY])
    for tag in ("diversity/g", "recall/g", "coverage/g", "signal/g", "grad_norm/g"):
        log[tag][1][::3] = math.nan
    assert diagnose(log).verdict == HEALTHY
    log["recall/g"][1][:] = math.nan
    log["coverage/g"][1][:] = math.nan
    assert diagnose(log).verdict == HEALTHY


@pytest.mark.parametrize(
    ("log", "clue"),
    [
        ({}, "gap/d"),
        (log_of(without=("gap/d",)), "gap/d"),
        (log_of(without=("signal/g",)), "signal/g"),
        (log_of(without=("diversity/g", "recall/g", "coverage/g")), "diversity/g"),
        (log_of(steps=50, rows=50), "too short"),
        (log_of(rows=5), "too short"),
    ],
)
def test_what_cannot_be_judged_is_one_clear_line(log, clue):
    with pytest.raises(DiagnosisError, match=clue) as error:
        diagnose(log)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("verdict", diagnosis.VERDICTS)
def test_a_logbook_its_folder_and_its_columns_say_the_same(tmp_path, verdict):
    log = log_of(**ENDS[verdict])
    with Logbook(tmp_path) as logbook:
        for tag, (steps, values) in log.items():
            for step, value in zip(steps, values, strict=True):
                logbook.scalars(int(step), {tag: float(value)})
    kept, again, plain = diagnose(logbook), diagnose(read(tmp_path)), diagnose(log)
    assert kept.verdict == again.verdict == plain.verdict == verdict
    assert kept.reason == again.reason == plain.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verdict", "rates", "loss"),
    [
        (COLLAPSE, {"g_lr": 1e-3, "d_lr": 1e-4}, "logits"),
        (VANISHING, {"g_lr": 1e-4, "d_lr": 3e-3, "d_steps": 3}, "saturating"),
        (HEALTHY, {"g_lr": 2e-3, "d_lr": 2e-3}, "logits"),
    ],
)
def test_short_runs_on_the_ring(verdict, rates, loss):
    from labkit import losses
    from labkit.data import Batches
    from labkit.networks import pair_2d
    from labkit.synthetic.mixtures import ring
    from labkit.training import train

    torch.manual_seed(5)
    G, D = pair_2d()
    d_loss, g_loss = losses.logits_losses() if loss == "logits" else losses.saturating_losses()
    run = train(
        G, D, d_loss=d_loss, g_loss=g_loss, batches=Batches(ring(2000)[0], 64), steps=500,
        log_every=10, samples=8, sample_every=500, progress=False, **rates,
    )  # fmt: skip
    assert diagnose(run.logbook).verdict == verdict
