"""The diagnosis of a variational autoencoder from its log: columns made for it, and some fresh runs."""

import numpy as np
import pytest
import torch

from labkit.diagnosis import DIVERGED, EARLY, HEALTHY, POSTERIOR_COLLAPSE, DiagnosisError, diagnose
from labkit.games.plane import Plane, learn_plane
from labkit.logbook import Logbook
from labkit.training import train_vae
from labkit.variational import Shown


def log_of(kl, *, reconstruction=(250.0, 170.0), steps=200, rows=20) -> dict:
    """A log whose parts go from their first value to their last along a line."""
    at = np.linspace(steps / rows, steps, rows).round()
    parts = {"reconstruction": np.linspace(*reconstruction, rows), "kl": np.linspace(*kl, rows)}
    parts["total"] = parts["reconstruction"] + parts["kl"]
    return {f"loss/{name}": (at, values) for name, values in parts.items()}


def broken_off(value) -> dict:
    """A log whose last row of three is not finite."""
    log = log_of((5.0, 5.0), steps=30, rows=3)
    log["loss/kl"][1][-1] = value
    return log


@pytest.mark.parametrize(
    ("log", "verdict"),
    [
        (log_of((0.0, 6.0)), HEALTHY),
        (log_of((2.0, 0.01)), POSTERIOR_COLLAPSE),
        (log_of((0.0, 0.0)), POSTERIOR_COLLAPSE),
        (log_of((0.0, 0.6)), EARLY),
        (log_of((5.0, 5.0), reconstruction=(250.0, 900.0)), DIVERGED),
        (broken_off(np.nan), DIVERGED),
        (broken_off(np.inf), DIVERGED),
    ],
)
def test_each_verdict(log, verdict):
    found = diagnose(log)
    assert found.verdict == verdict
    assert found.reason and found.advice and len(found.curves) >= 2


def test_a_short_run_is_not_judged():
    with pytest.raises(DiagnosisError, match="too short"):
        diagnose(log_of((0.0, 6.0), steps=50))
    with pytest.raises(DiagnosisError, match="too short"):
        diagnose(log_of((0.0, 6.0), rows=5))


def test_kl_alone_is_enough():
    log = log_of((0.0, 0.01))
    assert diagnose({"loss/kl": log["loss/kl"]}).verdict == POSTERIOR_COLLAPSE


def _run(seed: int, *, beta: float = 1.0, bias: float | None = None) -> tuple[Logbook, float]:
    """The log of a fresh run, and how much its outputs differ from each other, in terms of its inputs.

    With ``bias`` no hidden unit of the encoder is on for any image, from the first step on.
    """
    log = Logbook()
    outputs = []

    def training(encoder, decoder, batches, plane):
        if bias is not None:
            torch.nn.init.constant_(encoder.dense.bias, bias)
        shown = next(batches)[0]
        train_vae(
            encoder, decoder, batches=batches, steps=plane.steps, test=_shown(shown), beta=plane.beta,
            lr=plane.lr, seed=seed, progress=False, log_every=10, logbook=log, shown=1,
        )  # fmt: skip
        images = (shown + 1) / 2
        with torch.no_grad():
            outputs.append(decoder(encoder(images)[0]).std(0).mean() / images.std(0).mean())

    learn_plane(Plane(hidden=64, base_channels=4, images=1000, steps=200, beta=beta), seed, training=training)
    return log, float(outputs[0])


def _shown(images):
    return Shown(((images + 1) * 127.5).to(torch.uint8))


@pytest.mark.portable
@pytest.mark.parametrize("seed", [0, 1])
def test_fresh_runs_that_learn(seed):
    log, spread = _run(seed)
    assert diagnose(log).verdict == HEALTHY and spread > 0.2


@pytest.mark.portable
@pytest.mark.parametrize(
    ("seed", "changes"), [(0, {"beta": 100.0}), (1, {"beta": 100.0}), (2, {"bias": -50.0})]
)
def test_fresh_runs_that_collapse(seed, changes):
    log, spread = _run(seed, **changes)
    found = diagnose(log)
    assert found.verdict == POSTERIOR_COLLAPSE and spread < 0.1
    assert "active units" in found.curves
