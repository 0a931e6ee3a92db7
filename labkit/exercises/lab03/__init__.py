"""Lab 03: the losses, one training step, the loop, and a run that survives being killed."""
