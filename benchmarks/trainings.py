"""What students are told of the trainings they run: recipes on faces, digits, CelebA and MNIST.

`diagnosis.py` plays many small games whose truth can be computed. A photograph has no such truth, so here
somebody has looked: `EYE` holds what the samples of each run show. The first part of a long training is a
short training, so that one of 1,000 steps is read at 100 and at 300 steps too.

    python benchmarks/trainings.py --celeba ZIP [--pictures FOLDER]

plays what has not been played before, about a quarter of an hour of processor time on one thread, and writes
the table into benchmarks/README.md. MNIST is what `labkit.data.load` finds or fetches. `CHOSEN_ON` and all
runs on faces and digits are those that the rule was chosen on.
"""

import argparse
import math
import pickle
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from diagnosis import late, loss_pair, told, write

from labkit import networks, plots, recipes
from labkit.commands.scores import evaluator
from labkit.data import Batches, load
from labkit.diagnosis import COLLAPSE, DIVERGED, EARLY, HEALTHY, VANISHING, WEAK, Column
from labkit.logbook import Logbook
from labkit.training import TrainingError, train
from labkit.training.observe import IMAGE_TAGS

KEPT = Path(tempfile.gettempdir(), "labkit-trainings")
# These led to changes of the rule, as did some of those on faces and digits; the others led to none.
CHOSEN_ON = (
    "smoothed, celeba",
    "fast, beta1 0.9, celeba",
    "beta1 0.9, mnist",
    "rates 0.1, mnist",
    "dense, celeba",
)


@dataclass(frozen=True, kw_only=True)
class Training:
    """A recipe on a data set, and what was changed to break it.

    Attributes:
        cuts: the numbers of steps at which it is read; the last is its length.
        size: pixels of a side. channels: of the convolutional pair. images: how many to load.
        batch: real images in a step; 0 is the recipe's.
        loss: of G and D in place of the recipe's. penalty: the weight of R1 + R2.
        changes: of the recipe's `labkit.training.Options`.
    """

    recipe: str
    data: str
    cuts: tuple[int, ...]
    size: int = 64
    channels: int = 16
    images: int = 4000
    batch: int = 0
    loss: str = ""
    penalty: float = 0.0
    changes: tuple[tuple[str, object], ...] = ()


def broken(
    data: str, cuts: tuple[int, ...], *, size: int = 64, loss="logits", penalty=0.0, **changes
) -> Training:
    """The DCGAN of `smoothed` with a loss and rates that break it."""
    return Training(
        recipe="smoothed", data=data, cuts=cuts, size=size, channels=32 if size == 64 else 16, loss=loss,
        penalty=penalty, changes=tuple(changes.items()),
    )  # fmt: skip


# What somebody saw in the samples, and which verdicts that allows.
EYE = {
    ("handout, faces", 100): ((EARLY,), "grey noise"),
    ("handout, faces", 300): ((EARLY,), "blurred faces under noise"),
    ("handout, faces", 1000): ((HEALTHY,), "faces of many kinds, grainy"),
    ("smoothed, celeba", 100): ((EARLY,), "grey noise"),
    ("smoothed, celeba", 500): ((EARLY,), "noise with the first silhouettes"),
    ("smoothed, celeba", 1000): ((EARLY, HEALTHY), "faces just recognisable"),
    ("D too slow, faces", 100): ((WEAK,), "one noisy pattern; D prefers it to faces"),
    ("D too slow, faces", 200): ((WEAK,), "one noisy pattern; D prefers it to faces"),
    ("D asleep, faces", 120): ((WEAK,), "noise; D prefers it to faces"),
    ("beta1 0.9, digits", 200): ((COLLAPSE,), "one garish pattern"),
    ("beta1 0.9, digits", 400): ((COLLAPSE,), "one pattern of dots"),
    ("tutorial, faces", 100): ((EARLY,), "grey noise, the first blots"),
    ("tutorial, faces", 300): ((EARLY, HEALTHY), "blurred faces"),
    ("fast, beta1 0.9, celeba", 100): ((EARLY, COLLAPSE), "one garish face-like pattern"),
    ("fast, beta1 0.9, celeba", 200): ((EARLY,), "another pattern, of some variety"),
    ("handout, digits", 100): ((EARLY,), "grey noise with the first strokes"),
    ("handout, digits", 300): ((HEALTHY,), "strokes, half of them digits"),
    ("handout, digits", 900): ((HEALTHY,), "digits of all kinds"),
    ("smoothed, digits", 100): ((EARLY,), "grey noise"),
    ("smoothed, digits", 300): ((EARLY,), "blurred strokes"),
    ("smoothed, digits", 900): ((HEALTHY,), "digits, many of them broken"),
    ("vanishing, faces", 120): ((VANISHING,), "the noise of a fresh G"),
    ("rates 0.1, faces", 100): ((DIVERGED,), "one red pattern"),
    ("handout, mnist", 100): ((EARLY,), "grey noise"),
    ("handout, mnist", 300): ((HEALTHY,), "strokes, half of them digits"),
    ("handout, mnist", 600): ((HEALTHY,), "digits of all kinds"),
    ("D asleep, celeba", 100): ((WEAK,), "one noisy pattern; D prefers it to faces"),
    ("critic, celeba", 100): ((DIVERGED,), "blots of some variety, but scores that run off"),
    ("vanishing, celeba", 100): ((VANISHING,), "the noise of a fresh G"),
    ("D too slow, mnist", 200): ((WEAK,), "one noisy pattern; D prefers it to digits"),
    ("D too slow, mnist", 400): ((WEAK,), "one noisy pattern; D prefers it to digits"),
    ("beta1 0.9, mnist", 200): ((COLLAPSE,), "one pattern of blots, more or less of it"),
    ("beta1 0.9, mnist", 400): ((EARLY, COLLAPSE), "blots, thick and thin"),
    ("rates 0.1, mnist", 100): ((EARLY,), "rough strokes of many kinds"),
    ("handout, celeba", 100): ((EARLY,), "grey noise"),
    ("handout, celeba", 300): ((EARLY,), "blurred faces, rather alike"),
    ("handout, celeba", 600): ((HEALTHY,), "faces of many kinds, blotchy"),
    ("dense, celeba", 100): ((EARLY,), "coloured noise"),
    ("tutorial, celeba", 100): ((EARLY,), "grey noise"),
    ("tutorial, celeba", 150): ((EARLY,), "noise with the first silhouettes"),
    ("smoothed, mnist", 100): ((EARLY,), "grey noise"),
    ("smoothed, mnist", 300): ((EARLY,), "blurred strokes"),
    ("smoothed, mnist", 600): ((EARLY, HEALTHY), "strokes like digits"),
    ("smoothed, celeba, long", 300): ((EARLY,), "the first silhouettes"),
    ("smoothed, celeba, long", 1600): ((HEALTHY,), "faces of many kinds"),
    ("tutorial, mnist", 100): ((EARLY,), "grey noise"),
    ("tutorial, mnist", 150): ((EARLY,), "noise with the first blots"),
    ("smoothed, faces", 100): ((EARLY,), "grey noise"),
    ("smoothed, faces", 300): ((EARLY,), "the first silhouettes"),
    ("smoothed, faces", 600): ((EARLY, HEALTHY), "faces just recognisable"),
    ("g_lr 5e-3, beta1 0.9, mnist", 200): ((COLLAPSE,), "one pattern of dots"),
    ("g_lr 5e-3, beta1 0.9, mnist", 600): ((EARLY, COLLAPSE), "thick blots, rather alike"),
    ("g_lr 4e-4, beta1 0.9, mnist", 200): ((EARLY,), "one grid of dots, grey"),
    ("g_lr 4e-4, beta1 0.9, mnist", 600): ((EARLY,), "blurred strokes under a grid"),
}  # fmt: skip


def trainings() -> dict[str, Training]:
    """All of them, by name."""
    T = Training
    return {
        "handout, faces": T(recipe="handout", data="faces", cuts=(100, 300, 1000)),
        "smoothed, celeba": T(recipe="smoothed", data="celeba", cuts=(100, 500, 1000)),
        "D too slow, faces": broken("faces", (100, 200), g_lr=2e-3, d_lr=2e-5),
        "D asleep, faces": broken("faces", (120,), d_lr=1e-7),
        "beta1 0.9, digits": broken("digits", (200, 400), size=32, g_lr=5e-3, d_lr=5e-4, betas=(0.9, 0.999)),
        "tutorial, faces": T(recipe="tutorial", data="faces", cuts=(100, 300), size=32),
        "fast, beta1 0.9, celeba": broken("celeba", (100, 200), g_lr=5e-3, d_lr=5e-4, betas=(0.9, 0.999)),
        "handout, digits": T(recipe="handout", data="digits", cuts=(100, 300, 900), size=32),
        "smoothed, digits": T(recipe="smoothed", data="digits", cuts=(100, 300, 900), size=32),
        "vanishing, faces": broken("faces", (120,), loss="saturating", d_steps=3, d_lr=1e-3),
        "rates 0.1, faces": broken("faces", (100,), g_lr=0.1, d_lr=0.1),
        "handout, mnist": T(recipe="handout", data="mnist", cuts=(100, 300, 600), size=32),
        "D asleep, celeba": broken("celeba", (100,), size=32, d_lr=1e-7),
        "critic, celeba": broken("celeba", (100,), size=32, loss="critic", d_lr=5e-3, g_lr=2e-3),
        "vanishing, celeba": broken("celeba", (100,), size=32, loss="saturating", d_steps=3, d_lr=1e-3),
        "D too slow, mnist": broken("mnist", (200, 400), size=32, g_lr=2e-3, d_lr=2e-5),
        "beta1 0.9, mnist": broken("mnist", (200, 400), size=32, g_lr=5e-3, d_lr=5e-4, betas=(0.9, 0.999)),
        "rates 0.1, mnist": broken("mnist", (100,), size=32, g_lr=0.1, d_lr=0.1),
        "handout, celeba": T(recipe="handout", data="celeba", cuts=(100, 300, 600), size=32),
        "dense, celeba": T(recipe="dense", data="celeba", cuts=(100,), batch=16),
        "tutorial, celeba": T(recipe="tutorial", data="celeba", cuts=(100, 150), size=32),
        "smoothed, mnist": T(recipe="smoothed", data="mnist", cuts=(100, 300, 600), size=32),
        "smoothed, celeba, long": T(recipe="smoothed", data="celeba", cuts=(300, 1600), size=32),
        "tutorial, mnist": T(recipe="tutorial", data="mnist", cuts=(100, 150), size=32),
        "smoothed, faces": T(recipe="smoothed", data="faces", cuts=(100, 300, 600), size=32),
        "g_lr 5e-3, beta1 0.9, mnist": broken("mnist", (200, 600), size=16, g_lr=5e-3, betas=(0.9, 0.999)),
        "g_lr 4e-4, beta1 0.9, mnist": broken("mnist", (200, 600), size=16, g_lr=4e-4, betas=(0.9, 0.999)),
    }  # fmt: skip


def play(training: Training, celeba: Path) -> dict:
    """Train, and return the columns, the sample grids by step and the time."""
    began, batch = time.process_time(), training.batch or recipes.find(training.recipe).real_batch
    recipe = recipes.find(training.recipe)
    place = str(celeba) if training.data == "celeba" else training.data
    images = load(place, size=training.size, count=training.images)
    torch.manual_seed(recipe.seed)
    channels = images.images.shape[1]
    if recipe.pair == "dense":
        G, D = recipe.networks("cpu", channels)
    else:
        G, D = networks.dcgan_pair(
            base_channels=training.channels, image_channels=channels, image_size=training.size,
            output="logits" if training.loss else recipe.output,
        )  # fmt: skip
    d_loss, g_loss = loss_pair(training) if training.loss else recipe.losses()
    log, steps = Logbook(), training.cuts[-1]
    evaluated = min(len(images.images), 250)
    options = recipe.options(**dict(training.changes))
    frames, error = {}, ""
    try:
        run = train(
            G, D, d_loss=d_loss, g_loss=g_loss, batches=Batches(images, batch, seed=recipe.seed),
            steps=steps, logbook=log, options=options, evaluate=evaluator(images, evaluated),
            evaluated=evaluated, evaluate_every=max(40, steps // 10), sample_every=_common(training.cuts),
            samples=36, log_every=max(1, steps // 400), progress=False,
        )  # fmt: skip
        frames = run.frames
    except TrainingError as broke:
        error, frames = str(broke), broke.run.frames
    return {
        "columns": {tag: log.column(tag) for tag in log.tags},
        "frames": {step: plots.tile(frame) for step, frame in frames.items()},
        "batch": batch * options.d_steps,
        "error": error,
        "seconds": time.process_time() - began,
    }


def _common(cuts: tuple[int, ...]) -> int:
    return next(n for n in (100, 50, 20, 10, 1) if all(cut % n == 0 for cut in cuts))


def _short(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "_")


def kept(name: str, training: Training, celeba: Path) -> dict:
    """Play a training, or fetch what was played: the rule can be chosen again at no cost."""
    file = KEPT / f"{_short(name)}.pickle"
    if file.is_file():
        return pickle.loads(file.read_bytes())
    played = play(training, celeba)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pickle.dumps(played))
    return played


def until(columns: dict[str, Column], step: int) -> dict[str, Column]:
    """The log of the training that ends at this step."""
    return {tag: (steps[steps <= step], values[steps <= step]) for tag, (steps, values) in columns.items()}


def row(name: str, training: Training, cut: int, played: dict) -> dict:
    """What a training of ``cut`` steps was, and what it is told."""
    columns = until(played["columns"], cut)
    fits, seen = EYE[name, cut]
    return {
        "name": name,
        "test": training.data in ("celeba", "mnist") and name not in CHOSEN_ON,
        "steps": cut,
        "images": cut * played["batch"],
        "roughness": late(columns, "roughness/g"),
        "diversity": late(columns, "diversity/g"),
        "coverage": columns["coverage/g"][1][-1] if "coverage/g" in columns else math.nan,
        "seen": seen,
        "fits": fits,
        "before": told({tag: column for tag, column in columns.items() if tag not in IMAGE_TAGS}),
        "told": told(columns),
    }


def report(rows: list[dict]) -> str:
    """The table, in Markdown."""

    def right(key: str, among: list[dict]) -> str:
        return f"{sum(row[key] in row['fits'] for row in among)} of {len(among)}"

    tuned, tested = ([row for row in rows if row["test"] is test] for test in (False, True))
    lines = [
        f"`python benchmarks/trainings.py`: {len({row['name'] for row in rows})} trainings, read at "
        f"{len(rows)} lengths. "
        f"Of those that the rule was chosen on, **{right('told', tuned)}** are told what the eye says "
        f"({right('before', tuned)} without *too early to tell*); of the others, **{right('told', tested)}** "
        f"({right('before', tested)}).",
        "",
        "| training | new | steps | images | roughness | diversity | classes | samples | by eye | told |",
        "|---|---|---:|---:|---:|---:|---:|---|---|---|",
    ]
    for row in [*tuned, *tested]:
        classes = "" if math.isnan(row["coverage"]) else f"{row['coverage']:.0%}"
        verdict = row["told"] if row["told"] in row["fits"] else f"**{row['told']}**"
        cells = [
            row["name"],
            "yes" if row["test"] else "",
            f"{row['steps']:,}",
            f"{row['images']:,}",
            f"{row['roughness']:.1f}",
            f"{row['diversity']:.2f}",
            classes,
            row["seen"],
            " or ".join(row["fits"]),
            verdict,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--celeba", type=Path, default=Path("celeba64.zip"), help="a folder or zip of its faces"
    )
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="where to put the samples")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name, training in trainings().items():
        played = kept(name, training, asked.celeba)
        print(f"{name}: {played['seconds']:.0f} s {played['error']}", flush=True)
        for cut in training.cuts:
            if asked.pictures and cut in played["frames"]:
                asked.pictures.mkdir(exist_ok=True)
                picture = asked.pictures / f"{_short(name)}-{cut}.png"
                picture.write_bytes(plots.png(played["frames"][cut]))
            rows.append(row(name, training, cut, played))
    write(report(rows), "trainings")


if __name__ == "__main__":
    main()
