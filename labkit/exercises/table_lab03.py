"""Lab 03: the losses, one training step, the loop, and a run that survives being killed."""

from labkit.exercises import loss_specs, resume_specs, run_specs, score_specs, step_specs
from labkit.exercises.exercise import Exercise, Written


def _seed(seed: int) -> int:
    """The probes of 3.5 and 3.6 make their runs themselves, twice, from the same seed."""
    run_specs.small_run(seed)  # the first optimizer loads half of torch: not in the answer's time
    return seed


EXERCISES = (
    Exercise(
        "3.1",
        "Binary cross-entropy on logits",
        3,
        "bce_with_logits",
        "bce_with_logits(logits, targets)",
        score_specs.scores,
        score_specs.probe_bce,
        agrees=("the result", "the result at large scores", "the gradient"),
    ),
    Exercise(
        "3.3",
        "The generator's loss",
        2,
        "generator_loss",
        "generator_loss(D, real, fake)",
        loss_specs.judged_images,
        loss_specs.probe_g_loss,
        agrees=("the result", "the gradient at the fakes"),
    ),
    Exercise(
        "3.4",
        "One training step",
        5,
        "train_step",
        "train_step(G, D, d_optimizer, g_optimizer, real, z)",
        step_specs.start,
        step_specs.probe_step,
        causes=(
            (
                "backward through the graph a second time",
                "the fakes are not detached in D's loss, so its `backward()` used up G's graph: see 3.2",
            ),
            (
                "modified by an inplace operation",
                "D's step changed weights that G's loss still needs: compute G's loss after D's step",
            ),
        ),
        agrees=("D's change", "G's change", "the losses"),
    ),
    Exercise(
        "3.5",
        "The loop",
        4,
        "training_loop",
        "training_loop(run, steps, every, update)",
        _seed,
        run_specs.probe_loop,
        agrees=("updates", "updates later", "batches", "step", "the losses", "frames"),
    ),
    Exercise(
        "3.6",
        "Save, kill, resume",
        4,
        "Checkpoint",
        "Checkpoint(path).save(run), then .load(run)",
        _seed,
        resume_specs.probe_checkpoint,
        causes=(
            (
                "Weights only load failed|WeightsUnpickler",
                "the file holds objects, not plain data: save `state_dict()`s",
            ),
            (
                r"RNG state must be|ByteTensor",
                'the random state must be on the CPU: load with `map_location="cpu"`',
            ),
        ),
        agrees=resume_specs.AGREES,
    ),
    Exercise(
        "3.7",
        "The floor of D's loss",
        2,
        "loss_floor",
        "loss_floor(smooth)",
        score_specs.targets,
        score_specs.probe_floor,
        causes=(
            ("NoneType", "the function returned nothing: is there a `return`?"),
            ("math domain error|divide by zero", "log 0 at a target of 1: there the floor is 0, by itself"),
        ),
        agrees=("the floors", "without smoothing"),
    ),
    Written("3.8", "Why not train D to the end?", 4),
)
