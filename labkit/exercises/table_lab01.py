"""Lab 01: the transposed convolution, as sizes, as stamps, as the transpose of a matrix, and as a ladder."""

import numpy as np

from labkit.exercises import count_specs as counts
from labkit.exercises import matrix_specs as matrices
from labkit.exercises import size_specs as sizes
from labkit.exercises import stamp_specs as stamps
from labkit.exercises.exercise import Exercise, Written


def _probe_ladder(dcgan_ladder, _inputs):
    value = dcgan_ladder()
    if isinstance(value, list | tuple) and all(isinstance(row, list | tuple) for row in value):
        lengths = sorted({len(row) for row in value})
        value = (
            np.array([[sizes.whole(v) for v in row] for row in value]) if len(lengths) == 1 else str(lengths)
        )
    return {"the ladder": value}


EXERCISES = (
    Exercise(
        "1.1",
        "The output size",
        3,
        "output_size",
        "output_size(size, kernel_size, stride, padding, output_padding, dilation)",
        sizes.settings,
        sizes.probe_size,
        agrees=("the size", "kernel and stride", "padding", "output padding", "dilation", "defaults"),
    ),
    Exercise(
        "1.2",
        "One channel, stamp by stamp",
        4,
        "transposed_conv",
        "transposed_conv(image, kernel, stride, padding)",
        stamps.pictures,
        stamps.probe_stamps,
        causes=stamps.STAMP_CAUSES,
        agrees=(
            "the output for one pixel",
            "the output for side by side",
            "the output for overlapping",
            "the output for padded",
        ),
    ),
    Exercise(
        "1.3",
        "The matrix of a convolution",
        4,
        "convolution_matrix",
        "convolution_matrix(kernel, size, stride, padding)",
        matrices.kernels,
        matrices.probe_matrix,
        causes=matrices.MATRIX_CAUSES,
        agrees=("the matrix for stride 1", "the matrix for stride 2, padding 1", "the matrix for even size"),
    ),
    Exercise(
        "1.4",
        "Overlap counts",
        3,
        "overlap_counts",
        "overlap_counts(size, kernel_size, stride, padding)",
        counts.grids,
        counts.probe_counts,
        causes=counts.COUNT_CAUSES,
        agrees=(
            "the counts for kernel 3, stride 2",
            "the counts for kernel 2, stride 3",
            "the counts for kernel 4, stride 2, padding 1",
            "the counts for kernel 5, stride 3, padding 2",
        ),
    ),
    Exercise(
        "1.5",
        "The ladder of DCGAN",
        2,
        "dcgan_ladder",
        "dcgan_ladder()",
        lambda seed: None,
        _probe_ladder,
        agrees=("the ladder",),
        fixed=True,
    ),
    Written("1.6", "The layer in a paragraph", 4),
)
