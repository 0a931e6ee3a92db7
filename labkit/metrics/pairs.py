"""All pairs of two sets, a block of rows at a time, so that 10,000 x 10,000 never lies in memory.

Distances come from dot products, |x - y|^2 = |x|^2 + |y|^2 - 2 x.y: one matrix product a block. In
float32 that loses the small distances, the very ones that nearest neighbours are made of, so blocks are
float64; and what is smaller than the rounding error counts as zero, so that equal samples are equal.
"""

from collections.abc import Iterator

import torch

BLOCK_VALUES = 2_000_000  # 16 MB of float64 for a block of pairs
PIECE_VALUES = 4_000_000  # 32 MB for the samples that are converted at a time


def dot_blocks(a: torch.Tensor, b: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first row, x.y of these rows of ``a`` (N, F) with all of ``b`` (M, F)): float64 (rows, M)."""
    for start, block, _, _ in _products(a, b, None):
        yield start, block


def distance_blocks(a: torch.Tensor, b: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first row, Euclidean distance of these rows of ``a`` to all of ``b``): float64 (rows, M).

    Equal rows have distance exactly 0.
    """
    # Distances do not depend on the origin; the nearer it lies to the samples, the less is rounded off.
    origin = b[:1000].double().mean(dim=0)
    rounding = (b.shape[1] + 4) * torch.finfo(torch.float64).eps
    for start, block, squares_a, squares_b in _products(a, b, origin):
        scale = squares_a[:, None] + squares_b
        squared = block.mul_(-2).add_(scale)
        squared.masked_fill_(squared <= scale.mul_(rounding), 0.0)
        yield start, squared.sqrt_()


def own_distance_blocks(x: torch.Tensor, diagonal: float) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield the blocks of ``distance_blocks(x, x)``; a sample's distance to itself reads ``diagonal``."""
    for start, block in distance_blocks(x, x):
        here = torch.arange(len(block), device=block.device)
        block[here, start + here] = diagonal
        yield start, block


def neighbour_distance(x: torch.Tensor, k: int = 1) -> torch.Tensor:
    """The distance of each row of ``x`` (N, F) to its k-th nearest among the others: (N,) float64."""
    blocks = own_distance_blocks(x, float("inf"))
    return torch.cat([block.topk(k, dim=1, largest=False).values[:, -1] for _, block in blocks])


def _products(a: torch.Tensor, b: torch.Tensor, origin: torch.Tensor | None):
    """Yield (first row, products, squared lengths of these rows of a, of all of b), about ``origin``."""
    features = a.shape[1]
    piece = max(1, PIECE_VALUES // features)
    rows = max(1, min(BLOCK_VALUES // len(b), piece))

    def double(part):
        return part.double() if origin is None else part.double() - origin

    squares_b = torch.cat([double(part).square().sum(dim=1) for part in b.split(piece)])
    for start in range(0, len(a), rows):
        left = double(a[start : start + rows])
        block = torch.cat([left @ double(part).T for part in b.split(piece)], dim=1)
        yield start, block, left.square().sum(dim=1), squares_b
