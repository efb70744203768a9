"""Models of a hub: a small one of our own, on this machine."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hf_models as models
import pytest

REPOSITORY, REVISION, COMMIT = "someone/tiny", "step8000", "c0ffee" + "0" * 34


class Hub(ThreadingHTTPServer):
    """Serves the files of a folder as one repository, at one revision."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.folder = folder
        self.asked: list[str] = []


class Answers(BaseHTTPRequestHandler):
    """What the hub's clients ask for."""

    server: Hub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        api, files = f"/api/models/{REPOSITORY}/", f"/{REPOSITORY}/resolve/{COMMIT}/"
        if path.startswith(files):
            data = (self.server.folder / path.removeprefix(files)).read_bytes()
            self.answer(200, data, etag=hashlib.sha256(data).hexdigest())
        elif path == f"{api}tree/{COMMIT}":
            self.answer(200, self.listing("path", type="file", oid="0" * 40))
        elif path == f"{api}revision/{REVISION}":
            siblings = json.loads(self.listing("rfilename"))
            told = {"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}
            self.answer(200, json.dumps(told).encode())
        else:
            self.answer(404, error="RevisionNotFound" if path.startswith(api) else "RepoNotFound")

    def do_HEAD(self) -> None:
        self.do_GET()

    def listing(self, key: str, **more: str) -> bytes:
        found = self.server.folder.iterdir()
        return json.dumps([{key: f.name, "size": f.stat().st_size, **more} for f in found]).encode()

    def answer(self, code: int, data: bytes = b"", etag: str = "", error: str = "") -> None:
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "X-Error-Code": error}
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def hub(folders, tmp_path, monkeypatch) -> Iterator[Hub]:
    """A hub, and nothing downloaded so far."""
    with Hub(folders["qwen2"]) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{served.server_port}")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield served
        served.shutdown()


def test_a_model_is_downloaded_once_with_progress(hub):
    text = models.text()[-500:]
    Path("text").write_text(text)
    spec = f"hf:model={REPOSITORY},revision={REVISION}"
    ran = models.command("compress", "text", "-c", spec, "-o", "text.cdl")
    assert ran.returncode == 0, ran.stderr
    assert "100%" in ran.stderr
    assert sum(path.endswith("/model.safetensors") for path in hub.asked) >= 1
    assert not any(path.endswith("/generation_config.json") for path in hub.asked)
    hub.asked.clear()
    ran = models.command("decompress", "text.cdl", "-o", "back")
    assert ran.returncode == 0, ran.stderr
    assert Path("back").read_text() == text
    assert not [path for path in hub.asked if REPOSITORY in path]


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (f"hf:model={REPOSITORY},revision=step9", f"{REPOSITORY} has no revision 'step9'"),
        ("hf:model=someone/else", "no model 'someone/else' on huggingface.co"),
    ],
)
def test_what_the_hub_has_not_is_one_line(hub, spec, line):
    Path("text").write_text("text")
    ran = models.command("compress", "text", "-c", spec, "-o", "text.cdl")
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"codelength: {line}")
    assert ran.stderr.count("\n") == 1
