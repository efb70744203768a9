"""Models of a hub: a small one of our own, on this machine."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hf_models as models
import pytest

REPOSITORY, REVISION, COMMIT = "someone/tiny", "step8000", "c0ffee" + "0" * 34


class Hub(ThreadingHTTPServer):
    """Serves the files of folders as repositories at some revisions."""

    def __init__(self, folders: dict[tuple[str, str], Path]) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.folders = {
            (repository, revision, COMMIT[:-1] + str(i)): folder
            for i, ((repository, revision), folder) in enumerate(folders.items())
        }
        self.asked: list[str] = []


class Answers(BaseHTTPRequestHandler):
    """What the hub's clients ask for."""

    server: Hub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        for (repository, revision, commit), folder in self.server.folders.items():
            api, files = f"/api/models/{repository}/", f"/{repository}/resolve/{commit}/"
            if path.startswith(files):
                data = (folder / path.removeprefix(files)).read_bytes()
                self.answer(200, data, commit, etag=hashlib.sha256(data).hexdigest())
            elif path == f"{api}tree/{commit}":
                self.answer(200, self.listing(folder, "path", type="file", oid="0" * 40), commit)
            elif path == f"{api}revision/{revision}":
                siblings = json.loads(self.listing(folder, "rfilename"))
                told = {"id": repository, "sha": commit, "siblings": siblings}
                self.answer(200, json.dumps(told).encode(), commit)
            else:
                continue
            return
        known = any(path.startswith(f"/api/models/{name}/") for name, _, _ in self.server.folders)
        self.answer(404, error="RevisionNotFound" if known else "RepoNotFound")

    def do_HEAD(self) -> None:
        self.do_GET()

    def listing(self, folder: Path, key: str, **more: str) -> bytes:
        found = folder.iterdir()
        return json.dumps([{key: f.name, "size": f.stat().st_size, **more} for f in found]).encode()

    def answer(
        self, code: int, data: bytes = b"", commit: str = COMMIT, etag: str = "", error: str = ""
    ) -> None:
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit, "X-Error-Code": error}
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving(folders: dict[tuple[str, str], Path], monkeypatch, tmp_path) -> Iterator[Hub]:
    """A hub, and nothing downloaded so far."""
    with Hub(folders) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{served.server_port}")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield served
        served.shutdown()


@pytest.fixture
def hub(folders, tmp_path, monkeypatch) -> Iterator[Hub]:
    """One small model."""
    with serving({(REPOSITORY, REVISION): folders["qwen2"]}, monkeypatch, tmp_path) as served:
        yield served


PYTHIA = {
    (f"EleutherAI/pythia-{size}", f"step{step}"): (width, seed)
    for seed, (size, step, width) in enumerate(
        [("70m", 1000, 32), ("70m", 8000, 32), ("160m", 1000, 64), ("160m", 8000, 64)]
    )
}


def test_sizes_and_checkpoints_of_pythia_are_one_command(tmp_path, monkeypatch):
    """Small models under the names of the published ones."""
    folders, tokenizer = {}, models.byte_level()
    for (name, revision), (width, seed) in PYTHIA.items():
        made = models.model("gpt_neox", models.Sizes(width=width), initializer_range=0.02 + seed)
        folder = tmp_path / "served" / name / revision
        folders[name, revision] = models.save(made, folder, tokenizer)
    with serving(folders, monkeypatch, tmp_path):
        Path("text").write_text(models.text()[-400:])
        spec = "hf:model=EleutherAI/pythia-{70m,160m},revision=step{1000,8000}"
        options = "--corpora", "path:text", "--out", "scores"
        ran = models.command("score", "--codecs", spec, *options)
        refused = models.command("score", "--codecs", spec.replace("8000", "9000"), *options)
    assert ran.returncode == 0, ran.stderr
    stored = Path("scores/results.jsonl").read_text()
    for name, revision in PYTHIA:
        assert f"model={name},revision={revision}," in stored
    assert refused.returncode == 2
    line = "codelength: EleutherAI/pythia-70m has no revision 'step9000'"
    assert refused.stderr.splitlines()[-1].startswith(line)


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
