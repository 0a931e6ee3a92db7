"""Lab 05: mode collapse and vanishing gradients, made on purpose, measured, cured and told apart."""

from labkit.exercises import game_specs, mode_specs, reach_specs, sign_specs, spread_specs
from labkit.exercises.spec import Exercise, Written

EXERCISES = (
    Exercise(
        "5.1",
        "The gradient that reaches G",
        4,
        "generator_gradient_norm",
        "generator_gradient_norm(G, D, z, loss)",
        reach_specs.players,
        reach_specs.probe_norm,
        causes=(
            (
                "One of the differentiated Tensors appears to not have been used|NoneType.*attribute",
                "the loss does not depend on G's parameters: is G(z) detached, or made under no_grad()?",
            ),
        ),
    ),
    Exercise(
        "5.2",
        "Modes covered",
        3,
        "modes_covered",
        "modes_covered(points, centres)",
        mode_specs.clouds,
        mode_specs.probe_modes,
    ),
    Exercise(
        "5.3",
        "Lose the modes",
        2,
        "losing_modes",
        "losing_modes()",
        game_specs.nothing,
        game_specs.probe_losing,
    ),
    Exercise(
        "5.4",
        "Let the gradient vanish",
        2,
        "vanishing_gradient",
        "vanishing_gradient()",
        game_specs.nothing,
        game_specs.probe_vanishing,
    ),
    Exercise(
        "5.5",
        "Two cures",
        4,
        "two_cures",
        "two_cures()",
        game_specs.nothing,
        game_specs.probe_cures,
    ),
    Exercise(
        "5.6",
        "The classes of the samples",
        2,
        "class_histogram",
        "class_histogram(labels)",
        spread_specs.labels,
        spread_specs.probe_histogram,
    ),
    Exercise(
        "5.7",
        "Do the samples differ?",
        3,
        "diversity",
        "diversity(fake, real)",
        spread_specs.pictures,
        spread_specs.probe_diversity,
        causes=(
            (
                "expected scalar type|not implemented for 'Byte'|floating point|got Byte",
                "the images are bytes: make floats of them with `.float()` first",
            ),
        ),
    ),
    Exercise(
        "5.8",
        "Read the signs",
        3,
        "read_signs",
        "read_signs(gap, signal, diversity)",
        sign_specs.runs,
        sign_specs.probe_signs,
    ),
    Written("5.9", "Both failures, in words", 4),
)
