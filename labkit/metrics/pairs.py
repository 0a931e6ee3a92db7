"""All pairs of two sets, a block of rows at a time, so that 10,000 x 10,000 never lies in memory.

Distances are made of differences, not of dot products (|x|^2 + |y|^2 - 2 x.y), though one matrix product is
several times faster. How a matrix product rounds depends on the processor and on the block in which a pair
lies: then x to y is not what y to x is, and a point's k-th neighbour may lie outside the ball that it
defines. Differences are the same in both directions, so a pair has one distance, wherever it is asked for.
"""

from collections.abc import Callable, Iterator

import torch

BLOCK_VALUES = 2_000_000  # 16 MB of float64 for a block of pairs
PIECE_VALUES = 4_000_000  # 32 MB for the samples that are converted at a time


def dot_blocks(a: torch.Tensor, b: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first row, x.y of these rows of ``a`` (N, F) with all of ``b`` (M, F)): float64 (rows, M)."""
    return _blocks(a, b, lambda x, y: x @ y.T)


def distance_blocks(a: torch.Tensor, b: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first row, Euclidean distance of these rows of ``a`` to all of ``b``): float64 (rows, M).

    A pair's distance is the same to the last bit in whatever order, block and set it is asked for; equal
    rows have distance exactly 0.
    """
    return _blocks(a, b, lambda x, y: torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist"))


def own_distance_blocks(x: torch.Tensor, diagonal: float) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield the blocks of ``distance_blocks(x, x)``; a sample's distance to itself reads ``diagonal``."""
    for start, block in distance_blocks(x, x):
        block.diagonal(start).fill_(diagonal)
        yield start, block


def neighbour_distance(x: torch.Tensor, k: int = 1) -> torch.Tensor:
    """The distance of each row of ``x`` (N, F) to its k-th nearest among the others: (N,) float64."""
    blocks = own_distance_blocks(x, float("inf"))
    return torch.cat([block.topk(k, dim=1, largest=False).values[:, -1] for _, block in blocks])


def _blocks(
    a: torch.Tensor, b: torch.Tensor, measure: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first row, ``measure`` of these rows of ``a`` and all of ``b``), both as float64."""
    piece = max(1, PIECE_VALUES // b.shape[1])
    rows = max(1, min(BLOCK_VALUES // len(b), piece))
    for start in range(0, len(a), rows):
        left = a[start : start + rows].double()
        yield start, torch.cat([measure(left, part.double()) for part in b.split(piece)], dim=1)
