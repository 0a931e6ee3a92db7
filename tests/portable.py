"""``make test-portable``: the numeric tests, under each set of vector instructions that this processor has.

PyTorch, oneDNN and MKL pick their code by the processor, and each rounds in its own way: what holds here
may fail elsewhere. ``python -m tests.portable default`` runs the tests without vector instructions only, as
``make test`` does: furthest from what the processor has, under which they all run anyway. ``--quick`` leaves
out the exercises' own mistakes, and the exercises whose check plays games or builds large networks. It tells
what each run really has: a processor without AVX2 falls back without a word, and no code is tested twice.
"""

import os
import subprocess
import sys
from pathlib import Path

INSTRUCTIONS = {
    "default": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    },
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
    "native": {},
}
_HAD = "import torch; print(torch.backends.cpu.get_cpu_capability())"


def main(wanted: list[str]) -> int:
    """Run the tests under the instructions named, or under all, side by side; return 0 when all pass."""
    marks = "portable and not slow" + (" and not costly" if "--quick" in wanted else "")
    wanted = [name for name in wanted if name != "--quick"]
    if unknown := set(wanted) - set(INSTRUCTIONS):
        print(f"tests.portable: {', '.join(sorted(unknown))}? There are {', '.join(INSTRUCTIONS)}")
        return 2
    names = {}
    for name in wanted or INSTRUCTIONS:
        had = _python(name, "-c", _HAD).communicate()[0].strip().splitlines()[-1]
        print(f"--- {name}: PyTorch has {had}", end="", flush=True)
        print(f", as under {names[had]}: not tested again" if had in names else "", flush=True)
        names.setdefault(had, name)
    # One process each: on two cores quicker than two workers for each in turn, which import it all twice.
    workers = ["-n2", "--dist=worksteal"] if len(names) == 1 else []
    runs = {name: _python(name, "-m", "pytest", "-m", marks, *workers, *files()) for name in names.values()}
    for name, run in runs.items():
        said = run.communicate()[0]
        print(f"--- {name}: {'FAILED' if run.returncode else 'ok'}\n{said}", flush=True)
    return int(any(run.returncode for run in runs.values()))


def files() -> list[str]:
    """The files with portable tests: to collect all the others would take longer than to run these."""
    tests = sorted(Path(__file__).parent.rglob("test_*.py"))
    return [str(path) for path in tests if "pytest.mark.portable" in path.read_text(encoding="utf-8")]


def _python(name: str, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, *arguments]
    together = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment_of(name), **together)


def environment_of(name: str) -> dict[str, str]:
    """This process's environment with the instructions of this name, and nobody else's."""
    ours = {variable for settings in INSTRUCTIONS.values() for variable in settings}
    kept = {variable: value for variable, value in os.environ.items() if variable not in ours}
    return {"LABKIT_BUDGET": "smoke", "OMP_NUM_THREADS": "1", **kept, **INSTRUCTIONS[name]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
