"""A student's own Generator and Discriminator, from lab 02 to lab 03: saved as one file, taken, checked.

Lab 02 ends with `save`, lab 03 begins with `take`. The file holds the source of both classes, with all that
they use of the notebook, and the weights. Taking it runs that source, so it is for the student's own file in
the student's own session; the weights are read as plain data.
"""

import copy
import os
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from labkit import checks, files, networks, settings
from labkit.exercises import find
from labkit.notebook import variables
from labkit.notebook_source import source_of
from labkit.training import generate

FILE = "my_networks.pt"
EXERCISES = {"Generator": "2.2", "Discriminator": "2.3"}
_FORMAT = 1
_DRIVE = Path("/content/drive/MyDrive")  # where Colab mounts a Google Drive
_DRIVE_FOLDER = "gan-lab-kit"
_SIGMOIDS = (torch.sigmoid, torch.Tensor.sigmoid, torch.special.expit, nn.functional.sigmoid)


@dataclass(frozen=True)
class Pair:
    """The networks that a lab trains: the student's own where they are right, else the kit's.

    Attributes:
        yours: whether they are the student's own.
        said: one line: which ones, and why.
        faces: what the saved G drew in lab 02, uint8 (16, 3, 64, 64); None without a file.
    """

    yours: bool
    said: str
    classes: Mapping[str, type]
    faces: torch.Tensor | None = None

    def new(
        self, *, latent_dim: int = 100, base_channels: int = 64, image_channels: int = 3
    ) -> tuple[nn.Module, nn.Module]:
        """Fresh (G, D) for 64 x 64 pixels with DCGAN weights; D gives logits (B,)."""
        sizes = {"base_channels": base_channels, "image_channels": image_channels}
        if not self.yours:
            return networks.dcgan_pair(latent_dim=latent_dim, **sizes)
        G = self.classes["Generator"](latent_dim=latent_dim, **sizes)
        D = Logits(self.classes["Discriminator"](**sizes))
        return networks.init_dcgan(G), networks.init_dcgan(D)


class Logits(nn.Module):
    """A discriminator without its last sigmoid: images (B, C, H, W) to logits (B,).

    The sigmoid may be a layer or a call: while D runs, torch's passes its input through.
    """

    output = "logits"

    def __init__(self, D: nn.Module):
        super().__init__()
        self.D = D

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with _PassSigmoid():
            return self.D(images)


class _PassSigmoid(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in _SIGMOIDS:
            return args[0] if args else kwargs["input"]
        return function(*args, **(kwargs or {}))


def save(G: nn.Module, D: nn.Module, **sizes: int) -> None:
    """Keep two networks, made of classes of the notebook, as one file; in Colab also on a mounted Drive.

    Args:
        sizes: what G was made with: latent_dim, base_channels, image_channels.

    Says where it lies: in the folder for runs.
    """
    content = {
        "format": _FORMAT,
        "source": source_of([type(G), type(D)]),
        "sizes": sizes,
        "G": {name: value.cpu() for name, value in G.state_dict().items()},
        "D": {name: value.cpu() for name, value in D.state_dict().items()},
    }
    places = [settings.current().run_dir / FILE]
    if settings.in_colab() and _DRIVE.is_dir():
        places.append(_DRIVE / _DRIVE_FOLDER / FILE)
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(place) as handle:
            torch.save(content, handle)
    print(f"Your classes and their weights are in {' and '.join(map(_shown, places))}.")
    if settings.in_colab() and len(places) == 1:
        print("This runtime forgets it. Download it from the Files pane, or mount your Drive and save again.")


def take(file: Path | str | None = None) -> Pair:
    """The student's own pair: the classes of this notebook, else those of a file; the kit's where they fail.

    Args:
        file: by default the one that `save` wrote, here or on a mounted Drive, or one uploaded by hand.

    Says in one line which networks it found. Never raises on account of what it finds. Where the variable
    ``LABKIT_NETWORKS`` is ``off``, only a file that is named is taken: notebooks are tested and released so,
    lest one depends on what another left.
    """
    names = variables()
    pasted = {name: names[name] for name in EXERCISES if isinstance(names.get(name), type)}
    found = _file(file)
    if len(pasted) == len(EXERCISES):
        pair = _checked(pasted, "the cell above")
    elif found is not None:
        pair = _from_file(found)
    elif pasted:
        missing = [name for name in EXERCISES if name not in pasted]
        pair = _kits(f"{' and '.join(missing)} is missing beside {' and '.join(pasted)}")
    else:
        pair = _kits("there is no file of lab 02, and no classes are pasted above")
    print(pair.said)
    return pair


def _from_file(file: Path) -> Pair:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
        source = content["source"]
    except Exception as error:
        return _kits(f"{file.name} cannot be read ({type(error).__name__}): save it in lab 02 again")
    home = types.ModuleType("my_networks")
    sys.modules[home.__name__] = home  # where its classes say that they live
    try:
        exec(compile(source, str(file), "exec"), home.__dict__)
        classes = {name: getattr(home, name) for name in EXERCISES}
    except (Exception, SystemExit) as error:
        why = str(error).splitlines()[0] if str(error) else ""
        return _kits(f"the source in {file.name} does not run ({type(error).__name__}: {why})")
    pair = _checked(classes, file.name)
    return Pair(pair.yours, pair.said, classes, _faces(classes, content)) if pair.yours else pair


def _faces(classes: Mapping[str, type], content: dict) -> torch.Tensor | None:
    try:
        G = classes["Generator"](**content["sizes"])
        G.load_state_dict(content["G"])
        z = torch.randn(
            16, content["sizes"].get("latent_dim", 100), 1, 1, generator=torch.Generator().manual_seed(0)
        )
        return generate(G, z)
    except Exception:  # weights of another class: the classes are right all the same
        return None


def _checked(classes: Mapping[str, type], where: str) -> Pair:
    """The pair, if both classes pass the checks of lab 02 and D's sigmoid can be left out."""
    for name, exercise in EXERCISES.items():
        result = checks.outcome(find(exercise), classes[name])
        if result.status == "blank":
            return _kits(f"your {name} from {where} is not written yet")
        if not result:
            return _kits(
                f"your {name} from {where} does not pass {exercise} yet ({result.findings[-1].what})"
            )
    if not _gives_logits(classes["Discriminator"]):
        return _kits(f"your Discriminator from {where} computes its sigmoid by hand: use torch.sigmoid")
    return Pair(True, f"This lab trains your own Generator and Discriminator, from {where}.", classes)


def _gives_logits(Discriminator: type) -> bool:
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        D = Discriminator(base_channels=2).eval()
        images = torch.randn(3, 3, 64, 64)
        return torch.allclose(torch.sigmoid(Logits(copy.deepcopy(D))(images)), D(images), atol=1e-5)


def _kits(why: str) -> Pair:
    return Pair(False, f"This lab trains the kit's networks: {why}.", {})


def _file(given: Path | str | None) -> Path | None:
    if given is not None:
        return Path(given)
    if os.environ.get("LABKIT_NETWORKS") == "off":
        return None
    places = (settings.current().run_dir, Path.cwd(), _DRIVE / _DRIVE_FOLDER)
    return next((place / FILE for place in places if (place / FILE).is_file()), None)


def _shown(path: Path) -> str:
    """The path as somebody finds it: from the notebook's folder, or from the home, where that is shorter."""
    seen = [str(path)]
    if path.is_relative_to(Path.cwd().parent):
        seen.append(os.path.relpath(path))
    if path.is_relative_to(Path.home()):
        seen.append(f"~/{path.relative_to(Path.home())}")
    return min(seen, key=len)
