"""The parts of `gpu.py`, in order of worth. A new lab adds a function and a line in `PARTS`.

A part is given a `Bench`: a device, seconds to spend, whether to play at toy size, and where to put what it
finds. It writes each result at once and plans its work by `Bench.left`: a machine may vanish at any moment.
"""

import ast
import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from labkit.files import write_bytes

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Bench:
    """Where a part works.

    Attributes:
        seconds: its share of the time. toy: everything as small as it gets, to try the part without a GPU.
        data: a folder or zip of pictures, or None for the faces that the kit draws.
        out: the report's folder. What the part finds is in ``<name>.json`` there, complete after every call.
    """

    name: str
    device: torch.device
    seconds: float
    toy: bool
    data: Path | None
    out: Path
    _found: dict = field(default_factory=lambda: {"text": [], "numbers": {}, "figures": {}})
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self):
        self._write()  # says that the part has begun

    @property
    def left(self) -> float:
        """Seconds of the share that are left; below 0 when it is spent."""
        return self.seconds - (time.monotonic() - self._started)

    def note(self, text: str, *, code: str = "", **numbers: float) -> None:
        """Add a paragraph to the report, with a block of code under it, and numbers to its JSON."""
        self._found["text"] += [text, ""]
        if code:
            self._found["text"] += ["```", *code.strip().splitlines(), "```", ""]
        self._found["numbers"] |= numbers
        self._write()
        print(f"    {text}", flush=True)

    def table(self, title: str, rows: list[dict[str, object]]) -> None:
        """Add a table, or put a longer version in the place of the one with the same title."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines = [f"**{title}**", "", f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
        lines += [f"| {' | '.join(_cell(row.get(name)) for name in names)} |" for row in rows]
        text = self._found["text"]
        if lines[0] in text:
            start = text.index(lines[0])
            end = text.index("", start + 2)
            text[start:end] = lines
        else:
            text += [*lines, ""]
        self._found["numbers"][title] = rows
        self._write()

    def figure(self, name: str, image: bytes, caption: str, *, ours: bool) -> None:
        """Add a picture. ``ours`` says that it was made of the kit's own images, and may be published."""
        file = f"{self.name}-{name}"
        write_bytes(self.out / file, image)
        self._found["figures"][file] = ours
        self._found["text"] += [f"![{caption}]({file})", ""]
        self._write()

    def _write(self) -> None:
        content = json.dumps(self._found, indent=1, ensure_ascii=False)
        write_bytes(self.out / f"{self.name}.json", content.encode())


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value).replace("|", "\\|").replace("\n", " ")


@dataclass(frozen=True)
class Part:
    """What it is called in the report, its share of the time against the others', and what it does."""

    title: str
    share: float
    run: Callable[[Bench], None]


# ---- the GPU and the CPU agree --------------------------------------------------------------------------


def checks(bench: Bench) -> None:
    """The tests marked gpu, and each public function of `labkit.metrics` on the device against the CPU."""
    from labkit import metrics

    functions = [n for n in metrics.__all__ if not isinstance(getattr(metrics, n), type)]
    examples = _metric_examples()
    if missing := set(functions) - set(examples):
        raise LookupError(f"no example in gpu_parts for the metrics {', '.join(sorted(missing))}")
    rows = []
    for name in functions:
        there, here = (_numbers(examples[name](torch.device(d))) for d in (bench.device, "cpu"))
        apart = ((there - here).abs() / here.abs().clamp(min=1e-3)).max().item()
        rows.append({"metric": name, "largest relative difference": apart, "agrees": apart < 1e-2})
        bench.table(f"Metrics on {bench.device.type} against the CPU", rows)
    if bad := [row["metric"] for row in rows if not row["agrees"]]:
        raise AssertionError(f"{', '.join(bad)}: the two devices differ")
    # Only those files: others may want packages of Jupyter, which need not be here.
    tests = sorted(ROOT.glob("tests/**/test_*.py"))
    files = [str(path) for path in tests if "mark.gpu" in path.read_text("utf-8")]
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-rs", "-m", "gpu", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    last = (done.stdout.strip().splitlines() or [done.stderr.strip()[-300:]])[-1].strip("= ")
    bench.note(f"pytest -m gpu: {last}", code=done.stdout[-2500:] if done.returncode else "")
    if done.returncode:
        raise AssertionError(f"pytest ended with {done.returncode}: {last}")


def _metric_examples() -> dict[str, Callable[[torch.device], object]]:
    from labkit import metrics
    from labkit.synthetic import mixtures

    generator = torch.Generator().manual_seed(1)
    centres = mixtures.ring_centres()
    points = centres.repeat(64, 1) + 0.05 * torch.randn(512, 2, generator=generator)
    real, fake = torch.randn(256, 24, generator=generator), 1.1 * torch.randn(256, 24, generator=generator)
    images = torch.rand(2, 48, 3, 16, 16, generator=generator) * 2 - 1
    labels = torch.randint(0, 10, (400,), generator=generator)
    shares = metrics.class_histogram(labels)

    def on(function, *tensors, **options):
        return lambda device: function(*(t.to(device) for t in tensors), **options)

    def on_gradients(function):
        def measured(device):
            net = nn.Sequential(nn.Linear(24, 8), nn.Linear(8, 1))
            with torch.no_grad():
                for n, p in enumerate(net.parameters()):
                    p.copy_(torch.linspace(-1, 1, p.numel()).view_as(p) / (n + 1))
            net.to(device)
            net(real.to(device)).square().mean().backward()
            return function({"D": net}) if function is metrics.gradient_norms else function(net.parameters())

        return measured

    return {
        "class_extents": on(metrics.class_extents, points[:400], labels),
        "class_histogram": on(metrics.class_histogram, labels),
        "class_kl": on(metrics.class_kl, shares),
        "classes_covered": on(metrics.classes_covered, shares),
        "density_coverage": on(metrics.density_coverage, real, fake),
        "diversity": on(metrics.diversity, images[0], images[1]),
        "duplicates": on(metrics.duplicates, images[0], images[1]),
        "frechet_distance": on(metrics.frechet_distance, real, fake),
        "gradient_norm": on_gradients(metrics.gradient_norm),
        "gradient_norms": on_gradients(metrics.gradient_norms),
        "high_quality": on(metrics.high_quality, points, centres, std=0.05),
        "kernel_distance": on(metrics.kernel_distance, real, fake),
        "mode_kl": on(metrics.mode_kl, points, centres),
        "modes_covered": on(metrics.modes_covered, points, centres, std=0.05),
        "modes_near": on(metrics.modes_near, points, centres),
        "neighbour_accuracy": on(metrics.neighbour_accuracy, points[:400], labels),
        "pairwise_distance": on(metrics.pairwise_distance, images[0]),
        "precision_recall": on(metrics.precision_recall, real, fake),
    }


def _numbers(found) -> torch.Tensor:
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, torch.Tensor):
        return found.detach().double().cpu().flatten()
    if hasattr(found, "__dataclass_fields__"):
        found = [getattr(found, name) for name in found.__dataclass_fields__]
    values = found if isinstance(found, list | tuple) else [found]
    return torch.cat([torch.as_tensor(v).detach().double().cpu().flatten() for v in values])


# ---- one training step ------------------------------------------------------------------------------------


def steps(bench: Bench) -> None:
    """Images per second and peak memory of each pair's training step: the kit and others, in turn."""
    from train_step import kit_blocks, tutorial_blocks

    from labkit import losses, networks
    from labkit.data import Batches

    size = 16 if bench.toy else 64
    pairs = {
        "DCGAN": (
            lambda: networks.dcgan_pair(
                base_channels=4 if bench.toy else 64, image_size=size, output="probability"
            ),
            4 if bench.toy else 128,
        ),
        "dense": (lambda: networks.dense_pair("probability"), 2 if bench.toy else 128),
    }
    rows: list[dict[str, object]] = []
    for name, (make, batch) in pairs.items():
        pixels = 64 if name == "dense" else size
        images = torch.randint(0, 256, (4 * batch, 3, pixels, pixels), dtype=torch.uint8)

        def fresh(make=make):
            torch.manual_seed(0)
            return [net.to(bench.device) for net in make()]

        def batches(images=images, batch=batch):
            return Batches(images, batch, device=bench.device, channels_last=True)

        contestants = {
            "the published loop": lambda n: tutorial_blocks(*fresh(), batches(), n),
            "the kit, float32": lambda n: kit_blocks(*fresh(), batches(), n, amp=False),
            "the kit, bfloat16": lambda n: kit_blocks(*fresh(), batches(), n, amp=True),
            "the kit, bfloat16, torch.compile": lambda n: kit_blocks(
                *(torch.compile(net) for net in fresh()), batches(), n, amp=True
            ),
            "bfloat16, the whole step as a CUDA graph": lambda n: _graph_blocks(
                *fresh(), batches(), n, losses.probability_losses()
            ),
        }
        if bench.toy:  # compiling takes longer than the rest of the toy run
            del contestants["the kit, bfloat16, torch.compile"]
            if name == "dense":  # which has no toy size
                del contestants["the kit, bfloat16"]
        given = bench.left / (2 if name == "DCGAN" else 1) / len(contestants)
        base = None
        for what, contestant in contestants.items():
            row: dict[str, object] = {"pair": name, "batch": batch, "step": what}
            try:
                speed, memory = _speed(bench, contestant, 0.6 * given)
            except Exception as error:  # what does not work here is a result as well
                row["remark"] = f"does not work here: {str(error).splitlines()[0][:90]}"
            else:
                base = base or speed
                row |= {"images/s": speed, "against the published": f"{speed / base:.2f}x"}
                row |= {"peak MiB": memory} if memory else {}
            rows.append(row)
            bench.table("Training step", rows)


def _speed(bench: Bench, contestant: Callable[[int], Iterator[float]], seconds: float) -> tuple[float, float]:
    """The best of several blocks after one that warms up, in images per second, and MiB at the peak."""
    cuda = bench.device.type == "cuda"
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    blocks = contestant(40 if cuda else 1)
    next(blocks)
    end, best = time.monotonic() + min(seconds, 8), 0.0
    while not best or time.monotonic() < end:
        best = max(best, next(blocks))
        if bench.toy:
            break
    return best, torch.cuda.max_memory_allocated() / 2**20 if cuda else 0.0


def _graph_blocks(G, D, batches, steps: int, both_losses) -> Iterator[float]:
    """The step of `labkit.training.adversarial`, recorded once and replayed: no Python between kernels."""
    if batches.device.type != "cuda":
        raise RuntimeError("graphs need a CUDA device")
    d_loss, g_loss = both_losses
    for net in (G, D):
        net.to(memory_format=torch.channels_last)
    d_optimizer, g_optimizer = (
        torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999), fused=True, capturable=True) for net in (D, G)
    )
    real = next(batches).clone()
    z = torch.randn(len(real), *G.latent_shape, device=batches.device)

    def step() -> None:
        def score(images):
            with torch.autocast("cuda", torch.bfloat16):
                return D(images).float()

        with torch.autocast("cuda", torch.bfloat16):
            fake = G(z)
        fake = fake.float()
        d_optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", enabled=False):
            d_loss(score, real, fake.detach()).backward()
        d_optimizer.step()
        g_optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", enabled=False):
            g_loss(score, real, fake).backward()
        g_optimizer.step()

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    while True:
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(steps):
            real.copy_(next(batches))
            z.normal_()
            graph.replay()
        torch.cuda.synchronize()
        yield steps * len(real) / (time.perf_counter() - started)


# ---- the way of the data ----------------------------------------------------------------------------------


def data_path(bench: Bench) -> None:
    """From files to batches on the device: the kit against `ImageFolder` with the reports' transforms."""
    import data_path as paths

    images = 64 if bench.toy else 4_000
    workers = (0,) if bench.toy else (0, 2, os.cpu_count() or 1)
    speeds = paths.measure(
        bench.data, images=images, batch=32 if bench.toy else 128, epochs=2 if bench.toy else 3,
        workers=workers, device=bench.device,
    )  # fmt: skip
    rows = [
        {"what": s.what, "the kit": s.kit, "ImageFolder": s.rival, "ratio": f"{s.ratio:.1f}x"} for s in speeds
    ]
    bench.table("Images per second onto the device, ImageFolder with its best number of workers", rows)


# ---- the recipes ------------------------------------------------------------------------------------------


def smoothed(bench: Bench) -> None:
    """As many of the report's 20 epochs as there is time for, at the published width, then its own loop."""
    rival_seconds = 0.15 * bench.left
    started = time.monotonic()
    run, folder = _train(bench, "smoothed", bench.left - rival_seconds - 8)
    wall = time.monotonic() - started
    seen = run["steps_done"] * run["settings"]["batch_size"]
    rows = [
        {
            "who": "the kit, from the files to the report's pictures",
            "images/s": seen / wall,
            "of the training alone": run["images_per_second"],
            "epochs": seen / run["images"],
            "seconds": wall,
        }
    ]
    title = "smoothed: images per second end to end"
    bench.table(title, rows)
    verdict = run["diagnosis"]["verdict"] or "none"
    bench.note(f"Diagnosis: {verdict}. {run['diagnosis']['reason']}")
    for name in ("samples.png", "losses.png", "progress.webp"):
        bench.figure(name, (folder / name).read_bytes(), f"smoothed: {name}", ours=bench.data is None)
    shutil.rmtree(folder)
    speed, steps = _published_loop(bench, rival_seconds)
    rows.append({"who": f"the report's loop, {steps} steps, decoding every epoch", "images/s": speed})
    bench.table(title, rows)


def recipes(bench: Bench) -> None:
    """The other recipes at their published sizes; one is killed and resumed, on the device and off it."""
    names = ("handout",) if bench.toy else ("tutorial", "handout", "dense")
    rows = []
    for place, name in enumerate(names):
        run, folder = _train(bench, name, 0.6 * bench.left / (len(names) - place))
        rows.append(
            {
                "recipe": name,
                "batch": run["settings"]["batch_size"],
                "steps": run["steps_done"],
                "images/s": run["images_per_second"],
                "bfloat16": run["bfloat16"],
                "diagnosis": run["diagnosis"]["verdict"] or "none",
            }
        )
        bench.table("Recipes at their published sizes", rows)
        if name == "handout":
            bench.figure("handout.png", (folder / "samples.png").read_bytes(), "handout", ours=not bench.data)
        shutil.rmtree(folder)
    _kill_and_resume(bench)


def vae(bench: Bench) -> None:
    """Both VAEs with the report's networks on drawn digits, for as many of its epochs as there is time."""
    from labkit import plots
    from labkit.data import Batches, load
    from labkit.networks import vae_pair
    from labkit.training import train_vae
    from labkit.variational import Shown, plane

    count, batch = (64, 32) if bench.toy else (60_000, 128)
    images, test = load("digits", count=count), load("digits-test", count=min(count, 10_000))
    shown = Shown(test.images, test.factors["digit"])
    rows: list[dict[str, object]] = []
    for place, (name, epochs) in enumerate({"VAE": 50, "conditional VAE": 40}.items()):
        conditional = name != "VAE"

        def trained(steps: int, conditional=conditional):
            torch.manual_seed(0)
            pair = (net.to(bench.device) for net in vae_pair(classes=10 if conditional else 0))
            labels = images.factors["digit"] if conditional else None
            return train_vae(
                *pair, batches=Batches(images, batch, device=bench.device, labels=labels), steps=steps,
                test=shown, conditional=conditional, evaluate_every=steps, progress=False,
            )  # fmt: skip

        trial = trained(2 if bench.toy else 300)
        seconds = 0.7 * bench.left / (2 - place)
        steps = max(trial.steps, int(seconds * trial.images_per_second / batch))
        run = trained(min(trial.steps if bench.toy else steps, epochs * (count // batch)))
        parts = {name: round(value, 2) for name, value in run.evaluate().items()}
        rows.append(
            {
                "network": name,
                "images/s": run.images_per_second,
                "epochs": round(run.images / count, 2),
                "-ELBO on test images": parts["test/total"],
                "reconstruction": parts["test/reconstruction"],
                "KL": parts["test/kl"],
            }
        )
        bench.table("The report's networks on drawn digits", rows)
        grid = plots.png(plots.tile(plane(run.decoder, label=3 if conditional else None), columns=10, gap=1))
        caption = "the latent plane" + (", asked for a 3" if conditional else "")
        bench.figure(f"{'c' * conditional}vae.png", grid, caption, ours=True)


def _train(bench: Bench, recipe: str, seconds: float) -> tuple[dict, Path]:
    """``labkit train`` for about this long, or to its end; returns ``run.json`` and the folder."""
    from labkit import recipes as published
    from labkit.data import load

    found, budget = published.find(recipe), _budget(bench)
    scale = found.scale(budget)
    count = len(load(_source(bench), size=scale.image_size, count=scale.images).images)
    full = found.steps(budget, count)
    if bench.toy:
        return _trained(bench, recipe, 8, bench.left + 60)
    trial, started = 300, time.monotonic()
    _, folder = _trained(bench, recipe, trial, seconds / 2)
    a_step = found.real_batch / _warm_speed(folder)  # seconds
    shutil.rmtree(folder)
    spent = time.monotonic() - started
    around = spent - trial * a_step  # the data, the start, the pictures: they come again
    steps = int(0.8 * (seconds - spent - around) / a_step)
    return _trained(bench, recipe, min(max(trial, steps), full), seconds - spent)


def _warm_speed(folder: Path) -> float:
    """Images per second in the later half of a run, from its log."""
    with open(folder / "metrics.csv", newline="") as rows:
        found = [float(row["speed/images_per_second"]) for row in csv.DictReader(rows)]
    return statistics.median(found[len(found) // 2 :])


def _trained(bench: Bench, recipe: str, steps: int, seconds: float) -> tuple[dict, Path]:
    """Train; stopped as by Ctrl-C when the time is up, with the pictures of what there is by then."""
    from labkit.commands.run_folder import train_into_folder

    folder = bench.out / f".{recipe}"
    shutil.rmtree(folder, ignore_errors=True)
    watch = threading.Timer(max(seconds, 1), os.kill, (os.getpid(), signal.SIGINT))
    watch.start()
    try:
        train_into_folder(
            recipe, _source(bench), budget=_budget(bench), steps=steps, out=folder, say=lambda line: None
        )
    except KeyboardInterrupt as stop:
        bench.note(f"{recipe}: {stop}, when its time was up.")
    finally:
        watch.cancel()
    return json.loads((folder / "run.json").read_text("utf-8")), folder


def _kill_and_resume(bench: Bench) -> None:
    """SIGKILL in the middle of `handout`, a resume on the device, and one of a checkpoint on the CPU."""
    steps = 20_000 if not bench.toy else 300
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary, "run")
        command = [sys.executable, "-m", "labkit.cli", "train", "handout", "--data", _source(bench)]
        command += ["--budget", _budget(bench), "--out", str(out), "--steps", str(steps)]
        killed_at = _killed(command, out, os.environ)
        on_device = _killed([*command, "--resume"], out, os.environ)
        without = os.environ | {"LABKIT_DEVICE": "cpu", "CUDA_VISIBLE_DEVICES": ""}
        off_it = _killed([*command, "--resume"], out, without)
    bench.note(
        f"`handout`, killed three times: resumed on {bench.device.type} from its checkpoint of step "
        f"{killed_at}, it got to that of step {on_device}; from there, resumed on the CPU, to step {off_it}."
    )
    if not killed_at < on_device < off_it:
        raise AssertionError("a resumed run did not get further than the one before")


def _killed(command: list[str], out: Path, environment: dict) -> int:
    """Start a training, kill it once a new checkpoint is there; returns the step of that checkpoint."""
    file = out / "checkpoint.pt"
    before = _step(file)
    hasty = [sys.executable, "-c", _HASTY, *command[3:]]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(hasty, env=environment, stdout=said, stderr=said)
        end = time.monotonic() + 90
        while _step(file) <= max(before, 0) and child.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        child.kill()
        child.wait()
        if (after := _step(file)) > max(before, 0):
            return after
        said.seek(0)
        raise AssertionError(f"no new checkpoint: {said.read().decode(errors='replace').strip()[-400:]}")


# As `labkit`, with a checkpoint every half second, so that a kill need not wait for a minute to pass.
_HASTY = """
import dataclasses, sys
from labkit import cli, recipes
of = recipes.Recipe.options
recipes.Recipe.options = lambda self, **more: dataclasses.replace(of(self, **more), checkpoint_seconds=0.5)
sys.exit(cli.main(sys.argv[1:]))
"""


def _step(file: Path) -> int:
    with contextlib.suppress(OSError):
        return torch.load(file, map_location="cpu", weights_only=True)["step"]
    return -1


def _source(bench: Bench) -> str:
    return str(bench.data) if bench.data else "faces"


def _budget(bench: Bench) -> str:
    return "smoke" if bench.toy else "gpu"


def _published_loop(bench: Bench, seconds: float) -> tuple[float, int]:
    """The report's own loop on the same pictures: ``ImageFolder``, every image decoded anew, no workers."""
    import data_path as paths
    from train_step import tutorial_blocks

    from labkit.networks import dcgan_pair

    most, batch = (64, 8) if bench.toy else (8_000, 32)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "set", "pictures")
        folder.mkdir(parents=True)
        paths.as_folder(bench.data, folder, most)
        loader = paths.published_loader(folder.parent, batch, workers=0)
        torch.manual_seed(0)
        width = 4 if bench.toy else 64
        G, D = (net.to(bench.device) for net in dcgan_pair(base_channels=width, output="probability"))
        blocks = tutorial_blocks(G, D, _Forever(loader, bench.device), 2 if bench.toy else 50)
        speeds, end = [next(blocks)], time.monotonic() + seconds
        while time.monotonic() < end and not bench.toy:
            speeds.append(next(blocks))
        counted = speeds[1:] or speeds
        return len(counted) / sum(1 / s for s in counted), (2 if bench.toy else 50) * len(counted)


class _Forever:
    """A DataLoader as an endless iterator of real batches on the device."""

    def __init__(self, loader, device: torch.device):
        self.device = device
        self._batches = (images.to(device) for _ in iter(int, 1) for images, _ in loader)

    def __next__(self) -> torch.Tensor:
        return next(self._batches)


# ---- the notebooks ----------------------------------------------------------------------------------------


def notebooks(bench: Bench) -> None:
    """Every solution notebook at budget gpu, each in a process of its own; their assertions count."""
    rows: list[dict[str, object]] = []
    paths = sorted((ROOT / "solutions").glob("[0-9][0-9]_*.ipynb"))
    failed = []
    for place, path in enumerate(paths[:1] if bench.toy else paths):
        given = bench.left / (len(paths) - place) if not bench.toy else 60
        if given < 5:
            rows.append({"notebook": path.stem, "outcome": "no time left for it"})
            bench.table("Solution notebooks", rows)
            continue
        cells = bench.out / f".{path.stem}.json"
        code = f"import gpu_parts; gpu_parts.run_notebook({str(path)!r}, {str(cells)!r})"
        environment = os.environ | {"LABKIT_BUDGET": "smoke" if bench.toy else "gpu"}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "benchmarks"), os.environ["PYTHONPATH"]])
        started = time.monotonic()
        outcome = "every cell ran"
        try:
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, cwd=path.parent, timeout=1.5 * given,
                capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                outcome = f"failed: {(done.stderr.strip().splitlines() or ['?'])[-1][:140]}"
                failed.append(path.stem)
        except subprocess.TimeoutExpired:
            outcome = "stopped: its time was up"
        told = json.loads(cells.read_text("utf-8")) if cells.exists() else {"seconds": [], "skipped": []}
        cells.unlink(missing_ok=True)
        slow = sorted(told["seconds"], key=lambda cell: -cell[1])[:3]
        rows.append(
            {
                "notebook": path.stem,
                "outcome": outcome,
                "seconds": round(time.monotonic() - started, 1),
                "code cells run": len(told["seconds"]),
                "slowest": ", ".join(f"{label} {seconds:.0f} s" for label, seconds in slow if seconds >= 1),
                "left out": ", ".join(told["skipped"]),
            }
        )
        bench.table("Solution notebooks", rows)
    if failed:
        raise AssertionError(f"these notebooks do not run to their end: {', '.join(failed)}")


def run_notebook(path: str, told: str) -> None:
    """Run the code cells of a notebook in this process, in order, and note how long each takes.

    Nothing of Jupyter is needed. Lines for IPython (``%``, ``!``) are left out, and so are statements that
    import a missing package of Jupyter or use what it would have given. Any other error ends it.
    """
    names = sys.modules["__main__"].__dict__
    names["display"] = lambda *_values, **_options: None
    seconds: list[tuple[str, float]] = []
    skipped: list[str] = []
    missing: set[str] = set()  # names that a missing package would have given
    for number, cell in enumerate(json.loads(Path(path).read_text("utf-8"))["cells"]):
        if cell["cell_type"] != "code":
            continue
        source = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", "".join(cell["source"]))
        label = next((line.strip("# ")[:40] for line in source.splitlines() if line.strip()), "empty")
        may_stop = "raises-exception" in cell.get("metadata", {}).get("tags", [])
        started = time.monotonic()
        for statement in ast.parse(source).body:
            code = compile(ast.Module([statement], []), f"{Path(path).stem}, cell {number}", "exec")
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(code, names)
            except ModuleNotFoundError as error:
                if (error.name or "").split(".")[0] not in _JUPYTER:
                    raise
                missing |= {alias.asname or alias.name for alias in getattr(statement, "names", ())}
                skipped.append(f"{ast.unparse(statement)[:60]} ({error.name} is missing)")
            except NameError as error:
                if error.name not in missing:
                    raise
                skipped.append(ast.unparse(statement)[:60])
            except Exception:
                if not may_stop:
                    raise
        seconds.append((label, round(time.monotonic() - started, 2)))
        write_bytes(Path(told), json.dumps({"seconds": seconds, "skipped": skipped}).encode())


_JUPYTER = ("IPython", "ipywidgets", "ipykernel", "traitlets")


PARTS = {
    "checks": Part("The GPU and the CPU agree", 1.0, checks),
    "steps": Part("One training step", 2.0, steps),
    "data": Part("The way of the data", 1.2, data_path),
    "smoothed": Part("smoothed: the report's 20 epochs", 3.0, smoothed),
    "recipes": Part("The other recipes, a kill and a resume", 3.0, recipes),
    "vae": Part("The VAE and the conditional VAE", 0.8, vae),
    "notebooks": Part("The solution notebooks at budget gpu", 5.0, notebooks),
}
