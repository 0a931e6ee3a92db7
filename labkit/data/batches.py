"""Endless shuffled batches out of one tensor, without Python work per image.

A batch is one gather of whole images followed by one conversion. The order of an epoch depends
on nothing but (seed, epoch), so the place in the data is three numbers, and a run that is resumed
sees exactly the batches that it would have seen.
"""

import torch

from labkit.data.image_set import DataError, ImageSet, to_unit

# Of the accelerator's free memory, the part that the images may take: the rest is for training.
_DEVICE_SHARE = 0.4


class Batches:
    """An endless iterator of batches on the device.

    uint8 images (N, C, H, W) come as float32 (batch_size, C, H, W) in [-1, 1]; float tensors, say
    2-D points of shape (N, 2), come as they are. Each epoch is a fresh permutation; the images that
    do not fill a last batch are left out of that epoch.

    Args:
        data: an `ImageSet` or a tensor.
        batch_size: images in a batch.
        device: where the batches shall be. On an accelerator the uint8 images are kept there
            when they fit, so that no image crosses the bus again.
        seed: of the order.
        labels: (N,), one for each image: then each batch is a pair, (images, labels).
        channels_last: give batches in the memory format that convolutions often prefer.

    Raises:
        DataError: fewer images than one batch needs, a tensor that is neither uint8 nor float, or another
            number of labels than of images.
    """

    def __init__(
        self,
        data: ImageSet | torch.Tensor,
        batch_size: int,
        *,
        device: torch.device | str = "cpu",
        seed: int = 0,
        labels: torch.Tensor | None = None,
        channels_last: bool = False,
    ):
        name = data.name if isinstance(data, ImageSet) else "the tensor"
        tensor = data.images if isinstance(data, ImageSet) else data
        self.batch_size = _checked_batch_size(name, tensor, batch_size)
        # As a tensor there says it: "cuda" alone is not equal to the "cuda:0" on which its tensors are.
        self.device = torch.empty(0, device=device).device
        self.seed = int(seed)
        self.epoch = 0
        self.batches_per_epoch = len(tensor) // self.batch_size
        self._channels_last = channels_last and tensor.dim() == 4
        self._tensor = tensor.to(self.device) if _fits(tensor, self.device) else tensor
        if labels is not None and len(labels) != len(tensor):
            raise DataError(f"{name} has {len(tensor):,} images, but {len(labels):,} labels came with them.")
        self._labels = None if labels is None else labels.to(self._tensor.device)
        self._position = 0
        self._order = self._order_of(self.epoch)

    def __iter__(self) -> "Batches":
        return self

    def __next__(self) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        if self._position == self.batches_per_epoch:
            self.epoch += 1
            self._position = 0
            self._order = self._order_of(self.epoch)
        start = self._position * self.batch_size
        self._position += 1
        rows = self._order[start : start + self.batch_size]
        batch = torch.index_select(self._tensor, 0, rows)
        if batch.device != self.device:  # too big for the device: the bytes travel, not the floats
            batch = batch.pin_memory() if self.device.type == "cuda" else batch
            batch = batch.to(self.device, non_blocking=self.device.type == "cuda")
        if batch.dtype == torch.uint8:
            batch = to_unit(batch)
        batch = batch.to(memory_format=torch.channels_last) if self._channels_last else batch
        if self._labels is None:
            return batch
        return batch, torch.index_select(self._labels, 0, rows).to(self.device)

    def state_dict(self) -> dict[str, int]:
        """The place in the data, as plain numbers."""
        return {
            "seed": self.seed,
            "epoch": self.epoch,
            "position": self._position,
            "batch_size": self.batch_size,
            "count": len(self._tensor),
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go to a place that `state_dict` gave; the next batch is the one that came after it.

        Raises:
            DataError: the state belongs to another batch size or another number of images.
        """
        for key, here in (("batch_size", self.batch_size), ("count", len(self._tensor))):
            if int(state[key]) != here:
                word = "batch size" if key == "batch_size" else "number of images"
                raise DataError(
                    f"This checkpoint was made with a {word} of {state[key]}, here it is {here}: "
                    "resume with the same data and batch size, or start a new run."
                )
        self.seed, self.epoch = int(state["seed"]), int(state["epoch"])
        self._position = int(state["position"])
        self._order = self._order_of(self.epoch)

    def _order_of(self, epoch: int) -> torch.Tensor:
        # A generator of our own on the CPU: the same order on every device, and no global state.
        # The odd multiplier keeps (seed, epoch) pairs apart; the mask keeps the number in 63 bits.
        mixed = (self.seed * 0x9E3779B97F4A7C15 + epoch) & 0x7FFFFFFFFFFFFFFF
        generator = torch.Generator().manual_seed(mixed)
        return torch.randperm(len(self._tensor), generator=generator).to(self._tensor.device)


def _checked_batch_size(name: str, tensor: torch.Tensor, batch_size: int) -> int:
    if tensor.dtype != torch.uint8 and not tensor.is_floating_point():
        raise DataError(
            f"{name} has dtype {tensor.dtype}: batches are made of uint8 images or float tensors."
        )
    if batch_size < 1:
        raise DataError(f"batch_size must be at least 1, not {batch_size}.")
    if tensor.dim() < 1 or len(tensor) < batch_size:
        count = len(tensor) if tensor.dim() else 0
        raise DataError(
            f"{name} has {count:,} image{'s' * (count != 1)}, and a batch takes {batch_size}: "
            f"use at least {batch_size} images."
        )
    return int(batch_size)


def _fits(tensor: torch.Tensor, device: torch.device) -> bool:
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return tensor.nbytes <= _DEVICE_SHARE * free
    return tensor.nbytes <= 2**31  # no way to ask other accelerators; the CPU shares memory anyway
