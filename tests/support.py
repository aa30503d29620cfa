"""What several test modules use: a web server on this machine, programs in a process of their own, a Python with torchvision."""

import hashlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scripts import ROOT
from scripts.tools.listings import torch_python

needs_torchvision = pytest.mark.skipif(
    not torch_python(), reason="needs torchvision: requirements.txt installs it"
)


class Server:
    """A web server on this machine, for a ``with`` block.

    pages: maps a path to (status, body), or to a function that answers by itself; asked: the paths asked for so far.
    released: an event that is set when the block ends; a page that keeps silent waits for it.
    """

    def __init__(self):
        self.pages, self.asked, self.released = {}, [], threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                page = outer.pages.get(self.path, (404, b"not here"))
                if callable(page):
                    return page(self)
                self.send_response(page[0])
                self.send_header("Content-Length", str(len(page[1])))
                self.end_headers()
                self.wfile.write(page[1])

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        # looks every 0.01 s whether it is to end, not every half second
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *problem) -> None:
        self.released.set()
        self.http.shutdown()
        self.http.server_close()

    def url(self, path: str) -> str:
        """The address of one of its pages."""
        return f"http://127.0.0.1:{self.http.server_port}{path}"

    def entry(self, body: bytes, content_sha256: str, reader: str, *paths: str) -> dict:
        """An entry of the manifest of data sets whose addresses are these pages, each of which should hold `body`."""
        sha256 = hashlib.sha256(body).hexdigest()
        about = {"bytes": len(body), "sha256": sha256, "reader": reader}
        return {
            "content_sha256": content_sha256,
            "sources": [{"url": self.url(path)} | about for path in paths],
        }


def program(name: str, *arguments, python: str | None = None) -> str:
    """Run a program of tests/programs from the course's root, and return what it printed.

    Args:
        name: of its module; arguments: what it is given, as text; python: an interpreter, None for this one.
    """
    command = [python or sys.executable, "-m", f"tests.programs.{name}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-600:]
    return done.stdout
