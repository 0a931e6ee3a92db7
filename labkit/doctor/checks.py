"""The checks of the doctor: each looks at one thing and returns one finding. None changes anything."""

import ctypes
import importlib.util
import os
import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from labkit.doctor.findings import Finding

_GIB = 2**30
_FACES = re.compile(r"^faces-(\d+)-[0-9a-f]+-(\d+)$")  # size and count, as `labkit.data` names its caches


def python() -> Finding:
    """New enough for the kit."""
    text = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036 (a checkout can be run without being installed)
        return Finding(
            "Python", "fix", text, "the kit needs Python 3.11 or newer: install one, then run make lab"
        )
    return Finding("Python", "ok", text)


def torch() -> Finding:
    """It can be imported."""
    try:
        import torch
    except Exception as error:
        return Finding("torch", "fix", _short(error), "run make lab, or pip install torch torchvision")
    return Finding("torch", "ok", torch.__version__)


def torchvision() -> Finding:
    """Beside a torch that it was not built for, its operators are missing."""
    advice = "run: pip install --force-reinstall torch torchvision"
    try:
        import torch
        import torchvision

        kept = torchvision.ops.nms(
            torch.tensor([[0.0, 0, 1, 1], [0.0, 0, 1, 1]]), torch.tensor([0.9, 0.8]), 0.5
        )
    except Exception as error:
        return Finding("torchvision", "fix", _short(error), advice)
    if kept.tolist() != [0]:
        return Finding("torchvision", "fix", "its operators give wrong results", advice)
    return Finding("torchvision", "ok", f"{torchvision.__version__}, operators load")


def device() -> Finding:
    """Where trainings will run, and with which budget."""
    import torch

    try:
        here = _settings().current()
    except _settings().SettingsError as error:
        return Finding("device", "fix", str(error), "change or unset that variable")
    text = f"{here.device.type}, budget {here.budget}"
    if here.device.type == "cuda":
        return Finding("device", "ok", f"{text}, {torch.cuda.get_device_name(here.device)}")
    if shutil.which("nvidia-smi") and not torch.cuda.is_available():
        return Finding("device", "note", text, "there is an NVIDIA driver, but this torch cannot use it")
    if here.in_colab:
        return Finding("device", "note", text, "faster: Runtime > Change runtime type > T4 GPU")
    return Finding("device", "ok", f"{text}, {os.cpu_count()} cores")


def memory() -> Finding:
    """Main memory, and that of the GPU where there is one."""
    import torch

    total, free = main_memory()
    text = f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB free" if total else "unknown on this system"
    if torch.cuda.is_available():
        gpu_free, gpu_total = torch.cuda.mem_get_info()
        text += f"; GPU {gpu_free / _GIB:.1f} of {gpu_total / _GIB:.1f} GiB free"
    if total and free < 2 * _GIB:
        return Finding("memory", "note", text, "the labs need about 2 GiB: close other programs")
    return Finding("memory", "ok", text)


def main_memory() -> tuple[int, int]:
    """In bytes: total and free for us; (0, 0) where the system does not say."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        entries = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        kib = {name: int(value.split()[0]) for name, value in entries.items()}
        return kib["MemTotal"] * 1024, kib.get("MemAvailable", kib["MemFree"]) * 1024
    if sys.platform == "win32":
        return _of_windows()
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return total, total  # macOS gives memory back on demand: count all of it
    return 0, 0


def _of_windows() -> tuple[int, int]:
    class Status(ctypes.Structure):  # MEMORYSTATUSEX of the Windows API
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *(
                (name, ctypes.c_ulonglong)
                for name in ("total", "free", "pages", "free_pages", "virtual", "free_virtual", "extended")
            ),
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status.total, status.free


def disk() -> Finding:
    """Room for the caches."""
    folder = _settings().current().data_dir
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / _GIB:.1f} GiB free for {_short_path(folder)}"
    if not os.access(place, os.W_OK):
        return Finding("disk", "fix", f"{place} cannot be written", "set LABKIT_DATA to a folder of yours")
    if free < _GIB:
        return Finding("disk", "fix", text, "the caches take up to 1 GiB: free some, or set LABKIT_DATA")
    return Finding("disk", "ok", text)


def jupyter() -> Finding:
    """Something to open notebooks with."""
    if _settings().in_colab():
        return Finding("Jupyter", "ok", "Google Colab")
    if importlib.util.find_spec("jupyterlab") and importlib.util.find_spec("ipykernel"):
        return Finding(
            "Jupyter", "ok", f"JupyterLab {_version('jupyterlab')}, ipykernel {_version('ipykernel')}"
        )
    if importlib.util.find_spec("ipykernel"):
        return Finding(
            "Jupyter", "ok", f"ipykernel {_version('ipykernel')} (for an editor that opens notebooks)"
        )
    return Finding("Jupyter", "fix", "not found", "run make lab, or pip install jupyterlab ipykernel")


def ipywidgets() -> Finding:
    """The sliders of lab 01."""
    return _package("ipywidgets", "ipywidgets", "the sliders of lab 01 need it: pip install ipywidgets")


def tensorboard() -> Finding:
    """The log that every training writes."""
    advice = "the labs log to it: pip install tensorboard"
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: F401
    except Exception as error:
        return Finding("TensorBoard", "fix", _short(error), advice)
    return _package("TensorBoard", "tensorboard", advice)


def _package(thing: str, module: str, advice: str) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(thing, "fix", "not found", advice)
    return Finding(thing, "ok", _version(module))


def faces() -> Finding:
    """Which drawn faces are in the cache."""
    folder = _settings().current().data_dir
    names = [path.name for path in folder.glob("faces-*") if path.is_dir()]
    kept = sorted({(int(size), int(count)) for name in names for size, count in _FACES.findall(name)})
    if not kept:
        return Finding("faces", "ok", "not drawn yet; the first load draws them in under a minute")
    described = ", ".join(f"{count:,} at {size}x{size}" for size, count in kept)
    return Finding("faces", "ok", f"in the cache: {described}")


def celeba() -> Finding:
    """Whether there are real faces."""
    from labkit.data import celeba

    folder = _settings().current().data_dir
    own = celeba.own_copy(folder)
    fetched = [path for source in celeba.SOURCES for path in (folder / source.folder).glob("*.zip")]
    if own:
        return Finding("CelebA", "ok", f"your copy: {_short_path(own)}")
    if fetched:
        return Finding(
            "CelebA", "ok", f"downloaded: {len(fetched)} parts in {_short_path(fetched[0].parent)}"
        )
    return Finding("CelebA", "note", 'optional; load("celeba") downloads it or draws its twin')


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "version unknown"


def _short(error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}"[:200]


def _short_path(path: Path) -> str:
    """Enough to know it by, without the folders of this machine: the line is stored in notebooks."""
    return Path(*path.parts[-2:]).as_posix()


def _settings():
    from labkit import settings  # not at the top: it imports torch, which may be what is missing

    return settings


ALL = (python, torch, torchvision, device, memory, disk, jupyter, ipywidgets, tensorboard, faces, celeba)
