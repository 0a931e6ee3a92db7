"""The loop by itself, on a training that is no GAN: what it logs, samples, saves and stops, and when."""

import math
import os
import signal

import pytest
import torch

from labkit.logbook import read
from labkit.training import CheckpointError, TrainingError
from tests.kit.autoencoder import Autoencoder, train_autoencoder


def test_another_training_is_logged_and_sampled(tmp_path):
    run = train_autoencoder(120, tmp_path, sample_every=50, log_every=40)
    steps, losses = run.logbook.column("loss/pixels")
    assert steps.tolist() == [1, 40, 80, 120]
    assert losses[-1] < 0.9 * losses[0], "it learns"
    assert read(tmp_path).keys() == {"loss/pixels", "speed/images_per_second"}
    assert list(run.frames) == [0, 50, 100, 120]
    assert run.frames[0].dtype == torch.uint8 and not torch.equal(run.frames[0], run.frames[120])
    assert (run.step, run.images, run.resumed_at) == (120, 120 * 8, None)
    assert run.images_per_second > 0


def test_it_stops_after_the_step_under_way_and_goes_on_from_there(tmp_path):
    class Stopped(Autoencoder):
        def update(self, measured):
            if self.step == 6:
                os.kill(os.getpid(), signal.SIGINT)
            return super().update(measured)

    with pytest.raises(KeyboardInterrupt, match="after step 7 of 20") as stop:
        train_autoencoder(20, tmp_path, kind=Stopped)
    assert stop.value.run.step == 7
    resumed, whole = train_autoencoder(20, tmp_path, resume=True), train_autoencoder(20)
    assert resumed.resumed_at == 7
    assert all(map(torch.equal, resumed.network.parameters(), whole.network.parameters()))
    assert list(resumed.frames) == list(whole.frames)
    assert all(map(torch.equal, resumed.frames.values(), whole.frames.values()))


@pytest.mark.parametrize("log_every", [1, 50])
def test_a_broken_loss_stops_it_at_once_on_the_cpu(tmp_path, log_every):
    class Broken(Autoencoder):
        def update(self, measured):
            return {
                "loss/pixels": super().update(measured)["loss/pixels"] * (math.nan if self.step == 3 else 1)
            }

    with pytest.raises(
        TrainingError, match=r"by step 4 .*Lower the learning rate\. .*checkpoint\.pt"
    ) as error:
        train_autoencoder(9, tmp_path, kind=Broken, log_every=log_every, sample_every=50)
    assert error.value.run.step == 3


def test_a_weight_that_is_not_finite_is_never_saved(tmp_path):
    class Spoilt(Autoencoder):
        def update(self, measured):
            numbers = super().update(measured)
            if self.step == 4:
                self.network[1].bias.data[0] = math.inf
            return numbers

    with pytest.raises(TrainingError, match="a weight is not finite"):
        train_autoencoder(5, tmp_path, kind=Spoilt)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 0


def test_a_distribution_is_written_whenever_samples_are(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    class Telling(Autoencoder):
        def update(self, measured):
            more = {"weights": self.network[1].weight.detach(), "unknown": torch.tensor(math.nan)}
            return super().update(measured) | (more if measured else {})

    run = train_autoencoder(4, tmp_path, kind=Telling, sample_every=2, log_every=3)
    events = EventAccumulator(str(tmp_path), size_guidance={"histograms": 0, "images": 0})
    events.Reload()
    assert [event.step for event in events.Histograms("weights")] == [2, 4]
    assert [event.step for event in events.Images("samples")] == [0, 2, 4]
    assert "unknown" not in run.logbook.tags


def test_other_networks_and_other_settings_are_named(tmp_path):
    train_autoencoder(1, tmp_path)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt is of other networks: "):
        train_autoencoder(1, tmp_path, resume=True, width=8)
    with pytest.raises(CheckpointError, match="steps 1, not 2"):
        train_autoencoder(2, tmp_path, resume=True)
    with pytest.raises(CheckpointError, match="needs the folder"):
        train_autoencoder(1, resume=True)


def test_the_seed_decides_what_the_steps_draw():
    """The weights and the batches are the same here; the noise and the dropout are not."""
    one, same, other = (train_autoencoder(3, seed=seed).network[1].weight for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
