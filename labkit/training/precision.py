"""What makes a training fast and leaves its step readable: bfloat16 and channels_last, where they pay.

bfloat16 halves the bytes and uses the matrix units of recent processors; weights, losses and
optimizers stay in float32. channels_last is the layout that those kernels read best.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

_PAYS_FROM = 1_000_000  # parameters; below it a net without convolutions gains nothing


@dataclass(frozen=True)
class Precision:
    """What `choose` settled on."""

    device: torch.device
    amp: bool
    channels_last: bool

    def autocast(self, enabled: bool = True) -> torch.autocast:
        """A context in which matrix products and convolutions run in bfloat16, if that was chosen."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.amp and enabled)

    def mixed(self, network: nn.Module) -> Callable[..., torch.Tensor]:
        """The network, to be called: it computes in bfloat16, if that was chosen, and gives float32."""
        return Mixed(network, self) if self.amp else network

    @contextmanager
    def shared_casts(self) -> Iterator[None]:
        """Inside, several calls of a `mixed` network share one bfloat16 copy of its weights.

        Everything else is in float32. Weights must not change inside.
        """
        if not self.amp:
            yield
            return
        # torch keeps its copies until the outermost context ends; the inner one keeps the rest exact.
        with self.autocast(), self.autocast(False):
            yield

    @contextmanager
    def laid_out(
        self, networks: Sequence[nn.Module], optimizers: Sequence[torch.optim.Optimizer]
    ) -> Iterator[None]:
        """Inside, networks and optimizers have the chosen memory layout; afterwards, torch's usual one."""
        try:
            for network in networks:
                self.lay_out(network)
            for optimizer in optimizers:
                align(optimizer)
            yield
        finally:
            for network in networks:
                network.to(memory_format=torch.contiguous_format)
            for optimizer in optimizers:
                align(optimizer)

    def lay_out(self, module: nn.Module) -> nn.Module:
        """Put the weights into the chosen memory layout, in place."""
        return module.to(memory_format=torch.channels_last) if self.channels_last else module

    def lay_out_images(self, images: torch.Tensor) -> torch.Tensor:
        """Put a batch into the chosen memory layout; no copy where it lies so already."""
        if self.channels_last and images.ndim == 4:
            return images.contiguous(memory_format=torch.channels_last)
        return images


class Mixed:
    """A network that computes in a `Precision` and gives float32; its attributes are the network's."""

    def __init__(self, network: nn.Module, precision: Precision):
        self._network, self._precision = network, precision

    def __call__(self, *args, **kwargs):
        with self._precision.autocast():
            out = self._network(*args, **kwargs)
        return out.float() if isinstance(out, torch.Tensor) else out

    def __getattr__(self, name: str):
        return getattr(self._network, name)


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Inside, gradients pass through the network and none is computed for its weights, which costs less."""
    weights = [p for p in network.parameters() if p.requires_grad]
    for weight in weights:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in weights:
            weight.requires_grad_(True)


def choose(
    device: torch.device,
    *modules: nn.Module,
    amp: bool | str = "auto",
    channels_last: bool | str = "auto",
) -> Precision:
    """Decide for these networks on this device; True and False overrule what is detected."""
    parts = [part for module in modules for part in module.modules()]
    convolves = any(isinstance(part, nn.Conv2d | nn.ConvTranspose2d) for part in parts)
    size = sum(p.numel() for module in modules for p in module.parameters())
    if amp == "auto":
        amp = has_bfloat16(device) and (convolves or size >= _PAYS_FROM)
    if channels_last == "auto":
        channels_last = convolves and device.type in ("cpu", "cuda")
    return Precision(device, bool(amp), bool(channels_last))


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware (AVX512-BF16 or AMX on a CPU, Ampere on a GPU)."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu":
        return False
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    if probe is not None and probe():
        return True
    try:
        with open("/proc/cpuinfo") as lines:
            flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def adam(module: nn.Module, rate: float, betas: tuple[float, float]) -> torch.optim.Optimizer:
    """Adam for all of a network's parameters, as one fused kernel where the device has it."""
    parameters = list(module.parameters())
    fused = all(p.is_floating_point() and p.device.type in ("cpu", "cuda") for p in parameters)
    return torch.optim.Adam(parameters, lr=rate, betas=betas, fused=fused or None)


def align(optimizer: torch.optim.Optimizer) -> None:
    """Give the optimizer's memory of each weight the layout that the weight has now.

    Fused kernels walk both in storage order: after a change of layout they would pair a weight with
    another one's moments, and say nothing.
    """
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            same = isinstance(value, torch.Tensor) and value.shape == parameter.shape
            if same and value.stride() != parameter.stride():
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
