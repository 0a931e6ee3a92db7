"""What a latent space knows of the classes: by nearest neighbours, and where each class lies."""

import torch

from labkit.metrics.inputs import MetricError, neighbours, table

_AT_ONCE = 1_000  # codes whose distances to all others are in memory together


def neighbour_accuracy(codes: torch.Tensor, labels: torch.Tensor, *, k: int = 10) -> float:
    """The share of codes whose class is the most common one among their k nearest neighbours.

    Args:
        codes: (N, F). labels: (N,), whole numbers from 0.
        k: neighbours that vote, the code itself not among them; of a tie, the smallest class counts.

    Returns:
        0 to 1; about one over the number of classes where codes know nothing of them.

    Raises:
        MetricError: wrong shapes, at most k codes, a value that is not finite.
    """
    rows = table("codes", codes, least=2).double()
    neighbours(k, codes=len(rows))
    _labels_of(rows, labels)
    right = 0
    for start in range(0, len(rows), _AT_ONCE):
        distances = torch.cdist(rows[start : start + _AT_ONCE], rows)
        own = torch.arange(len(distances))
        distances[own, own + start] = torch.inf
        near = labels[distances.topk(k, largest=False).indices]  # (B, k)
        right += int((near.mode(dim=1).values == labels[start : start + _AT_ONCE]).sum())
    return right / len(rows)


def class_extents(codes: torch.Tensor, labels: torch.Tensor) -> dict[int, list[tuple[float, float]]]:
    """The smallest and the largest value of each class along every axis.

    Args:
        codes: (N, F). labels: (N,), whole numbers from 0.

    Returns:
        By class, a pair (least, most) for each of the F axes.

    Raises:
        MetricError: wrong shapes, a value that is not finite.
    """
    rows = table("codes", codes)
    _labels_of(rows, labels)
    of_class = {int(c): rows[labels == c] for c in labels.unique()}
    return {c: list(zip(r.amin(0).tolist(), r.amax(0).tolist(), strict=True)) for c, r in of_class.items()}


def _labels_of(rows: torch.Tensor, labels: torch.Tensor) -> None:
    if not isinstance(labels, torch.Tensor) or labels.shape != (len(rows),) or labels.is_floating_point():
        got = tuple(labels.shape) if isinstance(labels, torch.Tensor) else type(labels).__name__
        raise MetricError(f"labels must be whole numbers, one for each of {len(rows)} codes, got {got}.")
