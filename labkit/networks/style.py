"""A style-based generator and its discriminator (Karras et al., 2019, arXiv:1812.04948), in a small size.

A mapping network turns z into w. Each layer of the synthesis network gets its style, an affine function of
w, and noise of its own. Weights are scaled at run time (Karras et al., 2018, arXiv:1710.10196, section 4.1),
and the discriminator compares the images of a batch (there, section 3). `mix` and `truncate` are what can be
done with w.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

SLOPE = 0.2  # of the leaky ReLU, where it is below 0
Noise = Sequence[torch.Tensor]  # one map (B, 1, S, S) a layer


def style_pair(
    *,
    image_size: int = 64,
    image_channels: int = 3,
    latent_dim: int = 64,
    style_dim: int = 64,
    mapping_layers: int = 8,
    base_channels: int = 16,
    most_channels: int = 128,
) -> tuple["StyleGenerator", "StyleDiscriminator"]:
    """A fresh pair: z (B, latent_dim) to images (B, C, S, S) in about [-1, 1], and images to logits (B,).

    Args:
        image_size: 28, or a power of two from 16 on. The constant has 7 x 7 pixels for 28, else 4 x 4.
        style_dim: numbers in w.
        base_channels: of the layers at full size; they double with every halving, up to ``most_channels``.

    Raises:
        ValueError: an impossible size.
    """
    sizes = _sizes(image_size)
    widths = [min(base_channels * 2**halvings, most_channels) for halvings in range(len(sizes))][::-1]
    mapping = MappingNetwork(latent_dim, style_dim, mapping_layers)
    G = StyleGenerator(mapping, SynthesisNetwork(sizes, widths, style_dim, image_channels))
    return G, StyleDiscriminator(sizes[::-1], widths[::-1], image_channels)


class EqualLinear(nn.Linear):
    """A dense layer with an equalised learning rate: y = (c W) x + b, with W drawn from N(0, 1).

    c = gain / sqrt(inputs) is He's constant (Karras et al., 2018, section 4.1). A step of Adam has the same
    size whatever the scale of a weight is. Here all weights have one scale, so all layers learn at one speed.
    With ``rate`` a layer learns at ``rate`` times that speed: W is drawn larger by 1 / rate, and W and b are
    multiplied by ``rate``.
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = math.sqrt(2), rate: float = 1.0):
        super().__init__(inputs, outputs)
        nn.init.normal_(self.weight, std=1 / rate)
        nn.init.zeros_(self.bias)
        self.scale, self.rate = gain * rate / math.sqrt(inputs), rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight * self.scale, self.bias * self.rate)


class EqualConv2d(nn.Conv2d):
    """A convolution with an equalised learning rate: see `EqualLinear`. It keeps the size, or halves it."""

    def __init__(self, channels: int, out: int, kernel: int, *, stride: int = 1, gain: float = math.sqrt(2)):
        super().__init__(channels, out, kernel, stride, (kernel - 1) // 2)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)
        self.scale = gain / math.sqrt(channels * kernel * kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(x, self.weight * self.scale, self.bias)


def normalised(z: torch.Tensor) -> torch.Tensor:
    """z (B, N) on the sphere whose radius is sqrt(N): z / sqrt(mean(z^2)), for each row."""
    return z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)


class MappingNetwork(nn.Module):
    """f: z (B, latent_dim) to w (B, style_dim): dense layers and leaky ReLUs (section 2).

    z is normalised first. The layers learn at a hundredth of the speed of the others (appendix C).
    """

    def __init__(self, latent_dim: int, style_dim: int, layers: int = 8, rate: float = 0.01):
        super().__init__()
        self.latent_dim, self.style_dim = latent_dim, style_dim
        inputs = [latent_dim] + [style_dim] * (layers - 1)
        self.layers = nn.ModuleList(EqualLinear(width, style_dim, rate=rate) for width in inputs)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        w = normalised(z)
        for layer in self.layers:
            w = functional.leaky_relu(layer(w), SLOPE)
        return w


def adain(x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Adaptive instance normalisation (equation 1): scale (x - mean(x)) / std(x) + shift.

    Mean and standard deviation are those of each channel of each image, over its pixels: what a style
    says of a channel holds until the next layer, and there it is forgotten.

    Args:
        x: (B, C, H, W). scale, shift: (B, C).
    """
    # Batch norm of one image with B x C channels is just that, in one fast kernel.
    merged = x.reshape(1, -1, *x.shape[2:])
    scale, shift = (part.flatten().to(x.dtype) for part in (scale, shift))
    normed = functional.batch_norm(merged, None, None, scale, shift, training=True)
    return normed.view(x.shape)


def add_noise(x: torch.Tensor, noise: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """x (B, C, H, W) plus noise (B, 1, H, W), one map for all channels, times the strength (C,) of each."""
    return torch.addcmul(x, strength[:, None, None].to(x.dtype), noise.to(x.dtype))


class StyledLayer(nn.Module):
    """A convolution, noise, a leaky ReLU, and the style: one row of the synthesis network in figure 1b.

    With ``enlarge`` it doubles the size, bilinearly. The paper enlarges, then convolves; here the convolution
    comes first, on a quarter of the pixels, which costs a quarter.
    """

    def __init__(self, channels: int, out: int, style_dim: int, *, enlarge: bool = False):
        super().__init__()
        self.enlarge = enlarge
        self.conv = EqualConv2d(channels, out, 3)
        self.then = NoiseAndStyle(out, style_dim)

    def forward(self, x: torch.Tensor, w: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        x = enlarged(x) if self.enlarge else x
        return self.then(x, w, noise)


class NoiseAndStyle(nn.Module):
    """What follows every convolution, and the constant: noise, a leaky ReLU, and AdaIN by the style."""

    def __init__(self, channels: int, style_dim: int):
        super().__init__()
        self.noise_strength = nn.Parameter(torch.zeros(channels))
        self.style = EqualLinear(style_dim, 2 * channels, gain=1.0)  # A in the paper
        self.style.bias.data[:channels] = 1.0  # scales begin at about 1, shifts at about 0

    def forward(self, x: torch.Tensor, w: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        x = functional.leaky_relu(add_noise(x, noise, self.noise_strength), SLOPE)
        scale, shift = self.style(w).chunk(2, dim=1)
        return adain(x, scale, shift)


class SynthesisNetwork(nn.Module):
    """g: one w for each layer, (B, layers, style_dim), to images (B, C, S, S).

    It begins with a learnt constant. There are two layers for every size; ``layer_sizes`` has one entry each.
    """

    def __init__(self, sizes: Sequence[int], widths: Sequence[int], style_dim: int, image_channels: int):
        super().__init__()
        self.layer_sizes = [size for size in sizes for _ in range(2)]
        self.constant = nn.Parameter(torch.randn(1, widths[0], sizes[0], sizes[0]))
        self.first = NoiseAndStyle(widths[0], style_dim)
        self.layers = nn.ModuleList([StyledLayer(widths[0], widths[0], style_dim)])
        for before, width in zip(widths, widths[1:], strict=False):
            self.layers.append(StyledLayer(before, width, style_dim, enlarge=True))
            self.layers.append(StyledLayer(width, width, style_dim))
        self.to_image = EqualConv2d(widths[-1], image_channels, 1, gain=1.0)

    def forward(self, w: torch.Tensor, noise: Noise) -> torch.Tensor:
        w, noise = w.unbind(dim=1), list(noise)
        x = self.first(self.constant.expand(len(w[0]), -1, -1, -1), w[0], noise[0])
        for layer, style, map_ in zip(self.layers, w[1:], noise[1:], strict=True):
            x = layer(x, style, map_)
        return self.to_image(x)


class StyleGenerator(nn.Module):
    """z to images, through w: G(z) = g(f(z), ..., f(z)), with fresh noise unless you give it."""

    def __init__(self, mapping: MappingNetwork, synthesis: SynthesisNetwork):
        super().__init__()
        self.mapping, self.synthesis = mapping, synthesis
        self.latent_shape = (mapping.latent_dim,)
        self.layers = len(synthesis.layer_sizes)

    def forward(self, z: torch.Tensor, noise: Noise | None = None) -> torch.Tensor:
        return self.draw(self.mapping(z), noise)

    def draw(self, w: torch.Tensor, noise: Noise | None = None) -> torch.Tensor:
        """Images (B, C, S, S) of w: (B, style_dim) for all layers, or (B, layers, style_dim), one for each.

        ``noise`` is one map (B, 1, S, S) a layer, of that layer's size; None draws it from torch's own state.
        """
        w = w[:, None].expand(-1, self.layers, -1) if w.ndim == 2 else w
        return self.synthesis(w, self.draw_noise(len(w)) if noise is None else noise)

    def draw_noise(self, count: int, generator: torch.Generator | None = None) -> list[torch.Tensor]:
        """Noise for ``count`` images: (count, 1, S, S) from N(0, 1) for each layer."""
        kind = {"device": self.synthesis.constant.device, "dtype": self.synthesis.constant.dtype}
        sizes = self.synthesis.layer_sizes
        return [torch.randn(count, 1, size, size, generator=generator, **kind) for size in sizes]


def mix(w_a: torch.Tensor, w_b: torch.Tensor, crossover: torch.Tensor | int, layers: int) -> torch.Tensor:
    """Style mixing (section 3.1): the layers before ``crossover`` take their w from A, the others from B.

    Args:
        w_a, w_b: (B, style_dim). crossover: in 0 ... layers, one number for all images, or (B,).

    Returns:
        (B, layers, style_dim), for `StyleGenerator.draw`.
    """
    crossover = torch.as_tensor(crossover, device=w_a.device).view(-1, 1, 1)
    before = torch.arange(layers, device=w_a.device)[None, :, None] < crossover  # (B or 1, layers, 1)
    return torch.where(before, w_a[:, None], w_b[:, None])


def truncate(w: torch.Tensor, mean: torch.Tensor, psi: float) -> torch.Tensor:
    """w' = mean + psi (w - mean) (appendix B): nearer to the mean style for psi below 1.

    Args:
        w: (..., style_dim). mean: (style_dim,), of many w.
    """
    return torch.lerp(mean, w, psi)


class StyleDiscriminator(nn.Module):
    """Images (B, C, S, S) to logits (B,): a convolution for each halving, then a look at the whole batch.

    The paper has two convolutions for each size. Here there is one, which halves the size, as in a DCGAN: it
    takes less time, and in the same time images get better.
    """

    output = "logits"

    def __init__(self, sizes: Sequence[int], widths: Sequence[int], image_channels: int):
        super().__init__()
        channels = [image_channels, *widths[1:]]
        self.down = nn.ModuleList(
            EqualConv2d(before, width, 4, stride=2)
            for before, width in zip(channels, channels[1:], strict=False)
        )
        self.compare = EqualConv2d(widths[-1] + 1, widths[-1], 3)
        self.dense = EqualLinear(widths[-1] * sizes[-1] ** 2, widths[-1])
        self.to_logit = EqualLinear(widths[-1], 1, gain=1.0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = images
        for layer in self.down:
            x = functional.leaky_relu(layer(x), SLOPE)  # half the size
        x = functional.leaky_relu(self.compare(with_deviation(x)), SLOPE)
        x = functional.leaky_relu(self.dense(x.flatten(1)), SLOPE)
        return self.to_logit(x).squeeze(1)


def with_deviation(x: torch.Tensor) -> torch.Tensor:
    """x (B, C, H, W) with one more channel, the same number everywhere: how much the batch varies.

    That is the standard deviation of each number over the batch, averaged over channels and pixels (Karras et
    al., 2018, section 3). Fakes that are all alike give themselves away by it.
    """
    deviation = (x.float().var(dim=0, correction=0) + 1e-8).sqrt().mean()
    return torch.cat([x, deviation.to(x.dtype).expand(len(x), 1, *x.shape[2:])], dim=1)


def enlarged(x: torch.Tensor) -> torch.Tensor:
    """x (B, C, S, S) at twice the size, bilinearly: U' x U, where x U enlarges rows and U' x columns.

    Two matrix products take a third of the time of `functional.interpolate`, whose backward pass is slow.
    """
    identity = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    U = functional.interpolate(identity[None], scale_factor=2, mode="linear", align_corners=False)[0]
    return U.T @ (x @ U)


def _sizes(image_size: int) -> list[int]:
    """From the constant to the image: 4, 8, ..., 64, or 7, 14, 28."""
    smallest = 7 if image_size == 28 else 4
    doublings = math.log2(image_size / smallest) if image_size > 0 else 0
    if doublings < 2 or doublings % 1:
        raise ValueError(f"image_size {image_size} is neither 28 nor a power of two from 16 on.")
    return [smallest * 2**i for i in range(int(doublings) + 1)]
