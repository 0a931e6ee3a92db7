"""Lab 00: from images as files have them to images as networks want them, and back."""

import torch

from labkit.exercises.spec import Exercise


def _photos(seed: int) -> torch.Tensor:
    """uint8 (2, 5, 7, 3), no two sizes alike, with the extremes 0 and 255 in it."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (2, 5, 7, 3), generator=generator, dtype=torch.uint8)
    images[0, 0, 0] = torch.tensor([0, 128, 255], dtype=torch.uint8)
    return images


def dim(images: torch.Tensor) -> torch.Tensor:
    """Images without black or white: whoever stretches what is there to [-1, 1] shows it here."""
    return images // 4 + 96


def _probe_scale(scale_images, images):
    given = images.clone()
    scaled = scale_images(given)
    return {
        "the result": scaled,
        "dtype": str(getattr(scaled, "dtype", "")),
        "the result for dim images": scale_images(dim(images)),
        "the images afterwards": given,
    }


def _scaled(seed: int) -> torch.Tensor:
    """float32 (2, 3, 5, 7); some entries leave [-1, 1], as those of a generator without tanh do.

    Each stands for a byte plus a fraction of at most 0.4, so that rounding never hangs on a tie.
    """
    generator = torch.Generator().manual_seed(seed)
    whole = torch.randint(-30, 286, (2, 3, 5, 7), generator=generator)
    fraction = torch.rand(whole.shape, generator=generator) * 0.8 - 0.4
    images = (whole + fraction) / 127.5 - 1
    images[0, 0, 0, :4] = torch.tensor([-1.15, 1.15, 254.8 / 127.5 - 1, -1.0])
    return images


def _probe_unscale(unscale_images, images):
    given = images.clone()
    pixels = unscale_images(given)
    every_byte = (torch.arange(256).float() / 127.5 - 1).reshape(1, 1, 16, 16)
    back = unscale_images(every_byte.clone())
    return {
        "the result": pixels,
        "dtype": str(getattr(pixels, "dtype", "")),
        "all bytes": back,
        "the images afterwards": given,
    }


EXERCISES = (
    Exercise(
        "0.1",
        "Scale images",
        2,
        "scale_images",
        "scale_images(images)",
        _photos,
        _probe_scale,
        agrees=("the result", "the result for dim images"),
    ),
    Exercise(
        "0.2",
        "And back",
        2,
        "unscale_images",
        "unscale_images(images)",
        _scaled,
        _probe_unscale,
        agrees=("the result", "all bytes"),
    ),
)
