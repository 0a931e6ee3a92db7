"""Lab 01: which judge looks at which exercise."""

from labkit.exercises.judges import count_judges, matrix_judges, rung_judges, size_judges, stamp_judges

JUDGES = {
    "1.1": size_judges.judge_size,
    "1.2": stamp_judges.judge_stamps,
    "1.3": matrix_judges.judge_matrix,
    "1.4": count_judges.judge_counts,
    "1.5": rung_judges.judge_ladder,
}
