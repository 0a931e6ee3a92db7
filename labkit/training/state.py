"""The state of a run as a checkpoint holds it: taken down, compared with what is asked for, put back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from labkit.training import checkpoints
from labkit.training.checkpoints import CheckpointError
from labkit.training.run import Options, Run

if TYPE_CHECKING:
    from labkit.training.loop import Loop

# How a run looks and how often it is saved: a resumed one may differ in these.
_FREE = ("progress", "checkpoint_seconds", "about")


def settings(options: Options, steps: int, device: torch.device) -> dict:
    """What a resumed run must share with the one that was saved, as plain JSON."""
    shared = {name: value for name, value in vars(options).items() if name not in _FREE}
    if callable(options.latent):
        shared["latent"] = getattr(options.latent, "__name__", "a function")
    return json.loads(json.dumps(dict(options.about) | shared | {"steps": steps, "device": device.type}))


def find(file: Path | None, wanted: dict, resume: bool) -> dict | None:
    """The checkpoint to go on from, if one is wanted.

    Raises:
        CheckpointError: none there, one of other settings, or one that a new run would overwrite.
    """
    if not resume:
        if file is not None and file.is_file():
            raise CheckpointError(f"{file.parent} already holds a run. Resume it, or choose another folder.")
        return None
    if file is None:
        raise CheckpointError("resuming needs the folder that the run was kept in.")
    saved = checkpoints.load(file)
    before = json.loads(saved["settings"])
    for name in before | wanted:
        if before.get(name) != wanted.get(name):
            raise CheckpointError(
                f"{file.parent} holds a run with {name} {before.get(name)}, not {wanted.get(name)}. "
                "Resume it with the same settings, or choose another folder."
            )
    return saved


def capture(loop: "Loop") -> dict:
    """Everything that the next step depends on: tensors, numbers and strings."""
    run = loop.run
    frames = list(run.frames.values())
    return {
        "settings": json.dumps(loop.settings),
        "step": run.step,
        "seconds": run.seconds,
        "images": run.images,
        "networks": {name: net.state_dict() for name, net in _networks(run).items()},
        "g_optimizer": loop.g_optimizer.state_dict(),
        "d_optimizer": loop.d_optimizer.state_dict(),
        "batches": loop.batches.state_dict(),
        "latent": loop.latent.get_state(),
        "random": checkpoints.rng_state(loop.watch.device),
        "fixed_z": run.fixed_z,
        "frame_steps": list(run.frames),
        "frames": torch.stack(frames) if frames else torch.empty(0),
        "logbook": run.logbook.state_dict(),
    }


def restore(loop: "Loop", saved: dict) -> None:
    """Put back what `capture` took down.

    Raises:
        CheckpointError: the checkpoint is of other networks or optimizers.
    """
    run = loop.run
    try:
        for name, net in _networks(run).items():
            net.load_state_dict(saved["networks"][name])
        loop.g_optimizer.load_state_dict(saved["g_optimizer"])
        loop.d_optimizer.load_state_dict(saved["d_optimizer"])
    except (RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{loop.file} is of other networks: {str(error).splitlines()[0]}") from error
    loop.align()
    loop.batches.load_state_dict(saved["batches"])
    loop.latent.set_state(saved["latent"].cpu())
    checkpoints.set_rng_state(saved["random"], loop.watch.device)
    run.fixed_z = saved["fixed_z"].to(loop.watch.device)
    run.frames = dict(zip(saved["frame_steps"], saved["frames"], strict=True))
    run.logbook.load_state_dict(saved["logbook"])
    run.step = run.resumed_at = saved["step"]
    run.seconds, run.images = saved["seconds"], saved["images"]


def _networks(run: Run) -> dict[str, torch.nn.Module]:
    return {"G": run.G, "D": run.D} | ({} if run.ema is None else {"ema": run.ema})
