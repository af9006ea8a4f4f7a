"""The server as a process of its own, started the way people start it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import torch
from random_models import byte_tokenizer, random_model, random_trunk, strong_adapter
from running_server import publish

from prefloop.adapters.files import write_peft
from prefloop.image.model import fastest_dtype
from prefloop.serve.command import main

RUNNER = Path(__file__).parents[3] / "gpu-runner"


def serve(*options: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "prefloop.serve", *options],
        cwd=RUNNER,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    random_model().save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def test_it_serves_a_folder_and_ends_clean_on_sigterm(model_folder: Path, tmp_path: Path) -> None:
    trunk = random_trunk()
    sha = publish(tmp_path, write_peft(strong_adapter(trunk, 1), trunk.layers, "random", dtype=torch.float32))
    options = ("--model", str(model_folder), "--adapters", str(tmp_path), "--port", "0", "--context", "128")
    process = serve(*options, "--threads", "1", "--dtype", "bf16", PREFLOOP_INFERENCE_KEY="sesame")
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        http = httpx.Client(base_url=url, timeout=60)
        assert http.get("/health").json()["model"] == model_folder.name
        body = {"model": sha, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4, "seed": 1}
        assert http.post("/v1/chat/completions", json=body).status_code == 401
        key = {"authorization": "Bearer sesame"}
        answer = http.post("/v1/chat/completions", json=body, headers=key)
        assert (answer.status_code, answer.headers["x-prefloop-adapter"]) == (200, sha)
        too_long = http.post("/v1/chat/completions", json=body | {"max_tokens": 128}, headers=key)
        assert (too_long.status_code, too_long.json()["code"]) == (400, "context_overflow")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.communicate()


def test_it_serves_a_model_that_draws_and_sees() -> None:
    process = serve("--model", "tiny-diffusion", "--port", "0", "--threads", "1")
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert f"({fastest_dtype('cpu')}, " in said  # unless asked otherwise
        http = httpx.Client(base_url=said.split()[-1], timeout=120)
        assert http.get("/health").json()["model"] == "tiny-diffusion"
        body = {"model": "base", "prompt": "a small red creature", "seed": 3, "steps": 2, "features": True}
        answer = http.post("/v1/images/generations", json=body).json()
        features = answer["data"][0]["features"]
        seen = http.post("/v1/features", json={"images": [answer["data"][0]["b64_json"]]}).json()
        assert seen["space"] == features["space"]
        assert seen["features"][0] == pytest.approx(features["values"], abs=1e-4)
        assert http.post("/v1/chat/completions", json={}).status_code == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "/nowhere/at/all"], "cannot load"),
        (["--model", "tiny-diffusion", "--features", "/nowhere/at/all"], "cannot load a feature encoder"),
        (["--device", "warp"], "device 'warp' cannot be used"),
        (["--edge", "http://127.0.0.1:9"], "PREFLOOP_KEY has no key"),
    ],
)
def test_what_it_cannot_start_with_is_one_sentence(
    options: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFLOOP_KEY", raising=False)
    with pytest.raises(ValueError, match=sentence):
        main(options)


def test_options_out_of_range_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--slots", "0"])
    assert "--slots" in capsys.readouterr().err
