"""Pictures, folders, zips and a small web server for the tests of `labkit.data`."""

import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

HTML = b"<!DOCTYPE html><html><body>Quota exceeded</body></html>"


def picture(seed: int, size: tuple[int, int] = (16, 16), mode: str = "RGB") -> Image.Image:
    """A smooth random picture: (width, height), other for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def jpegs(count: int, size: tuple[int, int] = (16, 16)) -> dict[str, bytes]:
    """``{"000.jpg": bytes, …}``."""
    return {f"{i:03d}.jpg": encoded(picture(i, size)) for i in range(count)}


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder, making what is needed."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    """Write files into a new zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.send_error(404)
            return
        body, announced = answer
        self.send_response(200)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def web_server(answers: dict[str, bytes | tuple[bytes, int]]) -> Iterator[tuple[str, list[str]]]:
    """Serve bytes by path, with 404 elsewhere; (bytes, length) announces another length.

    Yields the address and the growing list of paths that were asked for.
    """
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.answers = {
        path: answer if isinstance(answer, tuple) else (answer, len(answer))
        for path, answer in answers.items()
    }
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
