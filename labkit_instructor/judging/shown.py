"""What of the kit a lab lets its answers use: what its own cells import, less what would be an answer.

The sandbox makes it so (`sandbox.inside.kit`): the rest of the kit is not there while an answer runs.
"""

from labkit_instructor.sandbox.inside.kit import Shown
from labkit_instructor.submissions.trusted import Trusted

# What a lab shows beside the answer: allowed to look at, not to hand in.
BESIDE = {
    "00": ("labkit.data.to_uint8", "labkit.data.to_unit"),
    "04": ("labkit.diagnosis", "labkit.logbook.read"),
    "05": ("labkit.diagnosis", "labkit.games.experiments"),
}
# What else answers an exercise, by lab or exercise: modules with all that they define, functions and classes.
ANSWERS = {
    "00": ("labkit.data.batches", "labkit.plots.as_uint8"),
    "02": ("labkit.networks",),
    "03": (
        "labkit.losses", "labkit.training.adversarial", "labkit.training.autoencoder",
        "labkit.training.checkpoints", "labkit.training.loop", "labkit.training.style",
        "labkit.training.translation",
    ),
    "4.8": ("labkit.logbook",),
    "05": ("labkit.metrics", "labkit.training.observe"),
    "06": (
        "labkit.diagnosis", "labkit.games.plane", "labkit.metrics", "labkit.networks.vae",
        "labkit.training.autoencoder", "labkit.variational",
    ),
    "07": (
        "labkit.games.recolouring", "labkit.networks.translation", "labkit.training.translation",
        "labkit.translation",
    ),
    "08": (
        "labkit.metrics", "labkit.training.style",
        *(f"labkit.networks.style.{name}" for name in (
            "MappingNetwork", "NoiseAndStyle", "StyleDiscriminator", "StyleGenerator", "StyledLayer",
            "SynthesisNetwork", "adain", "add_noise", "mix", "normalised", "style_pair", "truncate",
            "with_deviation",
        )),
        *(f"labkit.styles.{name}" for name in (
            "mean_style", "mixing_table", "noise_effect", "on_the_sphere", "path_lengths", "truncated",
        )),
    ),
}  # fmt: skip


def shown(trusted: Trusted, exercise: str) -> Shown:
    """What an answer to this exercise finds of the kit."""
    names = sorted({name for name in trusted.provided.values() if name.split(".")[0] == "labkit"})
    answers = (*BESIDE.get(trusted.lab, ()), *ANSWERS.get(trusted.lab, ()), *ANSWERS.get(exercise, ()))
    return Shown(tuple(names), answers)
