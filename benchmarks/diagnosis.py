"""Is the diagnosis right? Runs over seeds and settings: what their logs tell against what became of them.

Each run trains a small pair on the ring of eight or on digits. The *truth* comes from the networks and
samples at its end, never from what the setting was meant to show: see `truth`. It may use what no log
holds: the mixture's centres, a classifier of the digits, a second D. The *diagnosis* sees the logbook only,
once with the numbers measured on samples (recall, coverage), once without them.

    python benchmarks/diagnosis.py [--runs 60] [--first SEED] [--tuning]

prints the confusion table and every run that was misread, and writes them into benchmarks/README.md.
The thresholds were chosen on ``--tuning`` runs: other settings, other seeds.
"""

import argparse
import hashlib
import math
import pickle
import random
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from multiprocessing import Pool
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from labkit import losses, metrics
from labkit.classifiers import load_classifier
from labkit.data import Batches, load, to_unit
from labkit.diagnosis import COLLAPSE, DIVERGED, HEALTHY, VANISHING, VERDICTS, WEAK, DiagnosisError, diagnose
from labkit.logbook import Logbook
from labkit.networks import dcgan_pair, pair_2d
from labkit.synthetic.mixtures import ring, ring_centres
from labkit.training import TrainingError, generate, train

PROBED = 1000  # samples that the truth is measured on
SAMPLED = ("precision/g", "recall/g", "coverage/g", "class_kl/g")
UNCLEAR = "unclear"


@dataclass(frozen=True)
class Setting:
    """One way to train; the names are those of `labkit.training.train`."""

    name: str
    data: str = "ring"
    g_lr: float = 1e-3
    d_lr: float = 1e-3
    beta1: float = 0.5
    batch: int = 128
    steps: int = 1000
    d_steps: int = 1
    loss: str = "logits"
    penalty: float = 0.0
    ema: float = 0.0
    g_sgd: bool = False
    width: int = 0  # D's hidden units or channels; 0 is the usual number


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its columns, and what was measured at its end."""

    columns: dict
    facts: dict
    seconds: float


def digits(**changes) -> Setting:
    usual = {"data": "digits", "d_lr": 2e-4, "beta1": 0.0, "batch": 64, "steps": 300}
    return Setting(**(usual | changes))


def loss_pair(setting: Setting):
    if setting.loss == "saturating":
        d_loss, g_loss = losses.saturating_losses()
    elif setting.loss == "relativistic":
        d_loss, g_loss = losses.relativistic_losses()
    elif setting.loss == "smoothed":
        d_loss, g_loss = losses.logits_losses(0.9)
    elif setting.loss == "critic":  # Wasserstein's, without the limit on D's slope that it needs
        d_loss, g_loss = critic_losses()
    else:
        d_loss, g_loss = losses.logits_losses()
    return (losses.with_r1_r2(d_loss, setting.penalty) if setting.penalty else d_loss), g_loss


def critic_losses():
    def d_loss(D, real, fake):
        return D(fake.detach()).mean() - D(real).mean()

    def g_loss(D, real, fake):
        return -D(fake).mean()

    return d_loss, g_loss


class Bench:
    """Real data, and what is measured against it."""

    def __init__(self):
        self.points = ring(6000, seed=7)[0]
        self.centres = ring_centres()
        self.images = load("digits", size=16, count=4000)
        self.classifier = load_classifier("digits")
        self.features = {
            "ring": self.points[-PROBED:],
            "digits": self.classifier.features(enlarged(self.images.images[-PROBED:])),
        }

    def play(self, setting: Setting, seed: int) -> Outcome:
        """Train, and measure what came out."""
        began = time.process_time()
        torch.manual_seed(seed)
        if setting.data == "ring":
            G, D = pair_2d()
            if setting.width:
                D = pair_2d(hidden=setting.width)[1]
            batches = Batches(self.points, setting.batch, seed=seed)
        else:
            G, D = dcgan_pair(image_size=16, base_channels=16, latent_dim=32, image_channels=1)
            if setting.width:
                D = dcgan_pair(image_size=16, base_channels=setting.width, image_channels=1)[1]
            batches = Batches(self.images.images, setting.batch, seed=seed)
        fresh = [p.detach().clone() for p in G.parameters()]
        d_loss, g_loss = loss_pair(setting)
        log, broke = Logbook(), ""
        sgd = torch.optim.SGD(G.parameters(), lr=setting.g_lr) if setting.g_sgd else None
        try:
            train(
                G, D, d_loss=d_loss, g_loss=g_loss, batches=batches, steps=setting.steps, logbook=log,
                evaluate=lambda samples: self.evaluate(setting.data, samples), evaluated=300,
                evaluate_every=math.ceil(setting.steps / 12), log_every=max(1, setting.steps // 100),
                sample_every=setting.steps, g_optimizer=sgd, g_lr=setting.g_lr, d_lr=setting.d_lr,
                betas=(float(setting.beta1), 0.999), d_steps=setting.d_steps, ema=setting.ema, seed=seed,
                samples=8, amp=False, channels_last=False, progress=False,
            )  # fmt: skip
        except TrainingError as error:
            broke = str(error)
        facts = self.facts(setting, G, D, fresh, g_loss, seed) | {"broke": broke}
        if facts["finite"] and facts["sure"] < 0.6:
            facts["patient"] = self.patient(setting, G, D, d_loss, batches, seed)
        columns = {tag: log.column(tag) for tag in log.tags}
        return Outcome(columns, facts, time.process_time() - began)

    def patient(self, setting, G, D, d_loss, batches, seed) -> float:
        """D's edge (as ``sure``) once G has stood still for a fifth of the run, D learning as it did."""
        optimizer = torch.optim.Adam(D.parameters(), setting.d_lr, (float(setting.beta1), 0.999))
        chance = torch.Generator().manual_seed(seed + 1)
        for _ in range(setting.steps // 5 * setting.d_steps):
            real = next(batches)
            with torch.no_grad():
                fake = G(torch.randn(len(real), *G.latent_shape, generator=chance))
            optimizer.zero_grad()
            d_loss(D, real, fake).backward()
            optimizer.step()
        with torch.no_grad():
            real, fake = next(batches), G(torch.randn(len(real), *G.latent_shape, generator=chance))
            return edge(D(real), D(fake))

    def evaluate(self, data: str, samples: torch.Tensor) -> dict[str, float]:
        if data == "ring":
            seen, covered = samples, metrics.modes_near(samples, self.centres) / 8
            extra = {}
        else:
            seen = enlarged(samples)
            shares = metrics.class_histogram(self.classifier.read(seen)["digit"])
            seen, covered = self.classifier.features(seen), metrics.classes_covered(shares) / 10
            extra = {"class_kl/g": metrics.class_kl(shares)}
        found = metrics.precision_recall(self.features[data][: len(samples)], seen)
        return {"precision/g": found.precision, "recall/g": found.recall, "coverage/g": covered} | extra

    def facts(self, setting, G, D, fresh, g_loss, seed) -> dict:
        """What the truth is decided on: see `truth`."""
        finite = all(bool(torch.isfinite(p).all()) for net in (G, D) for p in net.parameters())
        facts = {"finite": finite}
        if not finite:
            return facts
        z = torch.randn(PROBED, *G.latent_shape, generator=torch.Generator().manual_seed(seed))
        moved = [(p.detach() - q).square().sum() for p, q in zip(G.parameters(), fresh, strict=True)]
        facts["moved"] = float((sum(moved) / sum(q.square().sum() for q in fresh)).sqrt())
        made = generate(G, z)
        if setting.data == "ring":
            real, fake, features = self.points[-PROBED:], made, made
            facts["scale"] = float(fake.square().sum(1).sqrt().median() / 2)
            facts["modes"] = metrics.modes_near(made, self.centres) / 8
            facts["precision"] = metrics.precision_recall(real, made).precision
            distance = torch.cdist(made, self.centres).min(1).values
            facts["off"] = float(distance.median())
        else:
            real, fake = to_unit(self.images.images[-PROBED:]), to_unit(made)
            features = self.classifier.features(enlarged(made))
            shares = metrics.class_histogram(self.classifier.read(enlarged(made))["digit"])
            facts["scale"], facts["modes"] = 1.0, metrics.classes_covered(shares) / 10
            facts["frechet"] = metrics.frechet_distance(self.features["digits"], features)
        measured = metrics.precision_recall(self.features[setting.data], features)
        facts |= {"precision": measured.precision, "recall": measured.recall}
        facts["diversity"] = metrics.diversity(fake, real)
        with torch.no_grad():
            on_real, on_fake = D(real), D(fake)
        facts["accuracy"] = float(((on_real > 0).float().mean() + (on_fake < 0).float().mean()) / 2)
        order = (on_real[:, None] > on_fake[None]).float() + 0.5 * (on_real[:, None] == on_fake[None]).float()
        facts["auc"] = float(order.mean())
        facts["sure"] = edge(on_real, on_fake)
        scores = torch.cat([on_real, on_fake])
        facts["logit"] = float((scores - scores.median()).abs().median())  # a common level means nothing
        scores = on_fake.clone().requires_grad_()
        (slope,) = torch.autograd.grad(g_loss(lambda x: scores if x is fake else on_real, real, fake), scores)
        facts["slope"] = float(slope.abs().sum())
        facts["judge"] = judge(features, self.features[setting.data], seed)
        return facts


def edge(on_real: torch.Tensor, on_fake: torch.Tensor) -> float:
    """Mean of sigmoid(D(x) - D(G(z))) over all pairs: 1 is sure and right, 0.5 blind, 0 sure and wrong."""
    return float(torch.sigmoid(on_real[:, None] - on_fake[None]).mean())


def judge(fake: torch.Tensor, real: torch.Tensor, seed: int) -> float:
    """How well a second D, trained on half of these samples, tells the other half: accuracy, 0.5 to 1."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(fake.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        net.append(nn.Linear(64, 1))
    x = torch.cat([real, fake.clamp(-50, 50)])
    y = torch.cat([torch.ones(len(real)), torch.zeros(len(fake))])
    seen = torch.arange(len(x)) % 2 == 0
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(80):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(net(x[seen])[:, 0], y[seen]).backward()
        optimizer.step()
    with torch.no_grad():
        return float(((net(x[~seen])[:, 0] > 0) == y[~seen].bool()).float().mean())


def enlarged(images: torch.Tensor) -> torch.Tensor:
    big = F.interpolate(images.float(), size=28, mode="bilinear", align_corners=False)
    return big.round().clamp(0, 255).to(torch.uint8)


def truth(data: str, facts: dict) -> str:
    """What a run came to, from its networks and samples at the end; `UNCLEAR` on the borders.

    - *Diverged*: something is not finite, half of D's logits lie over 50 from their median, or G's weights
      have moved by more than five times their length.
    - *Vanishing*: D ranks over 99 % of all pairs right, but the slope of G's loss at its logits is below
      0.02.
    - *Healthy*: at least 80 % of the modes (7 of the ring's 8), and samples that reach the data: half of
      them within 0.6 of a centre; on digits 1 % inside the real set (precision).
    - *Too weak*: a second D learns to tell the samples (over 80 % right), but D gives real images an edge
      below 0.6 (0.5 is blind), and still does after G has stood still for a fifth of the run: no D that G
      outran, but one that cannot tell.
    - Half the points at four times the radius or more: *too weak* if D's edge is below 0.6, else
      *diverged*.
    - *Collapse*: at most 65 % of the modes.
    """
    if facts["broke"] or not facts["finite"] or facts["logit"] > 50 or facts["moved"] > 5:
        return DIVERGED
    if facts["logit"] > 20:
        return UNCLEAR
    if facts["auc"] > 0.99 and facts["slope"] < 0.06:
        return VANISHING if facts["slope"] < 0.02 else UNCLEAR
    reached = facts["off"] <= 0.6 if data == "ring" else facts["precision"] >= 0.01
    if facts["modes"] >= 0.8 and reached:
        return HEALTHY
    if facts["scale"] > 4:
        return WEAK if facts["sure"] < 0.6 else DIVERGED
    if facts["judge"] > 0.8 and facts["sure"] < 0.6 and facts["patient"] < 0.6:
        return WEAK
    return COLLAPSE if facts["modes"] <= 0.65 else UNCLEAR


def tuning() -> list[Setting]:
    """The settings on whose runs the thresholds were chosen."""
    S = Setting
    return [
        S("equal rates"),
        S("R1 + R2", loss="relativistic", penalty=0.1, beta1=0.0, ema=0.99, g_lr=2e-3, d_lr=2e-3, steps=500),
        S("smoothed, large batch", loss="smoothed", batch=256),
        S("fast", g_lr=2e-3, d_lr=2e-3, batch=64, steps=500),
        S("D too slow", d_lr=1e-4, steps=600),
        S("D too slow", d_lr=7e-5, steps=500),
        S("D too slow, beta1 0", d_lr=1e-4, beta1=0.0, steps=500),
        S("D too slow, relativistic", d_lr=1e-4, loss="relativistic", steps=500),
        S("D runs away", g_lr=1e-4, steps=700),
        S("D runs away", g_lr=1e-4, d_lr=2e-3, steps=500),
        S("hasty", g_lr=0.02, d_lr=0.02, steps=400),
        S("saturating", loss="saturating", d_steps=5, steps=300),
        S("saturating, SGD", loss="saturating", d_steps=5, g_lr=1e-2, g_sgd=True, steps=300),
        S("saturating, slow G", loss="saturating", d_steps=3, d_lr=3e-3, g_lr=1e-4, steps=300),
        S("saturating, slow G", loss="saturating", d_steps=4, d_lr=2e-3, g_lr=3e-5, steps=300),
        S("D asleep", d_lr=1e-6, steps=500),
        S("D asleep", d_lr=1e-5, steps=500),
        S("D asleep", d_lr=1e-7, g_lr=3e-4, steps=400),
        S("D of two units", width=2, steps=400),
        S("R1 + R2 of 100", penalty=100.0, steps=400),
        S("R1 + R2 of 1,000", penalty=1000.0, steps=400),
        S("rates 1", g_lr=1.0, d_lr=1.0, steps=200),
        S("rates 0.3", g_lr=0.3, d_lr=0.3, steps=200),
        S("unbounded critic", loss="critic", d_lr=2e-2, steps=300),
        S("unbounded critic", loss="critic", d_lr=5e-3, g_lr=5e-3, steps=300),
        S("D's rate 3", d_lr=3.0, steps=200),
        digits(name="recipe"),
        digits(name="DCGAN's rates", g_lr=2e-4, d_lr=2e-4),
        digits(name="relativistic, R1 + R2", loss="relativistic", penalty=1.0),
        digits(name="beta1 0.9", g_lr=2e-4, beta1=0.9),
        digits(name="beta1 0.9, fast", g_lr=5e-3, beta1=0.9),
        digits(name="D too slow", g_lr=2e-3, d_lr=2e-5),
        digits(name="D asleep", g_lr=2e-3, d_lr=2e-6),
        digits(name="D asleep", g_lr=2e-4, d_lr=1e-7),
        digits(name="D of one channel", width=1),
        digits(name="R1 + R2 of 1,000", penalty=1000.0),
        digits(name="saturating, Adam", loss="saturating", d_steps=3, d_lr=1e-3),
        digits(name="saturating, SGD", loss="saturating", d_steps=3, d_lr=1e-3, g_sgd=True, g_lr=0.01),
        digits(name="D's rate 0.1", d_lr=0.1),
        digits(name="unbounded critic", loss="critic", d_lr=1e-3),
    ]  # fmt: skip


def drawn(seed: int) -> Setting:
    """A setting that nobody chose: its family by the seed's last digits, its numbers drawn by the seed."""
    rng = random.Random(seed)
    on_digits, aim = seed % 4 == 3, VERDICTS[seed // 4 % 5]

    def rate(low: float, high: float) -> float:
        return math.exp(rng.uniform(math.log(low), math.log(high)))

    batch, beta1 = rng.choice([64, 128, 256]), rng.choice([0.0, 0.5])
    common = {"batch": 64 if on_digits else batch, "beta1": 0.0 if on_digits else beta1}
    common["ema"] = rng.choice([0.0, 0.0, 0.98])
    make = digits if on_digits else Setting
    if aim == HEALTHY and on_digits:
        if rng.random() < 0.5:
            gamma = rate(0.5, 3)
            return make(**common, name=aim, loss="relativistic", penalty=gamma, g_lr=rate(7e-4, 1.5e-3))
        return make(**common, name=aim, g_lr=rate(8e-4, 1.5e-3), d_lr=rate(1.5e-4, 3e-4))
    if aim == HEALTHY:
        base = rate(1e-3, 2.5e-3)
        loss = rng.choice(["logits", "smoothed", "relativistic"])
        gamma = rate(0.05, 0.3) if loss == "relativistic" or rng.random() < 0.3 else 0.0
        rates = {"g_lr": base, "d_lr": base * rate(0.8, 1.5), "d_steps": rng.choice([1, 1, 2])}
        return make(**common, **rates, name=aim, loss=loss, penalty=gamma, steps=700)
    if aim == COLLAPSE and on_digits:
        base, fast = rate(1.5e-4, 6e-4), rng.random() < 0.3
        return make(**common | {"beta1": 0.9}, name=aim, g_lr=rate(3e-3, 8e-3) if fast else base, d_lr=2e-4)
    if aim == COLLAPSE:
        loss = rng.choice(["logits", "logits", "relativistic", "smoothed"])
        if rng.random() < 0.6:
            slow = rate(6e-5, 1.5e-4)
            return make(**common, name=aim, loss=loss, g_lr=slow * rate(7, 15), d_lr=slow, steps=600)
        return make(**common, name=aim, loss=loss, g_lr=rate(4e-5, 1.3e-4), d_lr=rate(1e-3, 3e-3), steps=600)
    if aim == VANISHING:
        short = {
            "steps": 120 if on_digits else 300,
            "d_steps": rng.choice([2, 3] if on_digits else [3, 4, 5]),
        }
        sgd = on_digits or rng.random() < 0.5
        g_lr = rate(1e-3, 3e-2) if sgd else rate(2e-5, 1e-4)
        return make(
            **common, **short, name=aim, loss="saturating", g_sgd=sgd, g_lr=g_lr, d_lr=rate(1e-3, 3e-3)
        )
    if aim == WEAK:
        how = rng.choice(["asleep", "asleep", "penalty", "narrow"])
        common["steps"] = 150 if on_digits and how == "penalty" else 200 if on_digits else 500
        if how == "asleep":
            return make(**common, name=aim, g_lr=rate(2e-4, 2e-3), d_lr=rate(1e-7, 3e-6))
        if how == "penalty":
            return make(**common, name=aim, penalty=rate(300, 2000) if on_digits else rate(60, 1000))
        return make(**common, name=aim, width=1 if on_digits else rng.choice([1, 2]))
    common["steps"] = 150 if on_digits else 250
    if rng.random() < 0.5:
        return make(**common, name=aim, loss="critic", d_lr=rate(5e-3, 5e-2), g_lr=rate(1e-3, 1e-2))
    return make(**common, name=aim, g_lr=rate(0.3, 3), d_lr=rate(0.3, 3))


def naive(columns: dict) -> str:
    """The rule that everybody thinks of: a small gradient has vanished, a small loss of D is a collapse."""
    if late(columns, "grad_norm/g") < 0.1:
        return VANISHING
    return COLLAPSE if late(columns, "loss/d") < 0.5 else HEALTHY


def first_rule(columns: dict) -> str:
    """The rule that the kit began with. Like `naive`, it knows three verdicts only."""
    if late(columns, "signal/g") < 0.02 and late(columns, "gap/d") > 4:
        return VANISHING
    lost = late(columns, "diversity/g") < 0.6 or late(columns, "recall/g") < 0.1
    return COLLAPSE if lost or late(columns, "coverage/g") < 0.4 else HEALTHY


def late(columns: dict, tag: str) -> float:
    if tag not in columns:
        return math.nan
    steps, values = columns[tag]
    return float(torch.tensor(values[steps > 0.8 * steps[-1]]).median())


def played(job: tuple[Setting, int]) -> tuple[Setting, int, Outcome]:
    """Play one run, or fetch it: thresholds can be chosen again at no cost."""
    setting, seed = job
    torch.set_num_threads(1)
    key = hashlib.sha256(repr((setting, seed)).encode()).hexdigest()[:16]
    file = Path(tempfile.gettempdir(), "labkit-diagnosis", key + ".pickle")
    if file.is_file():
        return setting, seed, Outcome(*pickle.loads(file.read_bytes()))
    outcome = _bench().play(setting, seed)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pickle.dumps((outcome.columns, outcome.facts, outcome.seconds)))
    return setting, seed, outcome


@cache
def _bench() -> Bench:
    return Bench()


def measured(jobs: Iterable[tuple[Setting, int]], workers: int, wanted: int) -> list[dict]:
    """Play runs until ``wanted`` of them have a clear truth; one row each, the unclear ones among them."""
    rows, clear = [], 0
    with Pool(workers) as pool:
        for setting, seed, outcome in pool.imap(played, jobs):
            rows.append(row := judged(setting, seed, outcome))
            clear += row["truth"] != UNCLEAR
            print(f"{len(rows):3} {line(row)}  {outcome.seconds:.0f} s", flush=True)
            if clear == wanted:
                pool.terminate()
                break
    return rows


def judged(setting: Setting, seed: int, outcome: Outcome) -> dict:
    bare = {tag: column for tag, column in outcome.columns.items() if tag not in SAMPLED}
    return {
        "setting": setting,
        "seed": seed,
        "truth": truth(setting.data, outcome.facts),
        "told": told(outcome.columns),
        "bare": told(bare),
        "naive": naive(outcome.columns),
        "first": first_rule(outcome.columns),
        "facts": outcome.facts,
    }


def told(columns: dict) -> str:
    try:
        return diagnose(columns).verdict
    except DiagnosisError as error:
        return f"({error})"


def line(row: dict) -> str:
    mark = " " if row["told"] == row["truth"] else "?" if row["truth"] == UNCLEAR else "X"
    return f"{mark} {row['seed']} {row['setting'].data:6} truth {row['truth']:31} told {row['told']}"


def report(rows: list[dict], command: str) -> str:
    """The confusion table and the misread runs, in Markdown."""
    clear = [row for row in rows if row["truth"] != UNCLEAR]
    count = len(clear)

    def right(key: str, among: Iterable[str] = VERDICTS) -> str:
        some = [row for row in clear if row["truth"] in among]
        return f"{sum(row[key] == row['truth'] for row in some)} of {len(some)}"

    hits = sum(row["told"] == row["truth"] for row in clear)
    lines = [
        f"`{command}`: {len(rows)} runs, of which {len(rows) - count} ended on a border where the truth "
        f"itself is unclear and are left out. **{hits} of {count} right ({hits / count:.0%}).**",
        "",
        "| what the run was | " + " | ".join(VERDICTS) + " | none |",
        "|---|" + "---:|" * (len(VERDICTS) + 1),
    ]
    for verdict in VERDICTS:
        mine = [row["told"] for row in clear if row["truth"] == verdict]
        cells = [mine.count(other) for other in VERDICTS]
        lines.append(
            f"| {verdict} | " + " | ".join(str(n or "·") for n in [*cells, len(mine) - sum(cells)]) + " |"
        )
    three = (HEALTHY, COLLAPSE, VANISHING)
    lines += [
        "",
        "| rule, on the same runs | all five verdicts | the runs whose truth is one of the first three |",
        "|---|---:|---:|",
        f"| the diagnosis, with numbers measured on samples | {right('told')} | {right('told', three)} |",
        f"| the diagnosis, without numbers measured on samples | {right('bare')} | {right('bare', three)} |",
        f"| the first rule (three verdicts) | {right('first')} | {right('first', three)} |",
        f"| the naive rule (three verdicts) | {right('naive')} | {right('naive', three)} |",
        "",
    ]
    wrong = [row for row in clear if row["told"] != row["truth"]]
    lines += ["Misread:" if wrong else "None was misread.", ""]
    for row in wrong:
        s, usual = row["setting"], Setting("")
        changes = [
            f"{f.name} {getattr(s, f.name):.3g}"
            if isinstance(getattr(s, f.name), float)
            else f"{f.name} {getattr(s, f.name)}"
            for f in fields(s)
            if f.name not in ("name", "data") and getattr(s, f.name) != getattr(usual, f.name)
        ]
        lines.append(
            f"- seed {row['seed']}, {s.data} ({', '.join(changes)}): {row['truth']}, told {row['told']}"
        )
    return "\n".join(lines).rstrip() + "\n"


def write(text: str, name: str) -> None:
    """Put a report between the markers of this name in the README beside this script."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    file = Path(__file__).with_name("README.md")
    before, _, rest = file.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    file.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=60, help="how many with a clear truth")
    parser.add_argument("--first", type=int, default=2000, metavar="SEED", help="the seeds go on from here")
    parser.add_argument("--tuning", action="store_true", help="the runs the thresholds were chosen on")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time")
    asked = parser.parse_args()
    if asked.tuning:
        jobs = [(setting, 100 + index) for index, setting in enumerate(tuning())]
        print(report(measured(jobs, asked.workers, len(jobs)), "--tuning"))
        return
    jobs = ((drawn(seed), seed) for seed in range(asked.first, asked.first + 10 * asked.runs))
    text = report(
        measured(jobs, asked.workers, asked.runs),
        f"python benchmarks/diagnosis.py --runs {asked.runs} --first {asked.first}",
    )
    print("\n" + text)
    write(text, "diagnosis")


if __name__ == "__main__":
    main()
