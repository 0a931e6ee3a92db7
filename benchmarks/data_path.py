"""Images per second of the kit's data path against torchvision's ImageFolder, on the same images.

The rival is what the student reports use: ``ImageFolder`` with Resize(64), CenterCrop(64), ToTensor
and Normalize(0.5, 0.5), behind a shuffling ``DataLoader``, with the best of the given numbers of
workers. Both give float batches in [-1, 1]. The kit's first epoch holds the decoding and writing of
its cache; both first epochs start from the files. Epochs alternate between the two, so that a
machine that gets slower or faster does so for both.

    python benchmarks/data_path.py [--data FOLDER_OR_ZIP] [--images N] [--batch N] [--epochs N]

Without ``--data`` it draws faces and writes them as 178x218 JPEGs, the layout of published CelebA.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from ratios import Speeds, table
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from labkit.data import Batches, load

_KIT_EPOCHS = 5  # for each one of the rival


def measure(
    data: Path | None = None,
    *,
    images: int = 2_000,
    batch: int = 64,
    epochs: int = 3,
    workers: Sequence[int] = (0, 2),
    device: torch.device | str = "cpu",
) -> list[Speeds]:
    """Measure both paths on one set of pictures: the first epoch, then the median of the later ones.

    Args:
        data: a folder or zip of pictures; None draws faces and writes them as JPEGs.
        images: how many of them, at most.
        batch: batch size of both.
        epochs: at least 2; the first one counts for itself.
        workers: numbers of DataLoader workers to try for the rival; its best one counts.
        device: where the batches shall be in the end.
    """
    with tempfile.TemporaryDirectory() as temporary, _one_thread():
        folder = Path(temporary, "set", "pictures")
        folder.mkdir(parents=True)
        count = as_folder(data, folder, images)
        batch = min(batch, count)
        ours = _kit_epochs(folder, Path(temporary, "cache"), batch, device)
        theirs = [_rival_epochs(folder.parent, batch, number, device) for number in workers]
        kit, rival = [next(ours)], [max(next(epoch) for epoch in theirs)]
        for _ in range(epochs - 1):
            # Ours last a fraction of a second: several of them, so that one hiccup does not decide.
            kit.append(statistics.median(islice(ours, _KIT_EPOCHS)))
            rival.append(max(next(epoch) for epoch in theirs))
    return [
        Speeds(f"{count:,} pictures, first epoch (from the files)", kit[0], rival[0]),
        Speeds(f"{count:,} pictures, later epochs", statistics.median(kit[1:]), statistics.median(rival[1:])),
    ]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Both feed from one thread, as if the training had the other cores (the rival keeps its workers)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _kit_epochs(folder: Path, cache: Path, batch: int, device: torch.device | str) -> Iterator[float]:
    """Images per second of one epoch after the other; the first holds the loading."""
    started = time.perf_counter()
    batches = Batches(load(folder, size=64, root=cache), batch, device=device)
    while True:
        seen = sum(len(images) for images in islice(batches, batches.batches_per_epoch))
        _wait(device)
        yield seen / (time.perf_counter() - started)
        started = time.perf_counter()


def _rival_epochs(folder: Path, batch: int, workers: int, device: torch.device | str) -> Iterator[float]:
    started = time.perf_counter()
    loader = published_loader(folder, batch, workers)
    while True:
        seen = sum(len(images.to(device)) for images, _ in loader)
        _wait(device)
        yield seen / (time.perf_counter() - started)
        started = time.perf_counter()


def _wait(device: torch.device | str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def published_loader(folder: Path, batch: int, workers: int) -> DataLoader:
    """What the student reports use. ``folder`` holds a folder of pictures."""
    published = transforms.Compose(
        [
            transforms.Resize(64),
            transforms.CenterCrop(64),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ]
    )
    pictures = datasets.ImageFolder(str(folder), transform=published)
    return DataLoader(pictures, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers)


def as_folder(data: Path | None, folder: Path, most: int) -> int:
    """Put ``most`` pictures into a folder, of a folder or zip or (None) drawn ones; returns their number."""
    return _draw_jpegs(folder, most) if data is None else _copy(Path(data), folder, most)


def _draw_jpegs(folder: Path, count: int) -> int:
    from labkit.synthetic import faces

    drawn, _ = faces.draw(count, size=64)
    for i, image in enumerate(drawn):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((178, 178), Image.Resampling.BICUBIC)
        published = Image.new("RGB", (178, 218))
        for top in (0, 40):  # the second covers most of the first: no empty bands
            published.paste(picture, (0, top))
        published.save(folder / f"{i:06d}.jpg", quality=90)
    return count


def _copy(data: Path, folder: Path, most: int) -> int:
    """Copy the first pictures of a folder or zip: ImageFolder can read neither a zip nor a flat folder."""
    from labkit.data.pictures import open_images

    with open_images(data) as files:
        for i, file in enumerate(files[:most]):
            (folder / f"{i:06d}{Path(file.name).suffix.lower()}").write_bytes(file.read())
        return min(most, len(files))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder or zip of pictures (default: drawn faces)")
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args(argv)
    cores = os.cpu_count() or 1
    rows = measure(
        options.data,
        images=options.images,
        batch=options.batch,
        epochs=max(2, options.epochs),
        workers=(0, cores),
    )
    print(f"batch {options.batch}, {cores} cores, torch {torch.__version__}")
    print(table(rows, "data path", "ImageFolder", decimals=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
