"""Right and wrong blocks for 7.1. A wrong one differs from a right one in one thing."""

import torch
from torch import nn
from torch.nn import functional as F


class _Block(nn.Module):
    """A block in two sequences of layers; what differs from it overrides a piece."""

    norm = staticmethod(lambda channels: nn.InstanceNorm2d(channels, affine=True))
    slope, bias, kernel, grown, before, after = 0.2, False, 4, 2, False, ()

    def __init__(self, outer, inner, below=None):
        super().__init__()
        wide = inner if below is None else self.grown * inner
        rest = {"stride": 2, "padding": 1, "bias": self.bias}
        down = [nn.Conv2d(outer, inner, 4, **rest), self.norm(inner), nn.LeakyReLU(self.slope)]
        up = [nn.ConvTranspose2d(wide, outer, self.kernel, **rest), self.norm(outer), nn.ReLU()]
        if self.before:
            first = nn.LeakyReLU(0.2, inplace=self.before == "in place")
            down, up = [first, *down[:2]], [nn.ReLU(), *up[:2]]
        self.down, self.up = nn.Sequential(*down), nn.Sequential(*up, *(make() for make in self.after))
        self._keep(below)

    def _keep(self, below):
        self.below = below

    def _inside(self, x):
        x = self.down(x)
        return self.up(x if self.below is None else self.below(x))

    def forward(self, x):
        return torch.cat([x, self._inside(x)], dim=1)


def _kind(**changes):
    return type("Block", (_Block,), changes)


class _ByCalls(nn.Module):
    """A page of calls, with the block below first."""

    def __init__(self, outer, inner, below=None):
        super().__init__()
        self.below = below or nn.Identity()
        self.up = nn.ConvTranspose2d((1 + (below is not None)) * inner, outer, 4, 2, 1, bias=False)
        self.up_norm = nn.InstanceNorm2d(outer, affine=True)
        self.down = nn.Conv2d(outer, inner, 4, 2, 1, bias=False)
        self.down_norm = nn.InstanceNorm2d(inner, affine=True)

    def forward(self, x):
        inside = self.below(F.leaky_relu(self.down_norm(self.down(x)), 0.2))
        return torch.hstack((x, self.up_norm(self.up(inside)).clamp(min=0)))


class _OneSequence(nn.Module):
    """Everything in one sequence, the norms as group norms with a group for each channel."""

    def __init__(self, outer, inner, below=None):
        super().__init__()
        layers = [
            nn.Conv2d(outer, inner, 4, 2, 1, bias=False),
            nn.GroupNorm(inner, inner),
            nn.LeakyReLU(0.2, inplace=True),
            below,
            nn.ConvTranspose2d(inner if below is None else 2 * inner, outer, 4, 2, 1, bias=False),
            nn.GroupNorm(outer, outer),
            nn.ReLU(inplace=True),
        ]
        self.layers = nn.Sequential(*(layer for layer in layers if layer is not None))

    def forward(self, x):
        both = x.new_empty(len(x), 2 * x.shape[1], *x.shape[2:])
        both[:, : x.shape[1]], both[:, x.shape[1] :] = x, self.layers(x)
        return both


class _SkipOfTheInside(_Block):
    def forward(self, x):
        x = self.down(x)
        return torch.cat([x, self.up(x if self.below is None else self.below(x))], 1)


class _NoSuper(nn.Module):
    def __init__(self, outer, inner, below=None):
        self.down = nn.Conv2d(outer, inner, 4, 2, 1)


class _HiddenBelow(_Block):
    def _keep(self, below):
        self.kept = [below]

    @property
    def below(self):
        return self.kept[0]


class _Childless(_Block):
    def __init__(self, outer, inner, below=None):
        super().__init__(outer, inner)


class _DeafBelow(_Block):
    def _inside(self, x):
        x = self.down(x)
        return self.up(x if self.below is None else self.below(x).detach())


class _ForgottenBelow(_Block):
    """Made for a block below, which never runs."""

    def _inside(self, x):
        return self.up(self.down(x))


class _BelowFirst(_Block):
    def _inside(self, x):
        return self.up(self.down(x if self.below is None else self.below(x)))


class _BelowAlways(_Block):
    def _inside(self, x):
        return self.up(self.below(self.down(x)))


class _HalfOfBelow(_Block):
    grown = 1

    def _inside(self, x):
        x = self.down(x)
        return self.up(x if self.below is None else self.below(x)[:, : x.shape[1]])


class _PlainLists(_Block):
    """All layers in Python lists, which PyTorch does not look into."""

    def __init__(self, outer, inner, below=None):
        super().__init__(outer, inner, below)
        ways = list(self.down), list(self.up)
        del self.down, self.up
        self.ways = ways

    def _inside(self, x):
        for layer in (*self.ways[0], *([self.below] if self.below is not None else []), *self.ways[1]):
            x = layer(x)
        return x


class _MadeAnew(nn.Module):
    """The layers are made in ``forward``."""

    def __init__(self, outer, inner, below=None):
        super().__init__()
        self.sizes, self.below = (outer, inner), below

    def forward(self, x):
        return _Block(*self.sizes, self.below)(x)


class _AlwaysWide(_Block):
    """As if there always were a block below."""

    def __init__(self, outer, inner, below=None):
        super().__init__(outer, inner, nn.Identity())
        self.below = below


class _Squeezing(_Block):
    def forward(self, x):
        return super().forward(x).squeeze(0)


class _OnTheCpu(_Block):
    def forward(self, x):
        return super().forward(x) + torch.zeros(1, 2 * x.shape[1], 1, 1)


class _Spoiling(_Block):
    def forward(self, x):
        return super().forward(x.mul_(1.0).add_(0.5).sub_(0.25))


def _joined(join):
    return _kind(forward=lambda self, x: join(x, self._inside(x)))


RIGHT = {"7.1": [_ByCalls, _OneSequence, _Block]}

WRONG = {
    "7.1": {
        "the input is added": _joined(torch.add),
        "there is no skip": _joined(lambda x, up: up),
        "the two are in the other order": _joined(lambda x, up: torch.cat((up, x), 1)),
        "along the batch": _joined(lambda x, up: torch.cat([x, up])),
        "that is batch norm": _kind(norm=staticmethod(nn.BatchNorm2d)),
        "is told `affine=True`": _kind(norm=staticmethod(nn.InstanceNorm2d)),
        "`bias=False`": _kind(bias=True),
        "0.01": _kind(slope=0.01),
        "`nn.LeakyReLU(0.2)`": _kind(slope=0.0),
        "`below` gives 2 * inner channels": _kind(grown=1),
        "the activations come before": _kind(before=True),
        "writes into the caller's x, which": _kind(before="in place"),
        "the skip is the block's own input x": _SkipOfTheInside,
        "kernel 4, stride 2, padding 1": _kind(kernel=3),
        "a plain Python list hides": _HiddenBelow,
        "where `below` is called": _DeafBelow,
        "drops a batch of one": _Squeezing,
        "without `.cuda()`": _OnTheCpu,
        "x itself is left as it was": _Spoiling,
        "the block below is never called": _kind(grown=1, _inside=lambda self, x: self.up(self.down(x))),
        "`self.below = below`": _Childless,
        "is not called before the way up": _ForgottenBelow,
        "is called before `down`": _BelowFirst,
        "only `if self.below is not None`": _BelowAlways,
        "`below` gives 2 * inner channels, so that many": _HalfOfBelow,
        "its weights are registered": _PlainLists,
        "they are made in `forward`": _MadeAnew,
        "without a block below it takes `inner`": _AlwaysWide,
        "not what comes up twice": _joined(lambda x, up: torch.cat([up, up], 1)),
        "the skip went through a ReLU": _joined(lambda x, up: torch.cat([x.clamp(min=0), up], 1)),
        "a dropout has no place": _kind(after=(nn.Dropout,)),
        "`super().__init__()` must be the first": _NoSuper,
        "`UNetBlock(...)` is an `nn.Module`": lambda outer, inner, below=None: 3,
        "the skip is detached": _joined(lambda x, up: torch.cat([x.data, up], 1)),
    }
}
