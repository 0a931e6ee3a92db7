"""An answer that is right on Colab's GPU is right without one, and the mark says so."""

import pytest
import torch
from torch import nn

from labkit.exercises.probing import elsewhere, make_ready
from labkit_instructor.sandbox.inside.gpu import stand_in

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a real GPU")

WAYS = {
    "cuda()": lambda x: x.cuda(),
    "cuda(0)": lambda x: x.cuda(0),
    "to a name": lambda x: x.to("cuda"),
    "to a number": lambda x: x.to(0),
    "to a device": lambda x: x.to(torch.device("cuda:0"), torch.float64).float(),
    "to, by keyword": lambda x: x.to(device="cuda", non_blocking=True),
    "pinned": lambda x: x.pin_memory().cuda(non_blocking=True),
    "a new tensor": lambda x: x + torch.zeros(len(x), device="cuda"),
    "a new number": lambda x: x * torch.tensor(1.0, device="cuda:0"),
    "like": lambda x: x * torch.ones_like(x, device="cuda"),
    "new_zeros": lambda x: x + x.new_zeros(len(x), device="cuda"),
    "a range": lambda x: x + 0 * torch.arange(3, device=torch.device("cuda")),
    "a type": lambda x: x.type("torch.cuda.FloatTensor"),
    "another type": lambda x: x.type(torch.cuda.FloatTensor),
    "a module": lambda x: x + 0 * nn.Linear(3, 3).cuda()(x),
    "a layer": lambda x: x + 0 * nn.Linear(3, 3, device="cuda")(x),
    "a layer that moves": lambda x: x + 0 * nn.Linear(3, 3).to("cuda")(x),
    "a context": lambda x: x + _inside(torch.device("cuda"), lambda: torch.zeros(3)),
    "autocast": lambda x: x + 0 * _inside(torch.autocast("cuda"), lambda: x @ x),
    "a generator": lambda x: x + 0 * torch.randn(3, generator=torch.Generator("cuda"), device="cuda"),
}


@pytest.fixture(autouse=True)
def _ready():
    make_ready()


def _inside(context, call):
    with context:
        return call()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
def test_every_way_to_a_gpu_leads_to_the_device_of_the_inputs(way):
    x = torch.tensor([1.0, 2.0, 3.0])
    with stand_in() as mode:
        found = WAYS[way](x)
        assert found.device.type == "cpu" and torch.equal(found, x)
        assert mode.used or way in ("autocast", "another type")
        if way != "a generator":
            assert elsewhere(lambda: x.to("meta") * WAYS[way](x.to("meta"))) == ""
    with pytest.raises((RuntimeError, AssertionError, AttributeError)):
        torch.zeros(1).cuda()


def test_what_needs_no_gpu_is_left_alone():
    generator = torch.Generator
    with stand_in() as mode:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        net = nn.Linear(2, 1).to(device)
        net(torch.ones(1, 2, device=device)).sum().backward()
        torch.einsum("ij,ij->i", torch.ones(2, 2), torch.ones(2, 2))
        torch.cuda.manual_seed_all(0), torch.cuda.synchronize(), torch.cuda.empty_cache()
        assert isinstance(torch.Generator().manual_seed(0), generator)
        assert elsewhere(lambda: torch.zeros(3) + torch.zeros(3, device="meta")) != "", "a CPU tensor is one"
    assert not mode.used
    assert torch.Generator is generator


def test_a_device_that_was_kept_follows_the_inputs():
    make_ready()
    with stand_in():
        kept = torch.device("cuda")
        assert (torch.ones(3).to(kept) + torch.ones(3)).sum() == 6
        there = torch.ones(3, device="meta")
        assert elsewhere(lambda: there.to(kept) + there) == ""
