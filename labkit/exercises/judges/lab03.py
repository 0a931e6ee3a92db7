"""Lab 03: which judge looks at which exercise."""

from labkit.exercises.judges import loss_judges, resume_judges, run_judges, score_judges, step_judges

JUDGES = {
    "3.1": score_judges.judge_bce,
    "3.2": loss_judges.judge_d_loss,
    "3.3": loss_judges.judge_g_loss,
    "3.4": step_judges.judge_step,
    "3.5": run_judges.judge_loop,
    "3.6": resume_judges.judge_checkpoint,
    "3.7": score_judges.judge_floor,
}
