"""What exercises 1.1 and 1.2 expect is what torch's own layer gives. They call none: their mistakes must pass
the checks that forbid it."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from labkit.exercises.lab01 import output_size, transposed_conv


@pytest.mark.parametrize(("size", "kernel_size"), itertools.product((3, 5, 8), (2, 3, 4, 6)))
def test_sizes_are_those_of_the_layer(size, kernel_size):
    image, kernel = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size)
    for stride, padding, dilation in itertools.product((1, 2, 3, 4), (0, 1), (1, 2, 3)):
        for output_padding in range(max(stride, dilation)):
            settings = stride, padding, output_padding
            layer = F.conv_transpose1d(image, kernel, None, *settings, dilation=dilation)
            assert output_size.expected(size, kernel_size, *settings, dilation) == layer.shape[-1]


@pytest.mark.parametrize(("stride", "padding"), itertools.product((1, 2, 3, 4), (0, 1)))
def test_stamps_are_those_of_the_layer(stride, padding):
    image, kernel = torch.randn(4, 3), torch.randn(5, 4)
    layer = F.conv_transpose2d(image[None, None], kernel[None, None], stride=stride, padding=padding)
    torch.testing.assert_close(transposed_conv.expected(image, kernel, stride, padding), layer[0, 0])
