"""Checked downloads: what arrives is the file that was asked for, or it is deleted and named.

Sites that refuse a download often answer with a web page and code 200 (CelebA's host does when its
daily limit is reached), and connections break. So a download counts only when its length is what
the server announced, it is not smaller than it must be, and its first and last bytes are right.
"""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from tqdm.auto import tqdm

from labkit.data.cache import part_of
from labkit.data.pictures import looks_like_html

TIMEOUT_SECONDS = 6.0  # without an answer or a byte for this long, give up
_CHUNK = 1 << 20

Result = TypeVar("Result")


class DownloadError(Exception):
    """A download that did not work: ``address`` and ``reason``.

    ``final`` is True where nothing else from that host would arrive: nobody answers, or a package is missing.
    """

    def __init__(self, address: str, reason: str, *, final: bool = False):
        super().__init__(f"{address}: {reason}")
        self.address, self.reason, self.final = address, reason, final


@dataclass(frozen=True)
class Expected:
    """What a good file looks like: at least so many bytes, its first bytes, its last bytes."""

    at_least: int = 1
    starts: bytes = b""
    ends: bytes = b""


def fetch(address: str, target: Path, expected: Expected, *, title: str = "") -> Path:
    """Download to `target` with a progress bar, unless a good file is there already.

    Raises:
        DownloadError: no answer, an error code, a web page, a broken connection, a wrong file. Nothing
            is left at `target` then.
        OSError: the disk is full or cannot be written; nothing is left either.
    """
    if target.is_file():
        if problem(target, expected) is None:
            return target
        target.unlink()
    with part_of(target) as part:
        announced = _receive(address, part, title or target.name)
        wrong = problem(part, expected, announced)
        if wrong:
            raise DownloadError(address, wrong)
    return target


def first_that_works(
    attempts: Iterable[tuple[str, Callable[[], Result]]], failures: list[str]
) -> Result | None:
    """What the first attempt gives that does not raise a DownloadError; None where all do.

    Args:
        attempts: (address, function), in order; a host that failed for good is not asked again.
        failures: gets a line for each attempt that failed.
    """
    useless = set()
    for address, attempt in attempts:
        host = urlsplit(address).netloc
        if host in useless:
            continue
        try:
            return attempt()
        except DownloadError as error:
            failures.append(f"  {error}")
            if error.final:
                useless.add(host)
    return None


def problem(path: Path, expected: Expected, announced: int | None = None) -> str | None:
    """What is wrong with a downloaded file, in words, or None."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(512)
        file.seek(max(0, size - len(expected.ends)))
        end = file.read(len(expected.ends))
    if looks_like_html(start) and not looks_like_html(expected.starts):
        return "the site sent a web page instead of the file (often a download limit)"
    if announced is not None and size != announced:
        return f"the connection broke after {size:,} of {announced:,} bytes"
    if size < expected.at_least:
        return f"the file has {size:,} bytes, it should have at least {expected.at_least:,}"
    if not start.startswith(expected.starts) or end != expected.ends:
        return "the file is damaged (its first or last bytes are wrong)"
    return None


def answers(address: str) -> bool:
    """True if a server answers at this address at all, whatever it says."""
    try:
        with _open(address):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


def _open(address: str):
    """``urlopen`` with one deadline. Its own timeout counts for each of a host's many addresses anew,
    so behind a firewall that swallows packets it can take minutes; a thread that is left alone cannot."""
    request = urllib.request.Request(address, headers={"User-Agent": "gan-lab-kit"})
    outcome = []

    def work() -> None:
        try:
            outcome.append(urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(1.5 * TIMEOUT_SECONDS)
    result = outcome[0] if outcome else TimeoutError()
    if isinstance(result, Exception):
        raise result
    return result


def _receive(address: str, part: Path, title: str) -> int | None:
    """Stream to the file; returns the length that the server announced."""
    try:
        response = _open(address)
    except urllib.error.HTTPError as error:
        raise DownloadError(address, f"the server answered {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise DownloadError(address, _no_answer(error), final=True) from error
    with response, open(part, "wb") as file:
        length = response.headers.get("Content-Length")
        announced = int(length) if length and length.isdigit() else None
        with tqdm(total=announced, desc=title, unit="B", unit_scale=True) as bar:
            while chunk := _next_chunk(response, address):
                file.write(chunk)
                bar.update(len(chunk))
    return announced


def _next_chunk(response, address: str) -> bytes:
    try:
        return response.read(_CHUNK)
    except Exception as error:  # http.client and ssl have their own families
        raise DownloadError(address, f"the connection broke ({error})") from error


def _no_answer(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, socket.gaierror):
        return "the name could not be looked up (no network?)"
    if isinstance(reason, TimeoutError):
        return f"no answer in {TIMEOUT_SECONDS:g} seconds"
    return f"no connection ({reason})"
