"""The adversarial loop of the later labs: networks, losses and optimizers are arguments.

A run is its state: everything that the next step depends on goes into the checkpoint, so that a run
killed at any moment goes on to the very same weights (bit for bit on the CPU).
"""

from labkit.training.checkpoints import CheckpointError
from labkit.training.loop import CHECKPOINT, TrainingError, train
from labkit.training.run import Options, Run, generate

__all__ = ["CHECKPOINT", "CheckpointError", "Options", "Run", "TrainingError", "generate", "train"]
