import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import torch
from random_models import strong_adapter
from running_server import FINGERPRINT, Running, Start, publish
from safetensors.torch import load, save

from prefloop.adapters.files import write_peft
from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.edge import Edge
from prefloop.serve.probe import LENGTH
from prefloop.serve.source import from_edge, from_folder
from prefloop.text.trunk import Trunk

UNKNOWN = "0" * 64


def load_adapter(running: Running, sha: str) -> httpx.Response:
    return running.http.post("/v1/adapters/load", json={"sha": sha})


def unload_adapter(running: Running, sha: str) -> httpx.Response:
    return running.http.post("/v1/adapters/unload", json={"sha": sha})


def loaded_shas(running: Running) -> list[str]:
    return [model["id"] for model in running.http.get("/v1/models").json()["data"]]


def peft_files(trunk: Trunk, adapter: Adapter) -> dict[str, bytes]:
    return write_peft(adapter, trunk.layers, trunk.name, dtype=torch.float32)


def test_load_probes_and_unload_forgets(start: Start, adapters: dict[str, Adapter]) -> None:
    running = start()
    sha = next(iter(adapters))
    assert loaded_shas(running) == ["base"]
    for _ in range(2):
        assert load_adapter(running, sha).json() == {"sha": sha, "loaded": True, "differs": True}
    assert loaded_shas(running) == ["base", sha]
    assert unload_adapter(running, sha).json() == {"sha": sha, "unloaded": True, "inFlight": 0}
    assert loaded_shas(running) == ["base"]
    response = unload_adapter(running, sha)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert running.chat(model=sha).status_code == 200  # asked for again, it is loaded again


def test_an_adapter_that_changes_nothing_says_so(start: Start, trunk: Trunk, tmp_path: Path) -> None:
    sha = publish(tmp_path, peft_files(trunk, new_adapter(trunk.layers, 4, 8.0, seed=0)))
    running = start(sources=[from_folder(tmp_path)])
    assert load_adapter(running, sha).json() == {"sha": sha, "loaded": True, "differs": False}


def test_the_longest_unused_adapter_makes_room(start: Start, adapters: dict[str, Adapter]) -> None:
    running = start(max_adapters=2)
    first, second, third = list(adapters)[:3]
    load_adapter(running, first)
    load_adapter(running, second)
    running.chat(model=first)
    load_adapter(running, third)
    assert loaded_shas(running) == ["base", first, third]


def test_an_adapter_in_use_never_makes_room(start: Start, adapters: dict[str, Adapter]) -> None:
    running = start(max_adapters=1)
    first, second = list(adapters)[:2]
    load_adapter(running, first)
    steps = running.stepwise()
    with running.http.stream("POST", "/v1/chat/completions", json=streamed(first)) as stream:
        lines = stream.iter_lines()
        next(lines)
        response = load_adapter(running, second)
        assert (response.status_code, response.json()["code"]) == (503, "adapters_busy")
        assert response.headers["retry-after"]
        assert loaded_shas(running) == ["base", first]
    steps.release(1000)
    running.wait_for(lambda: running.in_flight() == 0)
    assert load_adapter(running, second).status_code == 200
    assert loaded_shas(running) == ["base", second]


def test_unload_lets_requests_finish_on_their_adapter(start: Start, adapters: dict[str, Adapter]) -> None:
    running = start()
    sha, other = list(adapters)[:2]
    expected = text_of(running.http.post("/v1/chat/completions", json=streamed(sha)).text)
    steps = running.stepwise()
    with running.http.stream("POST", "/v1/chat/completions", json=streamed(sha)) as stream:
        lines = stream.iter_lines()
        begun = next(lines)
        steps.release(3)
        running.wait_for(lambda: running.server.engine.decoder.writing != [])
        assert unload_adapter(running, sha).json() == {"sha": sha, "unloaded": True, "inFlight": 1}
        steps.release(1000)
        load_adapter(running, other)
        assert text_of("\n".join([begun, *lines])) == expected


def test_many_callers_share_one_loading(
    start: Start, adapters: dict[str, Adapter], adapter_folder: Path
) -> None:
    asked: list[str] = []
    go = threading.Event()
    folder = from_folder(adapter_folder)

    def slow(sha: str) -> dict[str, bytes] | None:
        asked.append(sha)
        assert go.wait(30)
        return folder(sha)

    running = start(sources=[slow])
    sha = next(iter(adapters))
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(running.chat, model=sha) for _ in range(5)]
        # who leaves does not take the loading along
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{running.url}/v1/adapters/load", json={"sha": sha}, timeout=0.3)
        assert running.chat().status_code == 200  # and nobody else waits
        go.set()
        assert {answer.result().status_code for answer in waiting} == {200}
    assert asked == [sha]


def streamed(sha: str) -> dict:
    messages = [{"role": "user", "content": "go on"}]
    return {
        "model": sha,
        "messages": messages,
        "seed": 1,
        "max_tokens": 40,
        "stream": True,
        "temperature": 2.0,
    }


def text_of(stream: str) -> str:
    chunks = [
        json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: {")
    ]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


def broken_files(trunk: Trunk) -> dict[str, tuple[dict[str, bytes], str, str]]:
    """name -> (files, code, word of the message)."""
    good = peft_files(trunk, strong_adapter(trunk, 1))
    weights, config = good["adapter_model.safetensors"], json.loads(good["adapter_config.json"])
    tensors = load(weights)
    name = next(iter(tensors))

    def with_tensors(changes: dict[str, torch.Tensor]) -> dict[str, bytes]:
        return good | {"adapter_model.safetensors": save(tensors | changes, metadata={"format": "pt"})}

    def with_config(**changes: object) -> dict[str, bytes]:
        return good | {"adapter_config.json": json.dumps(config | changes).encode()}

    nan = tensors[name].clone()
    nan[0, 0] = float("nan")
    without = {"adapter_config.json": good["adapter_config.json"]}
    return {
        "no weights": (without, "adapter_missing_file", "adapter_model.safetensors"),
        "a pickle": (without | {"adapter_model.bin": b"\x80\x04"}, "adapter_missing_file", "adapter_model"),
        "truncated": (good | {"adapter_model.safetensors": weights[:-7]}, "adapter_invalid", "safetensors"),
        "not safetensors": (
            good | {"adapter_model.safetensors": b"\x80\x04."},
            "adapter_invalid",
            "safetensors",
        ),
        "not a number": (with_tensors({name: nan}), "adapter_invalid", "finite"),
        "another rank": (with_config(r=5), "adapter_invalid", "shape"),
        "another base": (with_tensors({name: torch.zeros(4, 7)}), "adapter_invalid", "shape"),
        "another layer": (
            with_tensors({name.replace("layers.0", "layers.9"): nan}),
            "adapter_invalid",
            "layer",
        ),
        "another kind": (with_config(peft_type="IA3"), "adapter_invalid", "LORA"),
        "no JSON": (good | {"adapter_config.json": b"{"}, "adapter_invalid", "JSON"),
        "overflow": (peft_files(trunk, overflowing(trunk)), "probe_failed", "finite"),
    }


def overflowing(trunk: Trunk) -> Adapter:
    adapter = strong_adapter(trunk, 1)
    with torch.no_grad():
        adapter.flat.mul_(1e30)
    return adapter


def test_what_is_not_a_whole_adapter_of_this_base_is_refused(
    start: Start, trunk: Trunk, tmp_path: Path
) -> None:
    running = start(sources=[from_folder(tmp_path)])
    for what, (files, code, word) in broken_files(trunk).items():
        covered = {name: content for name, content in files.items() if not name.endswith(".bin")}
        sha = publish(tmp_path, covered)
        for name in files.keys() - covered.keys():
            (tmp_path / sha / name).write_bytes(files[name])
        for response in (load_adapter(running, sha), running.chat(model=sha)):
            assert response.status_code == 422, what
            assert response.json()["code"] == code, what
            assert word in response.json()["message"], what
    assert loaded_shas(running) == ["base"]


def test_files_that_were_changed_are_refused(start: Start, trunk: Trunk, tmp_path: Path) -> None:
    sha = publish(tmp_path, peft_files(trunk, strong_adapter(trunk, 1)))
    (tmp_path / sha / "adapter_model.safetensors").write_bytes(
        peft_files(trunk, strong_adapter(trunk, 2))["adapter_model.safetensors"]
    )
    response = load_adapter(start(sources=[from_folder(tmp_path)]), sha)
    assert (response.status_code, response.json()["code"]) == (422, "hash_mismatch")


@pytest.mark.parametrize(
    "body", [{}, {"sha": "base"}, {"sha": UNKNOWN[:-1]}, {"sha": UNKNOWN, "name": "x"}, []]
)
def test_load_and_unload_take_a_sha(server: Running, body: object) -> None:
    for path in ("/v1/adapters/load", "/v1/adapters/unload"):
        response = server.http.post(path, json=body)
        assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


def narrow_overflow(trunk: Trunk) -> Adapter:
    """Finite on the probe's prompt, overflowing on others: the first layer's A sees only what the probe lacks."""
    path = "model.layers.0.self_attn.q_proj"
    adapter = new_adapter(trunk.layers, 1, 1.0, seed=0, targets=[path])
    model = trunk.model
    ids = [(7 * i * i + 3 * i + 1) % trunk.head.weight.shape[0] for i in range(LENGTH)]
    with torch.no_grad():
        seen = (
            model.model.layers[0]
            .input_layernorm(model.model.embed_tokens(torch.tensor(ids, device=trunk.device)))
            .double()
        )
        unseen = torch.linalg.svd(seen, full_matrices=True).Vh[-1]
        a_rI, b_Or = adapter.pairs[path]
        a_rI.copy_(unseen[None])
        b_Or.fill_(3e38)
    return adapter


def test_output_that_is_not_finite_is_an_error_and_nobody_else_s(
    start: Start, trunk: Trunk, tmp_path: Path
) -> None:
    sha = publish(tmp_path, peft_files(trunk, narrow_overflow(trunk)))
    running = start(sources=[from_folder(tmp_path)])
    assert load_adapter(running, sha).json()["loaded"]
    expected = running.chat(seed=1, max_tokens=30).json()["choices"]
    with ThreadPoolExecutor(6) as pool:
        good = [pool.submit(running.chat, seed=1, max_tokens=30) for _ in range(3)]
        bad = [pool.submit(running.chat, model=sha, max_tokens=30, stream=s) for s in (False, False, True)]
        assert all(answer.result().json()["choices"] == expected for answer in good)
        for answer in bad[:2]:
            assert (answer.result().status_code, answer.result().json()["code"]) == (500, "inference_failed")
        streamed = bad[2].result().text
    assert (
        json.loads(streamed.strip().splitlines()[-1].removeprefix("data: "))["error"]["code"]
        == "inference_failed"
    )
    assert "[DONE]" not in streamed


class FakeEdge:
    """The two routes of the edge that a server pulls from, over one adapter."""

    def __init__(self, files: dict[str, bytes], sha: str, base_fingerprint: str = FINGERPRINT):
        self.files = files
        self.sha = sha
        self.base_fingerprint = base_fingerprint
        self.status = 200
        self.asked: list[str] = []

    def edge(self) -> Edge:
        return Edge("http://edge", "sk_1_secret", patience=0.1, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        assert request.headers["authorization"] == "Bearer sk_1_secret"
        if self.status != 200:
            code = {403: "forbidden", 500: "internal"}[self.status]
            return httpx.Response(self.status, json={"code": code, "message": "no", "requestId": "r"})
        if request.url.path == f"/v1/adapters/{self.sha}":
            return httpx.Response(200, json=self.record())
        if request.url.path.startswith(f"/v1/adapters/{self.sha}/files/"):
            return httpx.Response(200, content=self.files[request.url.path.rpartition("/")[2]])
        return httpx.Response(404, json={"code": "not_found", "message": "no such adapter", "requestId": "r"})

    def record(self) -> dict:
        described = [
            {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(self.files.items())
        ]
        return {
            "sha": self.sha,
            "parent": None,
            "baseModel": "random",
            "baseFingerprint": self.base_fingerprint,
            "recipe": RECIPE,
            "files": described,
            "domain": "support-tone",
            "stage": "staged",
            "batches": [],
            "preferences": 0,
            "oldestVoteAt": None,
            "createdAt": 1,
            "liveAt": None,
        }


RECIPE = {"method": "dpo"}


@pytest.fixture
def published(trunk: Trunk, tmp_path: Path) -> tuple[dict[str, bytes], str]:
    files = peft_files(trunk, strong_adapter(trunk, 1)) | {"state.safetensors": b"the runner's own"}
    return files, publish(tmp_path, files)


def test_adapters_are_pulled_from_the_edge_when_first_asked_for(start: Start, published) -> None:
    files, sha = published
    fake = FakeEdge(files, sha)
    running = start(sources=[from_edge(fake.edge(), FINGERPRINT)])
    for _ in range(2):
        response = running.chat(model=sha)
        assert (response.status_code, response.headers["x-prefloop-adapter"]) == (200, sha)
    assert [path.rpartition("/")[2] for path in fake.asked] == [
        sha,
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert running.chat(model=UNKNOWN).json()["code"] == "not_found"


def test_what_the_edge_hands_out_is_checked(start: Start, trunk: Trunk, published) -> None:
    files, sha = published
    other = peft_files(trunk, strong_adapter(trunk, 2))["adapter_model.safetensors"]
    wrong_bytes = FakeEdge(files, sha)
    true_record = wrong_bytes.record()
    wrong_bytes.record = lambda: true_record
    wrong_bytes.files = files | {"adapter_model.safetensors": other}
    wrong_manifest = FakeEdge(files | {"adapter_model.safetensors": other}, sha)
    wrong_base = FakeEdge(files, sha, base_fingerprint="e" * 64)
    refused, down = FakeEdge(files, sha), FakeEdge(files, sha)
    refused.status, down.status = 403, 500
    cases = [
        (wrong_bytes, 422, "hash_mismatch"),
        (wrong_manifest, 422, "hash_mismatch"),
        (wrong_base, 409, "base_model_mismatch"),
        (refused, 502, "edge_refused"),
        (down, 503, "edge_unreachable"),
    ]
    for fake, status, code in cases:
        running = start(sources=[from_edge(fake.edge(), FINGERPRINT)])
        response = load_adapter(running, sha)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert loaded_shas(running) == ["base"]
    down.status = 200  # a failure is not remembered
    assert load_adapter(running, sha).status_code == 200
