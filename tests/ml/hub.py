"""A model hub on this machine: the few routes of huggingface.co that fetching a model takes."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = hashlib.sha1(b"the only commit").hexdigest()
MODEL = "makers/model"


class Hub(ThreadingHTTPServer):
    """Serves `folder` as MODEL with revisions main, v1 and COMMIT; `makers/gated` is gated."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.sent: dict[str, int] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def files(self) -> list[str]:
        found = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return [path.relative_to(self.folder).as_posix() for path in found]


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        match unquote(urlsplit(self.path).path).strip("/").split("/"):
            case ["api", "models", "makers", "gated", *_]:
                self._send(403, b"{}", {"X-Error-Code": "GatedRepo"}, body=body)
            case ["api", "models", "makers", "model", *rest] if rest in (
                [],
                ["revision", "main"],
                ["revision", "v1"],
                ["revision", COMMIT],
            ):
                self._send(200, json.dumps(self._info()).encode(), {}, body=body)
            case ["api", "models", "makers", "model", "tree", _]:
                self._send(200, json.dumps(self._tree()).encode(), {}, body=body)
            case ["api", "models", "makers", "model", "revision", _]:
                self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body=body)
            case ["makers", "model", "resolve", str(_), *parts] if (
                "/".join(parts) in self.server.files()
            ):
                self._file("/".join(parts), body=body)
            case _:
                self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"}, body=body)

    def _info(self) -> dict[str, object]:
        siblings = [{"rfilename": entry["path"], "size": entry["size"]} for entry in self._tree()]
        return {"_id": "0", "id": MODEL, "sha": COMMIT, "siblings": siblings, "private": False}

    def _tree(self) -> list[dict[str, object]]:
        return [
            {
                "type": "file",
                "path": name,
                "size": (self.server.folder / name).stat().st_size,
                "oid": hashlib.sha1((self.server.folder / name).read_bytes()).hexdigest(),
            }
            for name in self.server.files()
        ]

    def _file(self, name: str, *, body: bool) -> None:
        content = (self.server.folder / name).read_bytes()
        headers = {
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        status = 200
        if wanted := self.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            total = len(content)
            content = content[int(first) : int(last) + 1 if last else None]
            headers["Content-Range"] = f"bytes {first}-{int(first) + len(content) - 1}/{total}"
            status = 206
        if body:
            self.server.sent[name] = self.server.sent.get(name, 0) + len(content)
        self._send(status, content, headers, body=body)

    def _send(self, status: int, content: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """A running hub."""
    with Hub(folder) as hub:
        thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
