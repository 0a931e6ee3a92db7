"""Answers to lab 02. The wrong networks are made from a right one by changing one thing."""

import numpy as np
import torch
from torch import nn

from tests.answers.lab02_networks import (
    RIGHT_DENSE_DISCRIMINATORS,
    RIGHT_DENSE_GENERATORS,
    RIGHT_DISCRIMINATORS,
    RIGHT_GENERATORS,
    WRONG_DENSE_DISCRIMINATORS,
    WRONG_DENSE_GENERATORS,
    WRONG_DISCRIMINATORS,
    WRONG_GENERATORS,
)

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def _init(
    convolutions=CONVOLUTIONS, norms=nn.BatchNorm2d, mean=1.0, std=0.02, biases=True, draw=nn.init.normal_
):
    def initialize_weights(module):
        kinds = ((convolutions, 0.0), (norms, mean))
        for kind, m in kinds:
            if isinstance(module, kind):
                draw(module.weight, m, std)
                if biases and module.bias is not None:
                    nn.init.constant_(module.bias, 0)

    return initialize_weights


def _through_data(module):
    if isinstance(module, CONVOLUTIONS):
        module.weight.data = torch.randn_like(module.weight) * 0.02
        if module.bias is not None:
            module.bias.data.zero_()
    elif isinstance(module, nn.BatchNorm2d):
        module.weight.data.normal_(1.0, 0.02)
        module.bias.data.fill_(0)


def _whole_net(net):
    """Walks on its own, so that `apply` draws some weights twice."""
    with torch.no_grad():
        for m in net.modules():
            if type(m).__name__ in ("Conv2d", "ConvTranspose2d", "BatchNorm2d"):
                m.weight.copy_(torch.normal(float("Norm" in type(m).__name__), 0.02, m.weight.shape))
                if m.bias is not None:
                    m.bias.zero_()
    return net


def _by_match(module):
    match module:
        case nn.Conv2d() | nn.ConvTranspose2d():
            module.weight.data.copy_(torch.randn(module.weight.shape).mul(0.02))
        case nn.BatchNorm2d():
            torch.nn.init.trunc_normal_(module.weight, 1.0, 0.02, -9, 9)
        case _:
            return
    if module.bias is not None:
        with torch.no_grad():
            module.bias -= module.bias


def _guarded_names(module):
    """By a part of the name, with a guard for modules that have no weight."""
    name = type(module).__name__
    if "Conv" in name and hasattr(module, "weight"):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    elif "BatchNorm2d" in name:
        _init()(module)


def _seeds_for_norms(module):
    if isinstance(module, nn.BatchNorm2d):
        torch.manual_seed(0)
    _init()(module)


def _leaves_training(module):
    _init()(module)
    module.eval()


def _adds_noise_of_the_cpu(module):
    _init(std=0.0)(module)
    if isinstance(module, (*CONVOLUTIONS, nn.BatchNorm2d)):
        module.weight.data = module.weight.data + 0.02 * torch.randn(module.weight.shape)


def _as_in_the_tutorial(m):
    name = m.__class__.__name__
    if name.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif name.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


def _no_question(module):
    if isinstance(module, CONVOLUTIONS):
        nn.init.normal_(module.weight, 0, 0.02)
        module.bias.data.zero_()


def _puts_a_tensor(module):
    if isinstance(module, CONVOLUTIONS):
        module.weight = torch.randn(module.weight.shape) * 0.02


def _seeds_itself(module):
    torch.manual_seed(999)
    _init()(module)


def _freezes(module):
    _init()(module)
    if isinstance(module, CONVOLUTIONS):
        module.weight.requires_grad_(False)


def _new_parameter(module):
    if isinstance(module, CONVOLUTIONS):
        module.weight = nn.Parameter(torch.empty_like(module.weight))
    _init()(module)


def _uniform(tensor, mean, _std):
    return nn.init.uniform_(tensor, mean - 0.02, mean + 0.02)


def _wide_uniform(tensor, mean, std):
    return nn.init.uniform_(tensor, mean - 3**0.5 * std, mean + 3**0.5 * std)


def _linear_too(module):
    _init()(module)
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.02)


def _without_gradients(module):
    if isinstance(module, CONVOLUTIONS):
        module.weight.normal_(0, 0.02)


def _by_formula(layers, size):
    rows = []
    for layer in layers:
        k, s, p = layer.kernel_size[0], layer.stride[0], layer.padding[0]
        grows = isinstance(layer, nn.ConvTranspose2d)
        size = (size - 1) * s - 2 * p + k if grows else (size + 2 * p - k) // s + 1
        weights = layer.in_channels * layer.out_channels * k * k
        rows.append((layer.out_channels, size, weights + (layer.bias is not None) * layer.out_channels))
    return rows


def _by_counting(transposed=nn.ConvTranspose2d, divide=None, ways=lambda layer: layer.parameters()):
    """Counts the last tap instead of using the formulas, and reads the shapes of the weights."""

    def predict_ladder(layers, size):
        rows = []
        for layer in layers:
            (k, _), (s, _), (p, _) = layer.kernel_size, layer.stride, layer.padding
            if isinstance(layer, transposed):
                size = len(range(int(size - 1) * s + k)[p : -p or None])
            elif divide:
                size = divide(size + 2 * p - k, s) + 1
            else:
                size = len(range(-p, size + p - k + 1, s))
            rows.append([layer.out_channels, size, sum(p.numel() for p in ways(layer))])
        return tuple(rows)

    return predict_ladder


def _one_row(layers, size):
    for layer in layers:
        return _by_formula([layer], size)


def _runs_them(layers, size):
    x = torch.zeros(1, layers[0].in_channels, size, size)
    return [(layer(x).shape[1], 0, 0) for layer in layers]


def _by_recursion(layers, size):
    if not layers:
        return []
    row = _by_formula(layers[:1], size)[0]
    weights = np.prod(layers[0].weight.shape)  # one of numpy's whole numbers
    return [(*row[:2], weights + (row[2] - int(weights)))] + _by_recursion(layers[1:], row[1])


RIGHT = {
    "2.1": [_through_data, _whole_net, _init(), _by_match],
    "2.2": RIGHT_GENERATORS,
    "2.3": RIGHT_DISCRIMINATORS,
    "2.4": [_by_formula, _by_counting(), _by_recursion],
    "2.5": RIGHT_DENSE_GENERATORS,
    "2.6": RIGHT_DENSE_DISCRIMINATORS,
}

WRONG = {
    "2.1": {
        "convolution, transposed convolution, batch norm: as before": lambda m: None,
        "got       transposed convolution: as before": _init(convolutions=nn.Conv2d),
        "got       batch norm: as before": _init(norms=nn.BatchNorm1d),
        "they are mixed up": _init(mean=0.0),
        "have changed places": lambda m: (
            isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d)
            and nn.init.normal_(m.weight, 0.02, 0.0)
        ),
        "as `torch.randn` has it": _init(std=1.0),
        "not the variance": _init(std=0.02**0.5),
        "do not square": _init(std=0.0004),
        "uniform between -0.02 and 0.02": _init(draw=_uniform),
        "lacks its tails": _init(draw=_wide_uniform),
        "all weights are equal": _init(std=0.0),
        "set it to 0 where a layer has one": _init(biases=False),
        "has `None` for its bias": _no_question,
        "tell layers by `isinstance`": _as_in_the_tutorial,
        "in place: `nn.init.normal_` does": _puts_a_tensor,
        "a seed is set inside the function": _seeds_itself,
        "gradients switched off": _freezes,
        "do not put a new one there": _new_parameter,
        "got       changed: Linear": _linear_too,
        "needs `nn.init` or": _without_gradients,
        "Conv1d, ConvTranspose3d, ConvGain": _guarded_names,
        "got       changed: BatchNorm1d": _init(norms=nn.modules.batchnorm._BatchNorm),
        "got       changed: Conv1d, ConvTranspose3d": _init(convolutions=nn.modules.conv._ConvNd),
        "GroupNorm, LayerNorm": _init(norms=(nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)),
        "torch's seed has changed": _seeds_for_norms,
        "`eval()` and `train()`": _leaves_training,
        "`device=x.device`": _adds_noise_of_the_cpu,
    },
    "2.2": WRONG_GENERATORS,
    "2.3": WRONG_DISCRIMINATORS,
    "2.4": {
        "the size is the second": lambda layers, size: [(a, c, b) for a, b, c in _by_formula(layers, size)],
        "the order in a row": lambda layers, size: [(b, a, c) for a, b, c in _by_formula(layers, size)],
        "any number of layers": lambda layers, size: (
            _by_formula(layers, size) if len(layers) > 1 else _by_formula(layers, 64)
        ),
        "take layers out of the caller's list": lambda layers, size: [
            _by_formula(layers, size),
            layers.clear(),
        ][0],
        "a list of (channels, size, parameters)": lambda layers, size: (3, 5, 7),
        "one row per layer": lambda layers, size: [(3, size, 0), *_by_formula(layers, size)],
        "`return` stands inside the loop": _one_row,
        "starts from the first size": lambda layers, size: [_by_formula([m], size)[0] for m in layers],
        "a transposed convolution enlarges": _by_counting(transposed=()),
        "the biases are missing": _by_counting(ways=lambda layer: [layer.weight]),
        "biases are counted in layers that have none": _by_counting(
            ways=lambda layer: [layer.weight, layer.weight.new_zeros(layer.out_channels)]
        ),
        "in * out * k * k weights": _by_counting(ways=lambda layer: layer.weight[:1]),
        "no tensor passes": _runs_them,
        "ask `layer.bias is not None`": lambda layers, size: [
            (m.out_channels, size, m.out_channels if m.bias else 0) for m in layers
        ],
        "are pairs: take [0]": lambda layers, size: [
            (m.out_channels, size - m.kernel_size, 0) for m in layers
        ],
    },
    "2.5": WRONG_DENSE_GENERATORS,
    "2.6": WRONG_DENSE_DISCRIMINATORS,
}
