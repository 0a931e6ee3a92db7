"""Plots: sharp pixels, readable in grey, and shown exactly once by IPython."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import plots
from labkit.logbook import Logbook


def _pixels(figure):
    return np.asarray(Image.open(io.BytesIO(plots.to_png(figure))).convert("RGB"))


def _images(count=10, size=16, channels=3):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, channels, size, size), generator=generator, dtype=torch.uint8)


def test_every_image_pixel_is_the_same_square_of_dots():
    images = _images(6, 32)
    dots = _pixels(plots.image_grid(images, columns=3))
    grid = plots.tile(images, columns=3, gap=1).permute(1, 2, 0).numpy()
    zoom, rest = divmod(dots.shape[1], grid.shape[1])
    assert rest == 0 and zoom >= 2
    assert np.array_equal(dots, grid.repeat(zoom, 0).repeat(zoom, 1))


def test_the_grid_is_as_wide_as_a_notebook():
    for count, size in [(64, 64), (64, 28), (8, 128), (1, 64), (100, 64)]:
        figure = plots.image_grid(_images(count, size), columns=10)
        assert figure.get_figwidth() <= 7.0


def test_titles_and_labels_take_room_of_their_own():
    images = _images(4, 32)
    bare, dressed = plots.image_grid(images), plots.image_grid(images, title="Faces", labels=list("abcd"))
    assert dressed.get_figheight() > bare.get_figheight()
    texts = [text.get_text() for text in dressed.axes[0].texts]
    assert texts == list("abcd")


def test_floats_and_grey_images_are_taken():
    images = torch.linspace(-1, 1, 2 * 8 * 8).reshape(2, 8, 8)
    pixels = plots.as_uint8(images)
    assert pixels.shape == (2, 1, 8, 8)
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert plots.as_uint8(images * 3).max() == 255
    assert plots.image_grid(images).get_figwidth() > 0


@pytest.mark.parametrize("shape", [(3, 8, 8, 8, 8), (2, 4, 8, 8), (0, 3, 8, 8), (8, 8)])
def test_another_shape_is_refused_with_its_name(shape):
    with pytest.raises(ValueError, match="shape"):
        plots.image_grid(torch.zeros(shape))


def test_labels_must_match():
    with pytest.raises(ValueError, match="3 labels for 2 images"):
        plots.image_grid(_images(2), labels=list("abc"))


def test_no_two_curves_share_a_colour_or_a_style_in_grey():
    lines = {f"run {i}": ([0, 1], [i, i + 1]) for i in range(6)}
    axes = plots.curves(lines, title="t", y_label="loss").axes[0]
    assert len({line.get_color() for line in axes.lines}) == 6
    assert len({str(line._unscaled_dash_pattern) for line in axes.lines}) == 6
    assert axes.get_legend() is not None


def test_smoothing_keeps_the_raw_curve_and_bridges_gaps():
    steps, values = np.arange(50), np.r_[np.nan, np.ones(49)]
    lines = plots.curves({"a": (steps, values)}, smooth=0.9).axes[0].lines
    assert len(lines) == 2
    smoothed = lines[1].get_ydata()
    assert np.isnan(smoothed[0])
    assert np.allclose(smoothed[1:], 1)  # no pull towards zero at the start


def test_loss_curves_show_what_was_logged():
    log = Logbook()
    for step in range(10):
        log.scalars(step, {"loss/d": 1.0, "loss/g": 2.0, "prob/real": 0.6, "prob/fake": 0.4})
    assert len(plots.loss_curves(log).axes) == 2
    assert len(plots.loss_curves({"loss/d": ([1, 2], [1.0, 2.0])}).axes) == 1
    with pytest.raises(ValueError, match="neither"):
        plots.loss_curves(Logbook())


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_an_animation_holds_its_frames_and_loops(format):
    frames = [plots.tile(_images(4, 16) // 9 * step) for step in range(6)]
    moving = plots.animation(frames, fps=10, format=format)
    picture = Image.open(io.BytesIO(moving))
    assert picture.format.lower() == format
    assert picture.n_frames == 6
    assert picture.info["loop"] == 0
    html = moving._repr_mimebundle_()[0]["text/html"]
    assert f"data:image/{format};base64," in html


def test_the_numbers_of_two_classes_never_lie_on_each_other():
    spots = {0: (0.0, 0.0), 1: (0.1, 0.0), 2: (4.0, 0.0)}
    labels = torch.tensor([c for c in spots for _ in range(5)])
    points = torch.tensor([spots[int(c)] for c in labels])
    (axes,) = plots.scatter_by_class(points, labels).axes
    assert [text.get_text() for text in axes.texts] == ["0", "2"]
    assert len(axes.get_legend().get_texts()) == 3


def test_an_animation_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one frame"):
        plots.animation([])
    with pytest.raises(ValueError, match="'mp4'"):
        plots.animation([torch.zeros(3, 4, 4, dtype=torch.uint8)], format="mp4")


_SHOWN = """
import io, sys
from base64 import b64decode
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image
shell = InteractiveShell.instance()
if {pyplot}:
    import matplotlib.pyplot
    from matplotlib_inline.backend_inline import configure_inline_support
    configure_inline_support(shell, "module://matplotlib_inline.backend_inline")
with capture_output() as shown:
    shell.run_cell("from labkit import plots; plots.curves({{'a': ([0, 1], [0, 1])}})")
pictures = [out for out in shown.outputs if "image/png" in out.data]
assert len(pictures) == 1, shown
content = pictures[0].data["image/png"]
content = b64decode(content) if isinstance(content, str) else content
width = pictures[0].metadata["image/png"]["width"]
assert (width, Image.open(io.BytesIO(content)).width) == (700, 1400)
assert ("matplotlib.pyplot" in sys.modules) == {pyplot}
"""


@pytest.mark.parametrize("pyplot", [False, True])
def test_ipython_shows_a_figure_once_with_and_without_pyplot(pyplot):
    pytest.importorskip("IPython")
    subprocess.run([sys.executable, "-c", _SHOWN.format(pyplot=pyplot)], check=True, timeout=120)
