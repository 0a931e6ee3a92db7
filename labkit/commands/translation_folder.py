"""Two kinds of images become a folder of results: ``labkit train cyclegan``. It translates your pictures too.

The folder holds TensorBoard events, ``metrics.csv``, ``translations.png`` (A, G(A), F(G(A)) and B, F(B),
G(F(B))), ``progress.webp`` (the same test images as the training goes on), ``losses.png``, ``checkpoint.pt``
and ``run.json``.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from labkit import plots, settings
from labkit.commands.run_files import (
    LOG_PACE,
    UsageError,
    check_folder,
    settled,
    speed,
    versions,
    write_facts,
)
from labkit.data import ImagePair, PairBatches, load_pair
from labkit.data.pictures import Skipped, decode, open_images
from labkit.files import write_bytes
from labkit.networks import patch_gan, unet
from labkit.training import CHECKPOINT, TrainingError, TranslationOptions, TranslationRun, train_translation
from labkit.training.checkpoints import load as load_checkpoint
from labkit.translation import errors, translate

KIND = "cyclegan"
SOURCE = (
    "Zhu et al., 2017, arXiv:1703.10593; U-Net and PatchGAN of a course report (in Persian) on monet2photo"
)
_SHOWN, _FRAMES, _EVALUATIONS, _EVALUATED = 8, 24, 10, 60


@dataclass(frozen=True)
class Plan:
    """What is trained for how long.

    Attributes:
        image_size: pixels. base_channels: of both U-Nets and both critics.
        layers: of the critics, see `labkit.networks.patch_gan`. warm_up: see `TranslationOptions`.
        images: of each side to train on; None for as many as there are, or as the machine's budget has.
    """

    image_size: int
    base_channels: int
    layers: int
    batch_size: int
    steps: int
    lr: float
    warm_up: int
    images: int | None = None


PLANS = {
    "smoke": Plan(
        image_size=32, base_channels=8, layers=1, batch_size=4, steps=20, lr=5e-4, warm_up=5, images=100
    ),
    "cpu": Plan(image_size=64, base_channels=24, layers=2, batch_size=4, steps=1500, lr=5e-4, warm_up=100),
    "gpu": Plan(image_size=128, base_channels=64, layers=3, batch_size=4, steps=40_000, lr=2e-4, warm_up=500),
}


def train_translation_into_folder(
    kind: str,
    data: str = "paintings",
    *,
    budget: str | None = None,
    steps: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    seed: int | None = None,
    pictures: Path | None = None,
    say: Callable[[str], None] = print,
) -> TranslationRun | None:
    """Train, write the folder, and return the run. None means the machine's way.

    Args:
        kind: ``"cyclegan"``.
        data: a name or a path that `labkit.data.load_pair` knows, or two paths with a comma between them.
        budget: ``"smoke"``, ``"cpu"`` or ``"gpu"``.
        steps, out, resume, seed, say: as in `labkit.commands.run_folder.train_into_folder`.
        pictures: a folder or zip of pictures to translate both ways, into the folder's ``to_A`` and
            ``to_B``. Where the folder holds a run already, nothing is trained, and None is returned.

    Raises:
        UsageError, RecipeError, DataError, CheckpointError, SettingsError: one line that says what to do.
        TrainingError: the training broke down.
        KeyboardInterrupt: after a checkpoint and the pictures so far.
    """
    here = settings.current()
    budget, out = settled(kind, _label(data), budget, steps, out)
    if pictures is not None and (out / "run.json").is_file() and not resume:
        translate_pictures(out, pictures, say)
        return None
    check_folder(out, resume)

    plan = PLANS[budget]
    size = 32 if data == "recoloured-digits" else plan.image_size
    pair = load_pair(*_places(data), size=size, count=plan.images)
    steps = steps or plan.steps
    seed = 0 if seed is None else seed
    torch.manual_seed(seed)
    sizes = {
        "image_size": size,
        "base_channels": plan.base_channels,
        "image_channels": pair.a.images.shape[1],
    }
    networks = {"G": unet(**sizes), "F": unet(**sizes)} | {
        name: patch_gan(layers=plan.layers, base_channels=plan.base_channels) for name in ("D_A", "D_B")
    }
    batches = PairBatches(pair, plan.batch_size, device=here.device, seed=seed)
    about = {"recipe": kind, "data": pair.name, "images": len(pair.a), "budget": budget}
    say(
        f"{kind} on {pair.name}: {len(pair.a):,} and {len(pair.b):,} images of {sizes['image_size']} pixels, "
        f"{steps:,} steps of {plan.batch_size}, on {here.device.type}, into {out}"
    )
    options = TranslationOptions(
        seed=seed,
        lr=plan.lr,
        warm_up=min(plan.warm_up, steps // 2),
        samples=_SHOWN,
        about=about,
        progress=True if sys.stderr.isatty() else LOG_PACE,
        sample_every=max(1, -(-steps // _FRAMES)),
        evaluate_every=max(1, -(-steps // _EVALUATIONS)),
    )
    facts = {
        **about,
        "source": SOURCE,
        "data_source": pair.a.source,
        "settings": asdict(plan) | {"cycle": options.cycle, "identity": options.identity},
        "networks": sizes,
        "seed": seed,
        "steps": steps,
        "versions": versions(),
    }
    try:
        done = train_translation(
            **{name: net.to(here.device) for name, net in networks.items()},
            batches=batches,
            steps=steps,
            test_a=pair.test_a.images[:_EVALUATED],
            test_b=pair.test_b.images[:_EVALUATED],
            truly_paired=pair.truly_paired,
            folder=out,
            resume=resume,
            options=options,
        )
    except KeyboardInterrupt as stop:
        if getattr(stop, "run", None) is not None:
            _write_results(out, stop.run, pair, facts)
        raise
    except TrainingError as error:
        error.run.logbook.close()
        write_facts(out, facts | {"broke_down": str(error)} | speed(error.run, here.device))
        raise
    found = _write_results(out, done, pair, facts)["test"]
    since = "" if done.resumed_at is None else f" (resumed at step {done.resumed_at:,})"
    say(
        f"done: {done.step:,} steps{since}, {done.images_per_second:,.0f} images/s. "
        f"See {out / 'translations.png'}"
    )
    say(f"round trip, L1: {found['cycle_a']:.3f} for A, {found['cycle_b']:.3f} for B")
    if pair.truly_paired:
        say(
            f"against the true pairs, L1: {found['l1_b']:.3f} for G(A), {found['l1_a']:.3f} for F(B); "
            f"changing nothing gives {found['l1_identity']:.3f}"
        )
    if pictures is not None:
        translate_pictures(out, pictures, say)
    return done


def translate_pictures(run_folder: Path, pictures: Path, say: Callable[[str], None] = print) -> list[Path]:
    """Translate a folder or zip of pictures by a trained run, both ways, into its ``to_A`` and ``to_B``.

    Pictures are resized (shorter side) and cropped (centre) to the size that the run was trained on.

    Returns:
        The files that were written: PNGs with the names of the pictures.

    Raises:
        UsageError: the folder holds no run of this kind.
        DataError, CheckpointError: the pictures, or the checkpoint, cannot be read.
    """
    G, F, size = _trained(run_folder)
    skipped, written = Skipped(), []
    for folder in ("to_A", "to_B"):
        (run_folder / folder).mkdir(exist_ok=True)
    with open_images(pictures) as files:
        for file in files:
            name = str(Path(file.name).with_suffix(".png")).replace("/", "_")
            for images in decode([file], size, skipped):
                for folder, network in (("to_B", G), ("to_A", F)) if len(images) else ():
                    written.append(run_folder / folder / name)
                    write_bytes(written[-1], plots.png(translate(network, torch.tensor(images))[0]))
    for why, names in skipped.by_reason(size):
        say(f"skipped {len(names):,} pictures ({why}), the first is {names[0]}")
    say(f"translated {len(written) // 2:,} pictures: see {run_folder / 'to_A'} and {run_folder / 'to_B'}")
    return written


def _trained(folder: Path) -> tuple[nn.Module, nn.Module, int]:
    """G and F of a run, on the machine's device, and the size of its images."""
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        sizes = facts["networks"] if facts["recipe"] == KIND else None
    except (OSError, ValueError, KeyError, TypeError):
        sizes = None
    if sizes is None:
        raise UsageError(f"{folder} holds no run of {KIND}: train one into it first.")
    device = settings.current().device
    saved = load_checkpoint(folder / CHECKPOINT, device)["training"]
    networks = []
    for name in ("G", "F"):
        network = unet(**sizes).to(device)
        network.load_state_dict(saved[name])
        networks.append(network)
    return networks[0], networks[1], sizes["image_size"]


def _write_results(out: Path, run: TranslationRun, pair: ImagePair, facts: dict) -> dict:
    """Write the pictures and ``run.json`` of a run, finished or not; return the facts."""
    title = f"{facts['recipe']} on {facts['data']}"
    rows = run.shown()
    write_bytes(out / "translations.png", plots.to_png(plots.strips(rows, max_width=9)))
    frames = [plots.tile(frame, columns=len(frame) // len(rows)) for frame in run.frames.values()]
    write_bytes(out / "progress.webp", plots.animation(frames, fps=4))
    if run.step:
        write_bytes(out / "losses.png", plots.to_png(plots.translation_curves(run.logbook, title=title)))
    run.logbook.close()
    a, b = pair.test_a.images, pair.test_b.images
    found = errors(run.G, run.F, a, b, truly_paired=pair.truly_paired)
    found = {name: round(value, 4) for name, value in found.items()}
    facts = facts | {"test": found} | speed(run, run.precision.device)
    write_facts(out, facts | {"bfloat16": run.precision.amp, "channels_last": run.precision.channels_last})
    return facts


def _places(data: str) -> tuple[str, ...]:
    """One name or path, or two paths with a comma between them."""
    parts = tuple(part.strip() for part in data.split(","))
    if len(parts) > 2 or not all(parts) or Path(data).exists():
        return (data,)
    return parts


def _label(data: str) -> str:
    return "-".join(Path(place).stem for place in _places(data))
