"""The encoder and the decoder of a variational autoencoder, with or without a class as a condition.

The layers are those of the VAE example of Keras (F. Chollet, keras.io), which a course report follows: with
28 pixels, 16 hidden units and 2 latent dimensions, exactly 69,076 and 65,089 trainable parameters.
"""

import torch
from torch import nn
from torch.nn import functional as F


def vae_pair(
    *,
    latent_dim: int = 2,
    hidden: int = 16,
    classes: int = 0,
    base_channels: int = 32,
    image_channels: int = 1,
    image_size: int = 28,
) -> tuple["Encoder", "Decoder"]:
    """A fresh encoder and decoder; weights keep the library's defaults.

    Args:
        hidden: units of the encoder's dense layer.
        classes: of a conditional VAE (Sohn et al., 2015); 0 for none.
        base_channels: of the convolution next to the image; twice as many next to the code.
        image_size: a multiple of 4.

    Raises:
        ValueError: an image size that cannot be halved twice, or a size below 1.
    """
    if image_size < 4 or image_size % 4:
        raise ValueError(f"image_size {image_size} cannot be halved twice: try 28 or 32.")
    if min(latent_dim, hidden, base_channels, image_channels) < 1 or classes < 0:
        raise ValueError(
            "latent_dim, hidden, base_channels and image_channels are at least 1, classes at least 0."
        )
    return (
        Encoder(latent_dim, hidden, classes, base_channels, image_channels, image_size),
        Decoder(latent_dim, classes, base_channels, image_channels, image_size),
    )


class Encoder(nn.Module):
    """Images (B, C, S, S) in [0, 1] to the mean and the log variance of q(z | x), (B, latent_dim) each."""

    def __init__(
        self,
        latent_dim: int,
        hidden: int,
        classes: int,
        base_channels: int,
        image_channels: int,
        image_size: int,
    ):
        super().__init__()
        self.latent_dim, self.classes = latent_dim, classes
        slim, wide = base_channels, 2 * base_channels
        self.maps = nn.Sequential(
            nn.Conv2d(image_channels, slim, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(slim, wide, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.dense = nn.Linear(wide * (image_size // 4) ** 2 + classes, hidden)
        self.to_mean = nn.Linear(hidden, latent_dim)
        self.to_log_var = nn.Linear(hidden, latent_dim)

    def forward(
        self, images: torch.Tensor, labels: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        seen = with_condition(self.maps(images), labels, self.classes)  # (B, wide * S/4 * S/4 [+ classes])
        hidden = F.relu(self.dense(seen))
        return self.to_mean(hidden), self.to_log_var(hidden)


class Decoder(nn.Module):
    """z (B, latent_dim) to images (B, C, S, S): the probability that each pixel is white, in [0, 1]."""

    def __init__(
        self, latent_dim: int, classes: int, base_channels: int, image_channels: int, image_size: int
    ):
        super().__init__()
        self.latent_dim, self.classes = latent_dim, classes
        side, slim, wide = image_size // 4, base_channels, 2 * base_channels
        self.layers = nn.Sequential(
            nn.Linear(latent_dim + classes, wide * side**2),
            nn.ReLU(),
            nn.Unflatten(1, (wide, side, side)),
            nn.ConvTranspose2d(wide, wide, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(wide, slim, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(slim, image_channels, 3, stride=1, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return self.layers(with_condition(z, labels, self.classes))


def with_condition(values: torch.Tensor, labels: torch.Tensor | None, classes: int) -> torch.Tensor:
    """Values (B, N) with the labels (B,) beside them, one-hot: (B, N + classes).

    Raises:
        ValueError: labels without classes, or classes without labels.
    """
    if (labels is None) != (classes == 0):
        wants = f"a label from 0 to {classes - 1} for each image" if classes else "no labels"
        raise ValueError(f"this network takes {wants}.")
    if labels is None:
        return values
    return torch.cat([values, F.one_hot(labels, classes).to(values)], dim=1)
