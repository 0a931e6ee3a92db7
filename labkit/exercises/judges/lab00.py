"""Lab 00: which judge looks at which exercise."""

from labkit.exercises.judges import image_judges

JUDGES = {
    "0.1": image_judges.judge_scale,
    "0.2": image_judges.judge_unscale,
}
