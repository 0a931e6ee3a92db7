"""Before the tests: bubblewrap, installed where that can be done, with a loud word where it cannot.

The sandbox tests run for real or not at all; a run without them must not look like one with them.
"""

import os
import shutil
import subprocess
import sys
import time

_LOCK_SECONDS = 120  # how long another installation may take
_APT = ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={_LOCK_SECONDS}"]
_INSTALL = {
    "apt-get": [*_APT, "install", "-y", "--no-install-recommends", "bubblewrap"],
    "dnf": ["dnf", "install", "-y", "-q", "bubblewrap"],
    "apk": ["apk", "add", "--quiet", "bubblewrap"],
    "pacman": ["pacman", "-S", "--noconfirm", "--quiet", "bubblewrap"],
}


def ensure() -> str:
    """Install bubblewrap if it is missing. Returns "", or why there is no working sandbox here."""
    if sys.platform != "linux":
        return f"the sandbox needs Linux, this is {sys.platform}"
    if not shutil.which("bwrap"):
        _install()
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed, and could not be: apt install bubblewrap"
    return trouble()


def trouble() -> str:
    """Why the sandbox does not work here; "" where it does. Starts nothing heavy."""
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return "bubblewrap is not installed"
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc"]
    if os.geteuid() != 0:
        command.append("--unshare-user")
    tried = subprocess.run([*command, "--dev", "/dev", "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"bubblewrap does not work here: {tried.stderr.strip()[:300]}"


def loud(why: str) -> str:
    """The word, in a frame that nobody overlooks."""
    lines = ["THE SANDBOX TESTS DO NOT RUN HERE", why, "Nothing of this run says that grading is safe."]
    width = max(map(len, lines)) + 4
    middle = "\n".join(f"!! {line:<{width - 4}} !!" for line in lines)
    return f"{'!' * (width + 2)}\n{middle}\n{'!' * (width + 2)}"


def _install() -> None:
    for program, command in _INSTALL.items():
        if not shutil.which(program):
            continue
        rights = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if rights and not shutil.which("sudo"):
            return
        print("installing bubblewrap for the sandbox tests …", flush=True)
        if program == "apt-get":  # a fresh machine has no list of packages yet
            _quietly([*rights, *_APT, "update"])
        _quietly([*rights, *command])
        return


def _quietly(command: list[str]) -> None:
    """Run it, and where another process holds the lock, again: `apt-get update` itself never waits for it."""
    end, told = time.monotonic() + _LOCK_SECONDS, False
    while True:
        done = subprocess.run(
            command,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if not done.returncode or "Could not get lock" not in done.stderr or time.monotonic() > end:
            break
        if not told:
            print("another installation is running; waiting for it …", flush=True)
        told = True
        time.sleep(_LOCK_SECONDS / 24)
    if done.returncode:
        print("\n".join(done.stderr.strip().splitlines()[-3:]), flush=True)
