"""Training translators between two kinds of images, without pairs (Zhu et al., 2017, arXiv:1703.10593).

`TranslationRun.train_step` is the step of lab 07. The loop around it, which logs, saves and resumes, is in
`labkit.training.loop`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, mse_loss

from labkit.logbook import Logbook
from labkit.training.loop import Loop, Schedule, Training
from labkit.training.pool import ImagePool
from labkit.training.precision import Precision, adam, align, choose, frozen
from labkit.translation import errors, round_trips

GAMES = ("least squares", "cross-entropy")
Network = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class TranslationOptions(Schedule):
    """How to train. Any field, and any of `Schedule`, can be given to `train_translation` by its name.

    Attributes:
        lr: Adam's learning rate, for all four networks. betas: its decay rates.
        decay_from: share of the steps after which the rate falls in a straight line, to 0 at the end.
        cycle: weight of the cycle loss; 0 for none.
        identity: weight of the identity loss; the paper has 5 for paintings, half of ``cycle``. 0 for none.
        warm_up: how many steps, at the start, both generators only learn to leave images alone. The games
            and the cycle allow an inverted world too; this start leads away from it.
        game: ``"least squares"`` (Mao et al., 2017) or ``"cross-entropy"``, on logits.
        pool: fakes of earlier steps that each critic also learns from (Shrivastava et al., 2017); 0 for none.
        samples: images of each test set that are translated for the log.
        amp, channels_last: ``"auto"``, True or False; bfloat16 and the memory layout.
    """

    lr: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    decay_from: float = 0.5
    cycle: float = 10.0
    identity: float = 5.0
    warm_up: int = 0
    game: str = "least squares"
    pool: int = 50
    samples: int = 8
    amp: bool | str = "auto"
    channels_last: bool | str = "auto"

    def __post_init__(self):
        # Adam needs both of one type, and (0, 0.999) is a natural thing to write.
        object.__setattr__(self, "betas", tuple(float(beta) for beta in self.betas))
        if self.game not in GAMES:
            raise ValueError(f"game {self.game!r} is neither {' nor '.join(map(repr, GAMES))}.")
        if not 0 < self.decay_from <= 1:
            raise ValueError(f"decay_from {self.decay_from} is a share of the steps, above 0 and at most 1.")
        for name in ("cycle", "identity", "warm_up", "pool"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 0.")
        if self.samples < 1:
            raise ValueError(f"samples {self.samples} must be at least 1.")


@dataclass(kw_only=True)
class TranslationRun(Training):
    """A training of G (A to B) and F (B to A) under way, and what is left of it; see `Training`.

    Attributes:
        D_A, D_B: the critics, of images of A and of B.
        fakes_a, fakes_b: the pools that the critics learn from.
        test_a, test_b: uint8 (N, C, H, W) that are not trained on. truly_paired: whether image i of both
            shows the same.
    """

    G: nn.Module
    F: nn.Module
    D_A: nn.Module
    D_B: nn.Module
    optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    fakes_a: ImagePool
    fakes_b: ImagePool
    test_a: torch.Tensor
    test_b: torch.Tensor
    truly_paired: bool
    options: TranslationOptions
    precision: Precision

    samples_tag = "samples/translations"
    advice = "Lower the learning rate."

    def train_step(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
        """Update G and F against the critics, then both critics, on images (B, C, H, W) in [-1, 1]."""
        G, F, D_A, D_B = (self.precision.mixed(net) for net in (self.G, self.F, self.D_A, self.D_B))
        options = self.options
        own_a, own_b = ([a], [b]) if options.identity else ([], [])

        with frozen(self.D_A), frozen(self.D_B), self.precision.shared_casts():
            # What goes through the same network goes in one batch: the same numbers, in less time.
            fake_b, *same_b = together(G, a, *own_b)
            fake_a, back_a, *same_a = together(F, b, fake_b, *own_a)
            back_b = G(fake_a)

            g_loss, f_loss = self.judged(D_B(fake_b), True), self.judged(D_A(fake_a), True)
            cycle_a, cycle_b = l1_loss(back_a, a), l1_loss(back_b, b)
            loss = g_loss + f_loss + options.cycle * (cycle_a + cycle_b)
            for same, own in zip(same_a + same_b, own_a + own_b, strict=True):
                loss = loss + options.identity * l1_loss(same, own)

        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

        with self.precision.shared_casts():
            d_a_loss = self.critic_loss(D_A, a, self.fakes_a.swap(fake_a.detach()))
            d_b_loss = self.critic_loss(D_B, b, self.fakes_b.swap(fake_b.detach()))

        self.d_optimizer.zero_grad()
        (d_a_loss + d_b_loss).backward()
        self.d_optimizer.step()

        losses = {"loss/g": g_loss, "loss/f": f_loss, "loss/d_a": d_a_loss, "loss/d_b": d_b_loss}
        losses |= {"loss/cycle_a": cycle_a, "loss/cycle_b": cycle_b}
        return {tag: value.detach() for tag, value in losses.items()}

    def warm_up_step(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
        """Update G and F towards leaving a and b alone."""
        with self.precision.shared_casts():
            loss = l1_loss(self.precision.mixed(self.G)(a), a) + l1_loss(self.precision.mixed(self.F)(b), b)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss/warm_up": loss.detach()}

    def critic_loss(self, D: Network, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """Half of what D gets wrong about real images and about fakes, as in the paper: a slower critic."""
        on_real, on_fake = together(D, real, fake)
        return 0.5 * (self.judged(on_real, True) + self.judged(on_fake, False))

    def judged(self, logits: torch.Tensor, real: bool) -> torch.Tensor:
        """The loss of these logits (B, 1, P, P) if they should say ``real``."""
        target = torch.full_like(logits, float(real))
        loss = mse_loss if self.options.game == "least squares" else binary_cross_entropy_with_logits
        return loss(logits, target)

    def update(self, measured: bool) -> dict[str, torch.Tensor]:
        """One step on the next batches, at the rate of this step."""
        rate = self.options.lr * rate_factor(self.step / self.steps, self.options.decay_from)
        for group in (*self.optimizer.param_groups, *self.d_optimizer.param_groups):
            group["lr"] = rate
        a, b = (self.precision.lay_out_images(batch) for batch in next(self.batches))
        self.images += len(a) + len(b)
        return self.train_step(a, b) if self.step >= self.options.warm_up else self.warm_up_step(a, b)

    def evaluate(self) -> dict[str, float]:
        """The errors on the test images, by tag; see `labkit.translation.errors`."""
        found = errors(self.G, self.F, self.test_a, self.test_b, truly_paired=self.truly_paired)
        return {f"test/{name}": value for name, value in found.items() if name != "l1_identity"}

    def shown(self) -> dict[str, torch.Tensor]:
        """The first test images, translated and back: see `labkit.translation.round_trips`."""
        count = self.options.samples
        return round_trips(self.G, self.F, self.test_a[:count], self.test_b[:count])

    def sample(self) -> torch.Tensor:
        """The rows of `shown`, as one tensor: uint8 (N, C, H, W)."""
        return torch.cat(list(self.shown().values()))

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"G": self.G, "F": self.F, "D_A": self.D_A, "D_B": self.D_B}

    def state_dict(self) -> dict:
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        for optimizer in (self.optimizer, self.d_optimizer):
            align(optimizer)
        for pool in (self.fakes_a, self.fakes_b):
            pool.to(self.precision.device)

    def _parts(self) -> dict:
        optimizers = {"optimizer": self.optimizer, "d_optimizer": self.d_optimizer}
        return self.networks | optimizers | {"fakes_a": self.fakes_a, "fakes_b": self.fakes_b}


def train_translation(
    G: nn.Module,
    F: nn.Module,
    D_A: nn.Module,
    D_B: nn.Module,
    *,
    batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
    steps: int,
    test_a: torch.Tensor,
    test_b: torch.Tensor,
    truly_paired: bool = False,
    folder: Path | str | None = None,
    resume: bool = False,
    logbook: Logbook | None = None,
    options: TranslationOptions | None = None,
    **changes,
) -> TranslationRun:
    """Train two translators and their critics in place for ``steps`` updates, and return the run.

    Args:
        G: images of A (B, C, H, W) in [-1, 1] to images of B. F: of B to A. D_A, D_B: images to logits, of
            any shape.
        batches: endless pairs of batches, one of A and one of B: see `labkit.data.PairBatches`.
        test_a, test_b: uint8 (N, C, H, W), translated for the log now and then.
        truly_paired: whether test_a[i] and test_b[i] show the same, so that the error is known.
        folder, resume, logbook: as in `labkit.training.train`.
        options, changes: see `TranslationOptions`; ``train_translation(..., cycle=0)`` changes one of them.

    Raises:
        ValueError: test images that are said to be pairs and differ in number.
        CheckpointError, TrainingError, KeyboardInterrupt: as `labkit.training.train` raises them.
    """
    options = replace(options or TranslationOptions(), **changes)
    if truly_paired and len(test_a) != len(test_b):
        raise ValueError(f"{len(test_a)} test images of A and {len(test_b)} of B cannot be pairs.")
    device = next(G.parameters()).device
    networks, critics = nn.ModuleList([G, F]), nn.ModuleList([D_A, D_B])
    how = choose(device, networks, critics, amp=options.amp, channels_last=options.channels_last)
    loop = Loop(options, steps=steps, device=device, folder=folder, resume=resume, logbook=logbook)
    optimizers = adam(networks, options.lr, options.betas), adam(critics, options.lr, options.betas)
    with how.laid_out((G, F, D_A, D_B), optimizers):
        run = TranslationRun(
            steps=steps,
            logbook=loop.logbook,
            batches=batches,
            G=G,
            F=F,
            D_A=D_A,
            D_B=D_B,
            optimizer=optimizers[0],
            d_optimizer=optimizers[1],
            fakes_a=ImagePool(options.pool, options.seed),
            fakes_b=ImagePool(options.pool, options.seed + 1),
            test_a=test_a,
            test_b=test_b,
            truly_paired=truly_paired,
            options=options,
            precision=how,
        )
        loop.go(run, evaluate=run.evaluate)
    return run


def together(network: Network, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What the network makes of several batches of one size, in one pass."""
    return network(torch.cat(images)).chunk(len(images))


def rate_factor(done: float, decay_from: float) -> float:
    """The learning rate's factor once a share ``done`` of the steps is done: 1, then falling to 0."""
    return min(1.0, (1 - done) / (1 - decay_from)) if decay_from < 1 else 1.0
