"""Networks that a lab is given: `pairs` of G and D, and the encoder and decoder of a `vae`."""

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
from labkit.networks.vae import vae_pair

__all__ = [
    "ConvDiscriminator",
    "ConvGenerator",
    "DenseDiscriminator",
    "DenseGenerator",
    "count_parameters",
    "dcgan_pair",
    "dense_pair",
    "init_dcgan",
    "pair_2d",
    "vae_pair",
]
