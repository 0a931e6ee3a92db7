"""Networks of image-to-image translation: a U-Net that draws, a PatchGAN that judges patches.

The layers are those of Isola et al. (2017, arXiv:1611.07004, section 6.1), with instance norm (Ulyanov et
al., 2016, arXiv:1607.08022) in place of batch norm, as a course report has them. Weights are drawn from
N(0, 0.02), as Zhu et al. (2017, arXiv:1703.10593) do.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn

from labkit.networks.pairs import init_dcgan


def unet(
    *,
    image_size: int = 256,
    levels: int | None = None,
    base_channels: int = 64,
    most_channels: int | None = None,
    image_channels: int = 3,
    dropout: int = 3,
    skips: bool = True,
) -> "UNet":
    """A fresh U-Net: images (B, C, S, S) in [-1, 1] to images of the same shape.

    Args:
        levels: halvings; None halves down to one pixel, eight times at 256.
        base_channels: of the first level; each further level has twice as many, up to ``most_channels``,
            by default 8 times as many: 64, 128, 256, 512, 512, ...
        dropout: how many levels of the way up, from the middle on, drop half of their numbers.
        skips: whether each level of the way up sees that of the way down. Without them all that is known
            of an image passes through the middle.

    Raises:
        ValueError: an image size that cannot be halved so often, or fewer than 2 levels.
    """
    levels = int(math.log2(image_size)) if levels is None and image_size > 0 else levels
    if not levels or levels < 2 or image_size % 2**levels:
        raise ValueError(
            f"image_size {image_size} cannot be halved {levels} times; a U-Net has 2 levels or more."
        )
    most = most_channels or 8 * base_channels
    widths = [min(base_channels * 2**level, most) for level in range(levels)]
    return init_dcgan(UNet(widths, image_channels, image_size >> levels, dropout, skips))


class UNet(nn.Module):
    """Down level by level, and up again, each level beside the one of the way down."""

    def __init__(self, widths: Sequence[int], image_channels: int, middle: int, dropout: int, skips: bool):
        super().__init__()
        self.skips = skips
        channels = [image_channels, *widths]
        last = len(widths) - 1
        # Instance norm has nothing to compare where a map is a single pixel.
        normed = [0 < level < last or (level == last and middle > 1) for level in range(len(widths))]
        self.down = nn.ModuleList(
            _down(channels[level], channels[level + 1], normed[level]) for level in range(len(widths))
        )
        self.up = nn.ModuleList()
        seen = widths[-1]
        for turn, out in enumerate(reversed(widths[:-1])):
            self.up.append(_up(seen, out, dropped=turn < dropout))
            seen = 2 * out if skips else out
        self.to_image = nn.ConvTranspose2d(seen, image_channels, 4, 2, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x, on_the_way = images, []
        for level in self.down:
            x = level(x)  # (B, width, S / 2, S / 2), (B, width, S / 4, S / 4), ...
            on_the_way.append(x)
        for level, beside in zip(self.up, reversed(on_the_way[:-1]), strict=True):
            x = level(x)
            x = torch.cat([x, beside], dim=1) if self.skips else x
        return torch.tanh(self.to_image(x).float())


def patch_gan(
    *, layers: int = 3, base_channels: int = 64, image_channels: int = 3, whole: int | None = None
) -> "PatchGAN":
    """A fresh PatchGAN: images (B, C, S, S) to one logit for each patch, (B, 1, P, P).

    With three layers each logit sees 70 by 70 pixels, and 256 pixels give 30 by 30 logits.

    Args:
        layers: convolutions of stride 2; two of stride 1 follow.
        whole: the image size, for a critic that judges the image as a whole instead: strides of 2 down to
            4 by 4 pixels, and one logit, (B, 1, 1, 1). ``layers`` is then of no account.

    Raises:
        ValueError: fewer layers than 1, or an image size that is no power of two from 8 on.
    """
    if whole is not None and (whole < 8 or whole & (whole - 1)):
        raise ValueError(f"whole {whole} is not a power of two from 8 on: give the image size, or None.")
    if layers < 1:
        raise ValueError(f"layers {layers} must be at least 1.")
    return init_dcgan(PatchGAN(layers, base_channels, image_channels, whole))


class PatchGAN(nn.Module):
    """Images to logits, one for each patch; ``spans`` are the (kernel, stride) of its layers."""

    def __init__(self, layers: int, base_channels: int, image_channels: int, whole: int | None):
        super().__init__()
        strides = [2] * layers + [1] if whole is None else [2] * (int(math.log2(whole)) - 2)
        widths = [base_channels * 2 ** min(level, 3) for level in range(len(strides))]
        parts, channels = [], image_channels
        for level, (width, stride) in enumerate(zip(widths, strides, strict=True)):
            parts.append(_down(channels, width, normed=level > 0, stride=stride))
            channels = width
        self.layers = nn.Sequential(*parts)
        self.to_logits = nn.Conv2d(channels, 1, 4, 1, 1 if whole is None else 0)
        self.spans = [(4, stride) for stride in strides] + [(4, 1)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.to_logits(self.layers(images)).float()  # (B, 1, P, P)


def receptive_field(spans: Sequence[tuple[int, int]]) -> int:
    """How many pixels wide the part of the image is that one number of the result depends on.

    Args:
        spans: (kernel, stride) of each layer, from the image on (Dumoulin and Visin, 2016, arXiv:1603.07285).
    """
    field = 1
    for kernel, stride in reversed(spans):
        field = (field - 1) * stride + kernel
    return field


def _down(channels: int, out: int, normed: bool, stride: int = 2) -> nn.Sequential:
    parts = [nn.Conv2d(channels, out, 4, stride, 1, bias=not normed)]
    parts += [nn.InstanceNorm2d(out, affine=True)] if normed else []
    return nn.Sequential(*parts, nn.LeakyReLU(0.2))


def _up(channels: int, out: int, dropped: bool) -> nn.Sequential:
    parts = [nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=False), nn.InstanceNorm2d(out, affine=True)]
    parts += [nn.Dropout(0.5)] if dropped else []
    return nn.Sequential(*parts, nn.ReLU())
