"""Training: G against D with `train`, a style-based G with `train_style`, an encoder and a decoder with
`train_vae`, translators between two kinds of images with `train_translation`, and the loop that every kind of
training shares.

To read how a GAN is trained, open `adversarial`: `Run.train_step` is the step of exercise 3.4. `observe` is
what is measured of it, `precision` what makes it fast. `loop` repeats any training's steps; it logs, samples,
saves and resumes.
"""

from labkit.training.adversarial import Options, Run, train
from labkit.training.autoencoder import VAEOptions, VAERun, train_vae
from labkit.training.checkpoints import CheckpointError
from labkit.training.loop import CHECKPOINT, TrainingError
from labkit.training.sampling import generate
from labkit.training.style import StyleOptions, StyleRun, train_style
from labkit.training.translation import TranslationOptions, TranslationRun, train_translation

__all__ = [
    "CHECKPOINT",
    "CheckpointError",
    "Options",
    "Run",
    "StyleOptions",
    "StyleRun",
    "TrainingError",
    "TranslationOptions",
    "TranslationRun",
    "VAEOptions",
    "VAERun",
    "generate",
    "train",
    "train_style",
    "train_translation",
    "train_vae",
]
