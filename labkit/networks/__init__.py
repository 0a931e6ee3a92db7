"""Networks that a lab is given: `pairs` of G and D, the encoder and decoder of a `vae`, those of
image-to-image `translation`, and the `style`-based generator with its discriminator."""

from labkit.networks.pairs import (
    ConvDiscriminator,
    ConvGenerator,
    DenseDiscriminator,
    DenseGenerator,
    count_parameters,
    dcgan_pair,
    dense_pair,
    init_dcgan,
    pair_2d,
)
from labkit.networks.style import StyleDiscriminator, StyleGenerator, style_pair
from labkit.networks.translation import PatchGAN, UNet, patch_gan, receptive_field, unet
from labkit.networks.vae import vae_pair

__all__ = [
    "ConvDiscriminator",
    "ConvGenerator",
    "DenseDiscriminator",
    "DenseGenerator",
    "PatchGAN",
    "StyleDiscriminator",
    "StyleGenerator",
    "UNet",
    "count_parameters",
    "dcgan_pair",
    "dense_pair",
    "init_dcgan",
    "pair_2d",
    "patch_gan",
    "receptive_field",
    "style_pair",
    "unet",
    "vae_pair",
]
