"""Lab 05, collapse in images: the shares of the classes, and how much the samples differ from each other."""

import torch


def labels(seed: int) -> dict[str, torch.Tensor]:
    """Labels (37,) of ten classes of which some never occur, the last among them; and (11,) of seven."""
    generator = torch.Generator().manual_seed(seed)
    some = torch.tensor([0] * 11 + [1] * 2 + [3] * 9 + [4] * 1 + [7] * 14)
    few = torch.tensor([2] * 5 + [4] * 3 + [5] * 3)
    return {
        "labels": some[torch.randperm(len(some), generator=generator)],
        "few": few[torch.randperm(len(few), generator=generator)],
    }


def probe_histogram(class_histogram, given):
    ten = given["labels"].clone()
    shares = class_histogram(ten)
    return {
        "the shares": shares,
        "the shares of seven classes": class_histogram(given["few"].clone(), classes=7),
        "one class only": class_histogram(torch.full((5,), 6)),
        "left alone": torch.equal(ten, given["labels"]),
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
    values = {
        "the ratio": diversity(fake, real),
        "the ratio of floats": diversity(fake.float() / 127.5 - 1, real.float() / 127.5 - 1),
        "the ratio of the real images to themselves": diversity(real.clone(), real.clone()),
        "the ratio of six copies": diversity(collapsed, real.clone()),
    }
    values["left alone"] = torch.equal(fake, given["fake"]) and torch.equal(real, given["real"])
    return values
