"""`labkit doctor`: is this machine ready? One line per thing: ok, or what to do about it.

`report` returns the lines for a notebook or a test, `main` prints them and gives an exit code.
Nothing is downloaded, drawn or changed.
"""

import argparse
import importlib.util
import os
import platform
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_WIDTH = 80
_GIB = 2**30


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        thing: what was looked at.
        state: ``ok``; ``note`` for something that is fine but worth knowing; ``fix`` for what stops the labs.
        text: what was found.
        advice: what to do, empty when there is nothing to do.
    """

    thing: str
    state: str
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """All findings; prints as aligned lines of at most 80 columns."""

    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """True when nothing stops the labs."""
        return all(finding.state != "fix" for finding in self.findings)

    def __str__(self) -> str:
        lines = [line for finding in self.findings for line in _lines(finding)]
        broken = sum(finding.state == "fix" for finding in self.findings)
        verdict = "Ready for the labs." if self.ready else f"{broken} to fix: see the lines marked ✗."
        return "\n".join([*lines, "", verdict])

    __repr__ = __str__


def report() -> Report:
    """Look at this machine. Takes about a second, most of it importing torch."""
    looks = (_python, _torch, _torchvision, _device, _memory, _disk, _jupyter, _ipywidgets, _tensorboard)
    findings = [_guarded(look) for look in (*looks, _faces, _celeba)]
    return Report(tuple(findings))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; returns 0 when the labs will run, else 1."""
    argparse.ArgumentParser(prog="labkit doctor", description=__doc__.splitlines()[0]).parse_args(argv)
    found = report()
    print(found)
    return 0 if found.ready else 1


def _lines(finding: Finding) -> list[str]:
    sign = {"ok": "✓ ok  ", "note": "· note", "fix": "✗ fix "}[finding.state]
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:  # an old Windows console
        sign = sign[2:]
    head = f"{sign} {finding.thing:<12} "
    return _wrapped(head, finding.text) + (
        _wrapped(" " * len(head) + "→ ", finding.advice) if finding.advice else []
    )


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head]


def _settings():
    from labkit import settings  # not at the top: it imports torch, which may be what is missing

    return settings


def _guarded(look: Callable[[], Finding]) -> Finding:
    """A doctor that falls over helps nobody: what a look raises becomes its finding."""
    try:
        return look()
    except Exception as error:
        thing = look.__name__.strip("_")
        if isinstance(error, ImportError) and error.name == "torch":
            return Finding(thing, "note", "not looked at: needs torch")
        return Finding(
            thing, "fix", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        )


def _python() -> Finding:
    text = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < (3, 11):  # noqa: UP036 (a checkout can be run without being installed)
        return Finding(
            "Python", "fix", text, "the kit needs Python 3.11 or newer: install one, then run make lab"
        )
    return Finding("Python", "ok", text)


def _torch() -> Finding:
    try:
        import torch
    except Exception as error:
        return Finding("torch", "fix", _short(error), "run make lab, or pip install torch torchvision")
    return Finding("torch", "ok", torch.__version__)


def _torchvision() -> Finding:
    """Beside a torch that it was not built for, its operators are missing."""
    advice = "it does not fit this torch: pip install --force-reinstall torch torchvision (both at once)"
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


def _device() -> Finding:
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
    return Finding("device", "ok", f"{text}, {os.cpu_count()} cores, {torch.get_num_threads()} used")


def _memory() -> Finding:
    import torch

    total, free = _ram()
    text = f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB free" if total else "unknown on this system"
    if torch.cuda.is_available():
        gpu_free, gpu_total = torch.cuda.mem_get_info()
        text += f"; GPU {gpu_free / _GIB:.1f} of {gpu_total / _GIB:.1f} GiB free"
    if total and free < 2 * _GIB:
        return Finding("memory", "note", text, "the labs want about 2 GiB: close other programs")
    return Finding("memory", "ok", text)


def _ram() -> tuple[int, int]:
    """Main memory in bytes (total, free for us), (0, 0) where the system does not say."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        entries = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        kib = {name: int(value.split()[0]) for name, value in entries.items()}
        return kib["MemTotal"] * 1024, kib.get("MemAvailable", kib["MemFree"]) * 1024
    if sys.platform == "win32":
        return _ram_of_windows()
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return total, total  # macOS gives memory back on demand: count all of it
    return 0, 0


def _ram_of_windows() -> tuple[int, int]:
    import ctypes

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


def _disk() -> Finding:
    folder = _settings().current().data_dir
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / _GIB:.1f} GiB free for {_home_as_tilde(folder)}"
    if not os.access(place, os.W_OK):
        return Finding("disk", "fix", f"{place} cannot be written", "set LABKIT_DATA to a folder of yours")
    if free < _GIB:
        return Finding("disk", "fix", text, "the caches take up to 1 GiB: free some, or set LABKIT_DATA")
    return Finding("disk", "ok", text)


def _jupyter() -> Finding:
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


def _ipywidgets() -> Finding:
    return _package("ipywidgets", "ipywidgets", "the sliders of lab 01 need it: pip install ipywidgets")


def _tensorboard() -> Finding:
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


def _faces() -> Finding:
    folder = _settings().current().data_dir
    kept = sorted(path.name for path in folder.glob("faces-*") if path.is_dir())
    if not kept:
        return Finding("faces", "ok", "not drawn yet; the first load draws them in under a minute")
    described = {f"{count} at {size}x{size}" for _, size, _, count in (name.split("-") for name in kept)}
    return Finding("faces", "ok", f"in the cache: {', '.join(sorted(described))}")


def _celeba() -> Finding:
    from labkit.data import celeba

    folder = _settings().current().data_dir
    own = celeba.own_copy(folder)
    fetched = [path for source in celeba.SOURCES for path in (folder / source.folder).glob("*.zip")]
    if own:
        return Finding("CelebA", "ok", f"your copy: {_home_as_tilde(own)}")
    if fetched:
        return Finding(
            "CelebA", "ok", f"downloaded: {len(fetched)} parts in {_home_as_tilde(fetched[0].parent)}"
        )
    return Finding("CelebA", "note", 'not here (optional): load("celeba") downloads it, or draws its twin')


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "version unknown"


def _short(error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}"[:200]


def _home_as_tilde(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)
