"""Students who want to learn: right in many styles, partly right, wrong, untouched, oddly saved."""

from collections.abc import Iterator

from tests.submissions import styles, written
from tests.submissions.build import Case, all_of, case, exercises, filled, released, saved, statuses

LABS = ("01", "02", "03")


def cases() -> list[Case]:
    """All of them."""
    return [*_right(), *_wrong(), *_unfinished(), *_building_on(), *_saved(), *_rearranged(), *_own_code()]


def _with(lab: str, choose) -> tuple[dict[str, str], dict[str, list[str]]]:
    """(answers, helpers) from the tables of `tests.answers`: ``choose(id, name)`` gives a Text or None."""
    answers, helpers = {}, {}
    for exercise, head in exercises(lab).items():
        text = choose(exercise, head.name) if head.name else None
        if text:
            answers[exercise] = text.answer
            helpers[exercise] = [text.helper] if text.helper else []
    return answers, helpers


def _right() -> Iterator[Case]:
    for lab in LABS:
        yield case(f"Ada {lab}", lab, "the solution's own answers")
        for number in range(2):
            answers, helpers = _with(lab, lambda i, name, n=number: written.right(i, n, name))
            yield case(f"Bo {lab} style {number}", lab, "right in another way", answers, helpers=helpers)


def _wrong() -> Iterator[Case]:
    for lab in LABS:
        clues = {i: written.clues(i) for i, head in exercises(lab).items() if head.name}
        for student, place in (("Cy", 1), ("Di", 4)):
            chosen = {i: clues[i][place] for i in clues}
            answers, helpers = _with(lab, lambda i, name, c=chosen: written.wrong(i, c[i], name))
            yield Case(
                f"{student} {lab}",
                lab,
                "every exercise wrong in a usual way",
                saved(filled(lab, answers, helpers=helpers)),
                statuses(lab) | dict.fromkeys(clues, "wrong"),
                {i: clue.removeprefix("got").strip() for i, clue in chosen.items()},
            )
    some = {"1.2": "kernel is flipped", "1.4": "touched or not"}
    answers, helpers = _with("01", lambda i, name: written.wrong(i, some[i], name) if i in some else None)
    yield case(
        "Eve", "01", "two of five wrong", answers, helpers=helpers, says=some, e1_2="wrong", e1_4="wrong"
    )


def _unfinished() -> Iterator[Case]:
    for lab in ("01", "03"):
        untouched = saved(released(lab))
        yield Case(f"Flo {lab}", lab, "untouched", untouched, all_of(lab, "not attempted"))
    blanks = {"3.4": "", "3.5": "", "3.6": "", "3.7": ""}
    yield case(
        "Gus", "03", "stopped halfway", blanks, e3_4="not attempted", e3_5="not attempted",
        e3_6="not attempted", e3_7="not attempted",
    )  # fmt: skip
    yield case(
        "Hal", "03", "raises in one exercise",
        {"3.3": "def generator_loss(D, real, fake):\n    return F.softplus(-D(fakes)).mean()"},
        says={"3.3": "NameError"}, e3_3="raised",
    )  # fmt: skip
    yield case(
        "Ida", "03", "a syntax error in one cell",
        {"3.7": "def loss_floor(smooth):\n    return -smooth * math.log(smooth"},
        says={"3.7": "SyntaxError"}, e3_7="raised",
    )  # fmt: skip
    yield case(
        "Jo", "01", "a loop that never ends",
        {"1.4": "def overlap_counts(size, kernel_size, stride, padding):\n    while True:\n        pass"},
        e1_4="timed out",
    )  # fmt: skip


def _building_on() -> Iterator[Case]:
    """3.4 calls 3.2 and 3.3 by name."""
    halved = (
        "def discriminator_loss(D, real, fake, smooth=0.9):\n"
        "    on_real, on_fake = D(real), D(fake.detach())\n"
        "    bce = torch.nn.functional.binary_cross_entropy_with_logits\n"
        "    on_data = bce(on_real, torch.full_like(on_real, smooth))\n"
        "    return (on_data + bce(on_fake, torch.zeros_like(on_fake))) / 2"
    )
    yield case(
        "Kai", "03", "3.2 wrong, 3.4 right with the solution's",
        {"3.2": halved},
        says={"3.2": "the sum is halved", "3.4": "3.2"}, e3_2="wrong",
    )  # fmt: skip
    yield case(
        "Lea", "03", "3.3 not written, 3.4 right with the solution's",
        {"3.3": ""}, says={"3.4": "3.3"}, e3_3="not attempted",
    )  # fmt: skip
    yield case(
        "Max", "03", "3.2 deleted, 3.4 right with the solution's",
        change=styles.without("3.2"), says={"3.4": "3.2"}, e3_2="missing",
    )  # fmt: skip
    forgets = (
        "def train_step(G, D, d_optimizer, g_optimizer, real, z):\n    discriminator_loss(D, real, G(z))"
    )
    yield case(
        "Nia", "03", "3.2 wrong, and 3.4 wrong by itself",
        {"3.2": halved, "3.4": forgets}, e3_2="wrong", e3_4="wrong",
    )  # fmt: skip


def _saved() -> Iterator[Case]:
    for lab in LABS:
        yield case(f"Oz {lab}", lab, "saved by Colab", change=styles.by_colab)
    yield case("Pia", "01", "an old nbformat 3", change=styles.of_version_3)
    yield case("Łukasz Ångström 王", "01", "another file name", name="lab 1 FINAL (2) – kopia.ipynb")
    yield case(
        "Quinn", "01", "line ends of Windows", change=styles.every_source(lambda s: s.replace("\n", "\r\n"))
    )
    yield case(
        "Rae", "03", "saved by Colab, headers of two cells deleted",
        change=lambda n: styles.by_colab(styles.headless("3.1", "3.4")(n)),
        says={"3.1": "marker line", "3.4": "marker line"},
    )  # fmt: skip
    yield case(
        "Sam", "03", "header deleted, the id is left",
        change=styles.headless("3.2"), says={"3.2": "marker line"},
    )  # fmt: skip


def _rearranged() -> Iterator[Case]:
    yield case(
        "Tia", "03", "answers in another order", change=styles.answers_first(["3.4", "3.3", "3.2", "3.7"])
    )
    first = "def loss_floor(smooth):\n    return 0.0"
    yield case(
        "Uma", "03", "an answer cell twice, the first one wrong", {"3.7": first},
        change=styles.doubled("3.7", _FLOOR), says={"3.7": "more than once"},
    )  # fmt: skip
    yield case(
        "Vic", "03", "an answer cell twice, the last one wrong", {"3.7": _FLOOR},
        change=styles.doubled("3.7", first), says={"3.7": "more than once"}, e3_7="wrong",
    )  # fmt: skip
    yield case(
        "Wes", "02", "deleted answer cells",
        change=styles.without("2.4", "2.7"), e2_4="missing", e2_7="not attempted",
    )  # fmt: skip


_FLOOR = """
def loss_floor(smooth):
    return 0.0 if smooth == 1 else -smooth * math.log(smooth) - (1 - smooth) * math.log(1 - smooth)
"""
_WARNS = """
import logging, sys, warnings
warnings.warn("this cell warns", stacklevel=1)
def loss_floor(smooth):
    warnings.warn("deprecated since long ago", DeprecationWarning)
    logging.getLogger("torch").warning("a library logs")
    print("smooth is", smooth, file=sys.stderr)
    torch.nn.functional.upsample(torch.zeros(1, 1, 2, 2), scale_factor=2)
    return torch.special.entr(torch.tensor([smooth, 1 - smooth], requires_grad=True)).sum()
"""
_RENAMED_STEP = """
def train_step(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    d_optimizer.zero_grad()
    d = my_d_loss(D, real, fake)
    d.backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    g = generator_loss(D, real, fake)
    g.backward()
    g_optimizer.step()
    return {"d_loss": d.item(), "g_loss": g.item()}
"""
_TRIES = """
def generator_loss(D, real, fake):
    return cross(D(fake), 1.0)

# my own tries, with things that stand elsewhere in my notebook
print(generator_loss(my_critic, my_batch, my_batch))
"""


def _own_code() -> Iterator[Case]:
    """Helpers, other names, magics, prints and tries."""
    yield case("Xan", "03", "right, with warnings and prints", {"3.7": _WARNS})
    renamed = written.right("3.2", 0, "my_d_loss")
    yield case(
        "Yan", "03", "a renamed function, used by its new name",
        {"3.2": renamed.answer, "3.4": _RENAMED_STEP}, helpers={"3.2": [renamed.helper]},
        says={"3.2": "my_d_loss"},
    )  # fmt: skip
    cross = "def cross(logits, target):\n    return F.softplus(logits).mean() - target * logits.mean()"
    d_loss = (
        "def discriminator_loss(D, real, fake, smooth=0.9):\n"
        "    return cross(D(real), smooth) + cross(D(fake.detach()), 0)"
    )
    yield case(
        "Zoe", "03", "one helper for two answers, and tries below the second",
        {"3.2": d_loss, "3.3": _TRIES}, helpers={"3.2": ["# a note to myself", cross]},
    )  # fmt: skip
    magics = {
        "1.1": ["%matplotlib inline\n!pip install einops\n%load_ext autoreload"],
        "1.2": ["%%time\n1 + 1"],
    }
    yield case("Abe", "01", "magics in added cells", helpers=magics)
    magic = "%%capture\n" + "def dcgan_ladder():\n    return [(4, 1, 0)] + [(4, 2, 1)] * 4"
    ladder = "!nvidia-smi\n%timeit 1 + 1\n" + magic.split("\n", 1)[1]
    yield case("Bea", "01", "magics in the answer's cell", {"1.5": ladder})
    yield case(
        "Cal", "01", "a helper cell behind the answer that uses it",
        {"1.1": "def output_size(*given, **more):\n    return reach(*given, **more)"},
        change=styles.with_cells(
            {"1.1": "def reach(n, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):\n"
                    "    k = dilation * (kernel_size - 1) + 1\n"
                    "    return (n - 1) * stride + k - 2 * padding + output_padding"}
        ),
    )  # fmt: skip
