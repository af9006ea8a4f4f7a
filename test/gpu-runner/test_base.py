"""What a model's name says of its kind, where it may be a hub id. The hub is a folder as huggingface_hub keeps it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest
from image.random_pipelines import PIPELINES

from prefloop.base import draws_pictures
from prefloop.commands import train

COMMIT = "c" * 40


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in the place of the user's."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def keep(hub: Path, model: str, *files: str, revision: str = "main") -> Path:
    """A snapshot as a download leaves it, its files empty objects."""
    kept = hub / f"models--{model.replace('/', '--')}"
    snapshot = kept / "snapshots" / COMMIT
    for path in (kept / "refs" / revision, *(snapshot / file for file in files)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(COMMIT if path.parent.name == "refs" else "{}")
    return snapshot


def test_what_is_here_needs_no_hub(tmp_path: Path, hub: Path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/model_index.json").write_text("{}")
    names = ["tiny", "tiny-diffusion", str(tmp_path / "texts"), str(tmp_path / "pictures"), "/nowhere/at/all"]
    assert [draws_pictures(name) for name in names] == [False, True, False, True, False]


def test_a_hub_id_is_told_by_what_is_kept_of_it(hub: Path):
    keep(hub, "someone/painter", "model_index.json", revision="v2")
    keep(hub, "someone/writer", "config.json")
    assert draws_pictures("someone/painter", "v2")
    assert draws_pictures("someone/painter", COMMIT)
    assert not draws_pictures("someone/writer")
    with pytest.raises(ValueError, match="nothing of such a model is kept from the hub"):
        draws_pictures("someone/painter")
    with pytest.raises(
        ValueError, match="no folder 'someone/else', and nothing of such a model at v2 is kept"
    ):
        draws_pictures("someone/else", "v2")


def test_a_hub_id_is_trained_as_the_folder_is(hub: Path, tmp_path: Path):
    PIPELINES["sd15"]().save_pretrained(keep(hub, "someone/painter", revision="v2"))
    data = tmp_path / "none.jsonl"
    data.write_text("")
    asked = [
        "--model",
        "someone/painter",
        "--revision",
        "v2",
        "--recipe",
        "diffusion-dpo",
        "--data",
        str(data),
    ]
    with pytest.raises(ValueError, match="has no row that diffusion-dpo can train on"):
        train.main([*asked, "--out", str(tmp_path / "out"), "--device", "cpu"])


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as a look for one file needs."""

    def do_HEAD(self) -> None:
        _, owner, name, _, _, file = self.path.split("/")
        is_there = (owner, name, file) == ("someone", "painter", "model_index.json")
        self.send_response(200 if is_there else 404)
        self.send_header("x-repo-commit", COMMIT)
        if is_there:
            self.send_header("etag", '"1"')
            self.send_header("content-length", "2")
        elif owner == "someone":
            self.send_header("x-error-code", "EntryNotFound")
        else:
            self.send_header("x-error-code", "RepoNotFound")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_hub_id_is_looked_up(tmp_path: Path, endpoint: str):
    asked = """
import json, sys
from prefloop.base import draws_pictures
def ask(name):
    try:
        return draws_pictures(name)
    except ValueError as error:
        return str(error)
print(json.dumps([ask(name) for name in sys.argv[1:]]))
"""
    names = ["someone/painter", "someone/writer", "nobody/painter"]
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HUB_CACHE": str(tmp_path)}
    env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", asked, *names],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said[:2] == [True, False]
    assert "cannot look 'nobody/painter' up at the hub" in said[2]
