"""Lab 05: which judge looks at which exercise."""

from labkit.exercises.judges import game_judges, mode_judges, reach_judges, sign_judges, spread_judges

JUDGES = {
    "5.1": reach_judges.judge_norm,
    "5.2": mode_judges.judge_modes,
    "5.3": game_judges.judge_losing,
    "5.4": game_judges.judge_vanishing,
    "5.5": game_judges.judge_cures,
    "5.6": spread_judges.judge_histogram,
    "5.7": spread_judges.judge_diversity,
    "5.8": sign_judges.judge_signs,
}
