"""A style-based generator and a data set become a folder of results: ``labkit train stylegan``.

The folder holds TensorBoard events, ``metrics.csv``, ``samples.png``, ``progress.webp``, ``losses.png``,
``mixing.png`` (every source with some styles of every destination), ``noise.png`` (mean over noise, one draw,
standard deviation), ``truncation.png``, ``diagnosis.png``, ``generator.pt`` (the mean G alone, see
`labkit.styles.load_generator`), ``checkpoint.pt`` and ``run.json``, with the scores.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from labkit import plots, settings, styles
from labkit.commands.run_files import (
    LOG_PACE,
    check_folder,
    diagnosed,
    say_diagnosis,
    settled,
    speed,
    versions,
    write_facts,
)
from labkit.commands.scores import evaluator, reader_of, scorer
from labkit.data import Batches, ImageSet, load
from labkit.diagnosis import DIVERGED, FEWEST_STEPS
from labkit.files import write_bytes
from labkit.networks import style_pair
from labkit.training import StyleOptions, StyleRun, TrainingError, train_style

KIND = "stylegan"
SOURCE = (
    "Karras, Laine and Aila, 2019, arXiv:1812.04948, at one size from the start and with a plain "
    "discriminator; R1 now and then as in Karras et al., 2020, arXiv:1912.04958"
)
_EVALUATIONS, _EVALUATED, _FEWEST_BETWEEN = 10, 250, 75
_SCORED, _PATHS, _DRAWS = 2_000, 500, 100
_PSIS = (1.0, 0.7, 0.5, 0.0, -0.5, -1.0)  # figure 8


@dataclass(frozen=True)
class Plan:
    """What is trained for how long; see `labkit.networks.style_pair` and `StyleOptions`.

    Attributes:
        images: to train on; None for as many as there are, or as the machine's budget has.
    """

    image_size: int
    base_channels: int
    most_channels: int
    batch_size: int
    steps: int
    g_lr: float
    d_lr: float
    gamma: float
    r1_every: int
    mixing: float
    ema: float
    decay_from: float = 1.0
    latent_dim: int = 64
    style_dim: int = 64
    mapping_layers: int = 8
    images: int | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """What `style_pair` is given, but for the channels of the images."""
        names = ("image_size", "latent_dim", "style_dim", "mapping_layers", "base_channels", "most_channels")
        return {name: getattr(self, name) for name in names}


_SHARED = {"g_lr": 6e-3, "d_lr": 6e-3, "gamma": 1.0, "r1_every": 8, "mixing": 0.5, "ema": 0.998}
_SMOKE = _SHARED | {"base_channels": 8, "most_channels": 16, "batch_size": 8, "steps": 20, "images": 256}
_CPU = _SHARED | {"base_channels": 16, "batch_size": 16}
_GPU = _SHARED | {"base_channels": 32, "batch_size": 32}
PICTURES = {
    "smoke": Plan(image_size=32, **_SMOKE),
    "cpu": Plan(image_size=64, most_channels=128, steps=20_000, decay_from=0.5, images=20_000, **_CPU),
    "gpu": Plan(image_size=64, most_channels=256, steps=60_000, decay_from=0.5, **_GPU),
}
DIGITS = {
    "smoke": Plan(image_size=28, **_SMOKE),
    "cpu": Plan(image_size=28, most_channels=64, steps=3_000, **_CPU),
    "gpu": Plan(image_size=28, most_channels=128, steps=20_000, **_GPU),
}


def train_style_into_folder(
    kind: str,
    data: str = "faces",
    *,
    budget: str | None = None,
    steps: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    seed: int | None = None,
    say: Callable[[str], None] = print,
) -> StyleRun:
    """Train, write the folder, and return the run. None means the machine's way.

    Args:
        kind: ``"stylegan"``.
        data: a name or a path that `labkit.data.load` knows. Digits are drawn at 28 pixels.
        budget: ``"smoke"``, ``"cpu"`` or ``"gpu"``.
        steps, out, resume, seed, say: as in `labkit.commands.run_folder.train_into_folder`.

    Raises:
        UsageError, RecipeError, DataError, CheckpointError, SettingsError: one line that says what to do.
        TrainingError: the training broke down.
        KeyboardInterrupt: after a checkpoint and the pictures so far.
    """
    here = settings.current()
    budget, out = settled(kind, Path(data).stem, budget, steps, out)
    check_folder(out, resume)

    plan = (DIGITS if data in ("digits", "mnist", "stacked", "stacked-mnist") else PICTURES)[budget]
    images = load(data, size=plan.image_size, count=plan.images)
    steps = steps or plan.steps
    seed = 0 if seed is None else seed
    torch.manual_seed(seed)
    sizes = plan.sizes | {"image_channels": images.images.shape[1]}
    G, D = (network.to(here.device) for network in style_pair(**sizes))
    batches = Batches(images, plan.batch_size, device=here.device, seed=seed, channels_last=True)
    about = {"recipe": kind, "data": images.name, "images": len(images), "budget": budget}
    say(
        f"{kind} on {images.name}: {len(images):,} images of {plan.image_size}x{plan.image_size}, "
        f"{steps:,} steps of {plan.batch_size}, on {here.device.type}, into {out}"
    )
    options = StyleOptions(
        seed=seed,
        g_lr=plan.g_lr,
        d_lr=plan.d_lr,
        gamma=plan.gamma,
        r1_every=plan.r1_every,
        mixing=plan.mixing,
        ema=plan.ema,
        decay_from=plan.decay_from,
        about=about,
        progress=True if sys.stderr.isatty() else LOG_PACE,
        evaluated=_EVALUATED,
        evaluate_every=max(_FEWEST_BETWEEN, math.ceil(steps / _EVALUATIONS)),
    )
    facts = {
        **about,
        "source": SOURCE,
        "data_source": images.source,
        "settings": asdict(plan),
        "networks": sizes,
        "seed": seed,
        "steps": steps,
        "versions": versions(),
    }
    evaluate = evaluator(images, _EVALUATED) if steps >= FEWEST_STEPS else None
    try:
        done = train_style(
            G, D, batches=batches, steps=steps, folder=out, resume=resume, options=options, evaluate=evaluate
        )
    except KeyboardInterrupt as stop:
        if getattr(stop, "run", None) is not None:
            _write_results(out, stop.run, images, facts)
        raise
    except TrainingError as error:
        error.run.logbook.close()
        told = {"diagnosis": {"verdict": DIVERGED, "reason": str(error)}}
        write_facts(out, facts | told | speed(error.run, here.device))
        raise
    facts = _write_results(out, done, images, facts)
    since = "" if done.resumed_at is None else f" (resumed at step {done.resumed_at:,})"
    say(
        f"done: {done.step:,} steps{since}, {done.images_per_second:,.0f} images/s. See {out / 'samples.png'}"
    )
    _say_scores(facts, say)
    say_diagnosis(facts["diagnosis"], say)
    return done


def _write_results(out: Path, run: StyleRun, images: ImageSet, facts: dict) -> dict:
    """Write the pictures, G and ``run.json`` of a run, finished or not; return the facts."""
    G = run.mean
    write_bytes(out / "samples.png", plots.png(plots.tile(run.sample())))
    write_bytes(out / "progress.webp", plots.animation([plots.tile(frame) for frame in run.frames.values()]))
    pictures = {"mixing.png": _mixing(G), "noise.png": _noise(G), "truncation.png": _truncation(G)}
    if run.step:
        title = f"{facts['recipe']} on {facts['data']}"
        pictures["losses.png"] = plots.loss_curves(run.logbook, title=title)
    for name, figure in pictures.items():
        write_bytes(out / name, plots.to_png(figure))
    told = diagnosed(out, run)
    run.logbook.close()
    how = {"bfloat16": run.precision.amp, "channels_last": run.precision.channels_last}
    facts = facts | {"diagnosis": told} | _scores(G, images) | speed(run, run.precision.device) | how
    kept = ("data", "images", "budget", "seed", "steps_done")
    styles.save_generator(
        G, facts["networks"], out / "generator.pt", {name: facts[name] for name in kept} | facts["scores"]
    )
    write_facts(out, facts)
    return facts


def _scores(G, images: ImageSet) -> dict:
    """How good the samples are and how long the paths, by the set's classifier where it has one."""
    began = time.monotonic()
    count = min(_SCORED, len(images))
    score, reader = scorer(images, count), reader_of(images.name)
    with torch.no_grad():
        w = G.mapping(styles.draw_z(G, count, seed=1))
    found = {} if score is None else score(styles.drawn(G, w, same_noise=False)) | {"samples": count}
    seconds = time.monotonic() - began

    def apart(pictures: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        if reader is None:
            return styles.squared_distance(pictures, others)
        trunk = reader.classifier.trunk.to(pictures.device)
        seen = (trunk(reader.sized(part)).view(len(part), -1) for part in (pictures, others))
        return styles.squared_distance(*seen)

    paths = {
        space: styles.path_lengths(G, apart, space=space, count=_PATHS).mean().item() for space in ("z", "w")
    }
    return {
        "scores": {name: round(value, 4) for name, value in found.items()},
        "scores_seconds": round(seconds, 1),
        "path_length": paths | {"distance": "pixels" if reader is None else "the classifier's features"},
    }


def _say_scores(facts: dict, say: Callable[[str], None]) -> None:
    found, paths = facts["scores"], facts["path_length"]
    if found:
        say(
            f"{found['samples']:,} samples: Frechet distance {found['frechet']:.1f}, precision "
            f"{found['precision']:.2f}, recall {found['recall']:.2f}, coverage {found['coverage']:.2f}, "
            f"in {facts['scores_seconds']:.0f} s"
        )
    say(f"path length, by {paths['distance']}: {paths['z']:.1f} in z, {paths['w']:.1f} in w")


def _mixing(G) -> plots.Figure:
    """Figure 3: A on the left, B on top, and every A with B's coarse, middle or fine styles."""
    with torch.no_grad():
        w_a, w_b = (G.mapping(styles.draw_z(G, count, seed)) for count, seed in ((5, 2), (5, 3)))
    tables = {}
    a, b = styles.drawn(G, w_a), styles.drawn(G, w_b)
    for name, layers in styles.styles_by_size(G).items():
        table = styles.mixing_table(G, w_a, w_b, layers)
        rows = [torch.cat([torch.full_like(a[:1], 255), b])]
        rows += [torch.cat([first[None], mixed]) for first, mixed in zip(a, table, strict=True)]
        tables[f"{name} styles from the top, the others from the left"] = torch.cat(rows)
    return plots.gallery(tables, columns=len(b) + 1, max_width=10.2)


def _noise(G) -> plots.Figure:
    """Figure 4: what is left of the noise on average, one draw of it, and where it changes the image."""
    with torch.no_grad():
        w = G.mapping(styles.draw_z(G, 8, seed=4))
    mean, spread = styles.noise_effect(G, w, draws=_DRAWS)
    scale = 2 / max(float(spread.max()), 1e-6)
    rows = {
        "mean over noise": mean,
        "one draw": styles.drawn(G, w, seed=1, same_noise=False),
        f"deviation x {scale / 2:.0f}": (spread * scale - 1).expand_as(mean),
    }
    return plots.strips(rows, max_width=9)


def _truncation(G) -> plots.Figure:
    """Figure 8: from the image towards that of the mean style, and beyond it."""
    with torch.no_grad():
        w = G.mapping(styles.draw_z(G, 8, seed=4))
    return plots.strips(
        {f"psi {psi}": row for psi, row in styles.truncated(G, w, _PSIS).items()}, max_width=9
    )
