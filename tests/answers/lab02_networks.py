"""Right and wrong networks for lab 02. A wrong one differs from a right one in one thing."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

TIMES = (8, 4, 2, 1)


def _soft():
    return nn.LeakyReLU(0.2)


def _as_it_is(x):
    return x


def _network(parts, keep=nn.Sequential, before=_as_it_is, ending=_as_it_is):
    """A class of networks: the layers are those that ``parts`` makes from the constructor's arguments."""

    class Network(nn.Module):
        def __init__(self, **sizes):
            super().__init__()
            layers = parts(**sizes)
            self.layers = keep(*layers) if keep is nn.Sequential else keep(layers)

        def forward(self, x):
            x = before(x)
            for layer in self.layers:
                x = layer(x)
            return ending(x)

    return Network


def _stack(
    widths, layer, strides, paddings, norms, relu, last, kernels=(4,) * 5, bias=False, order="norm first",
    norm=nn.BatchNorm2d,
):  # fmt: skip
    parts = []
    for i, (wide, out) in enumerate(pairwise(widths)):
        after = ([norm(out)] if norms[i] else []) + [relu() if i < len(widths) - 2 else last()]
        parts.append(layer(wide, out, kernels[i], strides[i], paddings[i], bias=bias))
        parts += after if order == "norm first" else after[::-1]
    return parts


UP = {
    "layer": nn.ConvTranspose2d, "strides": (1, 2, 2, 2, 2), "paddings": (0, 1, 1, 1, 1),
    "norms": (1, 1, 1, 1, 0), "relu": nn.ReLU, "last": nn.Tanh,
}  # fmt: skip
DOWN = {
    "layer": nn.Conv2d, "strides": (2, 2, 2, 2, 1), "paddings": (1, 1, 1, 1, 0),
    "norms": (0, 1, 1, 1, 0), "relu": _soft, "last": nn.Sigmoid,
}  # fmt: skip


def G(times=TIMES, base=None, latent=None, keep=nn.Sequential, before=_as_it_is, ending=_as_it_is, **how):
    """A class; without arguments it is a right answer."""

    def parts(latent_dim=100, base_channels=64, image_channels=3):
        widths = [latent or latent_dim, *((base or base_channels) * t for t in times), image_channels]
        return _stack(widths, **UP | how)

    return _network(parts, keep, before, ending)


def D(times=TIMES[::-1], base=None, keep=nn.Sequential, before=_as_it_is, ending=torch.flatten, **how):
    """A class; without arguments it is a right answer."""

    def parts(base_channels=64, image_channels=3):
        widths = [image_channels, *((base or base_channels) * t for t in times), 1]
        return _stack(widths, **DOWN | how)

    return _network(parts, keep, before, ending)


def DG(
    sizes=(4096, 4096, 16, 128, 3), kernel=5, padding=2, relu=_soft, order="norm last", norms=(1, 1),
    bias=True, last=nn.Tanh, up=lambda: nn.Upsample(scale_factor=2),
):  # fmt: skip
    """A class; without arguments it is a right answer."""

    def after(norm, wanted):
        both = [relu(), norm] if wanted else [relu()]
        return both if order == "norm last" else both[::-1]

    def parts():
        z, wide, maps, middle, image = sizes
        first, second = (
            nn.Conv2d(*pair, kernel, padding=padding, bias=bias) for pair in ((maps, middle), (middle, image))
        )
        dense = [nn.Linear(z, wide, bias=bias), *after(nn.BatchNorm1d(wide), norms[0])]
        convolved = [up(), first, *after(nn.BatchNorm2d(middle), norms[1]), up(), second]
        return [*dense, nn.Unflatten(1, (maps, 16, 16)), *convolved, last()]

    return _network(parts)


def DD(
    sizes=(12_288, 512, 256, 1), relu=_soft, last=nn.Sigmoid, bias=True, norm=False, drop=False,
    keep=nn.Sequential, before=lambda images: images.flatten(1),
):  # fmt: skip
    """A class; without arguments it is a right answer."""

    def parts():
        layers = []
        for wide, out in pairwise(sizes):
            layers += [nn.Linear(wide, out, bias=bias)]
            if out == sizes[-1]:
                return [*layers, last()]
            layers += [*[nn.BatchNorm1d(out)] * norm, relu(), *[nn.Dropout(0.3)] * drop]

    return _network(parts, keep, before, ending=torch.flatten)


# ---- right, in other styles ----------------------------------------------------------------------------


class _Functional(nn.Module):
    """One attribute per layer, registered in another order than they run, activations by function."""

    def __init__(self, latent_dim=100, base_channels=64, image_channels=3):
        super().__init__()
        b = base_channels
        self.out = nn.ConvTranspose2d(b, image_channels, 4, 2, 1, bias=False)
        self.n4, self.n3, self.n2, self.n1 = (nn.BatchNorm2d(b * t) for t in (1, 2, 4, 8))
        self.c1 = nn.ConvTranspose2d(latent_dim, 8 * b, (4, 4), bias=False)
        self.c4 = nn.ConvTranspose2d(2 * b, b, 4, stride=2, padding=1, bias=False)
        self.c3 = nn.ConvTranspose2d(4 * b, 2 * b, 4, stride=2, padding=1, bias=False)
        self.c2 = nn.ConvTranspose2d(8 * b, 4 * b, 4, stride=2, padding=1, bias=False)

    def forward(self, z):
        x = self.n1(self.c1(z)).clamp(min=0)
        x = torch.maximum(self.n2(self.c2(x)), torch.zeros(()))
        x = F.relu(self.n3(self.c3(x)), inplace=True)
        x = self.n4(self.c4(x))
        x = torch.where(x > 0, x, 0 * x)
        return 2 * torch.sigmoid(2 * self.out(x)) - 1  # tanh by another name


class _Lazy(nn.Sequential):
    def __init__(self, latent_dim=100, base_channels=64, image_channels=3):
        layers = []
        for i, times in enumerate(TIMES):
            how = {} if i == 0 else {"stride": 2, "padding": 1}
            layers += [
                nn.LazyConvTranspose2d(base_channels * times, 4, bias=False, **how),
                nn.LazyBatchNorm2d(),
            ]
            layers += [nn.ReLU(inplace=True)]
        super().__init__(*layers, nn.LazyConvTranspose2d(image_channels, 4, 2, 1, bias=False), nn.Tanh())


class _Blocks(nn.Module):
    """Blocks in blocks, and z flattened on the way."""

    def __init__(self, latent_dim=100, base_channels=64, image_channels=3):
        super().__init__()
        widths = [base_channels * t for t in TIMES]
        self.unflatten = nn.Unflatten(1, (latent_dim, 1, 1))
        self.blocks = nn.ModuleDict({"first": self.block(latent_dim, widths[0], 1, 0)})
        for wide, out in zip(widths, widths[1:], strict=False):
            self.blocks[f"to {out}"] = self.block(wide, out, 2, 1)
        self.image = nn.Parameter(torch.randn(base_channels, image_channels, 4, 4) * 0.02)

    @staticmethod
    def block(wide, out, stride, padding):
        parts = (
            nn.ConvTranspose2d(wide, out, 4, stride, padding, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
        )
        return nn.Sequential(*parts)

    def forward(self, z):
        x = self.unflatten(z.flatten(1))
        for block in self.blocks.values():
            x = block(x)
        return F.conv_transpose2d(x, self.image, stride=2, padding=1).tanh()


class _FunctionalD(nn.Module):
    def __init__(self, base_channels=64, image_channels=3):
        super().__init__()
        b = base_channels
        pairs = [(image_channels, b), (b, 2 * b), (2 * b, 4 * b), (4 * b, 8 * b)]
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1, bias=False) for i, o in pairs)
        self.norms = nn.ModuleList([nn.Identity(), *(nn.BatchNorm2d(b * t) for t in (2, 4, 8))])
        self.score = nn.Conv2d(8 * b, 1, 4, bias=False)

    def forward(self, x):
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = norm(convolution(x))
            x = torch.max(x, x / 5)
        return (1 / (1 + torch.exp(-self.score(x)))).view(-1)


class _LazyD(nn.Sequential):
    def __init__(self, base_channels=64, image_channels=3):
        parts = [nn.LazyConv2d(base_channels, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        for times in (2, 4, 8):
            parts += [nn.LazyConv2d(times * base_channels, 4, 2, 1, bias=False), nn.LazyBatchNorm2d()]
            parts += [nn.LeakyReLU(0.2)]
        last = [nn.LazyConv2d(1, 4, bias=False), nn.Sigmoid(), nn.Flatten(0)]
        super().__init__(*parts, *last)


class _PlainDenseG(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.ModuleList([nn.BatchNorm1d(4096), nn.BatchNorm2d(128)])
        self.out = nn.Conv2d(128, 3, 5, 1, "same")
        self.conv, self.dense = nn.LazyConv2d(128, 5, padding=2), nn.Linear(4096, 4096)

    def forward(self, z):
        x = self.norm[0](F.leaky_relu(self.dense(z), 0.2)).reshape(len(z), 16, 16, 16)
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = self.norm[1](F.leaky_relu(self.conv(x), negative_slope=0.2))
        return torch.tanh(self.out(F.interpolate(x, scale_factor=2, mode="nearest")))


class _NormOfMaps(_PlainDenseG):
    """The first batch norm stands behind the reshape: 16 means, and not 4096."""

    def __init__(self):
        super().__init__()
        self.norm[0] = nn.BatchNorm2d(16)

    def forward(self, z):
        x = self.norm[0](F.leaky_relu(self.dense(z), 0.2).reshape(len(z), 16, 16, 16))
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = self.norm[1](F.leaky_relu(self.conv(x), 0.2))
        return torch.tanh(self.out(F.interpolate(x, scale_factor=2, mode="nearest")))


class _PlainDenseD(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(12_288, 512), nn.Linear(512, 256), nn.Linear(256, 1)

    def forward(self, images):
        x = images.reshape(-1, 12_288)
        for layer in (self.a, self.b):
            x = layer(x)
            x = torch.relu(x) - 0.2 * torch.relu(-x)
        return torch.sigmoid(self.c(x))[:, 0]


def _pooled(wide, out, kernel, stride, padding, bias):
    """A convolution of stride 1, then a pooling."""
    if stride == 1:
        return nn.Conv2d(wide, out, kernel, bias=bias)
    return nn.Sequential(nn.Conv2d(wide, out, 3, 1, 1, bias=bias), nn.MaxPool2d(2))


# ---- wrong ---------------------------------------------------------------------------------------------


class _NoSuper(nn.Module):
    def __init__(self, **sizes):
        self.layers = nn.Sequential(nn.Tanh())


class _NormsOnly(nn.Module):
    """Everything in a plain list but the norms, which are registered."""

    def __init__(self, **sizes):
        super().__init__()
        self.hidden = list(G()(**sizes).layers)
        self.norms = nn.ModuleList(m for m in self.hidden if isinstance(m, nn.BatchNorm2d))

    def forward(self, z):
        for layer in self.hidden:
            z = layer(z)
        return z


class _NoForward(nn.Module):
    def __init__(self, **sizes):
        super().__init__()
        self.layers = G()(**sizes).layers

    def forwards(self, z):
        return self.layers(z)


class _InForward(nn.Module):
    def __init__(self, **sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, z):
        return G()(**self.sizes)(z)


class _Spare(G()):
    def __init__(self, **sizes):
        super().__init__(**sizes)
        self.spare = nn.Linear(3, 4)


class _InEvaluation(G()):
    def __init__(self, **sizes):
        super().__init__(**sizes)
        self.eval()


class _EvaluatesSingleImages(G()):
    def forward(self, z):
        if len(z) == 1:
            self.eval()
        return super().forward(z)


class _HalfWithoutGradient(G()):
    def forward(self, z):
        with torch.no_grad():
            z = self.layers[:6](z)
        return self.layers[6:](z)


class _ConstantOfTheCpu(G()):
    """A tensor that is neither a parameter nor a buffer stays where it was made."""

    def __init__(self, **sizes):
        super().__init__(**sizes)
        self.nothing = torch.zeros(1, 1, 1, 1)

    def forward(self, z):
        return super().forward(z + self.nothing)


def _spoiled(network):
    """The network, in whose input nothing is left afterwards."""

    class Spoiled(network):
        def forward(self, x):
            result = super().forward(x)
            x.zero_()
            return result

    return Spoiled


def _without_gradients(x):
    return x.detach()


class _TriesItself(_Functional):
    """A right answer that has run before it is asked to, as code that prints its shapes does."""

    def __init__(self, latent_dim=100, base_channels=64, image_channels=3):
        super().__init__(latent_dim, base_channels, image_channels)
        self.shape = self(torch.randn(4, latent_dim, 1, 1)).shape


class _WrongNames(G()):
    def __init__(self, nz=100, ngf=64, nc=3):
        super().__init__(latent_dim=nz, base_channels=ngf, image_channels=nc)


def _pooled(wide, out, kernel, stride, padding, bias):
    """A convolution of stride 1, then a pooling."""
    if stride == 1:
        return nn.Conv2d(wide, out, kernel, bias=bias)
    return nn.Sequential(nn.Conv2d(wide, out, 3, 1, 1, bias=bias), nn.MaxPool2d(2))


RIGHT_GENERATORS = [G(), G(keep=nn.ModuleList), _Functional, _Lazy, _Blocks, _TriesItself]
RIGHT_DISCRIMINATORS = [D(), _FunctionalD, _LazyD, D(ending=lambda x: x.mean((1, 2, 3)))]
RIGHT_DENSE_GENERATORS = [DG(), _PlainDenseG]
RIGHT_DENSE_DISCRIMINATORS = [DD(), _PlainDenseD]

WRONG_GENERATORS = {
    "there is no batch norm after layers 1, 2, 3 and 4": G(norms=(0, 0, 0, 0, 0)),
    "there is no batch norm after layer 1": G(norms=(0, 1, 1, 1, 0)),
    "mean and spread of the result itself": G(norms=(1, 1, 1, 1, 1)),
    "unless told `bias=False`": G(bias=True),
    "LeakyReLU lets a part of a negative number through": G(relu=_soft),
    "kernel 3 in layer 1": G(kernels=(3,) * 5),
    "padding 1 in layer 1": G(paddings=(1, 1, 1, 1, 1)),
    "padding 0 in layer 2": G(paddings=(0, 0, 0, 0, 0)),
    "stride 1 in layer 2": G(strides=(1,) * 5),
    "the channels are the wrong way round": G(times=TIMES[::-1]),
    "this network runs 4": G(times=(4, 2, 1)),
    "the network ends without Tanh": G(last=nn.Identity),
    "Sigmoid gives 0 to 1": G(last=nn.Sigmoid),
    "another order than in the table": G(order="norm last"),
    "another normalisation": G(norm=lambda out: nn.GroupNorm(1, out)),
    "the second argument of a batch norm is `eps`": G(norm=lambda out: nn.BatchNorm2d(out, 0.8)),
    "there is no activation after layer 1": G(relu=nn.Identity),
    "a Conv2d; the table has a ConvTranspose2d": G(layer=nn.Conv2d, kernels=(1, 3, 3, 3, 3)),
    "build them from the constructor's arguments": G(base=64),
    "sizes are written as numbers": G(latent=100),
    "multiply `base_channels`": G(times=(16, 8, 4, 2)),
    "`super().__init__()` must be the first": _NoSuper,
    "a plain Python list hides": _NormsOnly,
    "a plain Python list hides layers": G(keep=list),
    "made in `forward`, anew": _InForward,
    "is each layer used": _Spare,
    "got       shape (2, 64, 64)": G(ending=torch.squeeze),
    "is invalid for input of size 7": G(before=lambda z: z.view(3, -1, 1, 1)),
    "`momentum` and `track_running_stats`": G(norm=lambda out: nn.BatchNorm2d(out, momentum=0.8)),
    "has each batch norm its scale": G(norm=lambda out: nn.BatchNorm2d(out, affine=False)),
    "over the whole batch": G(norm=lambda out: nn.InstanceNorm2d(out, affine=True)),
    "another number of features": G(norm=lambda out: nn.BatchNorm2d(48)),
    "none for the input, layers.0.weight": _HalfWithoutGradient,
    "got       none for the input\n": G(before=_without_gradients),
    "leave `eval()`": _InEvaluation,
    "no `eval()` in `forward`": _EvaluatesSingleImages,
    "are its two numbers swapped": G(
        layer=lambda wide, out, *how, **more: UP["layer"](out, wide, *how, **more)
    ),
    "the input is left as it was\n": _spoiled(G()),
    "it works on any device": _ConstantOfTheCpu,
    "without `.cuda()`": G(ending=lambda images: images + torch.zeros(len(images), 1, 1, 1)),
    "an extra operation": G(ending=lambda images: images * 0.5 + 0.5),
    "is there a `return`": G(ending=lambda images: None),
    "write `forward`": _NoForward,
    "keep the `def __init__` line": _WrongNames,
    "pass the class itself": lambda **sizes: 3,
}

WRONG_DISCRIMINATORS = {
    "this is one number for the whole batch": D(ending=torch.mean),
    "there is no batch norm after layers 2, 3 and 4": D(norms=(0, 0, 0, 0, 0)),
    "brightness and contrast": D(norms=(1, 1, 1, 1, 0)),
    "mean and spread of the result itself": D(norms=(0, 1, 1, 1, 1)),
    "unless told `bias=False`": D(bias=True),
    "ReLU passes no gradient": D(relu=nn.ReLU),
    "PyTorch's default is 0.01": D(relu=nn.LeakyReLU),
    "and should be 0.2": D(relu=lambda: nn.LeakyReLU(0.3)),
    "kernel 3 in layer 1": D(kernels=(3, 3, 3, 3, 4)),
    "smaller than the kernel": D(paddings=(0, 0, 0, 0, 0)),
    "stride 1 in layer 1": D(strides=(1, 2, 2, 2, 1)),
    "the channels are the wrong way round": D(times=TIMES),
    "build them from the constructor's arguments": D(base=64),
    "`squeeze()` drops every axis": D(ending=torch.squeeze),
    "none for the input": D(before=_without_gradients),
    "the input is left as it was": _spoiled(D()),
    "it works on any device": D(ending=lambda scores: scores.flatten() * torch.ones(len(scores))),
    "`momentum` and": D(norm=lambda out: nn.BatchNorm2d(out, track_running_stats=False)),
    "computed anew at every call": D(
        layer=lambda *given, **how: nn.utils.parametrizations.weight_norm(nn.Conv2d(*given, **how))
    ),
    "axes that are moved": D(before=lambda images: images.transpose(2, 3)),
    "raw scores": D(last=nn.Identity),
    "Tanh gives -1 to 1": D(last=nn.Tanh),
    "softmax over a single number": D(last=lambda: nn.Softmax(1)),
    "another order than in the table": D(order="norm last"),
    "no pooling": D(layer=_pooled),
    "`super().__init__()` must be the first": _NoSuper,
    "a plain Python list hides": D(keep=list),
}

WRONG_DENSE_GENERATORS = {
    "`nn.BatchNorm2d` is for maps": DG(relu=lambda: nn.BatchNorm2d(4096)),
    "the input is left as it was": _spoiled(DG()),
    "kernel 3 in layer 2": DG(kernel=3, padding=1),
    "got       after layers 1 and 2, of 16 and 128 features": _NormOfMaps,
    "got       LeakyReLU(0.01)": DG(relu=nn.LeakyReLU),
    "the table has LeakyReLU": DG(relu=nn.ReLU),
    "another order than in the table": DG(order="norm first"),
    "no batch norm after layer 1": DG(norms=(0, 1)),
    "no batch norm after layers 1 and 2": DG(norms=(0, 0)),
    "keep the bias": DG(bias=False),
    "4096 → 4096 → 64 → 3": DG(sizes=(4096, 4096, 16, 64, 3)),
    "ends without Tanh": DG(last=nn.Identity),
    "Sigmoid gives 0 to 1": DG(last=nn.Sigmoid),
    "do not fit": DG(sizes=(100, 4096, 16, 128, 3)),
    "the table repeats them, mode `nearest`": DG(up=lambda: nn.Upsample(scale_factor=2, mode="bilinear")),
}

WRONG_DENSE_DISCRIMINATORS = {
    "none for the input": DD(before=lambda images: images.detach().flatten(1)),
    "the input is left as it was": _spoiled(DD()),
    "it works on any device": DD(before=lambda images: images.flatten(1) + torch.zeros(len(images), 1)),
    "the batch axis stays for every B": DD(before=lambda images: images.view(3, -1)),
    "raw scores": DD(last=nn.Identity),
    "this network runs 2": DD(sizes=(12_288, 512, 1)),
    "12288 → 256 → 512 → 1": DD(sizes=(12_288, 256, 512, 1)),
    "the table has LeakyReLU": DD(relu=nn.ReLU),
    "there is no activation after layer 1": DD(relu=nn.Identity),
    "PyTorch's default is 0.01": DD(relu=nn.LeakyReLU),
    "keep the bias": DD(bias=False),
    "there is a batch norm after layers 1 and 2": DD(norm=True),
    "there are steps that the table does not have": DD(drop=True),
    "do not fit": DD(before=_as_it_is),
    "the batch was flattened too": DD(before=torch.flatten),
    "`super().__init__()` must be the first": _NoSuper,
    "a plain Python list hides": DD(keep=list),
}
