"""Students who hand in what is not theirs: functions of the kit, and solutions that stand beside an answer.

None of this is hidden or odd Python; most of it is what somebody in a hurry would write.
"""

from collections.abc import Iterator

from tests.submissions.build import Case, case, solved
from tests.submissions.fooling import SLY

NOT_YOURS = "the kit's own, not yours"


def cases() -> list[Case]:
    """All of them."""
    return [*_losses(), *_others(), *_given()]


def _losses() -> Iterator[Case]:
    """The kit's losses as 3.2, on many ways to the same function."""
    for student, way in (
        ("of a recipe", "lambda smooth: recipes.find('smoothed').losses()"),
        ("of a module", "lambda smooth: recipes.losses.logits_losses(smooth)"),
        ("resolved", "pkgutil.resolve_name('labkit.losses:logits_losses')"),
        ("located", "pydoc.locate('labkit.losses.logits_losses')"),
        ("fetched", "operator.attrgetter('losses.logits_losses')(recipes)"),
        ("spelled", "getattr(getattr(recipes, 'los' + 'ses'), 'logits' + '_losses')"),
        ("dug up", "vars(vars(recipes)['losses'])['logits_losses']"),
    ):
        code = "import operator, pkgutil, pydoc\ndef discriminator_loss(D, real, fake, smooth=0.9):\n"
        code += f"    make = {way}\n    return make(smooth)[0](D, real, fake)\n"
        says = {"3.2": NOT_YOURS}
        yield case(student, "03", "the kit's loss", {"3.2": code}, says=says, hostile=True, e3_2="raised")
    yield case(
        "read and run", "03", "runs the kit's source", {"3.2": _SOURCE},
        says={"3.2": "FileNotFoundError"}, hostile=True, e3_2="raised",
    )  # fmt: skip
    yield case(
        "starred", "03", "everything of recipes", {"3.2": _STAR},
        says={"3.2": NOT_YOURS}, hostile=True, e3_2="raised",
    )  # fmt: skip


def _others() -> Iterator[Case]:
    for student, lab, exercise, code, status in (
        ("steps", "03", "3.4", _STEP, "raised"),
        ("keeps", "03", "3.6", _KEEP, "refused"),
        ("bytes", "00", "0.2", _BYTES, "raised"),
        ("tiles", "00", "0.2", _TILES, "raised"),
        ("batches", "00", "0.1", _BATCHES, "raised"),
        ("weights", "02", "2.1", _WEIGHTS, "raised"),
        ("heir", "02", "2.2", _HEIR, "refused"),
    ):  # fmt: skip
        different = {f"e{exercise.replace('.', '_')}": status}
        yield case(student, lab, "another function of the kit", {exercise: code}, hostile=True, **different)
    uses = {"3.5": _SHOWN + solved("03")["3.5"]}
    yield case("user", "03", "right, with what the lab shows of the kit", uses)


def _given() -> Iterator[Case]:
    """An exercise left blank, so that its solution comes to stand beside an answer."""
    yield case(
        "later", "03", "3.2 by the solution of 3.3", {"3.3": "", "3.2": _LATER},
        hostile=True, e3_2="not attempted", e3_3="not attempted",
    )  # fmt: skip
    for student, what, ending, status in (
        ("names it", "the name of an exception", "raise type(seen, (Exception,), {})()", "raised"),
        ("keys it", "the keys of the result", 'return {seen: 0.0, "d_loss": 0.0, "g_loss": 0.0}', "wrong"),
        (
            "types it",
            "the type of a value",
            'return {"d_loss": type(seen, (), {})(), "g_loss": 0.0}',
            "wrong",
        ),
        ("says it", "an error's text", "raise ValueError(seen)", "raised"),
        ("asks for it", "a key that is missing", "return {}[seen]", "raised"),
    ):
        yield case(
            student, "03", f"passes the solution's 3.2 on as {what}", {"3.2": "", "3.4": _PASSES_ON + ending},
            hostile=True, e3_2="not attempted", e3_4=status,
        )  # fmt: skip


_SOURCE = f"""
{SLY}
def discriminator_loss(D, real, fake, smooth=0.9):
    space = {{}}
    source = open(recipes.__file__.replace("recipes", "losses")).read()
    sly(modules["builtins"], "ex", "ec")(source, space)
    return space["logits_losses"](smooth)[0](D, real, fake)
"""
_STAR = """
from labkit.recipes import *
def discriminator_loss(D, real, fake, smooth=0.9):
    return losses.logits_losses(smooth)[0](D, real, fake)
"""
_STEP = """
import types
def train_step(G, D, d_optimizer, g_optimizer, real, z):
    run = types.SimpleNamespace(G=G, D=D, d_optimizer=d_optimizer, g_optimizer=g_optimizer, real=real, z=z)
    return training.Run.train_step(run, discriminator_loss, generator_loss)
"""
_KEEP = """
class Checkpoint:
    def __init__(self, path):
        self.path = path
    def save(self, run):
        training.checkpoints.save(self.path, {"G": run.G.state_dict(), "D": run.D.state_dict()})
    def load(self, run):
        run.G.load_state_dict(training.checkpoints.load(self.path)["G"])
"""
_BYTES = "def unscale_images(images):\n    return plots.as_uint8(images).permute(0, 2, 3, 1)"
_WEIGHTS = "def initialize_weights(module):\n    own_networks.networks.init_dcgan(module)"
_TILES = """
def unscale_images(images):
    return torch.stack([plots.tile(image[None], gap=0) for image in images]).permute(0, 2, 3, 1)
"""
_BATCHES = """
def scale_images(images):
    return next(iter(data.Batches(images.permute(0, 3, 1, 2), batch_size=len(images))))
"""
_HEIR = """
class Generator(own_networks.networks.ConvGenerator):
    pass
"""
_SHOWN = """
plots.image_grid(torch.zeros(4, 3, 8, 8)).savefig("faces.png")
settings_of_mine = pick(smoke=1, cpu=2, gpu=3), current().budget, recipes.find("handout").lr
shape = networks.dcgan_pair(base_channels=2)[0](torch.zeros(1, 100, 1, 1)).shape
"""
_LATER = """
def discriminator_loss(D, real, fake, smooth=0.9):
    negative = lambda x: -D(x)
    on_real = smooth * generator_loss(D, fake, real) + (1 - smooth) * generator_loss(negative, fake, real)
    return on_real + generator_loss(negative, real, fake.detach())
"""
_PASSES_ON = f"""
{SLY}
def train_step(G, D, d_optimizer, g_optimizer, real, z):
    code = sly(discriminator_loss, "__co", "de__")
    seen = f"SEEN {{code.co_names}} {{code.co_consts}} {{discriminator_loss.__doc__}} {{code.co_code.hex()}}"
    """
