"""The walk over the latent plane: every control redraws, and the map lies the right way round."""

import torch
from torch import nn

from labkit.networks import vae_pair
from labkit.widgets import latent_plane
from labkit.widgets.latent import _map


class Told(nn.Module):
    """A decoder whose image is as bright as z says: right is bright, up is bright; it notes its classes."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.asked = []

    def forward(self, z, labels=None):
        self.asked.append(None if labels is None else sorted(set(labels.tolist())))
        return torch.sigmoid(z[:, :1] + 0.5 * z[:, 1:]).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)


def test_a_slider_redraws_and_comes_back():
    box = latent_plane(Told())
    controls, image = box.children
    (first, second), start = controls.children, bytes(image.value)
    assert start.startswith(b"\x89PNG") and not first.continuous_update
    for slider in (first, second):
        slider.value = 1.5
        assert bytes(image.value) != start
        slider.value = 0.0
        assert bytes(image.value) == start


def test_the_map_has_the_first_dimension_to_the_right_and_the_second_upwards():
    grid = _map(Told(), None)[0].float()
    assert (grid.diff(dim=1) >= 0).all() and (grid.diff(dim=0) <= 0).all()
    assert grid[-1, -1] > grid[0, 0]  # the first dimension counts twice as much as the second


def test_a_class_is_chosen_where_there_are_classes():
    decoder = Told()
    controls, image = latent_plane(decoder, classes=10).children
    *_, choice = controls.children
    before = bytes(image.value)
    choice.value = 7
    assert decoder.asked[-1] == [7] and bytes(image.value) != before
    assert len(latent_plane(Told()).children[0].children) == 2


def test_the_kits_decoder_is_left_as_it_was():
    decoder = vae_pair(classes=10)[1]
    latent_plane(decoder, classes=10)
    assert decoder.training and all(p.grad is None for p in decoder.parameters())
