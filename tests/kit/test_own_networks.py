"""The student's own pair on its way from lab 02 to lab 03: kept, found, checked, used without its sigmoid."""

import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from labkit import own_networks
from labkit.notebook_source import source_of
from labkit.own_networks import Logits, save, take
from tests.solutions import ROOT, definitions, notebooks

GENERATOR = """
class Generator(nn.Module):
    def __init__(self, latent_dim=100, base_channels=64, image_channels=3):
        super().__init__()
        b = base_channels
        self.layers = nn.Sequential(
            *up(latent_dim, 8 * b, 1, 0), *up(8 * b, 4 * b), *up(4 * b, 2 * b), *up(2 * b, b),
            nn.ConvTranspose2d(b, image_channels, 4, 2, 1, bias=False), nn.Tanh(),
        )

    def forward(self, z):
        return self.layers(z)
"""
DISCRIMINATOR = """
class Discriminator(nn.Module):
    def __init__(self, base_channels=64, image_channels=3):
        super().__init__()
        b = base_channels
        self.first = nn.Conv2d(image_channels, b, 4, 2, 1, bias=False)
        self.middle = nn.Sequential(*down(b, 2 * b), *down(2 * b, 4 * b), *down(4 * b, 8 * b))
        self.last = nn.Conv2d(8 * b, 1, 4, 1, 0, bias=False)

    def forward(self, images):
        maps = self.middle(nn.functional.leaky_relu(self.first(images), SLOPE))
        return torch.sigmoid(self.last(maps)).flatten()
"""
HELPERS = """
import torch
from torch import nn
SLOPE = 0.2
def up(wide, out, stride=2, padding=1):
    return nn.ConvTranspose2d(wide, out, 4, stride, padding, bias=False), nn.BatchNorm2d(out), nn.ReLU()
def down(wide, out):
    return nn.Conv2d(wide, out, 4, 2, 1, bias=False), nn.BatchNorm2d(out), nn.LeakyReLU(SLOPE)
"""
SOURCE = HELPERS + GENERATOR + DISCRIMINATOR


@pytest.fixture(autouse=True)
def _places(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LABKIT_DEVICE", "cpu")
    monkeypatch.delenv("LABKIT_NETWORKS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own_networks, "variables", dict)


def _classes(source: str) -> dict:
    names = {}
    exec(source, names)
    return names


def _file(tmp_path, source=SOURCE, **content):
    names = _classes(SOURCE)
    G, D = names["Generator"](base_channels=2), names["Discriminator"](base_channels=2)
    file = tmp_path / "runs" / own_networks.FILE
    file.parent.mkdir(exist_ok=True)
    state = {"G": G.state_dict(), "D": D.state_dict(), "sizes": {"base_channels": 2}}
    torch.save({"format": 1, "source": source} | state | content, file)
    return file


def test_without_a_file_the_kits_pair_plays(capsys):
    pair = take()
    assert not pair.yours and capsys.readouterr().out.count("\n") == 1
    G, D = pair.new(latent_dim=7, base_channels=2)
    assert D(G(torch.randn(2, 7, 1, 1))).shape == (2,)


def test_a_right_file_is_taken_checked_and_trained(tmp_path, capsys):
    _file(tmp_path)
    pair = take()
    assert pair.yours and "your own Generator and Discriminator" in capsys.readouterr().out
    assert pair.faces.shape == (16, 3, 64, 64)
    G, D = pair.new(latent_dim=7, base_channels=2)
    assert type(G).__name__ == "Generator"
    logits = D(G(torch.randn(4, 7, 1, 1)))
    assert logits.shape == (4,)
    logits.sum().backward()
    assert all(p.grad is not None for p in (*G.parameters(), *D.parameters()))
    assert G.layers[0].weight.detach().std().item() == pytest.approx(0.02, rel=0.1)  # DCGAN's first weights


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (SOURCE.replace("torch.sigmoid(self.last(maps))", "self.last(maps)"),
         "your Discriminator from my_networks.pt does not pass 2.3 yet"),
        (SOURCE.replace("nn.Tanh()", "nn.Sigmoid()"),
         "your Generator from my_networks.pt does not pass 2.2 yet"),
        (SOURCE.replace("torch.sigmoid(self.last(maps))", "(1 / (1 + torch.exp(-self.last(maps))))"),
         "computes its sigmoid by hand"),
        (SOURCE.replace("return self.layers(z)", 'raise NotImplementedError("Exercise 2.2: your code here")'),
         "is not written yet"),
        (SOURCE + "\ndef broken(:", "does not run (SyntaxError"),
        (SOURCE + "\nexit()", "does not run (SystemExit"),
        (GENERATOR, "does not run (NameError"),
        (HELPERS + GENERATOR, "does not run (AttributeError"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_right_is_told_in_one_line_and_the_kit_steps_in(source, says, tmp_path, capsys):
    _file(tmp_path, source)
    pair = take()
    said = capsys.readouterr().out
    assert not pair.yours and says in said and said.count("\n") == 1, said
    assert pair.new(base_channels=2)[0].latent_shape == (100, 1, 1)


def test_a_damaged_file_is_named(tmp_path, capsys):
    _file(tmp_path).write_bytes(b"no checkpoint")
    assert not take().yours
    assert "my_networks.pt cannot be read" in capsys.readouterr().out


def test_weights_of_another_class_cost_only_the_picture(tmp_path):
    _file(tmp_path, G={"other": torch.zeros(2)})
    pair = take()
    assert pair.yours and pair.faces is None


def test_pasted_classes_come_before_a_file(tmp_path, monkeypatch, capsys):
    _file(tmp_path, "nonsense(")
    names = _classes(SOURCE)
    monkeypatch.setattr(own_networks, "variables", lambda: names)
    assert take().yours and "from the cell above" in capsys.readouterr().out
    del names["Discriminator"]
    (tmp_path / "runs" / own_networks.FILE).unlink()
    assert not take().yours
    assert "Discriminator is missing beside Generator" in capsys.readouterr().out


@pytest.mark.portable
def test_logits_are_what_stands_before_the_sigmoid_however_it_is_called():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.score, self.squash = nn.Linear(3, 1), nn.Sigmoid()

        def forward(self, x):
            return self.squash(self.score(x)) if self.training else self.score(x).sigmoid()

    D, x = Twice(), torch.randn(5, 3)
    for mode in (True, False):
        torch.testing.assert_close(Logits(D.train(mode))(x), D.score(x))
        torch.testing.assert_close(D(x), torch.sigmoid(D.score(x)))


@pytest.mark.slow
def test_the_source_of_a_notebook_s_classes_comes_with_all_that_they_use_and_no_more(tmp_path):
    """In a real kernel, where a class has no file. What a name stands for when it is saved counts."""
    cells = [
        "import functools\nimport torch\nfrom torch import nn, sigmoid\nfrom pathlib import Path\n",
        "SLOPE = 0.3",
        "broken(",
        HELPERS.replace("import torch\nfrom torch import nn\n", "KERNEL, PADDING = 4, 1\n")
        .replace("SLOPE = 0.2", "SLOPE: float = 0.2")
        .replace("def up", "@functools.cache\ndef shown():\n    return 4\n\ndef up")
        .replace("Conv2d(wide, out, 4", "Conv2d(wide, out, shown()")
        + "large = torch.zeros(3)\nb = large",
        "if True:\n    def last(b):\n        return plain(8 * b, 1, KERNEL)",
        "plain = functools.partial(nn.Conv2d, bias=False)\nfirst = lambda *a: plain(*a, KERNEL, 2, PADDING)",
        "class Base(nn.Module):\n    def __init__(self):\n        super().__init__()",
        "%matplotlib inline\n" + GENERATOR.replace("nn.Module", "Base"),
        DISCRIMINATOR.replace("torch.sigmoid", "sigmoid")
        .replace("nn.Conv2d(8 * b, 1, 4, 1, 0, bias=False)", "last(b)")
        .replace("nn.Conv2d(image_channels, b, 4, 2, 1, bias=False)", "first(image_channels, b)"),
        "1 / 0\nclass Discriminator:\n    never = 'ran'",
        "from labkit import own_networks\n"
        "own_networks.save(Generator(base_channels=2), Discriminator(base_channels=2), base_channels=2)",
    ]  # fmt: skip
    code = f"""
        import nbformat, sys
        from nbclient import NotebookClient
        cells = [nbformat.v4.new_code_cell(c) for c in {cells!r}]
        notebook = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(notebook, kernel_name="python3", allow_errors=True).execute()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=ROOT, timeout=120)
    source = torch.load(tmp_path / "runs" / own_networks.FILE, weights_only=True)["source"]
    for kept in ("SLOPE = 0.2", "KERNEL = 4", "@functools.cache", "def up", "class Base"):
        assert source.count(kept) == 1, source
    for left in ("SLOPE = 0.3", "large", "Path", "matplotlib", "own_networks", "never"):
        assert left not in source
    assert take().yours


def test_what_cannot_be_traced_is_left_out_and_the_check_says_so(tmp_path, monkeypatch):
    """Without a notebook's cells nobody knows how an object was made."""
    (tmp_path / "odd.py").write_text(SOURCE.replace("SLOPE = 0.2", "SLOPE = torch.tensor(0.2).item\n"))
    monkeypatch.syspath_prepend(str(tmp_path))
    import odd

    source = source_of([odd.Discriminator])
    assert "class Discriminator" in source and "def down" in source and "SLOPE =" not in source


def test_leftovers_are_ignored_where_it_is_asked_for(tmp_path, monkeypatch, capsys):
    file = _file(tmp_path)
    monkeypatch.setenv("LABKIT_NETWORKS", "off")
    assert not take().yours and take(file).yours
    assert not take(tmp_path / "nowhere.pt").yours
    assert "nowhere.pt cannot be read (FileNotFoundError)" in capsys.readouterr().out


def test_the_solution_s_own_pair_is_right(tmp_path, monkeypatch):
    (path,) = (p for p in notebooks("solutions") if p.name.startswith("02"))
    own = definitions(path)
    monkeypatch.setattr(
        own_networks, "variables", lambda: {"Generator": own["2.2"], "Discriminator": own["2.3"]}
    )
    assert take().yours


def test_in_colab_a_mounted_drive_gets_a_copy_and_without_one_it_is_said(tmp_path, monkeypatch, capsys):
    names = {}
    (tmp_path / "mine.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    import mine

    names |= vars(mine)
    pair = names["Generator"](base_channels=2), names["Discriminator"](base_channels=2)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    monkeypatch.setattr(own_networks, "_DRIVE", tmp_path / "drive")
    save(*pair, base_channels=2)
    assert "mount your Drive" in capsys.readouterr().out
    (tmp_path / "drive").mkdir()
    save(*pair, base_channels=2)
    assert "mount" not in capsys.readouterr().out
    assert (tmp_path / "drive" / "gan-lab-kit" / own_networks.FILE).is_file()
