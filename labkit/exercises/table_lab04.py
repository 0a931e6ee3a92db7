"""Lab 04: numbers, pictures and histograms in a logbook, and what the curves say."""

from labkit.exercises import event_specs, logging_specs, measure_specs, verdict_specs
from labkit.exercises.exercise import Exercise, Written

EXERCISES = (
    Exercise(
        "4.1",
        "Scalars",
        2,
        "log_losses",
        "log_losses(logbook, step, d_loss, g_loss, every)",
        logging_specs.losses,
        logging_specs.probe_losses,
        agrees=("tags", "steps", "values"),
    ),
    Exercise(
        "4.2",
        "Pictures and histograms",
        3,
        "log_pictures",
        "log_pictures(logbook, step, fake, real_logits, fake_logits)",
        logging_specs.samples,
        logging_specs.probe_pictures,
        causes=(("requires grad", "a tensor still hangs on its graph: `.detach()` it before numpy sees it"),),
        agrees=("grid", "real", "fake"),
        atol=1.01,
    ),
    Exercise(
        "4.3",
        "Five measurements",
        3,
        "measure",
        "measure(G, D, real_logits, fake_logits)",
        measure_specs.after_backward,
        measure_specs.probe_measure,
        causes=(
            (
                r"NoneType|expected Tensor as element|must be Tensor, not None",
                "a parameter that the loss did not reach has `.grad` None: leave it out",
            ),
        ),
        agrees=("tags", "values"),
    ),
    Exercise(
        "4.4",
        "Read an event file",
        4,
        "read_scalars",
        "read_scalars(path)",
        event_specs.event_file,
        event_specs.probe_events,
        causes=(
            (
                r"DecodeError|Error parsing|error: unpack|OverflowError|MemoryError|cannot fit",
                "the bytes are cut in the wrong places: 8 of length (little-endian), 4 of checksum, the "
                "record, 4 of checksum; and a torn last record is no record",
            ),
        ),
        agrees=("tags", "loss/d steps", "loss/d values", "grad_norm/g steps", "grad_norm/g values"),
    ),
    Exercise(
        "4.5",
        "Five runs, five verdicts",
        5,
        "verdicts",
        "verdicts()",
        verdict_specs.nothing,
        verdict_specs.probe_verdicts,
        agrees=("runs",),
        fixed=True,
    ),
    Written("4.6", "What the curves should look like", 4),
    Exercise(
        "4.7",
        "A rule",
        4,
        "rule",
        "rule(columns)",
        verdict_specs.made_runs,
        verdict_specs.probe_rule,
        causes=((r"KeyError", "the columns are loss/g, signal/g, gap/d, recall/g and diversity/g"),),
        agrees=("the verdicts",),
    ),
)
