"""The widgets: sliders redraw one image, whatever the installed version of ipywidgets."""

import io

import numpy as np
import pytest
import torch
from ipywidgets import Image, IntSlider
from PIL import Image as Pictures
from torch.nn import functional as F

from labkit import widgets
from labkit.widgets import transposed


def _parts(box):
    """({name: slider}, image) of a box of sliders over an image."""
    controls, image = box.children
    assert isinstance(image, Image) and all(isinstance(s, IntSlider) for s in controls.children)
    return {s.description: s for s in controls.children}, image


def _pixels(image):
    return np.asarray(Pictures.open(io.BytesIO(bytes(image.value))).convert("RGB")).astype(int)


def _words(figure):
    return " ".join(t.get_text() for holder in (figure, *figure.axes) for t in holder.texts)


def test_a_picture_is_there_before_any_slider_moves():
    _, image = _parts(widgets.stamps())
    assert image.format == "png" and bytes(image.value).startswith(b"\x89PNG")
    assert _pixels(image).std() > 5


@pytest.mark.parametrize(
    ("name", "value"), [("size", 4), ("kernel_size", 5), ("stride", 1), ("padding", 1), ("stamps", 2)]
)
def test_every_slider_redraws_the_picture(name, value):
    sliders, image = _parts(widgets.stamps())
    before = _pixels(image)
    sliders[name].value = value
    assert (_pixels(image) != before).any()


def test_a_slider_waits_until_it_is_let_go():
    sliders, _ = _parts(widgets.stamps())
    assert not any(slider.continuous_update for slider in sliders.values())


def test_a_picture_comes_back_when_its_slider_does():
    sliders, image = _parts(widgets.stamps(size=2))
    before = bytes(image.value)
    sliders["padding"].value = 2
    assert bytes(image.value) != before
    sliders["padding"].value = 0
    assert bytes(image.value) == before


def test_the_number_of_stamps_follows_the_size():
    sliders, _ = _parts(widgets.stamps(size=3))
    sliders["size"].value = 5
    assert (sliders["stamps"].max, sliders["stamps"].value) == (25, 25), "all were shown, all are"
    sliders["stamps"].value = 7
    sliders["size"].value = 4
    assert (sliders["stamps"].max, sliders["stamps"].value) == (16, 7), "a part stays that part"
    sliders["size"].value = 2
    assert (sliders["stamps"].max, sliders["stamps"].value) == (4, 4)


def test_moving_one_slider_draws_once(monkeypatch):
    sliders, _ = _parts(widgets.stamps(size=3))
    drawn = []
    monkeypatch.setattr(transposed.plots, "to_png", lambda f: drawn.append(f) or b"")
    sliders["kernel_size"].value = 4
    assert len(drawn) == 1
    sliders["size"].value = 2  # takes the number of stamps along
    assert len(drawn) == 2


def test_any_position_of_the_sliders_can_be_drawn():
    sliders, _ = _parts(widgets.stamps())
    for size in (1, sliders["size"].max):
        for kernel_size in (1, sliders["kernel_size"].max):
            for stride in (1, sliders["stride"].max):
                for padding in (0, sliders["padding"].max):
                    figure = widgets.stamp_picture(
                        size=size, kernel_size=kernel_size, stride=stride, padding=padding
                    )
                    out = (size - 1) * stride + kernel_size - 2 * padding
                    assert ("No output" in _words(figure)) == (out <= 0)


def test_the_caption_holds_the_size_of_the_layer():
    for size, kernel_size, stride, padding in ((3, 3, 2, 0), (4, 4, 2, 1), (5, 2, 3, 0)):
        out = F.conv_transpose2d(
            torch.zeros(1, 1, size, size),
            torch.zeros(1, 1, kernel_size, kernel_size),
            stride=stride,
            padding=padding,
        ).shape[-1]
        figure = widgets.stamp_picture(size=size, kernel_size=kernel_size, stride=stride, padding=padding)
        assert f"+ {kernel_size} = {out}" in _words(figure)


def test_the_counts_are_those_of_the_layer():
    for size, kernel_size, stride in ((3, 3, 2), (4, 4, 2), (3, 2, 3), (2, 6, 1)):
        some = torch.zeros(1, 1, size, size)
        some.view(-1)[: size + 1] = 1
        layer = F.conv_transpose2d(some, torch.ones(1, 1, kernel_size, kernel_size), stride=stride)
        counts = transposed._counts(size, kernel_size, stride, size + 1)
        assert (counts == layer[0, 0].numpy()).all()
