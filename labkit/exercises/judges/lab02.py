"""Lab 02: which judge looks at which exercise."""

from labkit.exercises.judges import network_judges

JUDGES = {
    "2.2": network_judges.judge_generator,
    "2.3": network_judges.judge_discriminator,
    "2.5": network_judges.judge_dense_generator,
    "2.6": network_judges.judge_dense_discriminator,
}
