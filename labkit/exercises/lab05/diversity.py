"""Exercise 5.7: how much the samples differ from each other, beside how much real images do."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import same, scalar, unchanged


def pictures(seed: int) -> dict[str, torch.Tensor]:
    """uint8 images (2, H, W): seven to nine fakes and four to six real ones, these with more contrast.

    Half of each fake is flat and one fake is far from the others, so that no other distance and no other
    mean has the same ratio.
    """
    generator = torch.Generator().manual_seed(seed)
    fakes, reals, height, width = (
        int(torch.randint(low, low + 3, (), generator=generator)) for low in (7, 4, 4, 3)
    )
    shape = (2, height, width)
    fake = torch.randint(90, 170, (fakes, *shape), generator=generator, dtype=torch.uint8)
    fake[:, 1] = 130
    fake[6, 0] = 3 * (fake[6, 0] - 90)
    fake[3], fake[5] = fake[0], fake[1]  # copies, as a collapsed G makes them
    real = torch.randint(0, 256, (reals, *shape), generator=generator, dtype=torch.uint8)
    return {"fake": fake, "real": real}


def probe(diversity, given):
    fake, real = given["fake"].clone(), given["real"].clone()
    collapsed = given["real"][:1].expand(6, -1, -1, -1).contiguous()
    return {
        "the ratio": diversity(fake, real),
        "the ratio the other way": diversity(real.clone(), fake.clone()),
        "the ratio of floats": diversity(fake.float() / 127.5 - 1, real.float() / 127.5 - 1),
        "the ratio of the real images to themselves": diversity(real.clone(), real.clone()),
        "the ratio of six copies": diversity(collapsed, real.clone()),
        "the fakes afterwards": fake,
        "the real images afterwards": real,
    }


EXERCISE = Exercise(
    "5.7",
    "Do the samples differ?",
    3,
    "diversity(fake, real)",
    pictures,
    probe,
    causes={
        "expected scalar type|not implemented for 'Byte'|floating.point|got Byte": (
            "the images are bytes: make floats of them with `.float()` first"
        ),
        "only supports 2D": "each image becomes one row: `.flatten(1)` gives (N, pixels)",
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(fake, real, of=torch.mean, **slip):
    return of(_distances(fake, **slip)) / of(_distances(real, **slip))


def _distances(images, p=2.0, width=None, wrap=False, pairs=None):
    """The distances of all ordered pairs of different rows; a row is an image, or so many numbers of one.

    ``pairs`` may choose some of them: bytes that wrap around have other distances one way than the other.
    """
    rows = images.reshape(-1, width) if width else images.flatten(1)
    rows = rows if wrap else rows.double()
    differences = (rows[:, None] - rows[None]).double()  # (N, N, P)
    chosen = ~torch.eye(len(rows), dtype=torch.bool)
    return differences.norm(p, dim=2)[pairs(chosen) if pairs else chosen]


def _with_itself(fake, real, **slip):
    """N (N - 1) pairs are taken for N N."""
    return expected(fake, real, **slip) * (1 - 1 / len(fake)) / (1 - 1 / len(real))


def _to_real(fake, real):
    across = fake.flatten(1).double()[:, None] - real.flatten(1).double()
    return across.norm(dim=2).mean() / _distances(real).mean()


def _by_channel(images):
    return torch.stack([_distances(images[:, channel]).mean() for channel in range(images.shape[1])]).mean()


def _in_its_own_spread(images):
    """The mean distance of images that were brought to mean 0 and standard deviation 1, as a set."""
    return _distances(images).mean() / images.double().std()


def _neighbours(images):
    return images.flatten(1).double().diff(dim=0).norm(dim=1).mean()


PROPERTIES = (
    scalar("the ratio", "one ratio of two means"),
    same(
        "the ratio",
        "it is the fakes' mean distance over that of the real images",
        "flatten each image, Euclidean distance of each pair of different images, mean, then the ratio",
        points=2,
        rtol=1e-3,
    ),
    same(
        "the ratio the other way",
        "fakes that vary more than real images have more than 1",
        "noise is more diverse than faces: do not cut the ratio off",
        rtol=1e-3,
    ),
    same(
        "the ratio of floats",
        "images in [-1, 1] have the same diversity as bytes",
        "a ratio does not depend on the scale: is something rounded?",
        points=0.5,
        rtol=1e-3,
    ),
    same(
        "the ratio of the real images to themselves",
        "real images against themselves have 1",
        "the same set twice: numerator and denominator must be made in the same way",
    ),
    same(
        "the ratio of six copies",
        "copies of one image have 0",
        "equal images have the distance 0",
        points=0.5,
        atol=2e-3,
    ),
    unchanged(
        ("the fakes afterwards", "the real images afterwards"), "the images given are left as they were"
    ),
)

MISTAKES = {
    "the ratio is flipped: the fakes' distance over that of the real images": lambda f, r: 1 / expected(f, r),
    "each image's distance to itself is counted, 0: there are N (N - 1) pairs": _with_itself,
    "the square distances are averaged: take the root of each first": lambda f, r: expected(
        f, r, of=lambda d: d.square().mean()
    ),
    "bytes wrap around below 0: make floats of them before you subtract": lambda f, r: expected(
        f, r, wrap=True
    ),
    "bytes wrap around below 0: make floats of them first (a later image minus an earlier)": lambda f, r: (
        expected(f, r, wrap=True, pairs=torch.tril)
    ),
    "bytes wrap around below 0: make floats of them first (an earlier image minus a later)": lambda f, r: (
        expected(f, r, wrap=True, pairs=torch.triu)
    ),
    "bytes wrap around below 0, and each image's distance to itself is counted": lambda f, r: _with_itself(
        f, r, wrap=True
    ),
    "the absolute differences are added up: the distance is Euclidean": lambda f, r: expected(f, r, p=1),
    "sums are compared, not averaged over the pairs of each set: the sets differ in size": lambda f, r: (
        expected(f, r, of=torch.sum)
    ),
    "the distance from fakes to real images: compare fakes with fakes": _to_real,
    "the fakes' mean distance alone: divide by that of the real images": lambda f, r: _distances(f).mean(),
    "the difference of the two: their ratio is asked for": lambda f, r: (
        _distances(f).mean() - _distances(r).mean()
    ),
    "neighbours in the batch only: all pairs are asked for": lambda f, r: _neighbours(f) / _neighbours(r),
    "rows of pixels are compared, not images: flatten each image": lambda f, r: expected(
        f, r, width=f.shape[-1]
    ),
    "the standard deviation of the pixels: distances between images are asked for": lambda f, r: (
        f.double().std(correction=0) / r.double().std(correction=0)
    ),
    "the standard deviation of each pixel: distances between images are asked for": lambda f, r: (
        f.double().std(0).mean() / r.double().std(0).mean()
    ),
    "each channel has distances of its own: an image is one row of all pixels, `flatten(1)`": lambda f, r: (
        _by_channel(f) / _by_channel(r)
    ),
    "each set is divided by its own spread, and so loses what is to be measured: no normalisation": (
        lambda f, r: _in_its_own_spread(f) / _in_its_own_spread(r)
    ),
    "the largest distance: the mean is asked for": lambda f, r: expected(f, r, of=torch.max),
    "the median distance: the mean is asked for": lambda f, r: expected(f, r, of=torch.median),
}
