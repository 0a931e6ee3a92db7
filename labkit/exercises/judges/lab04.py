"""Lab 04: which judge looks at which exercise."""

from labkit.exercises.judges import event_judges, logging_judges, measure_judges, verdict_judges

JUDGES = {
    "4.1": logging_judges.judge_losses,
    "4.2": logging_judges.judge_pictures,
    "4.3": measure_judges.judge_measure,
    "4.4": event_judges.judge_events,
    "4.5": verdict_judges.judge_verdicts,
    "4.7": verdict_judges.judge_rule,
}
