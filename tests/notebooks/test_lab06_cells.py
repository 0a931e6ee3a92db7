"""A cell of lab 06 that takes what a student wrote must run after every answer that the check accepts."""

import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labkit import plots
from labkit.settings import current
from tests.exercises.known import RIGHT
from tests.solutions import notebooks


@pytest.mark.parametrize("number", range(len(RIGHT["6.7"])))
def test_the_histogram_takes_estimates_that_keep_their_graph(number, monkeypatch):
    (path,) = (path for path in notebooks("notebooks") if path.stem.startswith("06_"))
    cells = nbformat.read(path, as_version=4).cells
    (source,) = (cell.source for cell in cells if "panel.hist(estimates" in cell.source)
    drawn, hist = [], plt.Axes.hist
    monkeypatch.setattr(plt.Axes, "hist", lambda *given, **how: drawn.append(given[1]) or hist(*given, **how))
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    torch.manual_seed(0)
    decoder = nn.Sequential(nn.Linear(2, 9), nn.Sigmoid(), nn.Unflatten(1, (1, 3, 3))).to(current().device)
    test = SimpleNamespace(images=torch.randint(0, 256, (1, 1, 3, 3), dtype=torch.uint8))
    trained = SimpleNamespace(seed=0, decoder=decoder, codes=torch.zeros(1, 2), test=test)
    given = {"torch": torch, "F": F, "math": math, "plt": plt, "plots": plots, "current": current}
    given |= {"gradient_samples": RIGHT["6.7"][number], "outcomes": lambda name: [trained]}
    exec(compile(source, path.name, "exec"), given)
    assert [len(values) for values in drawn] == [2000, 2000]
    assert given["score"].requires_grad == (number == 1), "one of the answers keeps its graph"
