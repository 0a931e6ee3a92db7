"""How often `labkit.diagnosis` is right about autoencoders, by their log alone.

    python benchmarks/posterior_collapse.py [--runs N] [--first SEED]

Each seed draws the settings of a short training on the kit's digits: hidden units, rate, beta, images, steps,
batch, with or without a condition. What a run *was* is decided on its networks: it has collapsed when the
outputs for different test digits (of one class, if it is told the class) differ less than a twentieth as much
as the digits themselves. Between a twentieth and a tenth lies a border, and such runs are left out.
Prints a Markdown table; exit code 1 when fewer than nine in ten are right.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence

from labkit.diagnosis import POSTERIOR_COLLAPSE, diagnose
from labkit.games import Plane, PlaneOutcome, learn_plane
from labkit.variational import decoded

_COLLAPSED, _ALIVE = 0.05, 0.1


def drawn(seed: int) -> Plane:
    """The settings of one run."""
    chance = random.Random(seed)
    return Plane(
        hidden=chance.choice([2, 4, 16, 128]),
        lr=10 ** chance.uniform(-3, -1.7),
        steps=chance.choice([200, 300, 500]),
        beta=chance.choice([0.0, 1.0, 1.0, 1.0, 4.0, 60.0]),
        conditional=chance.random() < 0.25,
        images=chance.choice([500, 4000]),
        batch_size=chance.choice([32, 64]),
    )


def said(outcome: PlaneOutcome) -> float:
    """How much the outputs differ from digit to digit, in terms of the digits themselves."""
    conditional, test = outcome.plane.conditional, outcome.test
    outputs = decoded(outcome.decoder, outcome.codes, test.labels if conditional else None).float()
    groups = [test.labels == c for c in range(10)] if conditional else [slice(None)]
    spread = [(outputs[g].std(0).mean() / test.images[g].float().std(0).mean()).item() for g in groups]
    return sum(spread) / len(spread)


def main(argv: Sequence[str] | None = None) -> int:
    """Play the runs and print what they were, and what they were told to be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args(argv)
    counted: Counter[tuple[str, str]] = Counter()
    for seed in range(options.first, options.first + options.runs):
        outcome = learn_plane(drawn(seed), seed)
        differ, told = said(outcome), diagnose(outcome.log).verdict
        was = "collapsed" if differ < _COLLAPSED else "not collapsed" if differ > _ALIVE else "border"
        counted[was, told] += 1
        print(f"seed {seed}: {was} ({differ:.3f}), told {told}: {outcome.plane}", file=sys.stderr, flush=True)
    tellings = sorted({told for _, told in counted})
    print(f"| what the run was | {' | '.join(tellings)} |\n|---|{'---:|' * len(tellings)}")
    for was in ("collapsed", "not collapsed", "border"):
        print(f"| {was} | {' | '.join(str(counted[was, told]) for told in tellings)} |")
    clear = {pair: count for pair, count in counted.items() if pair[0] != "border"}
    right = sum(n for (was, told), n in clear.items() if (was == "collapsed") == (told == POSTERIOR_COLLAPSE))
    print(f"\n{right} of {sum(clear.values())} right.")
    return 0 if right >= 0.9 * sum(clear.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
