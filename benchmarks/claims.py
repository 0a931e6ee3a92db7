"""What labs 05 to 08 claim, on seeds that were not used to choose the settings: one row for each claim.

    python benchmarks/claims.py [--seeds N] [--first N] [--only ring|digits|plane|recolouring|styles]

Prints a Markdown table: the claim and its settings, the value of every seed (of more than ten, the spread),
the bar, the worst seed and its margin, the verdict. A claim holds when no seed misses the bar, or of 100 at
most one. Exit code 1 when a claim fails. The settings are those of `labkit.games.experiments`, and for lab
08 (with LABKIT_BUDGET=smoke) the cells of its solution, so the labs and this table cannot drift apart. Rates
were chosen on seeds from 100 on, so stay below.
"""

import argparse
import contextlib
import io
import itertools
import operator
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat

from labkit.diagnosis import HEALTHY, POSTERIOR_COLLAPSE, diagnose
from labkit.games import experiments as shown
from labkit.games import frozen_generator, learn_plane, movement, play_digits, play_ring, recolouring
from labkit.games import plane as planes

_HOLDS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt, "=": operator.eq}


@dataclass(frozen=True)
class Row:
    """One claim and what came of it.

    Attributes:
        claim: in words, with the settings. values: one for each seed.
        sign, bar: every value must be ``sign`` ``bar``, say "<=" 3.
        counted: whole numbers, whose margin is a difference; else a factor.
    """

    claim: str
    values: list[float]
    sign: str
    bar: float
    counted: bool = False

    @property
    def worst(self) -> float:
        """The value nearest to the wrong side of the bar; for "=" the one farthest from it."""
        if any(value != value for value in self.values):
            return float("nan")
        if self.sign == "=":
            return max(self.values, key=lambda value: abs(value - self.bar))
        return max(self.values) if "<" in self.sign else min(self.values)

    @property
    def missed(self) -> int:
        """How many seeds miss the bar; a NaN always does."""
        return sum(not _HOLDS[self.sign](value, self.bar) for value in self.values)

    @property
    def holds(self) -> bool:
        """Whether every seed keeps to the bar; of each full hundred one may miss it."""
        return self.missed <= len(self.values) // 100

    @property
    def margin(self) -> str:
        """How far the worst seed is on the right side: a difference, or "2.1x"."""
        if self.counted:
            away = self.worst - self.bar
            return f"{away if '>' in self.sign else -away:+g}" if self.sign != "=" else f"{-abs(away):g}"
        if not self.worst or not self.bar:
            return "-"
        return f"{self.bar / self.worst if '<' in self.sign else self.worst / self.bar:.2f}x"

    def line(self) -> str:
        """The claim as a row of the table."""
        values = " ".join(f"{value:.3g}" for value in self.values)
        if len(self.values) > 10:
            low, middle, high = (f(self.values) for f in (min, statistics.median, max))
            values = f"{low:.3g} to {high:.3g}, median {middle:.3g}"
        verdict = "holds" if self.holds else "**FAILS**"
        if self.missed:
            verdict += f", {self.missed} of {len(self.values)} miss"
        worst = f"{self.worst:.3g} ({self.margin})"
        return f"| {self.claim} | {values} | {self.sign} {self.bar:g} | {worst} | {verdict} |"


def ring_rows(seeds: Sequence[int]) -> Iterator[Row]:
    """The claims on the ring, one after the other as they are played."""

    def near(name: str, ring, sign: str, bar: int) -> Row:
        return Row(f"ring: {name}: modes near", play_ring(ring, seeds=seeds).near, sign, bar, counted=True)

    free = frozen_generator(shown.VANISHING, d_updates=shown.D_UPDATES, seeds=seeds)
    yield Row("ring: frozen G, log(1 - D): the gradient falls by", free.decay, ">=", 100)
    yield Row("ring: frozen G, -log D: the gradient grows by", free.growth, ">", 1)
    cured = frozen_generator(shown.VANISHING_CURED, d_updates=shown.D_UPDATES, seeds=seeds)
    gamma = f"R1 + R2, gamma {shown.VANISHING_CURED.penalty:g}"
    since = shown.SETTLED
    yield Row(
        f"ring: frozen G, log(1 - D), {gamma}: factor from the start, steps {since} on",
        cured.excursion(since),
        "<=",
        5,
    )
    yield near("healthy", shown.HEALTHY, "=", 8)
    yield near("collapse A (D slow)", shown.SLOW_D, "<=", 3)
    for name, ring in shown.SLOW_D_CURES.items():
        yield near(f"A + {name}, a cure", ring, "=", 8)
    for name, ring in shown.SLOW_D_NO_CURES.items():
        yield near(f"A + {name}, no cure", ring, "<=", 5)
    yield near("collapse B (D fast)", shown.FAST_D, "<=", 3)
    for name, ring in shown.FAST_D_CURES.items():
        yield near(f"B + {name}, a cure", ring, "=", 8)
    ahead = f"D {shown.HEAD_START} steps ahead, G by SGD {shown.STUCK.g_lr:g}"
    stuck = movement(shown.STUCK, head_start=shown.HEAD_START, seeds=seeds)
    yield Row(f"ring: {ahead}, log(1 - D): G moves by", stuck, "<", 0.001)
    moved = movement(shown.UNSTUCK, head_start=shown.HEAD_START, seeds=seeds)
    yield Row(f"ring: {ahead}, -log D: G moves by", moved, ">", 0.1)


def digits_rows(seeds: Sequence[int]) -> Iterator[Row]:
    """The claims on images; the numbers are those of `labkit.games.DigitsOutcome`.

    What is broken is measured by recall: classes leave no room, a few smeared patterns can be read as seven.
    """
    healthy = play_digits(shown.DIGITS_HEALTHY, seeds=seeds)
    yield Row("digits: healthy: classes", healthy.classes, ">=", 8, counted=True)
    broken = play_digits(shown.DIGITS_BROKEN, seeds=seeds)
    name = f"beta1 {shown.DIGITS_BROKEN.beta1:g}, G's rate {shown.DIGITS_BROKEN.g_lr:g}"
    yield Row(f"digits: {name}: recall", broken.recall, "<=", 0.02)
    cured = play_digits(shown.DIGITS_CURED, seeds=seeds)
    cure = f"{name} + R1 + R2, gamma {shown.DIGITS_CURED.penalty:g}"
    yield Row(f"digits: {cure}: classes", cured.classes, ">=", 8, counted=True)
    yield Row(f"digits: {cure}: recall", cured.recall, ">", 0.02)
    for other, settings in shown.DIGITS_NO_CURES.items():
        same = play_digits(settings, seeds=seeds)
        yield Row(f"digits: {name} + {other}, no cure: recall", same.recall, "<=", 0.02)


def plane_rows(seeds: Sequence[int]) -> Iterator[Row]:
    """The claims of lab 06 about a VAE's plane; each compares two trainings from the same seed."""
    vae, cvae, free, much = (
        [learn_plane(plane, seed) for seed in seeds]
        for plane in (planes.VAE, planes.CVAE, planes.WITHOUT_KL, planes.MUCH_KL)
    )

    def compared(claim: str, others, value, sign: str, bar: float, counted: bool = True) -> Row:
        values = [value(one, other) for one, other in zip(vae, others, strict=True)]
        return Row(f"plane: {claim}", values, sign, bar, counted)

    def bound(one, other) -> float:
        return other.parts["total"] - one.parts["total"]

    yield Row("plane: VAE: KL", [one.parts["kl"] for one in vae], ">", 1)
    yield compared("CVAE: -ELBO against the VAE's", cvae, bound, "<=", -10)
    yield compared("VAE: classes, over the CVAE's", cvae, lambda a, b: a.classes / b.classes, ">=", 2, False)
    yield Row("plane: CVAE: the digit asked for", [one.asked for one in cvae], ">=", 0.9)

    def apart(one, other) -> float:
        return (other.spread / other.width) / (one.spread / one.width)

    yield compared("beta 0: spread in widths, over the VAE's", free, apart, ">=", 5, False)
    yield Row("plane: beta 0: classes (guessing: 0.1)", [o.classes for o in free], ">=", 0.3)
    yield Row(
        "plane: beta 0: classes against the VAE's, over the seeds in the mean",
        [statistics.mean(b.classes - a.classes for a, b in zip(vae, free, strict=True))],
        ">=",
        -0.1,
        counted=True,
    )
    yield compared("beta 0: -ELBO against the VAE's", free, bound, ">", 0)
    yield compared("beta 4: -ELBO against the VAE's", much, bound, ">", 0)
    yield compared(
        "beta 0: distance, over the VAE's", free, lambda a, b: b.distance / a.distance, ">", 1, False
    )
    narrow = [learn_plane(planes.NARROW, seed) for seed in seeds]
    silent = [diagnose(one.log).verdict == POSTERIOR_COLLAPSE for one in narrow]
    name = f"{planes.NARROW.hidden} hidden units: share of seeds that collapse"
    yield Row(f"plane: {name}", [sum(silent) / len(silent)], ">=", 0.5)
    learnt = [diagnose(one.log).verdict == HEALTHY for one in vae]
    yield Row(
        f"plane: {planes.VAE.hidden} hidden units: share told healthy", [sum(learnt) / len(learnt)], "=", 1
    )


def recolouring_rows(seeds: Sequence[int]) -> Iterator[Row]:
    """The claims of lab 07 about who keeps the content; ratios compare two trainings from the same seed."""

    def trained(**changes) -> list[recolouring.RecolouringOutcome]:
        return [
            recolouring.learn_recolouring(replace(recolouring.WITH_CYCLE, **changes), seed) for seed in seeds
        ]

    kept, lost = trained(), trained(cycle=0.0)
    yield Row("recolouring: with cycle: digit kept", [o.kept for o in kept], ">=", 0.98)
    yield Row("recolouring: with cycle: L1 to the truth", [o.l1 for o in kept], "<=", 0.06)
    yield Row("recolouring: with cycle: cycle error", [o.cycle_error for o in kept], "<=", 0.03)
    pairs = list(zip(kept, lost, strict=True))
    yield Row("recolouring: without: L1, over that with cycle", [b.l1 / a.l1 for a, b in pairs], ">=", 1.7)
    ratios = [b.cycle_error / a.cycle_error for a, b in pairs]
    yield Row("recolouring: without: cycle error, over that with cycle", ratios, ">=", 2.5)
    share = sum(o.kept < 0.7 for o in lost) / len(lost)
    yield Row("recolouring: without: share of seeds that keep less than 70 %", [share], ">=", 0.6)
    whole = trained(whole=True)
    yield Row("recolouring: with cycle, whole-image critic: digit kept", [o.kept for o in whole], ">=", 0.9)
    for cycle in (10.0, 0.0):
        without = trained(skips=False, cycle=cycle)
        yield Row(f"recolouring: no skips, cycle {cycle:g}: digit kept", [o.kept for o in without], "<", 0.7)
    identity = trained(identity=5.0)
    worse = [b.l1 / a.l1 for a, b in zip(kept, identity, strict=True)]
    yield Row("recolouring: identity loss 5: L1, over that without", worse, ">", 2)
    for cycle in (10.0, 0.0):
        turned = trained(turned=True, cycle=cycle)
        yield Row(f"recolouring: turned, cycle {cycle:g}: digit kept", [o.kept for o in turned], "<", 0.6)


def styles_rows(seeds: Sequence[int]) -> Iterator[Row]:
    """The claims of lab 08: its solution's cells, with other seeds of the generator and of the directions."""
    path = Path(__file__).resolve().parents[1] / "solutions" / "08_stylegan.ipynb"
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    cells = [cell for cell in cells if not cell.startswith("check(")]
    cells = cells[1 : next(i for i, cell in enumerate(cells) if "before, ways" in cell)]  # without the set-up
    edit = next(i for i, cell in enumerate(cells) if "painter = " in cell)
    runs = [
        _run([cell.replace("drawn_by(0)", f"drawn_by({seed})") for cell in cells[:edit]]) for seed in seeds
    ]

    def row(claim: str, value: Callable[[dict], float], sign: str, bar: float) -> Row:
        return Row(f"styles: {claim}", [value(run) for run in runs], sign, bar)

    yield row("deviation by noise, over that by z", lambda run: run["by_noise"] / run["by_z"], "<", 1)
    early = "digit of A with A's early layers, over that with its first alone"
    yield row(early, lambda run: run["from_a"][run["G"].layers - 1] / run["from_a"][1], ">", 2)
    steps = "least loss of diversity from one psi to the next"
    yield row(steps, lambda run: min(a - b for a, b in itertools.pairwise(run["varied"])), ">", 0)
    for near, far in (("other data", "samples"), ("samples", "random pixels")):
        ratios = [run["distances"][near] / run["distances"][far] for run in runs]
        yield Row(f"styles: Frechet distance of {near}, over that of {far}", ratios, "<", 0.5)
    yield row("path length in w, over z", lambda run: run["lengths"]["w"] / run["lengths"]["z"], "<", 0.9)
    yield row("slant along its direction", lambda run: run["gain"]["slant"], ">", 0.2)

    faces = _run([*cells[:2], next(cell for cell in cells if "def mix_styles" in cell), *cells[edit:]])
    before, spread = faces["seen"](faces["found"].images), faces["spread"]
    for name, goal in faces["GOALS"].items():
        far = ((goal - before[name]) / spread[name]).abs() > 0.5
        right, along = [], []
        for seed in seeds:
            after = faces["seen"](faces["edited"](name, seed))
            moved = {k: (after[k] - before[k])[far] / spread[k] for k in after}
            right.append((moved[name] * (goal - before[name])[far] > 0).float().mean().item())
            others = [values.mean().abs().item() for k, values in moved.items() if k != name]
            along.append((statistics.mean(others), abs(moved[name].mean().item())))
        yield Row(f"styles: {name} to {goal:g}: faces that move the right way", right, ">=", 0.8)
        share = sum(others for others, _ in along) / sum(own for _, own in along)
        claim = (
            f"styles: {name} to {goal:g}: mean move of the others, over its own, over the seeds in the mean"
        )
        yield Row(claim, [share], "<=", 0.2)


def _run(cells: Sequence[str]) -> dict:
    """What a notebook's cells define; tables go nowhere, and what they assert is in the rows above."""
    names = {"__name__": "notebook"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            with contextlib.suppress(AssertionError):
                exec(cell, names)
    return names


GROUPS: dict[str, Callable[[Sequence[int]], Iterable[Row]]] = {
    "ring": ring_rows,
    "digits": digits_rows,
    "plane": plane_rows,
    "recolouring": recolouring_rows,
    "styles": styles_rows,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit code 1 when a claim fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--only", choices=sorted(GROUPS), help="one group of claims")
    options = parser.parse_args(argv)
    seeds = range(options.first, options.first + options.seeds)
    if not seeds or options.first < 0:
        parser.error("give at least one seed, from 0 on")
    print(f"Seeds {seeds[0]} to {seeds[-1]}.\n\n| claim | each seed | bar | worst (margin) | verdict |")
    print("|---|---|---|---|---|", flush=True)
    failed = 0
    for name, rows in GROUPS.items():
        for row in rows(seeds) if options.only in (None, name) else ():
            print(row.line(), flush=True)
            failed += not row.holds
    print(f"\n{failed} claims fail." if failed else "\nAll claims hold.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
