"""A transposed convolution as stamps: each input pixel lays its kernel on the output, and stamps overlap.

`stamp_picture` draws it, `stamps` puts sliders above it: one picture, drawn anew when a slider comes to rest.
"""

import ipywidgets
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from labkit import plots
from labkit.widgets import panel

_NEW, _OLD = "#D55E00", "#4d4d4d"
_CROPPED = {
    "facecolor": (1, 1, 1, 0.75),
    "edgecolor": "#d0d0d0",
    "hatch": "///",
    "linewidth": 0,
    "zorder": 4.5,
}


def stamps(*, size: int = 3, kernel_size: int = 3, stride: int = 2, padding: int = 0) -> ipywidgets.VBox:
    """Sliders around `stamp_picture`: how a transposed convolution lays its stamps.

    Args:
        size: pixels a side of the input, 1 to 6.
        kernel_size: pixels a side of a stamp, 1 to 6.
        stride: steps between stamps, 1 to 4.
        padding: rows and columns cropped off every side of the output, 0 to 4.

    Returns:
        a box to show as the last line of a cell; the last slider walks from the first stamp to all of them.
    """
    ranges = {
        "size": (size, 1, 6),
        "kernel_size": (kernel_size, 1, 6),
        "stride": (stride, 1, 4),
        "padding": (padding, 0, 4),
        "stamps": (size * size, 1, size * size),
    }
    sliders = {
        name: panel.slider(ipywidgets.IntSlider, name, "90px", value=value, min=low, max=high)
        for name, (value, low, high) in ranges.items()
    }

    def fit(change) -> None:
        """A larger input has more stamps; where all of them were shown, all of them still are."""
        saw_all = sliders["stamps"].value == sliders["stamps"].max
        sliders["stamps"].max = change["new"] ** 2
        if saw_all:
            sliders["stamps"].value = sliders["stamps"].max

    image = panel.picture()
    shown: dict[str, int] = {}

    def redraw(_change=None) -> None:
        values = {name: slider.value for name, slider in sliders.items()}
        if values == shown:  # one slider that moves another announces the same state twice
            return
        image.value = plots.to_png(stamp_picture(**values))
        shown.update(values)

    sliders["size"].observe(fit, "value")
    for slider in sliders.values():
        slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([panel.row(sliders.values()), image])


def stamp_picture(
    *, size: int = 3, kernel_size: int = 3, stride: int = 2, padding: int = 0, stamps: int | None = None
) -> Figure:
    """Draw the input, the stamps that its pixels leave, and how many of them touch each output pixel.

    Args:
        stamps: how many of the ``size * size`` stamps to draw, row by row; all of them if None.

    Returns:
        a figure; with a padding that crops everything away it says so and what to change.
    """
    drawn = size * size if stamps is None else max(1, min(stamps, size * size))
    full = (size - 1) * stride + kernel_size
    figure = plots.Picture(figsize=(7.0, 4.2), dpi=100)
    left, right = figure.add_axes((0.01, 0.29, 0.27, 0.52)), figure.add_axes((0.31, 0.11, 0.68, 0.81))
    for axes, side, title in ((left, size, "input"), (right, full, "output: stamps on each pixel")):
        axes.set(xlim=(-0.06, side + 0.06), ylim=(side + 0.06, -0.06), aspect="equal")
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    _draw_input(left, size, drawn)
    which = f"pixel {drawn} stamps\na {kernel_size} × {kernel_size} kernel"
    figure.text(0.145, 0.2, which, ha="center", va="center", fontsize=10, color=_NEW)
    _draw_canvas(right, _counts(size, kernel_size, stride, drawn), padding)
    _draw_outlines(right, size, kernel_size, stride, drawn)
    _draw_crop(right, full, padding)
    figure.text(0.5, 0.03, _caption(size, kernel_size, stride, padding), ha="center", fontsize=10)
    return figure


def _caption(size: int, kernel_size: int, stride: int, padding: int) -> str:
    out = (size - 1) * stride - 2 * padding + kernel_size
    numbers = f"({size} − 1) · {stride} − 2 · {padding} + {kernel_size} = {out}"
    return f"output size = (size − 1) · stride − 2 · padding + kernel_size = {numbers}".replace("= -", "= −")


def _counts(size: int, kernel_size: int, stride: int, drawn: int) -> np.ndarray:
    """How many of the first ``drawn`` stamps cover each pixel of the canvas before the crop."""
    pixels = np.arange((size - 1) * stride + kernel_size)
    begin = stride * np.arange(size)[:, None]
    covers = (pixels >= begin) & (pixels < begin + kernel_size)  # (size, full)
    stamped = (np.arange(size * size) < drawn).reshape(size, size)
    return np.einsum("ij,ir,jc->rc", *(a.astype(int) for a in (stamped, covers, covers)))


def _draw_input(axes, size: int, drawn: int) -> None:
    """The pixels with their numbers; the last to have stamped stands out."""
    for index in range(size * size):
        row, column = divmod(index, size)
        last = index == drawn - 1
        shade = _NEW if last else "#d9d9d9" if index < drawn else "white"
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=shade, edgecolor=_OLD, linewidth=0.8))
        axes.text(
            column + 0.5, row + 0.53, index + 1, ha="center", va="center", fontsize=min(11, 40 / size),
            color="white" if last else "black", weight="bold" if last else "normal",
        )  # fmt: skip


def _draw_canvas(axes, counts: np.ndarray, padding: int) -> None:
    """Each output pixel in a shade of blue, with its number while there is room for numbers."""
    depth = np.sqrt(counts / max(9, counts.max()))
    colours = matplotlib.colormaps["Blues"](0.9 * depth)
    colours[counts == 0] = 1
    side = len(counts)
    axes.imshow(colours, extent=(0, side, side, 0), interpolation="nearest", zorder=0)
    axes.vlines(range(side + 1), 0, side, color="#cccccc", linewidth=0.4, zorder=1)
    axes.hlines(range(side + 1), 0, side, color="#cccccc", linewidth=0.4, zorder=1)
    for (row, column), count in np.ndenumerate(counts if side <= 20 else np.empty((0, 0))):
        cropped = not (padding <= min(row, column) and max(row, column) < side - padding)
        pale = "#767676" if count == 0 else "black"  # on a cropped pixel too: it is covered in white
        axes.text(
            column + 0.5, row + 0.53, count, ha="center", va="center", fontsize=min(10, 130 / side),
            color="white" if depth[row, column] > 0.72 and not cropped else pale, zorder=4.7,
        )  # fmt: skip


def _draw_outlines(axes, size: int, kernel_size: int, stride: int, drawn: int) -> None:
    """Where each stamp lies, a little inside its pixels so that neighbours do not hide each other."""
    for index in range(drawn):
        row, column = divmod(index, size)
        last = index == drawn - 1
        inset, side = 0.1, kernel_size - 0.2
        where = (column * stride + inset, row * stride + inset)
        axes.add_patch(
            Rectangle(
                where, side, side, fill=False, edgecolor=_NEW if last else _OLD,
                linewidth=2.6 if last else 0.9, zorder=5 if last else 2,
            )
        )  # fmt: skip


def _draw_crop(axes, full: int, padding: int) -> None:
    """Hatch what the padding takes away; where nothing is left, say so."""
    kept = full - 2 * padding
    if padding == 0:
        return
    if kept <= 0:
        axes.add_patch(Rectangle((0, 0), full, full, **_CROPPED))
        axes.text(
            full / 2, full / 2,
            f"No output: padding {padding} crops\n{2 * padding} rows, and there are {full}.\n"
            "Lower the padding, or raise\nkernel_size, stride or size.",
            ha="center", va="center", fontsize=11, zorder=6,
            bbox={"facecolor": "white", "edgecolor": _NEW, "linewidth": 1.5, "boxstyle": "round,pad=0.6"},
        )  # fmt: skip
        return
    bands = ((0, 0, full, padding), (0, padding + kept, full, padding))
    bands += ((0, padding, padding, kept), (padding + kept, padding, padding, kept))
    for x, y, width, height in bands:
        axes.add_patch(Rectangle((x, y), width, height, **_CROPPED))
    axes.add_patch(
        Rectangle((padding, padding), kept, kept, fill=False, edgecolor="black", linewidth=1.8,
                  linestyle=(0, (4, 2)), zorder=5)
    )  # fmt: skip
