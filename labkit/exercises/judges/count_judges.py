"""Judge of exercise 1.4: what is expected comes from counting intervals on a line."""

import numpy as np

from labkit.exercises.judges.comparing import close, same_shape


def _hits(size, kernel, stride, padding=0, first=0) -> np.ndarray:
    """How often each position of a line is hit by intervals of length ``kernel``, ``stride`` apart.

    Intervals that begin before ``first`` do not count.
    """
    starts = np.arange(size) * stride
    hits = np.bincount((starts[starts >= first, None] + np.arange(kernel)).ravel())
    return hits[padding : len(hits) - padding]


def _cause(values: np.ndarray) -> str:
    """What to say of counts that no known mistake explains."""
    if values.dtype.kind != "f" or (values == np.round(values)).all():
        return ""
    return "counts are whole: nn.ConvTranspose2d has random weights and a bias; press a kernel of ones"


def judge_counts(cases, got):
    for name, (size, kernel, stride, padding) in cases.items():
        line = _hits(size, kernel, stride, padding)
        full = _hits(size, kernel, stride)
        inside = _hits(size, kernel, stride, padding, first=padding)
        values = got[f"the counts for {name}"]
        yield same_shape(
            f"{name}: one count per output pixel",
            values,
            (len(line), len(line)),
            mistakes={
                "this is a line: rows and columns both overlap, so the counts have two axes": (len(line),),
                "batch and channel axes are left over: return (out, out)": (1, 1, len(line), len(line)),
                "padding is ignored: the crop takes counts away at the border": (len(full), len(full)),
                "one count per input pixel; asked for is one per output pixel": (size, size),
                "the stride is ignored: stamps begin `stride` pixels apart": (
                    size - 1 + kernel - 2 * padding,
                )
                * 2,
                "the number was asked for at every pixel, not one for all": (),
                "kernel_size and stride have changed places": ((size - 1) * kernel + stride - 2 * padding,)
                * 2,
            },
            cause="the output has (size - 1) * stride - 2 * padding + kernel_size pixels a side",
        )
        square = np.outer(line, line)
        yield close(
            f"{name}: how many stamps touch each pixel",
            values,
            square,
            mistakes={
                "touched or not: count every stamp, later ones too": np.minimum(square, 1),
                "rows and columns multiply: 2 and 2 make 4 stamps, and 1 and 1 make 1": np.add.outer(
                    line, line
                ),
                "only the rows were counted": np.repeat(line[:, None], len(line), 1),
                "only the columns were counted": np.repeat(line[None], len(line), 0),
                "counts are whole numbers of stamps, not shares": square / max(1, square.max()),
                "each stamp counts as one, not as a share of its kernel": square / kernel**2,
                "the crop took both sides from one end": np.outer(full[: len(line)], full[: len(line)]),
                "stamps that begin before the image are lost: a slice like c[-1:3] is empty in Python": (
                    np.outer(inside, inside)
                ),
                "this is how many pixels one stamp touches, not how many stamps touch a pixel": np.full_like(
                    square, kernel**2
                ),
                "no stamp has been counted": np.zeros_like(square),
                "one too many everywhere: begin with zeros, not with ones": square + 1,
            },
            cause=_cause(values),
        )
