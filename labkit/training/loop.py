"""The passage of time in a training: steps, and between them what is logged, sampled, evaluated and saved.

The loop knows no networks, losses or data. A `Training` has them, and updates them when asked. Everything
that the next step depends on goes into the checkpoint, so that a run killed at any moment goes on to the
very same weights (bit for bit on the CPU). A run may go on on another device, with other random numbers.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from labkit.logbook import Logbook
from labkit.plots import tile
from labkit.training import checkpoints
from labkit.training.checkpoints import CheckpointError
from labkit.training.interrupts import Interruption

CHECKPOINT = "checkpoint.pt"


class TrainingError(RuntimeError):
    """A training that cannot go on; the message says what happened and what to try."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When the loop does what.

    Attributes:
        seed: of torch's random state in the run. The caller's own is left alone.
        log_every, sample_every: in steps; None is about 400 rows and 40 sample grids a run.
        evaluate_every: in steps; None is 20 times a run.
        checkpoint_seconds: between two checkpoints; one more before the first step and one at the end.
        progress: show a progress bar; a number is the least seconds between two redraws.
        about: facts about the run, numbers and strings; resuming demands the same ones.
    """

    seed: int = 0
    log_every: int | None = None
    sample_every: int | None = None
    evaluate_every: int | None = None
    checkpoint_seconds: float = 60.0
    progress: bool | float = True
    about: Mapping[str, object] = field(default_factory=dict)


@dataclass(kw_only=True)
class Training:
    """A training under way: what it trains, and how far it is. Each kind of training derives its own.

    Attributes:
        steps: updates to do. step: done so far.
        batches: endless data; with a folder, with ``state_dict`` and ``load_state_dict``, as
            `labkit.data.Batches` has them.
        frames: what `sample` gave, by step.
        seconds: spent in steps alone. images: seen in them.
        resumed_at: the step that it went on from, or None.
        samples_tag: where its samples are in the logbook. advice: what to try when it has broken down.
    """

    steps: int
    logbook: Logbook
    batches: Iterator
    step: int = 0
    frames: dict[int, torch.Tensor] = field(default_factory=dict)
    seconds: float = 0.0
    images: int = 0
    resumed_at: int | None = None

    samples_tag = "samples"
    advice = "Lower the learning rate."

    @property
    def images_per_second(self) -> float:
        """Images per second of training, pictures and checkpoints not counted."""
        return self.images / self.seconds if self.seconds else float("nan")

    @property
    def networks(self) -> dict[str, nn.Module]:
        """What is trained, by name: their weights must stay finite."""
        raise NotImplementedError

    def start(self) -> None:
        """Draw what a new run draws once. A resumed run finds it in its checkpoint."""

    def update(self, measured: bool) -> dict[str, torch.Tensor]:
        """One step of training, on the next batches; adds what it saw to ``images``.

        Returns:
            Numbers by tag, scalars on the device: the losses, whose tags begin with ``loss/`` and which must
            stay finite; if ``measured``, whatever else is to be logged. A tensor with more than one number
            is a distribution, logged as a histogram whenever samples are.
        """
        raise NotImplementedError

    def sample(self) -> torch.Tensor:
        """Images uint8 (N, C, H, W), or points (N, 2), on the CPU. Must leave the training as it was."""
        raise NotImplementedError

    def state_dict(self) -> dict:
        """All that the next step depends on, but for the batches: tensors, numbers and strings, nested."""
        raise NotImplementedError

    def load_state_dict(self, state: dict) -> None:
        """Go back to what `state_dict` gave; errors are torch's own."""
        raise NotImplementedError


class Loop:
    """What moves a training on, in a folder or in memory.

    Args:
        schedule: when to do what. A derived class may hold settings of the training as well: all fields but
            progress, checkpoint_seconds and about must be the same in a run that is resumed.
        folder: where to keep the checkpoint and the logbook; None keeps all in memory.
        resume: go on from the folder's checkpoint.
        logbook: to write to, in place of one in the folder.

    Raises:
        CheckpointError: no checkpoint to resume, one of other settings, or one that would be lost.
    """

    def __init__(
        self,
        schedule: Schedule,
        *,
        steps: int,
        device: torch.device,
        folder: Path | str | None = None,
        resume: bool = False,
        logbook: Logbook | None = None,
    ):
        self.schedule, self.device = schedule, device
        self.file = None if folder is None else Path(folder) / CHECKPOINT
        self.settings = checkpoints.settings(schedule, steps)
        self._saved = checkpoints.find(self.file, self.settings, resume)
        self.logbook = logbook or Logbook(folder, keep=resume)
        self._watch = torch.zeros((), device=device)  # the sum of all losses since it was last read
        self._latest: dict[str, torch.Tensor] = {}  # of the last measured step, what is more than a number
        self._clock = self._saved_at = 0.0
        self._logged = (0, 0.0)  # images and seconds when a row was last written

    def go(self, training: Training, evaluate: Callable[[], Mapping[str, float]] | None = None) -> None:
        """Take the steps that are left, from the start or from the checkpoint.

        Args:
            evaluate: further numbers to log by tag. It must leave the training as it was.

        Raises:
            CheckpointError: the checkpoint is of other networks.
            TrainingError: a loss or a weight is no longer finite. The last checkpoint is kept; the error's
                ``run`` is the training so far.
            KeyboardInterrupt: after the step under way and a checkpoint; its ``run`` is the training so far.
        """
        self.training = training
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(self.schedule.seed)
            try:
                self._begin()
                self._take_steps(evaluate)
            finally:
                self.logbook.flush()

    def state_dict(self) -> dict:
        """Everything that the next step depends on, the training's own state included."""
        training = self.training
        frames = list(training.frames.values())
        return {
            "settings": self.settings,
            "device": self.device.type,
            "step": training.step,
            "seconds": training.seconds,
            "images": training.images,
            "training": training.state_dict(),
            "batches": training.batches.state_dict(),
            "random": checkpoints.rng_state(self.device),
            "frame_steps": list(training.frames),
            "frames": torch.stack(frames) if frames else torch.empty(0),
            "logbook": self.logbook.state_dict(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Put back what `state_dict` gave.

        Raises:
            CheckpointError: it is of other networks or optimizers.
        """
        training = self.training
        training.step, training.seconds, training.images = state["step"], state["seconds"], state["images"]
        if state["device"] != self.device.type:
            warnings.warn(
                f"this run began on {state['device']} and goes on on {self.device.type}: from step "
                f"{training.step} with other random numbers, so not to the bit.",
                stacklevel=2,
            )
        try:
            training.load_state_dict(state["training"])
        except (RuntimeError, ValueError, KeyError) as error:
            why = str(error).splitlines()[0]
            raise CheckpointError(f"{self.file} is of other networks: {why}") from error
        training.batches.load_state_dict(state["batches"])
        checkpoints.set_rng_state(state["random"], self.device)
        training.frames = dict(zip(state["frame_steps"], state["frames"], strict=True))
        self.logbook.load_state_dict(state["logbook"])

    def _begin(self) -> None:
        saved, self._saved = self._saved, None  # it is large, and needed only here
        if saved is None:
            self.training.start()
            self._sample()
            self._save()
        else:
            self.load_state_dict(saved)
            self.training.resumed_at = self.training.step

    def _take_steps(self, evaluate: Callable[[], Mapping[str, float]] | None) -> None:
        training, schedule, steps = self.training, self.schedule, self.training.steps
        log_every = schedule.log_every or min(50, max(1, steps // 400))
        sample_every = schedule.sample_every or max(1, math.ceil(steps / 40))
        evaluate_every = schedule.evaluate_every or max(1, math.ceil(steps / 20))
        self._saved_at = self._clock = time.monotonic()
        self._logged = (training.images, training.seconds)
        with Interruption() as interruption, self._bar() as bar:
            while training.step < steps:
                step = training.step + 1
                logged = step % log_every == 0 or step in (1, steps)
                sampled = step % sample_every == 0 or step == steps
                numbers = self._update(measured=logged or sampled)
                training.step = step
                bar.update()
                if logged:
                    row = self._log(numbers)
                    losses = [f"{tag} {value:.2f}" for tag, value in row.items() if tag.startswith("loss/")]
                    bar.set_postfix_str(" ".join(losses), refresh=False)
                if sampled:
                    self._pause()
                    self._sample()
                    self._clock = time.monotonic()
                if evaluate is not None and (step % evaluate_every == 0 or step == steps):
                    self._pause()
                    self.logbook.scalars(step, evaluate())
                    self._clock = time.monotonic()
                if interruption.wanted:
                    self._interrupted()
                if step == steps or time.monotonic() - self._saved_at >= schedule.checkpoint_seconds:
                    self._pause()
                    self._save()
                    self._clock = time.monotonic()

    def _bar(self) -> tqdm:
        progress, training = self.schedule.progress, self.training
        shown, pace = (progress, {}) if isinstance(progress, bool) else (True, {"mininterval": progress})
        return tqdm(total=training.steps, initial=training.step, disable=not shown, unit="step", **pace)

    def _update(self, measured: bool) -> dict[str, torch.Tensor]:
        numbers = self.training.update(measured)
        for tag, value in numbers.items():
            if tag.startswith("loss/"):
                self._watch += value
        if measured or self.device.type == "cpu":
            self._check()  # on a GPU it waits for the device, so there only now and then
        if measured:
            self._latest = {tag: value for tag, value in numbers.items() if value.ndim}
        return numbers

    def _log(self, numbers: dict[str, torch.Tensor]) -> dict[str, float]:
        """Write a row and return it, without the speed."""
        self._pause()
        training = self.training
        scalars = {tag: value for tag, value in numbers.items() if not value.ndim}
        values = torch.stack(list(scalars.values())).tolist()  # to the host in one go
        row = {tag: value for tag, value in zip(scalars, values, strict=True) if not math.isnan(value)}
        images, seconds = training.images - self._logged[0], training.seconds - self._logged[1]
        speed = {"speed/images_per_second": images / max(seconds, 1e-9)}
        self.logbook.scalars(training.step, row | speed)
        self._logged = (training.images, training.seconds)
        return row

    def _sample(self) -> None:
        training = self.training
        training.frames[training.step] = frame = training.sample()
        if frame.ndim == 4:
            self.logbook.image(training.step, training.samples_tag, tile(frame))
        for tag, values in self._latest.items():
            self.logbook.histogram(training.step, tag, values)

    def _pause(self) -> None:
        """Stop the clock, once the device has done what it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        now = time.monotonic()
        self.training.seconds += now - self._clock
        self._clock = now

    def _check(self) -> None:
        if not math.isfinite(self._watch.item()):
            self._stop("a loss is not finite (nan or inf)")
        self._watch.zero_()

    def _stop(self, what: str) -> None:
        kept = f" The last checkpoint, {self.file}, is from before." if self.file else ""
        error = TrainingError(
            f"by step {self.training.step + 1} {what}: this training has broken down. "
            f"{self.training.advice}{kept}"
        )
        error.run = self.training
        raise error

    def _interrupted(self) -> None:
        self._pause()
        self._save()
        error = KeyboardInterrupt(f"stopped after step {self.training.step} of {self.training.steps}")
        error.run = self.training
        raise error

    def _save(self) -> None:
        if self.file is None:
            return
        self._check()
        networks = self.training.networks.values()
        if not all(bool(torch.isfinite(p).all()) for net in networks for p in net.parameters()):
            self._stop("a weight is not finite (nan or inf)")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.save(self.file, self.state_dict())
        self.logbook.flush()
        self._saved_at = time.monotonic()
