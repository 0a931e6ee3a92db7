"""Sizes of the images that the checks of lab 00 send."""

import torch


def sizes(generator: torch.Generator) -> tuple[int, int, int]:
    """Batch, height and width: no two alike and none of them 3, for tall images and for wide ones."""
    batch, long, short, tall = (int(torch.randint(n, (1,), generator=generator)) for n in (2, 3, 3, 2))
    sides = (8 + long, 5 + short)
    return (2 + 2 * batch, *(sides if tall else sides[::-1]))
