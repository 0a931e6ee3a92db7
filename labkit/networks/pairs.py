"""G and D: the convolutional pair, the dense pair, the 2-D pair.

Every pair is made by a function from a few sizes, so that a lab trains the same shapes at 16 or at
128 pixels. Each generator says in ``latent_shape`` the shape of its input, each discriminator in ``output``
whether it gives logits or probabilities.
"""

import math

import torch
from torch import nn

OUTPUTS = ("logits", "probability")


def dcgan_pair(
    *,
    latent_dim: int = 100,
    base_channels: int = 64,
    image_channels: int = 3,
    image_size: int = 64,
    output: str = "logits",
) -> tuple["ConvGenerator", "ConvDiscriminator"]:
    """The pair of Radford et al. (2015, arXiv:1511.06434), with the DCGAN weights of `init_dcgan`.

    G maps z (B, latent_dim, 1, 1) to images (B, image_channels, image_size, image_size) in [-1, 1];
    D maps images to one score each, (B,): a logit, or a probability in [0, 1].

    Args:
        base_channels: channels next to the image; they double with every halving of the size.
        image_size: a power of two from 8 on.

    Raises:
        ValueError: an impossible size or an unknown output.
    """
    G = ConvGenerator(latent_dim, base_channels, image_channels, image_size)
    D = ConvDiscriminator(base_channels, image_channels, image_size, output)
    return init_dcgan(G), init_dcgan(D)


def dense_pair(output: str = "probability") -> tuple["DenseGenerator", "DenseDiscriminator"]:
    """The dense-and-upsample pair of a course report: z (B, 4096) to images (B, 3, 64, 64).

    Exactly 16,850,691 and 6,423,553 trainable parameters, the report's own counts. Weights keep the
    library's defaults.
    """
    return DenseGenerator(), DenseDiscriminator(output)


def pair_2d(
    *, latent_dim: int = 16, hidden: int = 128, output: str = "logits"
) -> tuple["PointGenerator", "PointDiscriminator"]:
    """Two small perceptrons for points in the plane: z (B, latent_dim) to (B, 2), and (B, 2) to (B,)."""
    return PointGenerator(latent_dim, hidden), PointDiscriminator(hidden, output)


def init_dcgan(module: nn.Module) -> nn.Module:
    """Draw DCGAN weights in place, and return the module.

    Convolutions N(0, 0.02), batch norm scales N(1, 0.02), shifts and biases 0 (Radford et al., 2015).
    """
    means = {nn.Conv2d: 0.0, nn.ConvTranspose2d: 0.0, nn.BatchNorm2d: 1.0}
    for part in module.modules():
        if type(part) in means and part.weight is not None:
            nn.init.normal_(part.weight, means[type(part)], 0.02)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    return module


def count_parameters(module: nn.Module) -> int:
    """How many numbers training can change."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


class ConvGenerator(nn.Module):
    """z (B, latent_dim, 1, 1) to images (B, C, S, S) in [-1, 1], doubling the size at every stage."""

    def __init__(self, latent_dim: int, base_channels: int, image_channels: int, image_size: int):
        super().__init__()
        self.latent_shape = (latent_dim, 1, 1)
        widths = _ladder(base_channels, image_size)[::-1]
        self.stem = _up(latent_dim, widths[0], stride=1, padding=0)
        self.stages = nn.Sequential(
            *(_up(wide, slim) for wide, slim in zip(widths, widths[1:], strict=False))
        )
        self.to_image = nn.ConvTranspose2d(widths[-1], image_channels, 4, 2, 1, bias=False)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.to_image(self.stages(self.stem(z))).float())  # (B, C, S, S)


class ConvDiscriminator(nn.Module):
    """Images (B, C, S, S) to one score each, (B,), halving the size at every stage."""

    def __init__(self, base_channels: int, image_channels: int, image_size: int, output: str):
        super().__init__()
        self.output = _known(output)
        widths = _ladder(base_channels, image_size)
        self.from_image = nn.Conv2d(image_channels, widths[0], 4, 2, 1, bias=False)
        self.stages = nn.Sequential(
            *(_down(slim, wide) for slim, wide in zip(widths, widths[1:], strict=False))
        )
        self.to_score = nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        first = nn.functional.leaky_relu(self.from_image(images), 0.2, inplace=True)
        return _score(self.to_score(self.stages(first)), self.output)


class DenseGenerator(nn.Module):
    """z (B, 4096) to images (B, 3, 64, 64) in [-1, 1]: a dense layer, then twice upsample and convolve."""

    def __init__(self):
        super().__init__()
        self.latent_shape = (4096,)
        self.dense = nn.Sequential(nn.Linear(4096, 4096), nn.LeakyReLU(0.2), nn.BatchNorm1d(4096))
        self.middle = nn.Sequential(nn.Conv2d(16, 128, 5, padding=2), nn.LeakyReLU(0.2), nn.BatchNorm2d(128))
        self.to_image = nn.Conv2d(128, 3, 5, padding=2)
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps = self.dense(z).view(-1, 16, 16, 16)  # (B, 16, 16, 16)
        maps = self.middle(self.enlarge(maps))  # (B, 128, 32, 32)
        return torch.tanh(self.to_image(self.enlarge(maps)).float())


class DenseDiscriminator(nn.Module):
    """Images (B, 3, 64, 64), flattened to 12,288 numbers, to one score each, (B,)."""

    def __init__(self, output: str):
        super().__init__()
        self.output = _known(output)
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(3 * 64 * 64, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return _score(self.layers(images), self.output)


class PointGenerator(nn.Sequential):
    """z (B, latent_dim) to points (B, 2)."""

    def __init__(self, latent_dim: int, hidden: int):
        super().__init__(
            nn.Linear(latent_dim, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2),
        )
        self.latent_shape = (latent_dim,)


class PointDiscriminator(nn.Module):
    """Points (B, 2) to one score each, (B,)."""

    def __init__(self, hidden: int, output: str):
        super().__init__()
        self.output = _known(output)
        self.layers = nn.Sequential(
            nn.Linear(2, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, 1),
        )

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return _score(self.layers(points), self.output)


def _ladder(base_channels: int, image_size: int) -> list[int]:
    """Channels from half the image size down to 4 x 4: 64, 128, 256, 512 for 64 pixels and base 64."""
    halvings = math.log2(image_size) - 2 if image_size > 0 else 0
    if halvings < 1 or halvings % 1:
        raise ValueError(f"image_size {image_size} is not a power of two from 8 on: try 16, 32, 64 or 128.")
    return [base_channels * 2**i for i in range(int(halvings))]


def _up(channels: int, out: int, *, stride: int = 2, padding: int = 1) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(channels, out, 4, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU(inplace=True))


def _down(channels: int, out: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, out, 4, 2, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.LeakyReLU(0.2, inplace=True))


def _score(values: torch.Tensor, output: str) -> torch.Tensor:
    scores = values.flatten().float()  # full precision first: in bfloat16 a probability of 0.999 is 1
    return torch.sigmoid(scores) if output == "probability" else scores


def _known(output: str) -> str:
    if output not in OUTPUTS:
        raise ValueError(f"output {output!r} is neither 'logits' nor 'probability'.")
    return output
