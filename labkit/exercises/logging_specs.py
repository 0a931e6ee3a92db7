"""Lab 04, what goes into a logbook: numbers by step, a grid of samples, histograms of D's logits."""

import numpy as np
import torch

from labkit.logbook import Logbook

# 4.1 -------------------------------------------------------------------------------------------------

EVERY, LAST = 3, 8


def losses(seed: int) -> torch.Tensor:
    """D's and G's loss at eight steps, (8, 2), no two alike."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(LAST, 2, generator=generator) + torch.tensor([0.5, 2.0])


def probe_losses(log_losses, given):
    logbook = Logbook()
    for step, (d_loss, g_loss) in enumerate(given, 1):
        log_losses(logbook, step, d_loss.clone(), g_loss.clone(), EVERY)
    columns = [logbook.column(tag) for tag in sorted(logbook.tags)]
    return {
        "tags": "; ".join(sorted(logbook.tags)),
        "rows": sum(len(steps) for steps, _ in columns),
        "steps": np.concatenate([steps for steps, _ in columns]) if columns else np.zeros(0),
        "values": np.concatenate([values for _, values in columns]) if columns else np.zeros(0),
    }


# 4.2 -------------------------------------------------------------------------------------------------

COLUMNS = 4


class Page(Logbook):
    """A logbook in memory that keeps pictures and histograms too, to be looked at."""

    def __init__(self):
        super().__init__()
        self.pictures: list[tuple[int, str, torch.Tensor]] = []
        self.spreads: list[tuple[int, str, torch.Tensor]] = []

    def image(self, step, tag, grid):
        self.pictures.append((int(step), str(tag), grid))

    def histogram(self, step, tag, values):
        self.spreads.append((int(step), str(tag), values))


def samples(seed: int) -> dict[str, torch.Tensor]:
    """Eight fakes (8, 3, 4, 5), some values beyond [-1, 1], and D's logits of them and of real images."""
    generator = torch.Generator().manual_seed(seed)
    fake = torch.rand(8, 3, 4, 5, generator=generator) * 2.2 - 1.1
    logits = torch.randn(2, 6, generator=generator) * 3
    return {"fake": fake, "real_logits": logits[0] + 4, "fake_logits": logits[1] - 5}


def probe_pictures(log_pictures, given):
    page = Page()
    given = {name: tensor.clone().requires_grad_() for name, tensor in given.items()}
    log_pictures(page, 40, given["fake"], given["real_logits"], given["fake_logits"])
    spreads = {tag: values for _, tag, values in page.spreads}
    grid = page.pictures[-1][2] if page.pictures else torch.zeros(0)
    empty = torch.zeros(0)
    return {
        "picture tags": "; ".join(sorted({tag for _, tag, _ in page.pictures})),
        "pictures": len(page.pictures),
        "histogram tags": "; ".join(sorted(spreads)),
        "steps": [step for step, _, _ in page.pictures + page.spreads],
        "type": str(getattr(grid, "dtype", type(grid).__name__)),
        "grid": grid,
        "real": spreads.get("logits/real", empty),
        "fake": spreads.get("logits/fake", empty),
    }
