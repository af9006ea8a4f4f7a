"""A running server that draws: OpenAI's route, each request through its adapter and for its own person."""

import base64
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from image.random_pipelines import PIPELINES
from PIL import Image
from running_server import FINGERPRINT, Running, publish
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from prefloop.adapters.lora import new_adapter
from prefloop.base import ImageBase
from prefloop.image.files import write_lora, write_user_attention
from prefloop.image.model import ImageModel
from prefloop.image.personalize import personalize
from prefloop.image.sample import sample_pictures
from prefloop.serve.assemble import assemble_images
from prefloop.serve.source import PICTURES, from_folder
from prefloop.taste.features import FeatureEncoder

ASKED = {"model": "base", "prompt": "a creature, on snow", "n": 2, "seed": 5, "steps": 3, "guidance": 2.0}
WIDTH = 6


@pytest.fixture(scope="module")
def model() -> ImageModel:
    return ImageModel(PIPELINES["sd15"](), "sd15")


def stirred(trained, seed: int, size: float = 1.0):
    with torch.no_grad():
        noise = torch.randn(trained.flat.shape, generator=torch.Generator().manual_seed(seed))
        trained.flat.add_(size * noise)
    return trained


@pytest.fixture(scope="module")
def shas(model: ImageModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("adapters")
    lora = write_lora(stirred(new_adapter(model.layers, 2, 2, 1), 1), model)
    users = write_user_attention(stirred(personalize(model, WIDTH), 2).unfolded())
    made = {
        "lora": lora,
        "users": users,
        "both": lora | users,
        "broken": {"pytorch_lora_weights.safetensors": b"nothing"},
        "endless": write_lora(stirred(new_adapter(model.layers, 2, 2, 1), 1, 1e30), model),
        "neither": {"state.safetensors": b"nothing"},
    }
    return folder, {name: publish(folder, files) for name, files in made.items()}


@pytest.fixture(scope="module")
def server(model: ImageModel, shas: tuple[Path, dict[str, str]]) -> Iterator[Running]:
    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    seeing = CLIPVisionModelWithProjection(
        CLIPVisionConfig(image_size=16, patch_size=8, projection_dim=10, **small)
    )
    size = {"height": 16, "width": 16}
    features = FeatureEncoder(
        seeing, CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=size), "cpu"
    )
    base = ImageBase("random", model, FINGERPRINT)
    running = Running(
        assemble_images(base, [from_folder(shas[0], PICTURES)], features=features, key="secret")
    )
    running.http.headers["authorization"] = "Bearer secret"
    yield running
    running.stop()


def drawn(server: Running, **fields) -> np.ndarray:
    response = server.http.post("/v1/images/generations", json=ASKED | fields)
    assert response.status_code == 200, response.text
    files = [base64.b64decode(one["b64_json"]) for one in response.json()["data"]]
    return np.stack([np.array(Image.open(io.BytesIO(file))) for file in files])


def apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def test_it_draws_what_the_model_draws_by_seed(server: Running, model: ImageModel):
    expected = sample_pictures(model, [ASKED["prompt"]] * 2, [5, 6], 3, 2.0)
    assert apart(drawn(server), expected) <= 1
    assert apart(drawn(server, n=1, seed=6), expected[1:]) <= 1


def test_each_request_goes_through_its_adapter_and_for_its_person(server: Running, shas):
    sha = shas[1]
    base, lora = drawn(server), drawn(server, model=sha["lora"])
    assert apart(base, lora) > 1
    assert apart(drawn(server, model=sha["users"]), base) <= 1
    one, other = ([[value] * WIDTH, [0.5] * WIDTH] for value in (1.0, -1.0))
    assert apart(drawn(server, model=sha["users"], user=one), base) > 1
    assert (
        apart(drawn(server, model=sha["users"], user=one), drawn(server, model=sha["users"], user=other)) > 1
    )
    assert apart(drawn(server, model=sha["both"]), lora) <= 1
    assert apart(drawn(server, model=sha["both"], user=one), lora) > 1


def test_features_come_with_the_pictures_and_for_pictures_of_others(server: Running):
    answer = server.http.post("/v1/images/generations", json=ASKED | {"features": True}).json()
    seen = [one["features"] for one in answer["data"]]
    assert {len(one["values"]) for one in seen} == {10}
    again = server.http.post(
        "/v1/features", json={"images": [one["b64_json"] for one in answer["data"]]}
    ).json()
    assert again["space"] == seen[0]["space"]
    np.testing.assert_allclose(again["features"], [one["values"] for one in seen], atol=1e-5)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"n": 9}, 400, "invalid_request"),
        ({"prompt": ""}, 400, "invalid_request"),
        ({"model": "f" * 64}, 404, "not_found"),
        ({"user": [[1.0] * WIDTH]}, 422, "encoder_mismatch"),
        ({"model": "broken"}, 422, "adapter_invalid"),
        ({"model": "endless"}, 422, "probe_failed"),
        ({"model": "neither"}, 422, "adapter_missing_file"),
        ({"model": "live"}, 400, "invalid_request"),
        ({"seed": 2**31}, 400, "invalid_request"),
        ({"steps": 0}, 400, "invalid_request"),
        ({"guidance": 50.5}, 400, "invalid_request"),
        ({"user": []}, 400, "invalid_request"),
        ({"user": [[]]}, 400, "invalid_request"),
        ({"user": [["1"]]}, 400, "invalid_request"),
        ({"model": "users", "user": [[1.0] * (WIDTH - 1)]}, 422, "encoder_mismatch"),
        ({"model": "users", "user": [[1.0] * WIDTH, [1.0]]}, 422, "encoder_mismatch"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(server: Running, shas, fields, status: int, code: str):
    named = {"model": shas[1].get(fields["model"], fields["model"])} if "model" in fields else {}
    response = server.http.post("/v1/images/generations", json=ASKED | fields | named)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert server.http.get("/health").json()["status"] == "ok"


def test_every_wrong_field_is_named(server: Running):
    body = '{"model": "base", "prompt": "a", "n": "2", "steps": 1.5, "size": "1x1", "guidance": NaN}'
    message = server.http.post("/v1/images/generations", content=body).json()["message"]
    assert [part.split(":")[0] for part in message.split("; ")] == ["n", "steps", "guidance", "size"]


def test_the_answer_says_what_drew_and_from_which_seeds(server: Running, shas):
    response = server.http.post("/v1/images/generations", json=ASKED | {"model": shas[1]["lora"]})
    body = response.json()
    assert response.headers["x-prefloop-adapter"] == body["model"] == shas[1]["lora"]
    assert [one["seed"] for one in body["data"]] == [5, 6]
    assert isinstance(body["created"], int)
    assert all(one.keys() == {"b64_json", "seed"} for one in body["data"])


def test_a_client_that_leaves_is_drawn_for_no_more(server: Running, model: ImageModel):
    began, go_on, runs = threading.Event(), threading.Event(), []

    def hold(*_: object) -> None:
        runs.append(1)
        began.set()
        go_on.wait(60)

    hook = model.denoiser.register_forward_hook(hold)
    try:
        with pytest.raises(httpx.ReadTimeout):
            server.http.post("/v1/images/generations", json=ASKED | {"steps": 100}, timeout=2)
        assert began.is_set()
        server.wait_for(lambda: server.in_flight() == 0)
        go_on.set()
        assert drawn(server).shape[0] == 2
    finally:
        go_on.set()
        hook.remove()
    assert len(runs) == 1 + ASKED["steps"]


def test_a_server_without_a_feature_encoder_says_so(model: ImageModel):
    running = Running(assemble_images(ImageBase("random", model, FINGERPRINT), []))
    try:
        answer = running.http.post("/v1/images/generations", json=ASKED | {"features": True})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert running.http.post("/v1/features", json={"images": ["AA=="]}).status_code == 404
    finally:
        running.stop()


def test_what_is_no_picture_has_no_features(server: Running):
    nothing = base64.b64encode(b"nothing").decode()
    response = server.http.post("/v1/features", json={"images": [nothing]})
    assert (response.status_code, response.json()["code"]) == (422, "image_invalid")
    assert server.http.post("/v1/features", json={"images": ["%"]}).status_code == 400


def test_adapters_are_loaded_probed_and_listed(server: Running, shas):
    sha = shas[1]["both"]
    assert server.http.post("/v1/adapters/load", json={"sha": sha}).json()["differs"] is True
    assert sha in [one["id"] for one in server.http.get("/v1/models").json()["data"]]
    assert server.http.post("/v1/adapters/unload", json={"sha": sha}).json()["unloaded"] is True


def test_it_asks_for_its_key(server: Running):
    answer = server.http.post("/v1/images/generations", json=ASKED, headers={"authorization": "Bearer no"})
    assert answer.status_code == 401
