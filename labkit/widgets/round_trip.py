"""A slider that draws a translation over its picture, and the way back over the translation."""

import ipywidgets
import torch
from torch import nn

from labkit import plots
from labkit.translation import round_trips
from labkit.widgets import panel

_WAYS = {"A to B and back": ("A", "G(A)", "F(G(A))"), "B to A and back": ("B", "F(B)", "G(F(B))")}
_CORNERS = ((0.52, 0.5), (0.76, 0.5), (0.52, 0.03), (0.76, 0.03))  # of the small pictures


def round_trip(
    G: nn.Module, F: nn.Module, a: torch.Tensor, b: torch.Tensor, *, truly_paired: bool = False
) -> ipywidgets.VBox:
    """A slider from a picture over its translation to what comes back; a choice of the picture and the way.

    Up to 1 the translation covers the picture from the left; up to 2 what comes back covers the translation.

    Args:
        G, F: images of A to B and back, (B, C, H, W) in [-1, 1].
        a, b: images to show, uint8 (N, C, H, W), as many of each.
        truly_paired: whether a[i] and b[i] show the same; then the truth stands beside the translation.

    Returns:
        a box to show as the last line of a cell.
    """
    stages = round_trips(G, F, a, b)
    truth = {"A": b, "B": a}
    way = ipywidgets.Dropdown(
        options=list(_WAYS), description="way", style={"description_width": "40px"},
        layout=ipywidgets.Layout(width="230px"),
    )  # fmt: skip
    which = panel.slider(ipywidgets.IntSlider, "picture", "60px", value=0, min=0, max=len(a) - 1)
    at = panel.slider(ipywidgets.FloatSlider, "position", "60px", value=0.5, min=0.0, max=2.0, step=0.05)
    image = panel.picture()

    def redraw(_change=None) -> None:
        names = _WAYS[way.value]
        shown = {name: stages[name][which.value] for name in names}
        beside = {"truth": truth[names[0]][which.value]} if truly_paired else {}
        image.value = plots.to_png(_picture(shown, at.value, beside))

    for control in (way, which, at):
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([panel.row([way, which, at]), image])


def covered(stages: list[torch.Tensor], position: float) -> tuple[torch.Tensor, int, int]:
    """Three pictures uint8 (C, H, W), one drawn over another from the left up to a position from 0 to 2.

    Returns:
        the picture, the column of the border, and the number of the stage on its left.
    """
    left = 1 if position <= 1 else 2
    width = stages[0].shape[-1]
    border = round((position - left + 1) * width)
    return torch.cat([stages[left][..., :border], stages[left - 1][..., border:]], dim=-1), border, left


def title(names: list[str], border: int, left: int, width: int) -> str:
    """What is to be seen of the stages with these names, from the left to the right."""
    seen = ([names[left]] if border > 0 else []) + ([names[left - 1]] if border < width else [])
    return " | ".join(seen)


def _picture(
    stages: dict[str, torch.Tensor], position: float, beside: dict[str, torch.Tensor]
) -> plots.Figure:
    picture, border, left = covered(list(stages.values()), position)
    width = picture.shape[-1]
    figure = plots.Picture(figsize=(7.0, 3.5), dpi=100)
    axes = _shown(figure, (0.02, 0.03, 0.46, 0.88), picture, title(list(stages), border, left, width))
    if 0 < border < width:
        axes.axvline(border - 0.5, color="white", linewidth=1)
    for corner, (name, image) in zip(_CORNERS, (stages | beside).items(), strict=False):
        _shown(figure, (*corner, 0.22, 0.41), image, name)
    return figure


def _shown(figure: plots.Figure, place: tuple[float, ...], image: torch.Tensor, name: str):
    axes = figure.add_axes(place)
    axes.imshow(image.permute(1, 2, 0).expand(-1, -1, 3).numpy(), interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(name, fontsize=10)
    return axes
