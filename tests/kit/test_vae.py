"""The VAE: its networks, its bound against a trusted implementation, its training, and ``labkit train``."""

import csv
import json
import os
import signal

import pytest
import torch
from PIL import Image
from torch import distributions

from labkit import cli
from labkit.commands.vae_folder import planned
from labkit.data import Batches, load
from labkit.networks import count_parameters, vae_pair
from labkit.training import VAERun, train_vae
from labkit.training.autoencoder import active_units
from labkit.variational import (
    Shown,
    encoded,
    kl_divergence,
    negative_elbo,
    plane,
    reconstruction_loss,
    reparameterise,
)

PICTURES = ("losses", "reconstructions", "latent", "grid", "inputs_outputs")


@pytest.fixture(autouse=True)
def _places(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("LABKIT_RUNS", str(tmp_path_factory.mktemp("runs")))
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")
    monkeypatch.setenv("LABKIT_DEVICE", "cpu")


def _codes(seed=0, count=7):
    torch.manual_seed(seed)
    return torch.randn(count, 3) * 2, torch.randn(count, 3)


def test_the_report_s_parameters():
    encoder, decoder = vae_pair()
    assert (count_parameters(encoder), count_parameters(decoder)) == (69_076, 65_089)


@pytest.mark.portable
@pytest.mark.parametrize("classes", [0, 10])
def test_shapes_and_ranges(classes):
    encoder, decoder = vae_pair(latent_dim=3, hidden=8, classes=classes, base_channels=4, image_size=16)
    labels = (torch.tensor([3, 9]),) if classes else ()
    mean, log_var = encoder(torch.rand(2, 1, 16, 16), *labels)
    assert mean.shape == log_var.shape == (2, 3)
    images = decoder(mean, *labels)
    assert images.shape == (2, 1, 16, 16) and images.min() >= 0 and images.max() <= 1


def test_the_class_reaches_both_networks_and_is_asked_for():
    encoder, decoder = vae_pair(classes=10)
    images, z = torch.rand(1, 1, 28, 28), torch.zeros(1, 2)
    one, two = torch.tensor([1]), torch.tensor([2])
    assert not torch.equal(encoder(images, one)[0], encoder(images, two)[0])
    assert not torch.equal(decoder(z, one), decoder(z, two))
    with pytest.raises(ValueError, match="a label from 0 to 9 for each image"):
        encoder(images)
    with pytest.raises(ValueError, match="takes no labels"):
        vae_pair()[1](z, one)


@pytest.mark.parametrize("wrong", [{"image_size": 30}, {"latent_dim": 0}, {"hidden": 0}, {"classes": -1}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValueError):
        vae_pair(**wrong)


@pytest.mark.portable
def test_the_parts_of_the_bound_are_those_of_torch():
    mean, log_var = _codes()
    q = distributions.Normal(mean, (log_var / 2).exp())
    theirs = distributions.kl_divergence(q, distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_divergence(mean, log_var), theirs)
    p, images = torch.rand(4, 1, 5, 6) * 0.98 + 0.01, torch.rand(4, 1, 5, 6)
    theirs = -(images * p.log() + (1 - images) * (1 - p).log()).sum((1, 2, 3))
    torch.testing.assert_close(reconstruction_loss(p, images), theirs)


@pytest.mark.portable
def test_a_sample_has_the_moments_that_it_is_asked_for_and_passes_gradients_on():
    mean, log_var = (v.requires_grad_() for v in _codes(count=2))
    many = reparameterise(mean.expand(40_000, 2, 3), log_var.expand(40_000, 2, 3))
    torch.testing.assert_close(many.mean(0), mean, atol=0.1, rtol=0)
    torch.testing.assert_close(many.var(0), log_var.exp(), rtol=0.1, atol=0)
    noise = torch.Generator().manual_seed(1)
    z = reparameterise(mean, log_var, noise)
    eps = torch.empty(2, 3).normal_(generator=torch.Generator().manual_seed(1))
    at_mean, at_log_var = torch.autograd.grad(z.sum(), [mean, log_var])
    torch.testing.assert_close(at_mean, torch.ones(2, 3))
    torch.testing.assert_close(at_log_var, 0.5 * eps * (log_var / 2).exp())


def test_a_dimension_is_active_when_its_mean_varies():
    mean = torch.stack([torch.linspace(-1, 1, 50), torch.full((50,), 3.0), torch.randn(50) * 0.01], dim=1)
    assert active_units(mean) == 1


@pytest.mark.portable
def test_training_lowers_the_bound_and_logs_its_parts():
    digits, test = load("digits", size=16, count=400), load("digits-test", size=16, count=100)
    torch.manual_seed(0)
    encoder, decoder = vae_pair(hidden=32, base_channels=8, image_size=16)
    shown = Shown(test.images, test.factors["digit"])
    before = negative_elbo(encoder, decoder, shown)
    run = train_vae(
        encoder, decoder, batches=Batches(digits, 32), steps=60, test=shown, evaluate_every=30, progress=False
    )
    after = run.evaluate()
    assert after["test/total"] < 0.8 * before["total"]
    assert after["test/total"] == pytest.approx(after["test/reconstruction"] + after["test/kl"])
    columns = {tag: run.logbook.column(tag)[1] for tag in run.logbook.tags}
    total = columns["loss/reconstruction"] + columns["loss/kl"]
    torch.testing.assert_close(torch.tensor(columns["loss/total"]), torch.tensor(total), rtol=1e-4, atol=1e-3)
    assert set(columns) >= {"latent/active", "test/total", "test/reconstruction", "test/kl"}
    assert run.frames[60].shape == (100, 1, 16, 16) and run.frames[60].dtype == torch.uint8


def test_beta_weighs_the_kl_term():
    images = torch.rand(8, 1, 8, 8).mul(255).to(torch.uint8)
    run = None
    for beta in (0.0, 3.0):
        torch.manual_seed(0)
        pair = vae_pair(hidden=4, base_channels=2, image_size=8)
        run = train_vae(
            *pair, batches=Batches(images, 8), steps=1, test=Shown(images), beta=beta, progress=False
        )
        one = {part: run.logbook.column(f"loss/{part}")[1][0] for part in ("total", "reconstruction", "kl")}
        assert one["total"] == pytest.approx(one["reconstruction"] + beta * one["kl"], rel=1e-5)
    with pytest.raises(ValueError, match="beta"):
        train_vae(*pair, batches=Batches(images, 8), steps=1, test=Shown(images), beta=-1)


def test_the_plane_is_laid_out_like_a_map():
    class Told(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, z):
            return torch.sigmoid(torch.stack([z[:, 0], z[:, 1]], 1)).view(-1, 2, 1, 1)

    x, y = plane(Told(), side=4).view(4, 4, 2).float().unbind(2)
    assert (x.diff(dim=1) > 0).all() and (y.diff(dim=0) < 0).all()
    assert (x.diff(dim=0) == 0).all() and (y.diff(dim=1) == 0).all()


@pytest.mark.parametrize("kind", ["vae", "cvae"])
def test_the_folder_holds_what_is_promised(kind, tmp_path, capsys):
    out = tmp_path / "run"
    assert cli.main(["train", kind, "--steps", "6", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert str(out / "grid.png") in said and "-ELBO on 600 test images:" in said
    for name in PICTURES:
        assert Image.open(out / f"{name}.png").width > 300
    facts = json.loads((out / "run.json").read_text())
    assert (facts["recipe"], facts["steps_done"], facts["settings"]["hidden"]) == (kind, 6, 128)
    assert facts["test"]["total"] == pytest.approx(facts["test"]["reconstruction"] + facts["test"]["kl"])
    assert facts["diagnosis"]["verdict"] is None and "too short" in facts["diagnosis"]["reason"]
    with open(out / "extents.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["class"] for row in rows] == list("0123456789")
    assert all(float(row["z0 from"]) <= float(row["z0 to"]) for row in rows)


def test_a_stopped_run_says_how_to_go_on_and_does(tmp_path, monkeypatch, capsys):
    train = ["train", "vae", "--steps", "8", "--out", str(tmp_path / "run")]
    real = VAERun.update

    def stop(run, measured):
        if run.step == 4:
            os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C does
        return real(run, measured)

    monkeypatch.setattr(VAERun, "update", stop)
    assert cli.main(train) == 130
    assert "--resume" in capsys.readouterr().err
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["steps_done"] == 5
    monkeypatch.setattr(VAERun, "update", real)
    assert cli.main([*train, "--resume"]) == 0
    assert "resumed at step 5" in capsys.readouterr().out


def test_pictures_without_classes_do_for_a_vae_and_not_for_a_conditional_one(tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(40):
        Image.new("RGB", (30, 30), (index, 90, 200)).save(folder / f"{index}.png")
    out = tmp_path / "run"
    assert cli.main(["train", "vae", "--data", str(folder), "--steps", "2", "--out", str(out)]) == 0
    assert not (out / "latent.png").exists() and (out / "grid.png").exists()
    assert json.loads((out / "run.json").read_text())["images"] == 36  # the last tenth is held out
    assert cli.main(["train", "cvae", "--data", str(folder)]) == 2
    assert "needs the class of each image, which pictures lacks" in capsys.readouterr().err


def test_one_picture_cannot_be_split(tmp_path, capsys):
    Image.new("L", (30, 30)).save(tmp_path / "one.png")
    assert cli.main(["train", "vae", "--data", str(tmp_path)]) == 2
    assert "some to train on and others to test on" in capsys.readouterr().err


def test_the_published_settings_are_for_many_images_and_few_get_more_units():
    assert planned("vae", "gpu", 60_000).hidden == 16 and planned("cvae", "cpu", 4_000).hidden == 128
    assert planned("vae", "cpu", 60_000).steps == 50 * 468
    assert planned("cvae", "gpu", 60_000).steps == 40 * 468
    assert planned("vae", "cpu", 5).batch_size == 5
    assert planned("vae", "cpu", 60_000).warm_up == 300 and planned("vae", "cpu", 4_000).warm_up == 0


def test_codes_of_a_student_s_own_networks_without_labels():
    """Networks that know of no labels are not given any."""
    encoder = torch.nn.Linear(4, 4)
    pair = lambda images: encoder(images.flatten(1)).chunk(2, dim=1)  # noqa: E731
    pair.parameters = encoder.parameters
    mean, log_var = encoded(pair, Shown(torch.zeros(3, 1, 2, 2, dtype=torch.uint8)))
    assert mean.shape == log_var.shape == (3, 2)


def test_the_rate_rises_and_then_stays(monkeypatch):
    encoder, decoder = vae_pair(hidden=4, base_channels=2, image_size=8)
    images, rates, step = torch.zeros(8, 1, 8, 8, dtype=torch.uint8), [], VAERun.train_step

    def noting(self, *batch):
        rates.append(self.optimizer.param_groups[0]["lr"])
        return step(self, *batch)

    monkeypatch.setattr(VAERun, "train_step", noting)
    how = {"batches": Batches(images, 4), "test": Shown(images), "progress": False}
    train_vae(encoder, decoder, steps=6, lr=0.01, warm_up=4, **how)
    assert rates == pytest.approx([0.0025, 0.005, 0.0075, 0.01, 0.01, 0.01])
    with pytest.raises(ValueError, match="warm_up"):
        train_vae(encoder, decoder, steps=1, warm_up=-1, **how)
