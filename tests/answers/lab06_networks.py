"""Right and wrong networks for lab 06. A wrong one differs from a right one in one thing."""

import torch
from torch import nn
from torch.nn import functional as F

# 6.4


class _Encoder(nn.Module):
    """A page of calls. ``kernel`` and ``wide`` are the convolutions' settings, ``act`` what follows each."""

    kernel, wide, act = 3, (1, 2), staticmethod(F.relu)
    keeps_batch, log_var_act = True, staticmethod(lambda v: v)

    def __init__(self, latent_dim=2, hidden=16, base_channels=32, image_size=28):
        super().__init__()
        first, second = (base_channels * times for times in self.wide)
        self.one = nn.Conv2d(1, first, self.kernel, 2, self.kernel // 2)
        self.two = nn.Conv2d(first, second, self.kernel, 2, self.kernel // 2)
        self.dense = nn.Linear(second * (image_size // 4) ** 2, hidden)
        self.mean, self.log_var = nn.Linear(hidden, latent_dim), nn.Linear(hidden, latent_dim)

    def forward(self, images):
        maps = self.act(self.two(self.act(self.one(images))))
        hidden = self.act(self.dense(maps.flatten(1)))
        return self.mean(hidden), self.log_var_act(self.log_var(hidden))


class _Sequential(nn.Module):
    def __init__(self, latent_dim=2, hidden=16, base_channels=32, image_size=28):
        super().__init__()
        c, side = base_channels, image_size // 4
        self.body = nn.Sequential(
            nn.Conv2d(1, c, 3, 2, 1), nn.ReLU(True), nn.Conv2d(c, 2 * c, 3, 2, 1), nn.ReLU(True),
            nn.Flatten(), nn.Linear(2 * c * side * side, hidden), nn.ReLU(),
        )  # fmt: skip
        self.heads = nn.ModuleList([nn.Linear(hidden, latent_dim) for _ in range(2)])

    def forward(self, images):
        return self._split(self.body(images))

    def _split(self, hidden):
        return self.heads[0](hidden), self.heads[1](hidden)


def _kind(base, **changes):
    return type("Network", (base,), changes)


class _OneHead(_Sequential):
    def _split(self, hidden):
        return self.heads[0](hidden), self.heads[0](hidden)


class _Positive(_Encoder):
    log_var_act = staticmethod(F.softplus)


class _Stuck(_Encoder):
    """The encoder of the published size, whatever is asked for."""

    def __init__(self, latent_dim=2, hidden=16, base_channels=32, image_size=28):
        super().__init__(latent_dim, hidden, 32, image_size)


class _Detached(_Encoder):
    log_var_act = staticmethod(lambda v: v.detach())


class _Evaluating(_Encoder):
    def __init__(self, *sizes, **named):
        super().__init__(*sizes, **named)
        self.eval()


class _SqueezedCodes(_Encoder):
    def forward(self, images):
        return tuple(part.squeeze() for part in super().forward(images))


class _Unflattened(_Encoder):
    def forward(self, images):
        return self.mean(self.dense(self.two(self.one(images)))), None


class _OnlyMean(_Encoder):
    def forward(self, images):
        return super().forward(images)[0]


# 6.5


class _Decoder(nn.Module):
    last, extra, times = nn.Sigmoid, 1, (2, 2, 1)

    def __init__(self, latent_dim=2, base_channels=32, image_size=28):
        super().__init__()
        self.side, self.maps = image_size // 4, base_channels * self.times[0]
        a, b = (base_channels * t for t in self.times[1:])
        self.dense = nn.Linear(latent_dim, self.maps * self.side**2)
        up = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": self.extra}
        self.up = nn.ModuleList([nn.ConvTranspose2d(self.maps, a, **up), nn.ConvTranspose2d(a, b, **up)])
        self.to_image = nn.ConvTranspose2d(b, 1, 3, padding=1)
        self.end = self.last()

    def forward(self, z):
        x = F.relu(self.dense(z)).view(len(z), self.maps, self.side, self.side)
        for layer in self.up:
            x = F.relu(layer(x))
        return self.end(self.to_image(x))


class _DecoderList(nn.Module):
    def __init__(self, latent_dim=2, base_channels=32, image_size=28):
        super().__init__()
        c, s = base_channels, image_size // 4
        up = (3, 2, 1, 1)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 2 * c * s * s), nn.ReLU(), nn.Unflatten(1, (2 * c, s, s)),
            nn.ConvTranspose2d(2 * c, 2 * c, *up), nn.ReLU(), nn.ConvTranspose2d(2 * c, c, *up), nn.ReLU(),
            nn.ConvTranspose2d(c, 1, 3, 1, 1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, z):
        return self.layers(z)


class _OfTwo(_DecoderList):
    def __init__(self, latent_dim=2, base_channels=32, image_size=28):
        super().__init__(2, base_channels, image_size)


class _Of28(_Decoder):
    def __init__(self, latent_dim=2, base_channels=32, image_size=28):
        super().__init__(latent_dim, base_channels)


class _Squeezed(_Decoder):
    def forward(self, z):
        return super().forward(z).squeeze()


class _OneSqueezed(_Decoder):
    def forward(self, z):
        return super().forward(z).squeeze(0)


class _Elsewhere(_Decoder):
    def forward(self, z):
        return super().forward(z + torch.zeros(1, z.shape[1]))


# 6.8


class _With(nn.Module):
    """A network that is shown the label: z or features, then the one-hot row."""

    def __init__(self, front, back, classes=10, told=None):
        super().__init__()
        self.front, self.back, self.classes, self.told = front, back, classes, told

    def forward(self, values, labels):
        features = self.front(values)
        row = self.told(labels) if self.told else torch.eye(self.classes, device=labels.device)[labels]
        return self.back(torch.cat([features, row], 1))


class _Heads(nn.Module):
    def __init__(self, wide, hidden, latent_dim):
        super().__init__()
        self.dense = nn.Linear(wide, hidden)
        self.mean, self.log_var = nn.Linear(hidden, latent_dim), nn.Linear(hidden, latent_dim)

    def forward(self, features):
        hidden = self.dense(features).relu()
        return self.mean(hidden), self.log_var(hidden)


def _pair(encoder_told=None, decoder_told=None, order=lambda pair: pair, extra=(10, 10)):
    def conditional_pair(latent_dim=2, hidden=16, base_channels=32, image_size=28):
        body = _Sequential(latent_dim, hidden, base_channels, image_size).body[:5]
        wide = 2 * base_channels * (image_size // 4) ** 2
        heads = _Heads(wide + extra[0], hidden, latent_dim)
        decoder = _DecoderList(latent_dim + extra[1], base_channels, image_size)
        return order(
            (_With(body, heads, told=encoder_told), _With(nn.Identity(), decoder, told=decoder_told))
        )

    return conditional_pair


def _ones(labels):
    return torch.ones(len(labels), 10)


def _whole(labels):
    return labels[:, None].float()


RIGHT = {
    "6.4": [_Encoder, _Sequential],
    "6.5": [_Decoder, _DecoderList],
    "6.8": [_pair(), _pair(encoder_told=lambda labels: F.one_hot(labels, 10).float())],
}

WRONG = {
    "6.4": {
        "kernel 5": _kind(_Encoder, kernel=5),
        "there is no activation after layer 1": _kind(_Encoder, act=staticmethod(lambda x: x)),
        "LeakyReLU lets a part": _kind(_Encoder, act=staticmethod(F.leaky_relu)),
        "then twice as many": _kind(_Encoder, wide=(1, 3)),
        "a layer each": _OneHead,
        "after layer 5 the table has nothing": _Positive,
        "`base_channels` maps": _Stuck,
        "that is the deviation": _kind(_Encoder, log_var_act=staticmethod(lambda v: v.div(2).exp())),
        "`nn.Flatten` comes before it": _Unflattened,
        "returns two tensors": _OnlyMean,
        "neither is detached": _Detached,
        "leave `eval()` to the code": _Evaluating,
        "drops a batch of one": _SqueezedCodes,
    },
    "6.5": {
        "`output_padding=1`": _kind(_Decoder, extra=0),
        "Tanh gives -1 to 1": _kind(_Decoder, last=nn.Tanh),
        "the network ends without Sigmoid": _kind(_Decoder, last=nn.Identity),
        "the dense layer makes 2": _kind(_Decoder, times=(2, 1, 1)),
        "28 pixels, whatever": _Of28,
        "takes `latent_dim` numbers": _OfTwo,
        "the channel axis is lost": _Squeezed,
        "drops a batch of one": _OneSqueezed,
        "without `.cuda()`": _Elsewhere,
    },
    "6.8": {
        "ten more columns in one dense layer: beside the flat": _pair(encoder_told=_whole, extra=(1, 10)),
        "ten more columns in one dense layer: beside z": _pair(decoder_told=_whole, extra=(10, 1)),
        "in the order of the classes": _pair(encoder_told=_ones),
        "so `+ 10` in `__init__`": _pair(extra=(10, 0)),
        "as many columns as the batch needs": _pair(encoder_told=F.one_hot),
        "return encoder, decoder": _pair(order=lambda pair: pair[0]),
        "is on another device": _pair(encoder_told=lambda labels: F.one_hot(labels, 10) + torch.zeros(1, 10)),
    },
}
