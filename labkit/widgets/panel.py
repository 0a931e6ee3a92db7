"""What the interactive figures share: a picture of one width, and rows of controls above it."""

from typing import TypeVar

import ipywidgets

WIDTH = "700px"  # seven inches at 100 dots, the width of the kit's figures
Slider = TypeVar("Slider", bound=ipywidgets.Widget)


def picture() -> ipywidgets.Image:
    """An empty image widget that shrinks with a narrow window."""
    return ipywidgets.Image(format="png", layout=ipywidgets.Layout(width=WIDTH, max_width="100%"))


def row(controls) -> ipywidgets.Box:
    """Controls side by side, in a second line where the window is narrow."""
    layout = ipywidgets.Layout(display="flex", flex_flow="row wrap", width=WIDTH, max_width="100%")
    return ipywidgets.Box(list(controls), layout=layout)


def slider(kind: type[Slider], name: str, label: str, **rest) -> Slider:
    """A slider with a label that many pixels wide; it reports once, when it is let go.

    In Colab every redraw is a round trip over the network.
    """
    return kind(
        description=name,
        continuous_update=False,
        style={"description_width": label},
        layout=ipywidgets.Layout(width="330px"),
        **rest,
    )
