"""The slider over a translation: every control redraws, and the border is where the slider says."""

import torch
from torch import nn

from labkit import plots
from labkit.widgets import round_trip
from labkit.widgets.round_trip import covered, title


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


def test_the_title_names_what_is_to_be_seen():
    stages = [torch.zeros(1, 2, 10)] * 3
    named = {
        at: title(["A", "G(A)", "F(G(A))"], *covered(stages, at)[1:], 10) for at in (0, 0.3, 1, 1.02, 1.5, 2)
    }
    assert named == {
        0: "A",
        0.3: "G(A) | A",
        1: "G(A)",
        1.02: "G(A)",
        1.5: "F(G(A)) | G(A)",
        2: "F(G(A))",
    }


def test_the_truth_is_shown_where_it_is_known(monkeypatch):
    drawn = []
    figure = plots.Picture.add_axes

    def noted(self, *given):
        axes = figure(self, *given)
        drawn.append(axes)
        return axes

    monkeypatch.setattr(plots.Picture, "add_axes", noted)
    a, b = (torch.full((3, 3, 8, 8), shade, dtype=torch.uint8) for shade in (10, 200))
    for known in (False, True):
        drawn.clear()
        controls, _ = round_trip(_Scaled(-1.0), _Scaled(0.5), a, b, truly_paired=known).children
        way, _, _ = controls.children
        shown = {axes.get_title(): axes.images[0].get_array() for axes in drawn}
        assert ("truth" in shown) == known
        if known:
            assert (shown["truth"] == 200).all()
            way.value = "B to A and back"
            assert drawn[-1].get_title() == "truth" and (drawn[-1].images[0].get_array() == 10).all()


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
