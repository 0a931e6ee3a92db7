"""Answers that are partly right: each earns the shares of what holds, whatever stands beside it."""

from collections.abc import Iterator, Mapping

from tests.submissions import written
from tests.submissions.build import Case, case, exercises, solved

Wrong = Mapping[str, tuple[str, float]]  # exercise -> (clue of a wrong answer of `tests.answers`, its points)

KNOWN: dict[tuple[str, str], Wrong] = {
    ("Dan P", "01"): {
        "1.1": ("dilation is ignored", 2.5),
        "1.2": ("a later stamp replaces", 2),
        "1.3": ("padding is not subtracted", 1.5),
        "1.4": ("touched or not", 0.5),
        "1.5": ("throws work away", 1.5),
    },
    ("Dee P", "01"): {
        "1.1": ("off one side only", 1),
        "1.2": ("the input was padded", 3),
        "1.3": ("left of the image lies the end", 1.5),
        "1.4": ("padding is ignored", 1.5),
    },
    ("Dov P", "03"): {
        "3.1": ("rounds to 0 or 1", 1.5),
        "3.2": ("must not reach G", 2.5),
        "3.3": ("as by `.detach()` or `.data`", 1.5),
        "3.4": ("G learnt through the old D", 2.25),
        "3.7": ("0 times log 0", 1.5),
    },
    ("Dot P", "03"): {
        "3.1": ("the batch of one", 2.5),
        "3.2": ("without `.cuda()`", 2.75),
        "3.3": ("were written into D", 1),
        "3.4": ("`g_optimizer.step()` is never called", 1.5),
        "3.5": ("the same z again", 3.5),
    },
    ("Dag P", "02"): {
        "2.2": ("the network ends without Tanh", 3),
    },
}


def cases() -> list[Case]:
    """All of them."""
    return [*_known(), *_nothing(), *_building_on()]


def _known() -> Iterator[Case]:
    for (student, lab), wrong in KNOWN.items():
        answers, helpers = {}, {}
        for exercise, (clue, _) in wrong.items():
            text = written.wrong(exercise, clue, exercises(lab)[exercise].name)
            answers[exercise], helpers[exercise] = text.answer, [text.helper] if text.helper else []
        earns = {exercise: points for exercise, (_, points) in wrong.items()}
        statuses = {f"e{exercise.replace('.', '_')}": "wrong" for exercise in wrong}
        yield case(student, lab, "partly right", answers, helpers=helpers, earns=earns, **statuses)


def _nothing() -> Iterator[Case]:
    zero = {
        "3.2": "def discriminator_loss(D, real, fake, smooth=0.9):\n    return torch.tensor(0.0)",
        "3.3": "def generator_loss(D, real, fake):\n    return D(fake).sum() * 0",
        "3.4": "def train_step(G, D, d_optimizer, g_optimizer, real, z):\n"
               "    return {'d_loss': 0.0, 'g_loss': 0.0}",
        "3.7": "def loss_floor(smooth):\n    return 0.0",
    }  # fmt: skip
    yield case(
        "Eli P", "03", "does nothing, in the right shape", zero, hostile=True,
        earns=dict.fromkeys(zero, 0), e3_2="wrong", e3_3="wrong", e3_4="wrong", e3_7="wrong",
    )  # fmt: skip
    library = {"3.1": "def bce_with_logits(logits, targets):\n"
                      "    return F.binary_cross_entropy_with_logits(logits, targets)"}  # fmt: skip
    yield case(
        "Els P", "03", "the library's own function", library, hostile=True, earns={"3.1": 0}, e3_1="wrong"
    )


def _building_on() -> Iterator[Case]:
    """3.2 is wrong, and 3.4, which calls it, partly right by itself: its share is that of the rerun."""
    halved = solved("03")["3.2"].replace("return real_loss + fake_loss", "return (real_loss + fake_loss) / 2")
    late = solved("03")["3.4"].replace("    g_optimizer.step()\n", "")
    yield case(
        "Fay P", "03", "no step of G, on top of half a loss", {"3.2": halved, "3.4": late},
        says={"3.4": "judged with the solution's 3.2"}, earns={"3.2": 0, "3.4": 1.5},
        e3_2="wrong", e3_4="wrong",
    )  # fmt: skip
