"""What a training wrote down: numbers and pictures by step, in memory, in TensorBoard and in a CSV file.

The only module that touches ``SummaryWriter``. A logbook can say how far it had got and later go back
to there, so that a resumed run leaves no row twice and none torn.
"""

import csv
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from labkit.files import nameless, write_bytes

TABLE = "metrics.csv"
_SUFFIX = ".labkit"  # marks the event files that are ours to shorten or remove
_EVENTS = "events.out.tfevents.*"


class LogbookError(ValueError):
    """A logbook that cannot be read, or a tag that was never written."""


class Logbook:
    """Numbers and pictures of one run; ``folder=None`` keeps them in memory only.

    A new logbook in a folder removes what an earlier one of ours left there, so that a cell run twice
    shows one curve; ``keep=True`` leaves it, for `load_state_dict` to go on from.
    """

    def __init__(self, folder: Path | str | None = None, *, keep: bool = False):
        self.folder = None if folder is None else Path(folder)
        self._columns: dict[str, tuple[list[int], list[float]]] = {}
        self._writer = None
        if self.folder is not None and not keep:
            for path in _own_files(self.folder):
                path.unlink()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write one number under each tag, at this step."""
        for tag, value in values.items():
            steps, column = self._columns.setdefault(tag, ([], []))
            steps.append(int(step))
            column.append(float(value))
            if self.folder is not None:
                with self._writing() as events:
                    events.add_scalar(tag, float(value), int(step))

    def image(self, step: int, tag: str, grid: torch.Tensor | np.ndarray) -> None:
        """Write one picture, uint8 (C, H, W) with 1 or 3 channels. Nothing happens without a folder."""
        if self.folder is not None:
            with self._writing() as events:
                events.add_image(tag, torch.as_tensor(grid).cpu(), int(step))

    def histogram(self, step: int, tag: str, values: torch.Tensor | np.ndarray) -> None:
        """Write the distribution of a tensor or array of any shape; nothing happens without a folder."""
        if self.folder is not None:
            with self._writing() as events:
                events.add_histogram(tag, torch.as_tensor(values).detach().float().cpu(), int(step))

    @property
    def tags(self) -> list[str]:
        """The tags of all numbers, in the order of their first appearance."""
        return list(self._columns)

    def column(self, tag: str) -> tuple[np.ndarray, np.ndarray]:
        """The steps (N,) int64 and values (N,) float64 under one tag.

        Raises:
            LogbookError: nothing was written under this tag.
        """
        if tag not in self._columns:
            raise LogbookError(
                f"nothing was logged as {tag!r}; there is {', '.join(self.tags) or 'nothing yet'}."
            )
        steps, values = self._columns[tag]
        return np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64)

    def flush(self) -> None:
        """Bring everything written so far to the disk, the table included."""
        self._flush_events()
        if self.folder is not None and self._columns:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(self.folder / TABLE, self._table())

    def close(self) -> None:
        """Flush and let the files go. Writing again opens a new event file."""
        self.flush()
        if self._writer is not None:
            with self._writing() as events:
                events.close()
            self._writer = None

    def __enter__(self) -> "Logbook":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state_dict(self) -> dict:
        """All numbers, and how long each event file is now: tensors, numbers and strings only."""
        self._flush_events()
        columns = {
            tag: [torch.tensor(steps, dtype=torch.int64), torch.tensor(values, dtype=torch.float64)]
            for tag, (steps, values) in self._columns.items()
        }
        files = [] if self.folder is None else _event_files(self.folder)
        return {"columns": columns, "files": {path.name: path.stat().st_size for path in files}}

    def load_state_dict(self, state: dict) -> None:
        """Go back to a saved state: what was written after it is cut off, on the disk as well."""
        self._columns = {tag: (s.tolist(), v.tolist()) for tag, (s, v) in state["columns"].items()}
        if self.folder is None:
            return
        for path in _event_files(self.folder):
            length = state["files"].get(path.name)
            if length is None:
                path.unlink()
            elif path.stat().st_size > length:
                with open(path, "r+b") as handle:
                    handle.truncate(length)
        self.flush()

    def _flush_events(self) -> None:
        if self._writer is not None:
            with self._writing() as events:
                events.flush()

    @contextmanager
    def _writing(self) -> Iterator:
        """TensorBoard's writer; where the disk does not take what it writes, the error names the folder."""
        try:
            yield self._events()
        except OSError as error:
            if trouble := nameless(error):
                raise OSError(trouble.errno, trouble.strerror, str(self.folder)) from error
            raise

    def _events(self):
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter  # slow to import: only who logs to disk pays

            _wait_for_a_later_name(self.folder)
            self._writer = SummaryWriter(str(self.folder), flush_secs=10, filename_suffix=_SUFFIX)
        return self._writer

    def _table(self) -> bytes:
        rows: dict[int, dict[str, float]] = {}
        for tag, (steps, values) in self._columns.items():
            for step, value in zip(steps, values, strict=True):
                rows.setdefault(step, {})[tag] = value
        text = io.StringIO(newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["step", *self.tags])
        for step in sorted(rows):
            table.writerow([step, *(repr(rows[step][tag]) if tag in rows[step] else "" for tag in self.tags)])
        return text.getvalue().encode()


def read(folder: Path | str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read the numbers in a folder's TensorBoard event files: tag to (steps, values), both (N,).

    Values come back as float32, which is all that an event file keeps.

    Raises:
        LogbookError: no event file there.
    """
    folder = Path(folder)
    if not folder.is_dir() or not any(folder.glob(_EVENTS)):
        raise LogbookError(f"{folder} holds no TensorBoard event files.")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 1, "tensors": 0})
    events.Reload()
    columns = {}
    for tag in events.Tags()["scalars"]:
        found = events.Scalars(tag)
        columns[tag] = (
            np.array([event.step for event in found], dtype=np.int64),
            np.array([event.value for event in found], dtype=np.float32),
        )
    return columns


def is_ours(path: Path) -> bool:
    """Whether a file is one that a logbook wrote (or was about to write), and would remove."""
    return path.name in (TABLE, TABLE + ".part") or path.match(_EVENTS + _SUFFIX)


def _event_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(_EVENTS + _SUFFIX))


def _wait_for_a_later_name(folder: Path, most: float = 5.0) -> None:
    """Wait until a new event file sorts behind those that are there.

    TensorBoard reads a run's files in the order of their names: the second of their making, then the host and
    the process. Of two runs begun in one second the later one may come first, and the curve runs backwards.
    A file from a clock that is ahead by more than `most` seconds is not waited for.
    """
    made = [name.split(".")[3] for name in (path.name for path in _event_files(folder))]
    latest = max((int(second) for second in made if second.isdecimal()), default=0)
    while 0 < latest + 1 - time.time() <= most:
        time.sleep(0.02)


def _own_files(folder: Path) -> list[Path]:
    table = folder / TABLE
    return _event_files(folder) + ([table] if table.is_file() else [])
