"""Sample grids, curves and animations, returned as objects and never drawn behind your back.

Figures are made without pyplot: nothing is registered, nothing leaks, and a figure at the end of a
notebook cell shows once. Colours are those of Okabe and Ito (2008), told apart by colour-blind readers;
each curve has its own line style as well, so that a grey print works.
"""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    "-",
)
_DPI = 100  # of a figure on the screen; a notebook gets twice the pixels, so that it is sharp


class Picture(Figure):
    """A figure that any notebook shows, whether or not pyplot was ever imported."""

    def _ipython_display_(self) -> None:
        # IPython draws a plain Figure only where pyplot has told it how, and then at half the dots.
        # This comes before whatever is registered, so that a figure looks the same in every kernel.
        from IPython.display import display

        content = to_png(self)
        width, height = (side // 2 for side in Image.open(io.BytesIO(content)).size)
        data = {"image/png": content, "text/plain": f"<figure, {width} by {height}>"}
        display(data, raw=True, metadata={"image/png": {"width": width, "height": height}})


class Animation(bytes):
    """The bytes of an animated image file; a notebook shows it moving."""

    format = "webp"

    def __repr__(self) -> str:
        return f"<animation, {self.format}, {len(self) // 1024} KiB>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        from base64 import b64encode

        source = f"data:image/{self.format};base64,{b64encode(self).decode()}"
        return {"text/html": f'<img alt="animation" src="{source}">', "text/plain": repr(self)}, {}


def image_grid(
    images: torch.Tensor,
    *,
    columns: int = 8,
    title: str = "",
    labels: Sequence[str] | None = None,
    max_width: float = 7.0,
) -> Figure:
    """Lay images out in rows and show every pixel as a square.

    Args:
        images: (N, C, H, W) or (N, H, W), one or three channels; uint8, or float in [-1, 1].
        labels: one short text under each image.
        max_width: inches; the figure is the widest one below it that gives all pixels the same size.

    Raises:
        ValueError: another shape, no images, or a wrong number of labels.
    """
    pixels = as_uint8(images)
    if labels is not None and len(labels) != len(pixels):
        raise ValueError(f"{len(labels)} labels for {len(pixels)} images.")
    columns = min(columns, len(pixels))
    size = pixels.shape[-1]
    gap = max(1, size // 32)
    zoom = _zoom(columns * (size + gap) + gap, max_width)
    below = 0 if labels is None else max(1, round(0.20 * 2 * _DPI / zoom))  # room for a line of text
    grid = tile(pixels, columns=columns, gap=gap, below=below)
    height, width = grid.shape[1:]
    above = 0.34 if title else 0.0
    inches = (width * zoom / (2 * _DPI), height * zoom / (2 * _DPI) + above)
    figure = Picture(figsize=inches, dpi=_DPI)
    axes = figure.add_axes((0, 0, 1, 1 - above / inches[1]))
    axes.set_axis_off()
    axes.imshow(grid.permute(1, 2, 0).expand(-1, -1, 3).numpy(), interpolation="nearest", aspect="auto")
    for index, label in enumerate(labels or ()):
        row, column = divmod(index, columns)
        x = gap + column * (size + gap) + size / 2
        y = (row + 1) * (gap + pixels.shape[-2] + below) - below / 2
        axes.text(x - 0.5, y - 0.5, str(label), ha="center", va="center", fontsize=8)
    if title:
        figure.suptitle(title, fontsize=10, y=1 - 0.17 / inches[1], va="center")
    return figure


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str = "",
    y_label: str = "",
    x_label: str = "step",
    smooth: float = 0.0,
    reference: Mapping[str, float] | None = None,
    log: bool = False,
    size: tuple[float, float] = (7.0, 3.2),
) -> Figure:
    """Draw one curve per label from (steps, values).

    Args:
        smooth: in [0, 1); each point is ``smooth`` times the last plus the rest of the new one (as in
            TensorBoard). The raw curve stays, pale.
        reference: thin level lines and what to call them, say ``{"2 ln 2": 1.386}``.
        log: a logarithmic y axis.
    """
    figure = Picture(figsize=size, dpi=_DPI, layout="constrained")
    _draw(figure.add_subplot(), lines, title, y_label, x_label, smooth, reference or {}, log)
    return figure


def loss_curves(log, *, title: str = "", smooth: float | None = None) -> Figure:
    """Losses, and beside them what D thinks, from a `Logbook` or from what `labkit.logbook.read` returns.

    ``smooth`` is as in `curves`; None smooths long runs and leaves short ones alone.
    """
    columns = log if isinstance(log, Mapping) else {tag: log.column(tag) for tag in log.tags}
    panels = [
        ("loss", {"D": "loss/d", "G": "loss/g"}, {}),
        (
            "D says: real",
            {"real images": "prob/real", "fakes": "prob/fake"},
            {"undecided": 0.5},
        ),
    ]
    found = [
        (name, {k: columns[t] for k, t in tags.items() if t in columns}, ref) for name, tags, ref in panels
    ]
    found = [panel for panel in found if panel[1]]
    if not found:
        raise ValueError("the logbook holds neither loss/d, loss/g, prob/real nor prob/fake.")
    if smooth is None:
        rows = max(len(steps) for _, lines, _ in found for steps, _ in lines.values())
        smooth = min(0.9, max(0.0, 1 - 20 / rows))
    figure = Picture(figsize=(4.2 * len(found) + 0.6, 3.1), dpi=_DPI, layout="constrained")
    for index, (name, lines, reference) in enumerate(found):
        axes = figure.add_subplot(1, len(found), index + 1)
        _draw(axes, lines, name, "", "step", smooth, reference, False)
        if reference:
            axes.set_ylim(-0.02, 1.02)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def elbo_curves(log, *, title: str = "") -> Figure:
    """-ELBO and its two parts, on the batches and on the test images, from a `Logbook` of `train_vae`."""
    figure = Picture(figsize=(10.4, 3.1), dpi=_DPI, layout="constrained")
    for index, (name, part) in enumerate(
        (("-ELBO (nats)", "total"), ("reconstruction", "reconstruction"), ("KL", "kl")), 1
    ):
        named = {"batches": f"loss/{part}", "test images": f"test/{part}"}
        lines = {label: log.column(tag) for label, tag in named.items() if tag in log.tags}
        _draw(figure.add_subplot(1, 3, index), lines, name, "", "step", 0.0, {}, False)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def translation_curves(log, *, title: str = "") -> Figure:
    """Both games and both cycles, from a `Logbook` of `train_translation`."""
    panels = {
        "A to B": {"G": "loss/g", "D_B": "loss/d_b"},
        "B to A": {"F": "loss/f", "D_A": "loss/d_a"},
        "cycle (L1)": {"A, F(G(A))": "loss/cycle_a", "B, G(F(B))": "loss/cycle_b"},
    }
    figure = Picture(figsize=(10.4, 3.1), dpi=_DPI, layout="constrained")
    for index, (name, tags) in enumerate(panels.items(), 1):
        lines = {label: log.column(tag) for label, tag in tags.items()}
        smooth = min(0.9, max(0.0, 1 - 20 / len(lines[next(iter(lines))][0])))
        _draw(figure.add_subplot(1, 3, index), lines, name, "", "step", smooth, {}, False)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def scatter_by_class(
    points: torch.Tensor, labels: torch.Tensor, *, title: str = "", side: float = 5.2
) -> Figure:
    """Points of the plane (N, 2), each class (N,) in its own colour, its number written at its median.

    A number that would cover another is left out: the legend has them all.
    """
    figure = Picture(figsize=(side + 0.7, side), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    classes = sorted(set(labels.tolist()))
    shades = colormaps["tab10"]
    written, apart = [], 0.06 * float((points.amax(0) - points.amin(0)).max())
    for index, c in enumerate(classes):
        own = points[labels == c]
        colour = shades(index % 10)
        axes.scatter(*own.T.numpy(), s=4, color=colour, alpha=0.6, linewidths=0, label=str(c))
        middle = own.median(0).values
        if any(torch.dist(middle, other) < apart for other in written):
            continue
        written.append(middle)
        box = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": colour, "alpha": 0.9}
        axes.text(*middle.tolist(), str(c), ha="center", va="center", fontsize=9, bbox=box)
    axes.set(xlabel="first latent dimension", ylabel="second", aspect="equal", adjustable="datalim")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    legend = axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=3)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    return figure


def gallery(sets: Mapping[str, torch.Tensor], *, columns: int = 10, max_width: float = 10.0) -> Figure:
    """Sets of images side by side, five in a row at most, each laid out in rows with its title above.

    Args:
        sets: title -> images, as in `image_grid`, as many in each.
    """
    tiles = {name: tile(images, columns=columns, gap=1) for name, images in sets.items()}
    height, width = next(iter(tiles.values())).shape[1:]
    across = min(5, len(tiles))
    down = -(-len(tiles) // across)
    each = min(3.4, max_width / across)
    tall, title = each * height / width, 0.3  # inches
    figure = Picture(figsize=(each * across, down * (tall + title)), dpi=_DPI)
    for index, (name, grid) in enumerate(tiles.items()):
        row, column = divmod(index, across)
        bottom = 1 - (row + 1) * (tall + title) / figure.get_figheight()
        axes = figure.add_axes(
            ((column + 0.02) / across, bottom, 0.96 / across, tall / figure.get_figheight())
        )
        axes.set_axis_off()
        axes.imshow(grid.permute(1, 2, 0).expand(-1, -1, 3).numpy(), interpolation="antialiased")
        axes.set_title(name, fontsize=9)
    return figure


def strips(sets: Mapping[str, torch.Tensor], *, max_width: float = 7.0) -> Figure:
    """Sets of images below each other, one row each with its title on the left: column i is image i of each.

    Args:
        sets: title -> images, as in `image_grid`, as many in each and of one shape.
    """
    rows = [as_uint8(images) for images in sets.values()]
    grid = tile(torch.cat(rows), columns=len(rows[0]), gap=1)
    height, width = grid.shape[1:]
    beside = 0.1 + 0.075 * max(map(len, sets))  # inches, for the titles
    across = min(max_width - beside, 1.1 * len(rows[0]))
    tall = across * height / width
    figure = Picture(figsize=(beside + across, tall), dpi=_DPI)
    axes = figure.add_axes((beside / (beside + across), 0, across / (beside + across), 1))
    axes.set_axis_off()
    axes.imshow(grid.permute(1, 2, 0).expand(-1, -1, 3).numpy(), interpolation="antialiased")
    for index, name in enumerate(sets):
        y = 1 - (index + 0.5) / len(rows)
        figure.text((beside - 0.06) / (beside + across), y, name, ha="right", va="center", fontsize=9)
    return figure


def animation(frames: Sequence[torch.Tensor], *, fps: float = 8, format: str = "webp") -> Animation:
    """Join frames, uint8 (C, H, W) each, into one animated file that loops; the last frame stays longer.

    Raises:
        ValueError: no frames, or a format other than webp and gif.
    """
    if format not in ("webp", "gif"):
        raise ValueError(f"format {format!r} is neither 'webp' nor 'gif'.")
    if not len(frames):
        raise ValueError("an animation needs at least one frame.")
    pictures = [_picture(frame) for frame in frames]
    times = [round(1000 / fps)] * (len(pictures) - 1) + [1500]
    how = {"quality": 85, "method": 3} if format == "webp" else {"optimize": True}
    if format == "gif":
        pictures = [picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG) for picture in pictures]
    out = io.BytesIO()
    pictures[0].save(out, format, save_all=True, append_images=pictures[1:], duration=times, loop=0, **how)
    result = Animation(out.getvalue())
    result.format = format
    return result


def tile(images: torch.Tensor, *, columns: int = 8, gap: int = 2, below: int = 0) -> torch.Tensor:
    """Put images side by side on white: (N, C, H, W) to one uint8 (C, height, width)."""
    pixels = as_uint8(images)
    count, channels, height, width = pixels.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    grid = pixels.new_full(
        (channels, rows * (gap + height + below) + gap, columns * (width + gap) + gap), 255
    )
    for index in range(count):
        row, column = divmod(index, columns)
        top, left = gap + row * (gap + height + below), gap + column * (width + gap)
        grid[:, top : top + height, left : left + width] = pixels[index]
    return grid


def as_uint8(images: torch.Tensor) -> torch.Tensor:
    """Images as uint8 (N, C, H, W) on the CPU, from uint8 or from float in [-1, 1] (clipped)."""
    images = images.detach().cpu()
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise ValueError(f"images of shape {tuple(images.shape)}: (N, C, H, W) with C 1 or 3 is needed.")
    if images.dtype == torch.uint8:
        return images
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_png(figure: Figure, dpi: int = 2 * _DPI) -> bytes:
    """The figure as the bytes of a PNG file."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi)
    return out.getvalue()


def png(grid: torch.Tensor) -> bytes:
    """A uint8 (C, H, W) picture as the bytes of a PNG file, pixel for pixel."""
    out = io.BytesIO()
    _picture(grid).save(out, "png")
    return out.getvalue()


def _picture(frame: torch.Tensor) -> Image.Image:
    return Image.fromarray(frame.permute(1, 2, 0).expand(-1, -1, 3).contiguous().numpy())


def _zoom(width: int, inches: float) -> float:
    """The largest whole number of dots per pixel that fits, at most 8; below one, whatever fits."""
    dots = inches * 2 * _DPI
    return min(8, dots // width) if width <= dots else dots / width


def _draw(axes, lines, title, y_label, x_label, smooth, reference, log) -> None:
    for index, (label, (steps, values)) in enumerate(lines.items()):
        colour, style = COLOURS[index % len(COLOURS)], STYLES[index % len(STYLES)]
        values = np.asarray(values, dtype=float)
        if smooth and len(values) > 2:
            axes.plot(steps, values, color=colour, alpha=0.22, linewidth=0.8)
            values = _smoothed(values, smooth)
        marker = "o" if len(values) == 1 else None
        axes.plot(steps, values, color=colour, linestyle=style, linewidth=1.7, label=label, marker=marker)
    for name, level in reference.items():
        axes.axhline(level, color="#555555", linewidth=0.9, linestyle=(0, (2, 3)))
        axes.annotate(
            name, (1, level), xycoords=("axes fraction", "data"), xytext=(-3, 3),
            textcoords="offset points", ha="right", fontsize=8, color="#555555",
        )  # fmt: skip
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    if log:
        axes.set_yscale("log")
    if len(lines) > 1:
        axes.legend(**_legend_place(axes, title, lines), fontsize=9, handlelength=2.6, columnspacing=1.2)


def _legend_place(axes, title: str, lines) -> dict:
    """Beside the title where it fits: it hides nothing there. Else right of the curves."""
    letters = len(title) + sum(len(label) + 7 for label in lines)
    width = axes.figure.get_figwidth() * axes.get_position().width  # inches
    if letters < 15 * width:
        place = {"loc": "lower right", "bbox_to_anchor": (1.01, 0.97), "ncols": len(lines)}
    else:
        place = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    return place | {"frameon": False}


def _smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """A running mean without the bias of its start; a gap (nan) is passed over."""
    out, total, mass = np.empty_like(values), 0.0, 0.0
    for index, value in enumerate(values):
        if np.isfinite(value):
            total, mass = weight * total + (1 - weight) * value, weight * mass + 1 - weight
        out[index] = total / mass if mass else np.nan
    return out
