"""Stacked MNIST: three real digits in the three channels of one image (Metz et al. 2017)."""

import numpy as np
import torch

from labkit.data.image_set import ImageSet
from labkit.synthetic import counter, digit_stacks


def stack(digits: ImageSet, count: int, seed: int) -> ImageSet:
    """Stacks of digits drawn with replacement; stack i depends on the digits, the seed and i alone.

    Args:
        digits: images (N, 1, H, W) with the factor ``digit``: all of the set, whatever the count.
        count: how many stacks.
        seed: 0 to 2**63 - 1.

    Returns:
        Images (count, 3, H, W); factors ``digit_0``, ``digit_1``, ``digit_2`` and ``mode``.
    """
    chance = counter.uniform(seed, np.arange(3 * count, dtype=np.int64), "stacked")
    which = torch.from_numpy((chance * len(digits)).astype(np.int64)).reshape(count, 3)
    images = digits.images[:, 0][which]
    factors = digit_stacks.mode_of(digits.factors["digit"][which])
    return ImageSet("stacked-mnist", images, factors, f"stacked from {len(digits):,} digits, seed {seed}")
