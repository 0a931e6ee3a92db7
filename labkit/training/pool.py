"""Earlier fakes, so that a critic does not forget them (Shrivastava et al., 2017, arXiv:1612.07828)."""

import torch

from labkit.training.checkpoints import set_generator


class ImagePool:
    """Keeps up to ``size`` images, and exchanges some of each batch for what it keeps.

    While it fills up, images are kept and given back as they came. Then each image of a batch is exchanged
    with probability 1/2: the critic sees an earlier fake in its place, and the new one stays in the pool.
    """

    def __init__(self, size: int, seed: int = 0):
        self.size = size
        self._seed = seed
        self._generator = torch.Generator().manual_seed(seed)
        self._kept: list[torch.Tensor] = []

    def __len__(self) -> int:
        return len(self._kept)

    def swap(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, C, H, W), some of them exchanged for earlier ones. The given tensor is left alone."""
        if not self.size:
            return images
        given = []
        for image in images:
            if len(self._kept) < self.size:
                self._kept.append(image.clone())
            elif torch.rand((), generator=self._generator) < 0.5:
                place = int(torch.randint(self.size, (), generator=self._generator))
                image, self._kept[place] = self._kept[place], image.clone()
            given.append(image)
        return torch.stack(given)

    def state_dict(self) -> dict:
        """What it keeps, and its random state."""
        kept = torch.stack(self._kept) if self._kept else torch.empty(0)
        return {"kept": kept, "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict) -> None:
        """Go back to what `state_dict` gave."""
        self._kept = list(state["kept"])
        set_generator(self._generator, state["generator"], self._seed)

    def to(self, device: torch.device) -> None:
        """Keep the images on this device."""
        self._kept = [image.to(device) for image in self._kept]
