"""Answers to lab 08: the parts of the generator."""

import torch
from torch.nn import functional as F

# 8.2


def _by_instance_norm(x, scale, shift):
    return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


def _by_batch_norm(x, scale, shift):
    """As the kit has it: one image with B · C channels."""
    row = x.flatten(0, 1)[None]
    return F.batch_norm(row, None, None, scale.flatten(), shift.flatten(), training=True).view_as(x)


def _adain(over=(2, 3), unbiased=False, eps=1e-5, plus=0.0, cut=lambda part: part):
    def answer(x, scale, shift):
        deviation = (cut(x).var(over, unbiased=unbiased, keepdim=True) + eps).sqrt()
        normed = (x - cut(x).mean(over, keepdim=True)) / deviation
        return normed * (scale + plus)[..., None, None] + shift[..., None, None]

    return answer


def _deviation_plus(x, scale, shift):
    mean, std = (part.flatten(2) for part in (x, x))
    mean, std = mean.mean(2)[..., None, None], std.std(2, unbiased=False)[..., None, None]
    return (x - mean) / (std + 1e-5) * scale[..., None, None] + shift[..., None, None]


# 8.3


def _by_addcmul(x, noise, strength):
    return torch.addcmul(x, strength.view(1, -1, 1, 1), noise)


def _by_channels(x, noise, strength):
    maps = [x[:, i] + s * noise[:, 0] for i, s in enumerate(strength)]
    return torch.stack(maps, dim=1)


def _with_axes_moved(x, noise, strength):
    return (x.permute(0, 2, 3, 1) + noise.permute(0, 2, 3, 1) * strength).permute(0, 3, 1, 2)


# 8.4


@torch.no_grad()
def _in_one_batch(G, z, draws):
    images = G(z.repeat(draws, 1)).unflatten(0, (draws, len(z)))
    return images.std(0, unbiased=False).square().mean(1, keepdim=True).sqrt()


def _by_running_sums(G, z, draws):
    total = squares = 0
    for _ in range(draws):
        images = G.draw(G.mapping(z)).detach().double()
        total, squares = total + images, squares + images**2
    variance = squares / draws - (total / draws) ** 2
    return variance.mean(1, keepdim=True).clamp(min=0).sqrt().float()


@torch.no_grad()
def _one_z_at_a_time(G, z, draws):
    maps = []
    for one in z:
        images = G(one.expand(draws, -1))
        maps.append((images - images.mean(0)).square().mean((0, 1)).sqrt())
    return torch.stack(maps)[:, None]


def _deviation(of, z_of=lambda z: z):
    @torch.no_grad()
    def answer(G, z, draws):
        return of(torch.stack([G(z_of(z)) for _ in range(draws)]))

    return answer


def _rms(images, dim=0):
    return images.var(dim, unbiased=False).mean(1, keepdim=True).sqrt()


def _with_gradient(G, z, draws):
    return _rms(torch.stack([G(z) for _ in range(draws)]))


@torch.no_grad()
def _same_image(G, z, draws):
    return _rms(G(z).expand(draws, *G(z).shape))


@torch.no_grad()
def _puts_to_sleep(G, z, draws):
    return _rms(torch.stack([G.eval()(z) for _ in range(draws)]))


@torch.no_grad()
def _moves_z(G, z, draws):
    images = torch.stack([G(z) for _ in range(draws)])
    z -= z.mean()
    return _rms(images)


# 8.5


def _by_where(w_a, w_b, crossover, layers):
    before = torch.arange(layers, device=w_a.device)[None, :, None] < crossover
    return torch.where(before, w_a[:, None], w_b[:, None])


def _by_slices(w_a, w_b, crossover, layers):
    w = w_b[:, None].repeat(1, layers, 1)
    w[:, :crossover] = w_a[:, None]
    return w


def _by_cat(w_a, w_b, crossover, layers):
    return torch.cat([w_a[:, None]] * crossover + [w_b[:, None]] * (layers - crossover), 1)


def _into_the_expanded(w_a, w_b, crossover, layers):
    w = w_a[:, None].expand(-1, layers, -1)
    w[:, crossover:] = w_b[:, None]
    return w


def _moves_a(w_a, w_b, crossover, layers):
    w = _by_where(w_a, w_b, crossover, layers)
    w_a += 1
    return w


# 8.6


def _by_weights(w, many_w, psi):
    return psi * w + (1 - psi) * many_w.mean(0)


def _by_lerp(w, many_w, psi):
    return torch.lerp(many_w.mean(0).expand_as(w), w, psi)


def _by_columns(w, many_w, psi):
    centres = [column.mean() for column in many_w.unbind(1)]
    return torch.stack([c + psi * (part - c) for c, part in zip(centres, w.unbind(-1), strict=True)], -1)


RIGHT = {
    "8.2": [_by_instance_norm, _by_batch_norm, _adain()],
    "8.3": [_by_addcmul, _by_channels, _with_axes_moved],
    "8.4": [_in_one_batch, _by_running_sums, _one_z_at_a_time],
    "8.5": [_by_where, _by_slices, _by_cat],
    "8.6": [_by_weights, _by_lerp, _by_columns],
}

WRONG = {
    "8.2": {
        "divided by H · W − 1": _adain(unbiased=True),
        "that is batch norm": _adain((0, 2, 3)),
        "that is layer norm": _adain((1, 2, 3)),
        "normalised over the channels": _adain((1,)),
        "each row is normalised by itself": _adain((-1,)),
        "here the scale is used as it is": _adain(plus=1.0),
        "its variance is 0": _adain(eps=0.0),
        "add it to the variance": _deviation_plus,
        "the shift is missing": lambda x, scale, shift: F.instance_norm(x) * scale[..., None, None],
        "scale and shift are swapped": lambda x, scale, shift: _by_instance_norm(x, shift, scale),
        "the gradient goes through them too": _adain(cut=lambda part: part.detach()),
        "nothing is detached": lambda x, scale, shift: _by_instance_norm(x, scale.detach(), shift),
        "no `squeeze()`": lambda *given: _by_instance_norm(*given).squeeze(0),
        "no method that ends in `_`": lambda x, scale, shift: _by_instance_norm(
            x.sub_(x.mean((2, 3), keepdim=True)), scale, shift
        ),
        "line up with rows and columns": lambda x, scale, shift: F.instance_norm(x) * scale + shift,
        "without `.cuda()`": lambda x, scale, shift: _by_instance_norm(x, scale, shift) + torch.zeros(1),
    },
    "8.3": {
        "lines up with the columns": lambda x, noise, strength: x + strength * noise,
        "all images have the noise of the first": lambda x, noise, s: x + s.view(-1, 1, 1) * noise[0],
        "the same number is added to a whole channel": lambda x, noise, s: (
            x + s.view(-1, 1, 1) * noise.mean((2, 3))[:, :, None, None]
        ),
        "the strengths are not used": lambda x, noise, strength: x + noise,
        "all channels have the same strength": lambda x, noise, strength: x + strength.mean() * noise,
        "fresh noise is drawn": lambda x, noise, s: x + s.view(-1, 1, 1) * torch.randn(noise.shape),
        "each channel draws noise of its own": lambda x, noise, s: (
            x + s.view(-1, 1, 1) * torch.randn(x.shape)
        ),
        "x is missing": lambda x, noise, strength: strength[:, None, None] * noise,
        "they are learnt": lambda x, noise, strength: _by_addcmul(x, noise, strength.data),
        "nothing may change in place": lambda x, noise, s: x.add_(s.view(-1, 1, 1) * noise),
        "no `squeeze()`": lambda *given: _by_channels(*given).squeeze(0),
        "without `.cuda()`": lambda x, noise, s: _by_addcmul(x, noise, s) + torch.zeros(1),
    },
    "8.4": {
        "divided by draws − 1": _deviation(lambda images: images.std(0).square().mean(1, True).sqrt()),
        "that is the variance": _deviation(lambda images: _rms(images) ** 2),
        "the deviations of the channels are averaged": _deviation(
            lambda images: images.std(0, unbiased=False).mean(1, keepdim=True)
        ),
        "before the deviation is taken": _deviation(
            lambda images: images.mean(2, keepdim=True).std(0, unbiased=False)
        ),
        "one map an image": _deviation(lambda images: images.std(0, unbiased=False)),
        "with length 1: `keepdim=True`": _deviation(lambda images: _rms(images)[:, 0]),
        "one map (1, H, W) for each z": _deviation(lambda images: images.std()),
        "under `torch.no_grad()`": _with_gradient,
        "call it `draws` times": _same_image,
        "undo an `eval()`": _puts_to_sleep,
        "no `squeeze()`": _deviation(lambda images: _rms(images).squeeze(0)),
        "nothing may change in place": _moves_z,
        "without `.cuda()`": _deviation(lambda images: _rms(images) + torch.zeros(1)),
    },
    "8.5": {
        "the sides are swapped": lambda a, b, crossover, layers: _by_where(b, a, crossover, layers),
        "one layer too many follows A": lambda a, b, crossover, layers: _by_where(
            a, b, crossover + 1, layers
        ),
        "one layer too few follows A": lambda a, b, crossover, layers: _by_slices(
            a, b, crossover - 1, layers
        ),
        "cuts the numbers of w": lambda a, b, crossover, layers: torch.stack(
            [torch.hstack([a[:, :crossover], b[:, crossover:]])] * layers, dim=1
        ),
        "the batch comes first": lambda *given: _by_where(*given).transpose(0, 1),
        "each layer has a w of its own": lambda a, b, crossover, layers: a if crossover else b,
        "and there are": lambda a, b, crossover, layers: torch.cat(
            [a[:, None].repeat(1, crossover, 1), b[:, None].repeat(1, layers, 1)], 1
        ),
        "w_a and w_b are averaged": lambda a, b, crossover, layers: (a / 2 + b / 2)[:, None].repeat(
            1, layers, 1
        ),
        "learns through both": lambda a, b, crossover, layers: _by_where(a, b.detach(), crossover, layers),
        "take `repeat`": _into_the_expanded,
        "nothing may change in place": _moves_a,
        "with crossover 0": lambda a, b, crossover, layers: _by_where(a, b, max(crossover, 1), layers),
        "with crossover = layers": lambda a, b, crossover, layers: _by_where(
            a, b, min(crossover, layers - 1), layers
        ),
        "no `squeeze()`": lambda *given: _by_where(*given).squeeze(0),
        "without `.cuda()`": lambda *given: _by_where(*given) + torch.zeros(1),
    },
    "8.6": {
        "psi is on the wrong side": lambda w, many_w, psi: _by_weights(w, many_w, 1 - psi),
        "pulled towards 0": lambda w, many_w, psi: w * psi,
        "not added again": lambda w, many_w, psi: (w - many_w.mean(0)) * psi,
        "average many_w over its rows": lambda w, many_w, psi: torch.lerp(many_w.mean(1), w, psi),
        "the centre is one number": lambda w, many_w, psi: _by_weights(
            w, many_w.mean() * torch.ones(1, 1), psi
        ),
        "that of the w to be truncated": lambda w, many_w, psi: _by_weights(w, w, psi),
        "each w has its own mean": lambda w, many_w, psi: psi * w + (1 - psi) * w.mean(1)[:, None],
        "the median": lambda w, many_w, psi: _by_weights(w, many_w.median(0).values[None], psi),
        "cuts nothing off": lambda w, many_w, psi: w.clip(-psi, psi),
        "fits any shape": lambda w, many_w, psi: _by_weights(w, many_w, psi).reshape(-1, w.shape[-1]),
        "no `squeeze()`": lambda w, many_w, psi: _by_weights(w, many_w, psi).squeeze(0),
        "nothing may change in place": lambda w, many_w, psi: (
            w.sub_(many_w.mean(0)).mul_(psi).add_(many_w.mean(0))
        ),
        "without `.cuda()`": lambda w, many_w, psi: _by_weights(w, many_w, psi) + torch.zeros(1),
    },
}
