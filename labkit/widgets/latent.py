"""A walk over the latent plane of a VAE: two sliders move a point, and the decoder draws what lies there."""

import ipywidgets
import torch
from torch import nn

from labkit import plots
from labkit.variational import decoded
from labkit.widgets import panel

_EDGE, _SIDE = 3.0, 12  # how far the map reaches, and how many pictures wide it is
_POINT = "#D55E00"


def latent_plane(decoder: nn.Module, *, classes: int = 0) -> ipywidgets.VBox:
    """Sliders for a point of the latent plane, a map of the plane with the point in it, and its image.

    Args:
        decoder: z (B, 2) to images (B, C, H, W) in [0, 1]; with ``classes`` it is given the class as well,
            (B,).
        classes: of a conditional decoder: then there is a choice of the class too.

    Returns:
        a box to show as the last line of a cell.
    """
    sliders = {
        name: panel.slider(ipywidgets.FloatSlider, name, "130px", value=0.0, min=-_EDGE, max=_EDGE, step=0.1)
        for name in ("first dimension", "second")
    }
    choice = ipywidgets.Dropdown(
        options=list(range(classes)) or [0],
        description="class",
        style={"description_width": "50px"},
        layout=ipywidgets.Layout(width="130px"),
    )
    image = panel.picture()
    maps: dict[int, torch.Tensor] = {}  # of each class, drawn when it is first asked for

    def redraw(_change=None) -> None:
        x, y = (slider.value for slider in sliders.values())
        label = choice.value if classes else None
        if choice.value not in maps:
            maps[choice.value] = _map(decoder, label)
        image.value = plots.to_png(_picture(decoder, x, y, label, maps[choice.value]))

    for control in (*sliders.values(), choice):
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([panel.row([*sliders.values(), *([choice] if classes else [])]), image])


def _images(decoder: nn.Module, z: torch.Tensor, label: int | None) -> torch.Tensor:
    training = decoder.training
    try:
        return decoded(decoder.eval(), z, None if label is None else torch.full((len(z),), label))
    finally:
        decoder.train(training)


def _map(decoder: nn.Module, label: int | None) -> torch.Tensor:
    """The decoded plane as one picture, uint8 (C, height, width): to the right the first dimension grows,
    upwards the second."""
    step = 2 * _EDGE / _SIDE
    at = torch.arange(_SIDE) * step - _EDGE + step / 2  # the middle of each picture
    z = torch.cartesian_prod(at.flip(0), at).flip(1)
    return plots.tile(_images(decoder, z, label), columns=_SIDE, gap=0)


def _picture(decoder: nn.Module, x: float, y: float, label: int | None, mapped: torch.Tensor) -> plots.Figure:
    figure = plots.Picture(figsize=(7.0, 3.7), dpi=100)
    left, right = figure.add_axes((0.08, 0.13, 0.42, 0.78)), figure.add_axes((0.56, 0.13, 0.42, 0.78))
    edges = (-_EDGE, _EDGE, -_EDGE, _EDGE)
    left.imshow(mapped.permute(1, 2, 0).expand(-1, -1, 3).numpy(), extent=edges)
    left.plot([x], [y], "o", markersize=11, markerfacecolor="none", markeredgewidth=2.5, color=_POINT)
    left.set(xlabel="first dimension", ylabel="second dimension")
    left.set_title("the plane, decoded", loc="left", fontsize=10)
    drawn = _images(decoder, torch.tensor([[x, y]]), label)[0]
    right.imshow(drawn.permute(1, 2, 0).expand(-1, -1, 3).numpy(), interpolation="nearest")
    right.set_axis_off()
    asked = "" if label is None else f", asked for a {label}"
    right.set_title(f"z = ({x:.1f}, {y:.1f}){asked}", loc="left", fontsize=10)
    return figure
