"""The slider over a translation: every control redraws, and the border is where the slider says."""

import torch
from torch import nn

from labkit.widgets import round_trip
from labkit.widgets.round_trip import covered


class _Scaled(nn.Module):
    def __init__(self, by: float):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))

    def forward(self, images):
        return self.by * images


def test_every_control_redraws_and_comes_back():
    a, b = (torch.randint(0, 256, (3, 3, 8, 8), dtype=torch.uint8) for _ in "ab")
    controls, image = round_trip(_Scaled(-1.0), _Scaled(0.5), a, b).children
    way, which, at = controls.children
    start = bytes(image.value)
    assert start.startswith(b"\x89PNG") and not at.continuous_update
    for control, value in ((way, "B to A and back"), (which, 2), (at, 1.6)):
        before = control.value
        control.value = value
        assert bytes(image.value) != start
        control.value = before
        assert bytes(image.value) == start


def test_the_border_moves_from_left_to_right_twice():
    stages = [torch.full((1, 2, 10), value, dtype=torch.uint8) for value in (10, 20, 30)]
    assert [covered(stages, at)[0][0, 0].tolist() for at in (0.0, 1.0, 2.0)] == [
        [10] * 10,
        [20] * 10,
        [30] * 10,
    ]
    picture, border, left = covered(stages, 0.3)
    assert (border, left) == (3, 1) and picture[0, 0].tolist() == [20] * 3 + [10] * 7
    assert covered(stages, 1.3)[0][0, 0].tolist() == [30] * 3 + [20] * 7
