"""The loop itself: steps, and between them what is logged, sampled and saved."""

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from labkit.logbook import Logbook
from labkit.losses import Loss
from labkit.plots import tile
from labkit.training import checkpoints, precision, state
from labkit.training.interrupts import Interruption
from labkit.training.run import Options, Run, generate
from labkit.training.steps import TAGS, Seen, d_step, g_step, measure
from labkit.training.tap import Tap

CHECKPOINT = "checkpoint.pt"
Evaluate = Callable[[torch.Tensor], Mapping[str, float]]


class TrainingError(RuntimeError):
    """A training that cannot go on; the message says what happened and what to try."""


def train(
    G: nn.Module,
    D: nn.Module,
    *,
    d_loss: Loss,
    g_loss: Loss,
    batches: Iterator[torch.Tensor],
    steps: int,
    folder: Path | str | None = None,
    resume: bool = False,
    logbook: Logbook | None = None,
    g_optimizer: torch.optim.Optimizer | None = None,
    d_optimizer: torch.optim.Optimizer | None = None,
    evaluate: Evaluate | None = None,
    options: Options | None = None,
    **changes,
) -> Run:
    """Train G against D in place for ``steps`` updates of G, and return the run.

    Each step draws z, lets D learn on a real batch and on G(z) (``d_steps`` times, on fresh ones each
    time), and then lets G learn through the updated D on the last fakes.

    Args:
        d_loss, g_loss: ``loss(D, real, fake) -> scalar``; D may give logits or probabilities. They are
            computed in float32, whatever D computes in.
        batches: endless float batches (B, ...); with a folder, ``state_dict`` and ``load_state_dict`` too.
        folder: where to keep the checkpoint and the logbook; None keeps all in memory.
        resume: go on from the folder's checkpoint. Give networks of the same shapes.
        evaluate: numbers to log of samples as `generate` gives them, by tag: ``{"recall/g": 0.4}``. It sees
            G itself, never its running mean, which looks diverse where G only wanders.
        options, changes: see `Options`; ``train(..., ema=0.99)`` changes one of them.

    Raises:
        CheckpointError: no checkpoint to resume, one of other settings, or one that would be lost.
        TrainingError: a loss or a weight is no longer finite. The last checkpoint is kept; its ``run`` is
            the run so far.
        KeyboardInterrupt: after the step under way and a checkpoint; its ``run`` is the run so far.
    """
    options = replace(options or Options(), **changes)
    device = next(G.parameters()).device
    file = None if folder is None else Path(folder) / CHECKPOINT
    settings = state.settings(options, steps, device)
    saved = state.find(file, settings, resume)
    how = precision.choose(device, G, D, amp=options.amp, channels_last=options.channels_last)
    loop = Loop(
        run=Run(
            G=how.lay_out(G),
            D=how.lay_out(D),
            ema=copy.deepcopy(G).requires_grad_(False) if options.ema else None,
            logbook=logbook or Logbook(folder, keep=resume),
            steps=steps,
            precision=how,
            fixed_z=torch.empty(0),
        ),
        options=options,
        d_loss=d_loss,
        g_loss=g_loss,
        batches=batches,
        g_optimizer=g_optimizer or precision.adam(G, options.g_lr, options.betas),
        d_optimizer=d_optimizer or precision.adam(D, options.d_lr, options.betas),
        evaluate=evaluate,
        file=file,
        settings=settings,
    )
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(options.seed)
        try:
            loop.start(saved)
            loop.go()
        finally:
            loop.run.logbook.flush()
            for module in (G, D):
                module.to(memory_format=torch.contiguous_format)
            loop.align()
    return loop.run


@dataclass
class Loop:
    """A run together with what moves it on."""

    run: Run
    options: Options
    d_loss: Loss
    g_loss: Loss
    batches: Iterator[torch.Tensor]
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    evaluate: Evaluate | None
    file: Path | None
    settings: dict
    clock: float = 0.0
    saved_at: float = 0.0
    logged: tuple[int, float] = (0, 0.0)  # images and seconds when a row was last written
    scores: tuple[torch.Tensor, torch.Tensor] | None = None  # D's, of the last measured step
    tap: Tap = field(init=False)
    latent: torch.Generator = field(init=False)
    watch: torch.Tensor = field(init=False)  # the sum of all losses since it was last looked at

    def __post_init__(self):
        device = next(self.run.G.parameters()).device
        self.tap = Tap(self.run.D, self.run.precision)
        self.latent = torch.Generator(device).manual_seed(self.options.seed)
        self.watch = torch.zeros((), device=device)

    def align(self) -> None:
        for optimizer in (self.g_optimizer, self.d_optimizer):
            precision.align(optimizer)

    def start(self, saved: dict | None) -> None:
        self.align()
        if saved is not None:
            state.restore(self, saved)
            return
        self.run.fixed_z = self._z(self.options.samples)
        self._sample()
        self._save()

    def go(self) -> None:
        run, options = self.run, self.options
        log_every = options.log_every or min(50, max(1, run.steps // 400))
        sample_every = options.sample_every or max(1, math.ceil(run.steps / 40))
        evaluate_every = options.evaluate_every or max(1, math.ceil(run.steps / 20))
        shown = options.progress if isinstance(options.progress, bool) else True
        pace = {} if isinstance(options.progress, bool) else {"mininterval": options.progress}
        bar = tqdm(total=run.steps, initial=run.step, disable=not shown, unit="step", **pace)
        self.saved_at = self.clock = time.monotonic()
        self.logged = (run.images, run.seconds)
        with Interruption() as interruption, bar:
            while run.step < run.steps:
                step = run.step + 1
                logged = step % log_every == 0 or step in (1, run.steps)
                sampled = step % sample_every == 0 or step == run.steps
                numbers = self._step(logged or sampled)
                run.step = step
                bar.update()
                if logged:
                    self._log(numbers)
                    bar.set_postfix_str(f"loss/d {numbers[0]:.2f} loss/g {numbers[1]:.2f}", refresh=False)
                elif self.watch.device.type == "cpu":
                    self._check()  # on a GPU it would wait for the device, so there only now and then
                if sampled:
                    self._pause()
                    self._sample()
                    self.clock = time.monotonic()
                if self.evaluate is not None and (step % evaluate_every == 0 or step == run.steps):
                    self._pause()
                    run.logbook.scalars(step, self.evaluate(generate(run.G, self._probe_z())))
                    self.clock = time.monotonic()
                if interruption.wanted:
                    self._interrupted()
                if step == run.steps or time.monotonic() - self.saved_at >= options.checkpoint_seconds:
                    self._pause()
                    self._save()
                    self.clock = time.monotonic()

    def _step(self, measured: bool) -> list[float] | None:
        run, how = self.run, self.run.precision
        for turn in range(self.options.d_steps):
            real = how.lay_out_images(next(self.batches).to(how.device, non_blocking=True))
            z = self._z(len(real))
            # Only the last fakes teach G, so only they need the way back to its weights.
            with torch.set_grad_enabled(turn == self.options.d_steps - 1), how.autocast():
                fake = run.G(z)
            fake = fake.float()
            seen = Seen() if measured else None
            d_value = d_step(self.tap, self.d_loss, self.d_optimizer, real, fake, seen)
            run.images += len(real)
        g_value = g_step(self.tap, self.g_loss, self.g_optimizer, real, fake, seen)
        if run.ema is not None:
            _follow(run.ema, run.G, self.options.ema)
        self.watch += d_value + g_value
        if seen is None:
            return None
        self._check()
        self.scores = seen.scores
        return measure(self.tap, d_value, g_value, real, fake, seen)

    def _probe_z(self) -> torch.Tensor:
        """Fresh z for `evaluate`: the same at this step whether or not the run was ever interrupted."""
        own = torch.Generator(self.watch.device).manual_seed(self.options.seed + 1_000_003 * self.run.step)
        return self._z(self.options.evaluated, own)

    def _z(self, count: int, source: torch.Generator | None = None) -> torch.Tensor:
        source = source or self.latent
        inner = self.options.latent_shape or getattr(self.run.G, "latent_shape", None)
        if inner is None:
            raise ValueError("the shape of z is not known: pass latent_shape=(100, 1, 1), say.")
        shape, latent = (count, *inner), self.options.latent
        if callable(latent):
            return latent(shape, source).to(self.watch.device)
        z = torch.empty(shape, device=self.watch.device)
        return z.normal_(generator=source) if latent == "normal" else z.uniform_(-1, 1, generator=source)

    def _log(self, numbers: list[float]) -> None:
        self._pause()
        run = self.run
        row = {tag: value for tag, value in zip(TAGS, numbers, strict=True) if not math.isnan(value)}
        images, seconds = run.images - self.logged[0], run.seconds - self.logged[1]
        run.logbook.scalars(run.step, row | {"speed/images_per_second": images / max(seconds, 1e-9)})
        self.logged = (run.images, run.seconds)

    def _sample(self) -> None:
        run = self.run
        run.frames[run.step] = frame = run.sample()
        if frame.ndim == 4:
            run.logbook.image(run.step, "samples/fixed_z", tile(frame))
        if self.scores is not None:
            for name, scores in zip(("real", "fake"), self.scores, strict=True):
                run.logbook.histogram(run.step, f"logits/{name}", self.tap.as_logits(scores))

    def _pause(self) -> None:
        """Stop the clock, once the device has done what it was given."""
        if self.watch.device.type == "cuda":
            torch.cuda.synchronize(self.watch.device)
        now = time.monotonic()
        self.run.seconds += now - self.clock
        self.clock = now

    def _check(self) -> None:
        if math.isfinite(self.watch.item()):
            self.watch.zero_()
            return
        self._stop("a loss is not finite (nan or inf)")

    def _stop(self, what: str) -> None:
        kept = f" The last checkpoint, {self.file}, is from before." if self.file else ""
        error = TrainingError(
            f"by step {self.run.step + 1} {what}: this training has broken down. "
            f"Lower the learning rates, or use a loss on logits.{kept}"
        )
        error.run = self.run
        raise error

    def _interrupted(self) -> None:
        self._pause()
        self._save()
        error = KeyboardInterrupt(f"stopped after step {self.run.step} of {self.run.steps}")
        error.run = self.run
        raise error

    def _save(self) -> None:
        if self.file is None:
            return
        run = self.run
        self._check()
        if not all(bool(torch.isfinite(p).all()) for net in (run.G, run.D) for p in net.parameters()):
            self._stop("a weight is not finite (nan or inf)")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.save(self.file, state.capture(self))
        run.logbook.flush()
        self.saved_at = time.monotonic()


@torch.no_grad()
def _follow(mean: nn.Module, G: nn.Module, decay: float) -> None:
    """Move the running mean of G's weights; its buffers (batch statistics) are copied."""
    torch._foreach_lerp_(list(mean.parameters()), list(G.parameters()), 1 - decay)
    for kept, new in zip(mean.buffers(), G.buffers(), strict=True):
        kept.copy_(new)
