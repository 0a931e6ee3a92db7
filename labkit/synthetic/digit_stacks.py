"""Three drawn digits in the three colours of one image: 1,000 kinds of image, each as likely as the next.

The set on which lost modes are counted (Metz et al. 2017, "Unrolled generative adversarial networks";
Srivastava et al. 2017, "VEEGAN"), made there from MNIST, here from the kit's own digits.
"""

import torch

from labkit.synthetic import arguments, digits

__all__ = ["draw", "mode_of"]


def draw(
    count: int, *, size: int = 28, seed: int = 0, start: int = 0
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Draw stacks number ``start`` to ``start + count - 1``; stack i holds the digits 3i, 3i + 1, 3i + 2.

    Args:
        count: how many, at least 1.
        size: side in pixels, 16 to 128.
        seed: of the digits, 0 to 2**63 - 1.
        start: number of the first stack, at least 0.

    Returns:
        images (count, 3, size, size) uint8 and the factors ``digit_0``, ``digit_1``, ``digit_2``
        (one for each channel, 0 to 9) and ``mode`` (0 to 999), each (count,) int64.

    Raises:
        ValueError: an argument that is no whole number or out of range; the message names it.
    """
    count = arguments.whole_number("count", count, 1, arguments.MOST_IMAGES // 3)
    start = arguments.whole_number("start", start, 0, 2**60)
    images, factors = digits.draw(3 * count, size=size, seed=seed, start=3 * start)
    return images.reshape(count, 3, size, size), mode_of(factors["digit"].reshape(count, 3))


def mode_of(each: torch.Tensor) -> dict[str, torch.Tensor]:
    """The factors of stacks from their digits (N, 3) int64; ``mode`` = 100 digit_0 + 10 digit_1 + digit_2."""
    first, second, third = each.unbind(dim=1)
    return {
        "digit_0": first.clone(),
        "digit_1": second.clone(),
        "digit_2": third.clone(),
        "mode": 100 * first + 10 * second + third,
    }
