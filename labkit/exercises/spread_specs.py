"""Lab 05, collapse in images: the shares of the classes, and how much the samples differ from each other."""

import torch


def labels(seed: int) -> dict[str, torch.Tensor]:
    """Labels (N,) of ten classes of which some never occur, the last among them; and some of seven classes.

    Which classes occur, and how often each, hangs on the seed.
    """
    generator = torch.Generator().manual_seed(seed)
    return {
        "labels": _some(generator, (11, 2, 9, 1, 14), classes=9),
        "few": _some(generator, (5, 3, 3), classes=6),
    }


def _some(generator: torch.Generator, counts: tuple[int, ...], *, classes: int) -> torch.Tensor:
    """Labels in any order: as many of these classes as there are counts, each so often or one or two more."""
    which = torch.randperm(classes, generator=generator)[: len(counts)]
    often = torch.tensor(counts) + torch.randint(0, 3, (len(counts),), generator=generator)
    labels = which.repeat_interleave(often)
    return labels[torch.randperm(len(labels), generator=generator)]


def probe_histogram(class_histogram, given):
    ten = given["labels"].clone()
    shares = class_histogram(ten)
    return {
        "the shares": shares,
        "the shares of seven classes": class_histogram(given["few"].clone(), classes=7),
        "one class only": class_histogram(torch.full((5,), 6)),
        "the labels afterwards": ten,
    }


# diversity -------------------------------------------------------------------------------------------


def pictures(seed: int) -> dict[str, torch.Tensor]:
    """uint8 images: seven fakes and five real ones of (2, 5, 4), the real ones with more contrast."""
    generator = torch.Generator().manual_seed(seed)
    fake = torch.randint(90, 170, (7, 2, 5, 4), generator=generator, dtype=torch.uint8)
    fake[3], fake[5] = fake[0], fake[1]  # copies, as a collapsed G makes them
    real = torch.randint(0, 256, (5, 2, 5, 4), generator=generator, dtype=torch.uint8)
    return {"fake": fake, "real": real}


def probe_diversity(diversity, given):
    fake, real = given["fake"].clone(), given["real"].clone()
    collapsed = given["real"][:1].expand(6, -1, -1, -1).contiguous()
    return {
        "the ratio": diversity(fake, real),
        "the ratio of floats": diversity(fake.float() / 127.5 - 1, real.float() / 127.5 - 1),
        "the ratio of the real images to themselves": diversity(real.clone(), real.clone()),
        "the ratio of six copies": diversity(collapsed, real.clone()),
        "the fakes afterwards": fake,
        "the real images afterwards": real,
    }
