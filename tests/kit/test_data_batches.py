"""Batches: what comes, in which order, and that a resumed run sees the very same ones."""

import json

import pytest
import torch

from labkit.data import Batches, DataError, ImageSet, to_uint8, to_unit


def numbered(count: int) -> ImageSet:
    """Images whose pixels all hold the image's number."""
    images = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 4, 4).contiguous()
    return ImageSet("numbered", images)


def numbers(batch: torch.Tensor) -> list[int]:
    return to_uint8(batch)[:, 0, 0, 0].tolist()


def test_scaling_there_and_back_is_exact():
    values = torch.arange(256, dtype=torch.uint8)
    unit = to_unit(values)
    assert unit[0] == -1 and unit[-1] == 1 and unit.dtype == torch.float32
    assert torch.equal(to_uint8(unit), values)
    assert to_uint8(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def test_scaling_refuses_what_is_already_scaled():
    with pytest.raises(DataError, match="uint8"):
        to_unit(torch.zeros(2))
    with pytest.raises(DataError, match="float"):
        to_uint8(torch.zeros(2, dtype=torch.uint8))


def test_an_epoch_holds_every_image_once_and_the_next_is_shuffled_anew():
    batches = Batches(numbered(40), 8)
    assert batches.batches_per_epoch == 5 and batches.epoch == 0
    first = [number for _ in range(5) for number in numbers(next(batches))]
    second = [number for _ in range(5) for number in numbers(next(batches))]
    assert batches.epoch == 1
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second and first != sorted(first)


def test_batches_are_whole_float_and_in_range():
    batches = Batches(numbered(10), 4)
    for _ in range(7):
        batch = next(batches)
        assert batch.shape == (4, 3, 4, 4) and batch.dtype == torch.float32
        assert batch.min() >= -1 and batch.max() <= 1


def test_the_seed_makes_the_order_and_global_seeds_do_not():
    torch.manual_seed(1)
    one = numbers(next(Batches(numbered(40), 8, seed=3)))
    state = torch.get_rng_state()
    torch.manual_seed(2)
    assert numbers(next(Batches(numbered(40), 8, seed=3))) == one
    assert numbers(next(Batches(numbered(40), 8, seed=4))) != one
    torch.manual_seed(1)
    Batches(numbered(40), 8)
    assert torch.equal(torch.get_rng_state(), state), "making batches must not touch the global generator"


@pytest.mark.parametrize("taken", [0, 1, 4, 5, 13])
def test_a_resumed_run_sees_the_same_batches(taken):
    batches = Batches(numbered(41), 8, seed=7)
    for _ in range(taken):
        next(batches)
    state = json.loads(json.dumps(batches.state_dict()))  # numbers and strings only
    resumed = Batches(numbered(41), 8, seed=99)
    resumed.load_state_dict(state)
    for _ in range(12):
        assert torch.equal(next(batches), next(resumed))
    assert batches.epoch == resumed.epoch


def test_a_state_of_other_data_is_refused():
    state = Batches(numbered(40), 8).state_dict()
    with pytest.raises(DataError, match="batch size of 8, here it is 4"):
        Batches(numbered(40), 4).load_state_dict(state)
    with pytest.raises(DataError, match="number of images of 40, here it is 41"):
        Batches(numbered(41), 8).load_state_dict(state)


def test_too_few_images_for_a_batch():
    with pytest.raises(DataError, match="numbered has 5 images, and a batch takes 8: use at least 8 images"):
        Batches(numbered(5), 8)
    with pytest.raises(DataError, match="at least 1"):
        Batches(numbered(5), 0)


def test_points_pass_unscaled():
    points = torch.randn(50, 2) * 10
    batch = next(Batches(points, 50))
    assert torch.equal(batch.sort(0).values, points.sort(0).values)


def test_integers_that_are_no_images_are_refused():
    with pytest.raises(DataError, match="int64"):
        Batches(torch.arange(10), 2)


def test_channels_last():
    batch = next(Batches(numbered(8), 4, channels_last=True))
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert next(Batches(torch.randn(8, 2), 4, channels_last=True)).shape == (4, 2)


def test_its_device_is_named_as_its_batches_name_it():
    """Else every batch is taken for one that has yet to travel, and on a GPU cannot."""
    batches = Batches(torch.zeros(8, 3, 4, 4, dtype=torch.uint8), 4, device="cpu:0")
    assert batches.device == next(batches).device


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("fits", [True, False])
def test_the_gpu_sees_what_the_cpu_sees(fits, monkeypatch):
    monkeypatch.setattr("labkit.data.batches._fits", lambda *_: fits)
    here, there = Batches(numbered(40), 8, seed=3), Batches(numbered(40), 8, seed=3, device="cuda")
    for _ in range(12):
        batch = next(there)
        assert batch.device.type == "cuda" and torch.equal(batch.cpu(), next(here))


def test_labels_stay_beside_their_images_and_on_resuming():
    images = torch.arange(20, dtype=torch.uint8).view(20, 1, 1, 1).expand(20, 1, 2, 2).contiguous()
    labels = torch.arange(20) * 3
    batches = Batches(images, 6, seed=5, labels=labels)
    for _ in range(7):  # past the end of two epochs
        pixels, beside = next(batches)
        assert torch.equal(((pixels[:, 0, 0, 0] + 1) * 127.5).round().long() * 3, beside)
    later = Batches(images, 6, seed=5, labels=labels)
    later.load_state_dict(batches.state_dict())
    assert torch.equal(next(later)[1], next(batches)[1])
    with pytest.raises(DataError, match="20 images, but 19 labels"):
        Batches(images, 6, labels=labels[:19])
