"""Serve a folder of static files to this machine only: ``make serve``.

Tornado, which JupyterLab brings, compresses what it sends and lets browsers keep what they
have; Python's own http.server does neither, and a page arrives six times as large.

``python -m d2lsched.book.serve _build/html --port 8000``
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from d2lsched.extras import needs

with needs("book"):
    from tornado.httpserver import HTTPServer
    from tornado.web import Application, StaticFileHandler


class Pages(StaticFileHandler):
    """Files below a folder; the browser asks again whether a page has changed."""

    def set_extra_headers(self, path: str) -> None:
        """Keep what is named by its content for good, and ask for the rest each time."""
        if path.startswith("_images/") or self.request.query:
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        else:
            self.set_header("Cache-Control", "no-cache")
        kind = self.get_content_type()
        if kind.startswith("text/") or kind.endswith(("javascript", "svg+xml")):
            self.set_header("Content-Type", f"{kind}; charset=utf-8")

    def get_cache_time(self, path: str, modified: object, mime_type: str) -> int:
        """Leave the Cache-Control of `set_extra_headers` alone."""
        return 0


def listen(folder: Path, port: int = 0, host: str = "127.0.0.1") -> tuple[HTTPServer, int]:
    """Start to serve a folder, within a running event loop; return the server and its port.

    folder: where the files are.
    port: 0 for one that is free. OSError if it is taken.
    host: where to listen; by default other machines cannot connect.
    """
    pages = (r"/(.*)", Pages, {"path": str(folder.resolve()), "default_filename": "index.html"})
    server = HTTPServer(
        Application([pages], compress_response=True, log_function=lambda _: None)
    )
    server.listen(port, host)
    (socket, *_) = server._sockets.values()
    return server, int(socket.getsockname()[1])


async def serve(folder: Path, port: int) -> None:
    """Serve a folder until interrupted."""
    _, port = listen(folder, port)
    print(f"http://localhost:{port} (stop with Ctrl-C)", flush=True)
    await asyncio.Event().wait()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Serve a folder on localhost.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(serve(options.folder, options.port))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        print(f"port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
