"""The interactive figures: sliders, buttons and one picture, alike in Colab, JupyterLab and without a screen.

`stamps` shows a transposed convolution (lab 01), `playground` the game of G and D in the plane (lab 05),
`latent_plane` what a decoder makes of each point (lab 06), `round_trip` a translation and the way back
(lab 07), `style_editor` edits pictures by their styles (lab 08).
Everything is made of `ipywidgets.Image` fed with PNG bytes and of controls that report once, when they are
let go: what ipywidgets 7.7.1 (Colab) and 8 (JupyterLab 4) have in common.
"""

from labkit.widgets.latent import latent_plane
from labkit.widgets.ring_controls import playground
from labkit.widgets.round_trip import round_trip
from labkit.widgets.style_editor import style_editor
from labkit.widgets.transposed import stamp_picture, stamps

__all__ = ["latent_plane", "playground", "round_trip", "stamp_picture", "stamps", "style_editor"]
