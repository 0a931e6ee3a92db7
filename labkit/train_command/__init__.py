"""What ``labkit train`` does: a recipe, a data set and a budget become a folder of results."""

from labkit.train_command.command import (
    Request,
    UsageError,
    describe,
    folder_of,
    run,
    versions,
    write_results,
)

__all__ = ["Request", "UsageError", "describe", "folder_of", "run", "versions", "write_results"]
