"""Right and wrong mapping networks for 8.1. A wrong one differs from a right one in one thing."""

import torch
from torch import nn
from torch.nn import functional as F


class _Mapping(nn.Module):
    """Layers in a list; what differs from it overrides a piece."""

    bias, most, last = {}, None, True

    def __init__(self, latent_dim, style_dim, layers=8, linear=nn.Linear):
        super().__init__()
        wide = latent_dim
        made = []
        for _ in range(self.most or layers):
            made.append(linear(wide, style_dim, **self.bias))
            wide = style_dim
        self.layers = self.kept(made)

    def kept(self, layers):
        return nn.ModuleList(layers)

    def activation(self, w):
        return F.leaky_relu(w, 0.2)

    def normed(self, z):
        return z / (z**2).mean(1, keepdim=True).add(1e-8).sqrt()

    def forward(self, z):
        w = self.normed(z)
        for number, layer in enumerate(self.layers, 1):
            w = layer(w)
            if self.last or number < len(self.layers):
                w = self.activation(w)
        return w


def _kind(**changes):
    return type("Mapping", (_Mapping,), changes)


def _normed_by(normed):
    return _kind(normed=lambda self, z: normed(z))


class _OneSequence(nn.Module):
    """Everything in one sequence, normalised by the library's function and a radius."""

    def __init__(self, latent_dim, style_dim, layers=8, linear=nn.Linear):
        super().__init__()
        row = [linear(latent_dim, style_dim), nn.LeakyReLU(0.2)]
        for _ in range(1, layers):
            row += [linear(style_dim, style_dim), nn.LeakyReLU(0.2, inplace=True)]
        self.row = nn.Sequential(*row)

    def forward(self, z):
        return self.row(F.normalize(z, dim=1) * z.shape[1] ** 0.5)


class _Recursive(nn.Module):
    """A network of one layer fewer, and one more layer."""

    def __init__(self, latent_dim, style_dim, layers=8, linear=nn.Linear, inner=False):
        super().__init__()
        self.inner = inner
        self.before = None
        if layers > 1:
            self.before = _Recursive(latent_dim, style_dim, layers - 1, linear, inner=True)
        self.layer = linear(style_dim if layers > 1 else latent_dim, style_dim)

    def forward(self, z):
        w = z if self.inner else z * torch.rsqrt(torch.einsum("bn,bn->b", z, z) / z.shape[1])[:, None]
        w = self.layer(w if self.before is None else self.before(w))
        return torch.maximum(w, 0.2 * w)


class _OwnLinear(_Mapping):
    def __init__(self, latent_dim, style_dim, layers=8, linear=nn.Linear):
        super().__init__(latent_dim, style_dim, layers)


class _NoSuper(nn.Module):
    def __init__(self, latent_dim, style_dim, layers=8, linear=nn.Linear):
        self.layers = nn.ModuleList()


class _WideFirst(nn.Module):
    """All layers between have latent_dim numbers; the last one goes to style_dim."""

    def __init__(self, latent_dim, style_dim, layers=8, linear=nn.Linear):
        super().__init__()
        widths = [latent_dim] * layers + [style_dim]
        self.layers = nn.ModuleList(map(linear, widths, widths[1:]))

    def forward(self, z):
        w = F.normalize(z) * z.shape[1] ** 0.5
        for layer in self.layers:
            w = F.leaky_relu(layer(w), 0.2)
        return w


class _Spoiling(_Mapping):
    def forward(self, z):
        return super().forward(z.mul_(2))


class _Squeezing(_Mapping):
    def forward(self, z):
        return super().forward(z).squeeze()


class _OnTheCpu(_Mapping):
    def forward(self, z):
        return super().forward(z) + torch.zeros(1)


RIGHT = {"8.1": [_OneSequence, _Recursive, _Mapping]}

WRONG = {
    "8.1": {
        "z is not normalised": _normed_by(lambda z: z),
        "not by the norm": _normed_by(F.normalize),
        "normalised over the batch": _normed_by(lambda z: z / (z**2).mean(0).sqrt()),
        "one number normalises the whole batch": _normed_by(lambda z: z / (z**2).mean() ** 0.5),
        "the root is missing": _normed_by(lambda z: z / (z * z).mean(dim=1)[:, None]),
        "the mean of z is taken away": _normed_by(lambda z: F.layer_norm(z, z.shape[1:])),
        "the slope is 0.01": _kind(activation=staticmethod(F.leaky_relu)),
        "ReLU passes no gradient where it is off": _kind(activation=staticmethod(F.relu)),
        "the network ends without LeakyReLU(0.2)": _kind(last=False),
        "this network runs 8": _kind(most=8),
        "a bias": _kind(bias={"bias": False}),
        "a plain Python list hides": _kind(kept=lambda self, layers: layers),
        "write `linear(...)` where": _OwnLinear,
        "all others style_dim to style_dim": _WideFirst,
        "`super().__init__()` must be the first": _NoSuper,
        "writes into the caller's tensor": _Spoiling,
        "drops a batch of one": _Squeezing,
        "without `.cuda()`": _OnTheCpu,
        "`MappingNetwork(...)` is an `nn.Module`": lambda *sizes, **named: 3,
    }
}
