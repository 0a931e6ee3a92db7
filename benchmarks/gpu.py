"""Everything that needs a GPU, in the minutes that there are: a report that grows part by part.

    python benchmarks/gpu.py --minutes 9 --out DIR [--data FOLDER_OR_ZIP] [--parts NAME …] [--device cpu]
    python benchmarks/gpu.py --publish DIR     # docs/gpu.md from a report folder

It needs the kit's dependencies and no more: no Jupyter, no network, no installation; from a checkout, put the
checkout on PYTHONPATH. Each part of `gpu_parts.PARTS` runs in a process of its own, in order of worth, with
its share of the time that is left. After each number that it finds, its results lie in DIR: a machine that
vanishes leaves ``report.md``, ``report.json`` and the figures of all that was done by then. A part that fails
is reported with its traceback, one that outlasts its share is stopped, and the next one goes on.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import torch
from gpu_parts import PARTS, Bench

from labkit.files import write_bytes

ROOT = Path(__file__).resolve().parent.parent
_GRACE = 1.25  # a part is stopped when it takes this much longer than its share
_SPARE_SECONDS = {"cuda": 6, "cpu": 60}  # and this: at toy size, shares are shorter than what they pay for
_START_SECONDS = 120  # for its imports, which are not its fault and not in its share


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts; exit code 0 when none failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="for all parts together (default: 9)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the report goes")
    parser.add_argument(
        "--data", type=Path, help="CelebA, a folder or zip of pictures (default: drawn faces)"
    )
    parser.add_argument("--parts", nargs="+", metavar="NAME", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--publish", type=Path, metavar="DIR", help="make docs/gpu.md from this report")
    parser.add_argument("--one", metavar="NAME", help=argparse.SUPPRESS)  # a part, in its own process
    asked = parser.parse_args(argv)
    if asked.publish:
        return _publish(asked.publish)
    if not asked.out:
        parser.error("--out DIR is needed: where shall the report go?")
    if unknown := set(asked.parts or ()) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if asked.data and not asked.data.exists():
        parser.error(f"--data {asked.data}: there is nothing there")
    if asked.device == "cuda" and not torch.cuda.is_available():
        print("gpu: torch sees no GPU here. --device cpu tries everything at toy size.", file=sys.stderr)
        return 2
    if asked.one:
        return _one(asked)
    return _all(asked)


def _all(asked: argparse.Namespace) -> int:
    """Each part in a process of its own, with its share of what time is left."""
    asked.out.mkdir(parents=True, exist_ok=True)
    chosen = [name for name in PARTS if name in (asked.parts or PARTS)]
    report = {"machine": _machine(asked.device), "minutes": asked.minutes, "parts": {}}
    end = time.monotonic() + 60 * asked.minutes
    for place, name in enumerate(chosen):
        left = sum(PARTS[other].share for other in chosen[place:])
        seconds = max(1.0, (end - time.monotonic()) * PARTS[name].share / left)
        print(f"=== {name}: {PARTS[name].title} ({seconds:.0f} s)", flush=True)
        report["parts"][name] = {"status": "running", "given_seconds": round(seconds, 1)}
        write_report(asked.out, report)
        report["parts"][name] |= _run(asked, name, seconds)
        write_report(asked.out, report)
        print(f"    {report['parts'][name]['status']}", flush=True)
    statuses = [part["status"] for part in report["parts"].values()]
    print(f"{asked.out / 'report.md'}: {statuses.count('done')} of {len(chosen)} parts came to their end")
    return 1 if "failed" in statuses else 0


def _run(asked: argparse.Namespace, name: str, seconds: float) -> dict:
    command = [sys.executable, str(Path(__file__).resolve()), "--one", name, "--minutes", str(seconds / 60)]
    command += ["--out", str(asked.out), "--device", asked.device]
    command += ["--data", str(asked.data)] if asked.data else []
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "MPLBACKEND": "agg",
        "LABKIT_DEVICE": asked.device,
    }
    begun = asked.out / f"{name}.json"
    begun.unlink(missing_ok=True)
    started = time.monotonic()
    child = subprocess.Popen(command, env=environment, start_new_session=True)
    end = started + _START_SECONDS
    working = False
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
        if not working and begun.exists():
            spare = _SPARE_SECONDS[asked.device]
            working, end = True, time.monotonic() + _GRACE * seconds + spare
    status = {None: "stopped", 0: "done"}.get(child.poll(), "failed")
    with contextlib.suppress(ProcessLookupError):  # whatever it started goes with it
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return {"status": status, "seconds": round(time.monotonic() - started, 1)}


def _one(asked: argparse.Namespace) -> int:
    """This process is one part. It ends with the one that started it, whatever ended that."""
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    seconds = 60 * asked.minutes
    toy = asked.device == "cpu"
    bench = Bench(asked.one, torch.device(asked.device), seconds, toy, asked.data, asked.out)
    try:
        PARTS[asked.one].run(bench)
    except Exception:
        bench.note("It failed:", code=traceback.format_exc(limit=-6))
        return 1
    return 0


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)


def write_report(out: Path, report: dict) -> None:
    """Write ``report.json`` and ``report.md`` from what the parts have left so far, each in one piece."""
    parts = {name: part | _left(out, name) for name, part in report["parts"].items()}
    whole = report | {"parts": parts}
    write_bytes(out / "report.json", (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode())
    write_bytes(out / "report.md", as_markdown(whole).encode())


def _left(out: Path, name: str) -> dict:
    with contextlib.suppress(OSError, ValueError):
        return json.loads((out / f"{name}.json").read_text("utf-8"))
    return {"text": [], "numbers": {}}


def as_markdown(report: dict) -> str:
    """The report as a page."""
    machine = ", ".join(f"{key} {value}" for key, value in report["machine"].items())
    lines = ["# What a GPU does with the kit", "", f"{machine}. {report['minutes']:g} minutes in all.", ""]
    for name, part in report["parts"].items():
        title = PARTS[name].title if name in PARTS else name
        spent = f", {part['seconds']:g} s" if "seconds" in part else ""
        lines += [f"## {title}", "", f"*`{name}`: {part['status']}{spent}*", "", *part["text"], ""]
    return "\n".join(lines).rstrip() + "\n"


def _machine(device: str) -> dict[str, str]:
    where = {"device": "CPU"}
    if device == "cuda":
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        where = {"device": f"{torch.cuda.get_device_name(0)} ({memory:.0f} GiB)"}
    return where | {
        "cores": str(os.cpu_count()),
        "torch": torch.__version__,
        "Python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }


def _publish(folder: Path) -> int:
    """Make ``docs/gpu.md`` of a report. Figures of other people's pictures stay where they are."""
    try:
        report = json.loads((folder / "report.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        print(f"gpu: {folder} holds no report: {error}", file=sys.stderr)
        return 2
    page = as_markdown(report)
    target = ROOT / "docs" / "gpu"
    shutil.rmtree(target, ignore_errors=True)
    for name, part in report["parts"].items():
        for figure, ours in part.get("figures", {}).items():
            if ours:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / figure, target / figure)
                page = page.replace(f"]({figure})", f"](gpu/{figure})")
            else:
                kept = [line for line in page.splitlines() if f"]({figure})" not in line]
                page = "\n".join(kept) + "\n"
        print(f"{name}: {part['status']}")
    write_bytes(ROOT / "docs" / "gpu.md", page.encode())
    print(ROOT / "docs" / "gpu.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
