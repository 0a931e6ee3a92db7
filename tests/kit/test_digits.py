"""The built-in digits: the same for ever, the same in any batch, readable, and close to MNIST."""

import gzip
import zlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.synthetic import digit_stacks, digits, factors
from labkit.synthetic.digit_strokes import INK_POINTS, MOST_CONTROLS, STROKES, STYLES, templates
from tests.kit.drawn import assert_global_generators_are_left_alone, changed
from tests.real_data import real_file

BY_NAME = {factor.name: factor for factor in digits.FACTORS}
NUMBERS = [factor for factor in digits.FACTORS if factor.kind == "number"]


def ink(images):
    """Mean of each image, 0 to 255."""
    return images.float().mean(dim=(1, 2, 3))


def centre(images):
    """Centre of mass (x, y) of each image, in pixels."""
    weight = images[:, 0].double()
    weight = weight / weight.sum(dim=(1, 2), keepdim=True)
    x, y = (torch.arange(n, dtype=torch.double) for n in reversed(weight.shape[1:]))
    return (weight.sum(dim=1) * x).sum(dim=1), (weight.sum(dim=2) * y).sum(dim=1)


@pytest.mark.parametrize("size", [16, 28, 32, 64])
def test_images_and_factors_have_the_promised_form(size):
    images, known = digits.draw(5, size=size)
    assert images.shape == (5, 1, size, size) and images.dtype == torch.uint8
    assert images.amax() > 200 and images[:, :, 0].max() == 0  # white ink, black border
    assert list(known) == list(BY_NAME)
    for name, values in known.items():
        assert values.shape == (5,)
        assert values.dtype == (torch.int64 if BY_NAME[name].kind == "class" else torch.float32)


def test_a_digit_depends_on_seed_and_index_only(monkeypatch):
    many, known = digits.draw(140, seed=5)
    assert torch.equal(many[:10], digits.draw(10, seed=5)[0])
    later, later_known = digits.draw(7, seed=5, start=100)
    assert torch.equal(many[100:107], later)
    assert torch.equal(known["slant"][100:107], later_known["slant"])
    assert torch.equal(digits.render(known), many)
    monkeypatch.setattr(digits, "_AT_ONCE", 3)
    assert torch.equal(digits.draw(140, seed=5)[0], many)
    assert not torch.equal(digits.draw(10, seed=6)[0], many[:10])


def test_drawing_leaves_the_global_generators_alone():
    assert_global_generators_are_left_alone(lambda: digits.draw(2))


def test_the_pictures_are_those_of_this_version():
    """Only exactly rounded operations draw a digit, so this holds on every machine.

    Changed the drawing on purpose? Write the new number here; the classifiers that were trained on the
    digits must be trained again.
    """
    images, _ = digits.draw(100)
    assert zlib.crc32(images.numpy().tobytes()) == 901276489


def test_sizes_agree():
    small, known = digits.draw(32, seed=2)
    large = F.avg_pool2d(digits.render(known, 56).float(), 2)
    gap = (large - small.float()).abs().mean(dim=(1, 2, 3))
    between = (small.roll(1, 0).float() - small.float()).abs().mean(dim=(1, 2, 3))
    assert gap.max() < 4.0 and between.min() > 10.0


def test_there_are_ten_digits_in_six_styles_each():
    assert len(STROKES) == 10 and all(len(styles) == STYLES == 6 for styles in STROKES)
    every = templates()
    assert every.weights.shape == (60, MOST_CONTROLS, INK_POINTS)
    # A weighted mean of control points moves with them: its weights add up to 1.
    assert np.abs(every.weights.sum(axis=1) - 1.0).max() < 1e-5
    _, known = digits.draw(1, seed=3)
    styles = torch.cat(
        [digits.render(changed(known, digit=d, variant=v)) for d in range(10) for v in range(6)]
    )
    gaps = torch.cdist(styles.flatten(1).float(), styles.flatten(1).float(), p=1) / 784
    gaps.fill_diagonal_(255)
    assert gaps.min() > 1.0


def test_corners_are_passed_and_strokes_keep_their_ends():
    every = templates()
    seven = 7 * STYLES  # "10,8 46,6 88,4! 64,46 46,100"
    ink_points = (every.weights[seven][:, :, None] * every.controls[seven][:, None]).sum(axis=0)
    assert ink_points[0] == pytest.approx([0.10, 0.08], abs=1e-5)
    assert ink_points[-1] == pytest.approx([0.46, 1.00], abs=1e-5)
    assert np.abs(ink_points - np.array([0.88, 0.04])).sum(axis=1).min() < 0.03
    steps = np.sqrt((np.diff(ink_points, axis=0) ** 2).sum(axis=1))
    assert steps.max() < 2 * steps.mean()  # evenly along the stroke


@pytest.mark.parametrize("factor", NUMBERS, ids=lambda factor: factor.name)
def test_every_number_shows(factor):
    _, known = digits.draw(20, seed=4)
    low, high = factor.values
    a, b = (digits.render(changed(known, **{factor.name: k})) for k in (low, low + 0.7 * (high - low)))
    assert ((a.float() - b.float()).abs() >= 16).sum(dim=(1, 2, 3)).float().mean() >= 6


def test_factors_do_what_they_say():
    _, known = digits.draw(60, seed=6)

    def ends(name):
        low, high = BY_NAME[name].values
        return (digits.render(changed(known, **{name: k})) for k in (low, high))

    thin, thick = ends("thickness")
    assert (ink(thick) > 1.3 * ink(thin)).all()
    (left, _), (right, _) = map(centre, ends("x"))
    assert ((right - left) > 1.2).all()
    (_, above), (_, below) = map(centre, ends("y"))
    assert ((below - above) > 1.2).all()
    for images, sign in zip(ends("slant"), (-1, 1), strict=True):  # is the upper half on the right?
        top, bottom = (images * 1.0).split(14, dim=2)
        lean = (centre(top)[0] - centre(bottom)[0])[known["digit"] == 1]
        assert (sign * lean > 0).all()
    small, large = ((images > 0).any(dim=2).sum(dim=(1, 2)) for images in ends("scale"))
    assert (large >= small).all() and (large > small).float().mean() > 0.5


def test_framed_like_mnist():
    images, _ = digits.draw(400, seed=1)
    x, y = centre(images)
    assert (x.mean() - 13.5).abs() < 0.2 and (y.mean() - 13.5).abs() < 0.2
    assert torch.stack([x - 13.5, y - 13.5]).abs().quantile(0.95) < 2.0
    sides = [(images[:, 0] > 100).any(dim=d).sum(dim=1) for d in (1, 2)]
    longest = torch.maximum(*sides)
    assert longest.min() >= 17 and longest.max() <= 22


def test_factors_are_independent_and_as_frequent_as_declared():
    known = factors.sample(digits.FACTORS, "digits", 0, np.arange(20_000))
    rows = np.stack([values.numpy().astype(np.float64) for values in known.values()])
    assert np.abs(np.corrcoef(rows) - np.eye(len(rows))).max() < 0.035
    assert torch.bincount(known["digit"]).tolist() == pytest.approx([2_000] * 10, rel=0.08)
    share = torch.bincount(known["variant"]) / 20_000
    assert share.tolist() == pytest.approx(BY_NAME["variant"].weights, abs=0.015)


def test_no_two_alike():
    images, _ = digits.draw(2_000)
    flat = images.flatten(1).float()
    gaps = torch.cdist(flat, flat)
    gaps.fill_diagonal_(1e9)
    assert gaps.min() > 100


def test_the_nearest_digit_is_the_right_one():
    known_images, known = digits.draw(4_000, seed=1)
    fresh, asked = digits.draw(1_000, seed=2)
    nearest = torch.cdist(fresh.flatten(1).float(), known_images.flatten(1).float()).argmin(dim=1)
    assert (known["digit"][nearest] == asked["digit"]).float().mean() > 0.96


# Stacks.


def test_stacks_hold_three_digits_each():
    images, known = digit_stacks.draw(5, seed=3, start=4)
    alone, digit = digits.draw(15, seed=3, start=12)
    assert torch.equal(images, alone.reshape(5, 3, 28, 28))
    each = torch.stack([known[f"digit_{k}"] for k in range(3)], dim=1)
    assert torch.equal(each.flatten(), digit["digit"])
    assert known["mode"].tolist() == [100 * a + 10 * b + c for a, b, c in each.tolist()]


# Beside real MNIST.


def real(part):
    def content(name, head):
        with gzip.open(real_file(f"mnist/{part}-{name}-ubyte.gz")) as file:
            return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=head).copy())

    return content("images-idx3", 16).reshape(-1, 1, 28, 28), content("labels-idx1", 8).long()


def stroke_width(images):
    """Pixels, from area and outline (Crofton: an edge shows pi/4 of its length along rows and columns)."""
    mask = images[:, 0] > 127
    edge = (mask[:, 1:] != mask[:, :-1]).sum(dim=(1, 2)) + (mask[:, :, 1:] != mask[:, :, :-1]).sum(dim=(1, 2))
    return 2 * mask.sum(dim=(1, 2)) / (edge * np.pi / 4)


def test_digits_resemble_mnist():
    images, known = digits.draw(6_000, seed=8)
    theirs, labels = real("t10k")
    for digit in range(10):
        a, b = images[known["digit"] == digit].float(), theirs[labels == digit].float()
        means = torch.stack([a.mean(dim=0).flatten(), b.mean(dim=0).flatten()])
        assert torch.corrcoef(means)[0, 1] > 0.8, digit
        assert a.mean().item() == pytest.approx(b.mean().item(), rel=0.2), digit
    widths = [stroke_width(pixels).quantile(torch.tensor([0.1, 0.5, 0.9])) for pixels in (images, theirs)]
    assert (widths[0] - widths[1]).abs().max() < 0.5
    bins = torch.tensor([-0.5, 0.5, 64, 128, 192, 249, 255.5])
    shares = [
        torch.histogram(pixels.flatten().float(), bins)[0] / pixels.numel() for pixels in (images, theirs)
    ]
    assert (shares[0] - shares[1]).abs().max() < 0.02


def classifier(images, labels, epochs):
    """A small network that reads digits."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2, 2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Flatten(), nn.Linear(64 * 16, 10),
    )  # fmt: skip
    steps = epochs * (len(images) // 64)
    adam = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64)[: len(images) // 64]:
            adam.zero_grad()
            F.cross_entropy(net(images[batch] / 255), labels[batch]).backward()
            adam.step()
            schedule.step()
    return net.eval()


@pytest.mark.slow
def test_who_learnt_from_drawn_digits_reads_fresh_and_real_ones():
    images, known = digits.draw(8_000, seed=1)
    net = classifier(images, known["digit"], epochs=3)
    fresh, asked = digits.draw(3_000, seed=2)
    with torch.no_grad():
        assert (net(fresh / 255).argmax(dim=1) == asked["digit"]).float().mean() > 0.985
        theirs, labels = real("t10k")
        assert (net(theirs[:4_000] / 255).argmax(dim=1) == labels[:4_000]).float().mean() > 0.85


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "^count must be a whole number from 1"),
        ({"count": 2.5}, "^count"),
        ({"count": 2, "size": 8}, "^size must be a whole number from 16 to 128"),
        ({"count": 2, "size": 28.0}, "^size"),
        ({"count": 2, "seed": -1}, "^seed"),
        ({"count": 2, "start": -1}, "^start"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    for draw in (digits.draw, digit_stacks.draw):
        with pytest.raises(ValueError, match=message):
            draw(**arguments)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("digit", torch.tensor([0, 10]), "Digit factor 'digit' must lie between 0 and 9"),
        ("digit", torch.tensor([0.0, 1.0]), "'digit' is a class"),
        ("digit", torch.tensor([0]), "digit factors must have the same length"),
        ("x", torch.tensor([0.0, float("nan")]), "'x' must lie between"),
        ("x", torch.zeros(2, 1), "shape"),
        ("wings", torch.zeros(2), "Unknown digit factor 'wings'"),
        ("hand", None, "'hand' is missing"),
    ],
)
def test_bad_factors_are_named(name, value, message):
    _, known = digits.draw(2)
    known.pop(name, None)
    if value is not None:
        known[name] = value
    with pytest.raises(ValueError, match=message):
        digits.render(known)
