"""Two sliders that move a picture's styles along two directions, and a switch that mixes in another's."""

from collections.abc import Mapping

import ipywidgets
import torch

from labkit import plots
from labkit.editing import edit
from labkit.networks.style import StyleGenerator
from labkit.styles import drawn, styles_by_size
from labkit.widgets import panel

_ALONE = "none"


def style_editor(G: StyleGenerator, w: torch.Tensor, moves: Mapping[str, torch.Tensor]) -> ipywidgets.VBox:
    """A picture, two sliders along two of the directions, and styles of the next picture mixed in.

    Args:
        w: styles to edit, (N, layers, style_dim).
        moves: name -> (layers, style_dim), two or more; the first two are chosen at the start.

    Returns:
        a box to show as the last line of a cell.
    """
    layers = styles_by_size(G)
    which = panel.slider(ipywidgets.IntSlider, "picture", "60px", value=0, min=0, max=len(w) - 1)
    mixed = _choice("styles from the next", [_ALONE, *layers], _ALONE, "150px")
    names = [_choice("along", list(moves), name, "60px") for name in list(moves)[:2]]
    amounts = [
        panel.slider(ipywidgets.FloatSlider, "by", "60px", value=0.0, min=-3.0, max=3.0, step=0.25)
        for _ in names
    ]
    image = panel.picture()

    def redraw(_change=None) -> None:
        here, after = w[which.value], w[(which.value + 1) % len(w)]
        edited = here.clone()
        if mixed.value != _ALONE:
            edited[list(layers[mixed.value])] = after[list(layers[mixed.value])]
        for name, amount in zip(names, amounts, strict=True):
            edited = edit(edited[None], moves[name.value], amount.value)[0]
        shown = drawn(G, torch.stack([here, edited, after]).to(G.synthesis.constant))
        titles = ("picture", "edited", "the next one")
        image.value = plots.to_png(_side_by_side(dict(zip(titles, shown, strict=True))))

    for control in (which, mixed, *names, *amounts):
        control.observe(redraw, "value")
    redraw()
    pairs = [control for pair in zip(names, amounts, strict=True) for control in pair]
    return ipywidgets.VBox([panel.row([which, mixed, *pairs]), image])


def _choice(label: str, options: list[str], value: str, width: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=options, value=value, description=label, style={"description_width": width},
        layout=ipywidgets.Layout(width="330px"),
    )  # fmt: skip


def _side_by_side(images: Mapping[str, torch.Tensor]) -> plots.Figure:
    figure = plots.Picture(figsize=(7.0, 2.6), dpi=100)
    for place, (title, image) in enumerate(images.items()):
        axes = figure.add_axes((0.01 + 0.33 * place, 0.02, 0.32, 0.86))
        axes.imshow(image.permute(1, 2, 0).expand(-1, -1, 3).numpy(), interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(title, fontsize=10)
    return figure
