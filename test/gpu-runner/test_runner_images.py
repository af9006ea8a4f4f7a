"""The loop on a model that draws: pictures and user encoders are fetched, votes trained on, gates measured."""

import hashlib
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from device import to_the_bit
from image.made_pictures import vote
from image.random_pipelines import PIPELINES
from scripted_edge import FINGERPRINT, ScriptedEdge, refusal

from prefloop.base import ImageBase
from prefloop.edge import Edge
from prefloop.file_cache import FileCache
from prefloop.image.files import read_lora
from prefloop.image.model import ImageModel
from prefloop.image.rows import PictureReader
from prefloop.learner import ImageLearner
from prefloop.pictures import fetch_encoder, fetch_picture
from prefloop.runner import Totals, Workplace, run
from prefloop.taste.set_encoder import FILE, SetEncoder, SetEncoderShape, write_set_encoder

RECIPE = {"method": "diffusion-dpo", "rank": 2, "loraAlpha": 4, "microBatch": 2}


@pytest.fixture(scope="module")
def base() -> ImageBase:
    return ImageBase("random", ImageModel(PIPELINES["sd15"](), "random"), FINGERPRINT)


class Runner:
    """A workplace over a scripted edge, and what was logged there."""

    def __init__(self, base: ImageBase, scripted: ScriptedEdge, folder: Path):
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.edge = edge = Edge(
            "http://edge.test",
            "sk_a_b",
            patience=math.inf,
            stop=threading.Event(),
            transport=httpx.MockTransport(scripted),
        )
        files = FileCache(folder / "pictures")
        learner = ImageLearner(
            base,
            PictureReader(
                base.model,
                lambda sha256: fetch_picture(edge, files, sha256),
                base.tensor_cache(folder / "latents"),
            ),
            base.reference_cache(folder / "references"),
            lambda sha: fetch_encoder(edge, files, sha),
        )
        note = lambda event, **facts: self.log.append((event, facts))
        self.place = Workplace(edge, learner, "runner-1", FileCache(folder / "files"), note)

    def run(self) -> Totals:
        totals = Totals()
        run(self.place, [], totals, until_idle=1e-9, poll=0.01)
        return totals


Make = Callable[..., tuple[ScriptedEdge, Runner]]


@pytest.fixture
def make(base: ImageBase, tmp_path: Path) -> Iterator[Make]:
    made: list[Runner] = []

    def make(*batches: range, recipe: dict[str, Any] = RECIPE, **more: Any) -> tuple[ScriptedEdge, Runner]:
        """A batch of each range of votes; `more` goes into every vote."""
        scripted = ScriptedEdge([], recipe)
        scripted.batches = [[vote(n, scripted.images, **more) for n in batch] for batch in batches]
        made.append(Runner(base, scripted, tmp_path / str(len(made))))
        return scripted, made[-1]

    yield make
    for runner in made:
        runner.edge.close()


def published(scripted: ScriptedEdge) -> list[dict[str, Any]]:
    return [body["adapter"] for body in scripted.calls("/complete")]


def test_batch_after_batch_becomes_a_line_of_adapters(base: ImageBase, make: Make):
    scripted, runner = make(range(4), range(4, 6))
    scripted.held_out = {"examples": [vote(n, scripted.images) for n in range(10, 13)]}
    totals = runner.run()
    first, second = published(scripted)
    assert (totals.batches, totals.preferences, totals.failed) == (2, 6, 0), runner.log
    assert (first["parent"], second["parent"]) == (None, first["sha"])
    assert [file["name"] for file in first["files"]] == [
        "pytorch_lora_weights.safetensors",
        "state.safetensors",
    ]
    assert len(first["losses"]) == 2 and "encoder" not in first
    assert {gate["name"]: gate["n"] for gate in first["gates"]} == {"accuracy": 3, "displacement": 3}
    numbers = first["metrics"]
    assert {"errorChosen", "errorRejected", "margin", "trainSeconds", "gateSeconds"} <= numbers.keys()
    assert numbers["preferences"] == 4 and numbers["pairs"] == 4
    contents = {file["name"]: scripted.files[file["sha256"]] for file in second["files"]}
    assert read_lora(contents, base.model).r == 2


def test_a_picture_is_fetched_once(make: Make):
    scripted, runner = make(range(2), range(2))
    runner.run()
    asked = [path for path, _ in scripted.asked if path.startswith("GET images/")]
    assert len(asked) == len(set(asked)) == 4


@to_the_bit
def test_another_machine_goes_on_from_the_files_on_the_edge_and_makes_the_same_adapter(
    base: ImageBase, make: Make, tmp_path: Path
):
    scripted, runner = make(range(2), range(2, 4))
    runner.run()
    line = [adapter["sha"] for adapter in published(scripted)]
    elsewhere = ScriptedEdge([[vote(n, scripted.images) for n in range(2, 4)]], RECIPE)
    elsewhere.files, elsewhere.adapters, elsewhere.images = scripted.files, scripted.adapters, scripted.images
    elsewhere.head = line[0]
    Runner(base, elsewhere, tmp_path / "elsewhere").run()
    assert elsewhere.head == line[1]


def test_gates_look_at_the_batch_itself_while_nothing_is_held_out(make: Make):
    scripted, runner = make(range(2))
    scripted.gates = {"maxDisplacement": 0.5, "maxKl": 1}
    runner.run()
    gates = {gate["name"]: gate for gate in published(scripted)[0]["gates"]}
    assert gates["accuracy"]["value"] is None and gates["displacement"]["n"] == 2
    assert gates["displacement"]["passed"] and not gates["kl"]["passed"]


def test_pictures_that_are_gone_and_texts_are_reported_one_by_one(make: Make):
    scripted, runner = make(range(3))
    gone, text = scripted.batches[0][1], scripted.batches[0][2]
    del scripted.images[gone["images"][0]]
    del text["images"]
    text["completions"] = ["one", "two"]
    totals = runner.run()
    (body,) = scripted.calls("/complete")
    assert {item["preference"]: item["reason"] for item in body["notTrainable"]} == {
        gone["preference"]: "unreadableImage",
        text["preference"]: "needsImages",
    }
    assert (totals.preferences, totals.not_trainable) == (1, 2)


def test_a_picture_that_is_not_what_its_hash_says_fails_the_batch_and_trains_nothing(make: Make):
    scripted, runner = make(range(2))
    sha256 = scripted.batches[0][0]["images"][0]
    scripted.images[sha256] += b"x"
    assert runner.run().failed == 1
    assert "does not have the hash" in scripted.calls("/fail")[0]["reason"]


def test_an_edge_that_is_away_while_pictures_are_fetched_is_waited_for(make: Make):
    scripted, runner = make(range(1))
    sha256 = scripted.batches[0][0]["images"][0]
    scripted.faults = {f"images/{sha256}": [refusal(503, "internal"), httpx.ConnectError("refused")]}
    assert runner.run().batches == 1


def test_a_recipe_for_texts_fails_the_batch_with_the_reason(make: Make):
    scripted, runner = make(range(1), recipe={"method": "dpo"})
    assert runner.run().failed == 1
    assert "dpo trains on texts, and the model draws pictures" in scripted.calls("/fail")[0]["reason"]


PPD = {"method": "ppd", "microBatch": 2}
KNOWN = {"userKey": "a" * 32, "support": ["h" + "1" * 40]}


def put_encoder(scripted: ScriptedEdge, seed: int) -> str:
    """Its sha, after it was registered."""
    torch.manual_seed(seed)
    encoder = SetEncoder(SetEncoderShape(feature_size=2, tokens=2, width=4, hidden=8, rounds=1))
    with torch.no_grad():
        encoder.prior_E.normal_()
    content = write_set_encoder(encoder)
    sha256 = hashlib.sha256(content).hexdigest()
    sha = hashlib.sha256(f"{sha256}  {FILE}\n".encode()).hexdigest()
    record = {
        "kind": "set",
        "sha": sha,
        "domain": "replies",
        "space": "e" * 64,
        "featureSize": 2,
        "metrics": {},
        "tokens": 2,
        "width": 4,
        "prior": [0.0] * 8,
        "priorUncertainty": 1,
        "rewards": [],
        "files": [{"name": FILE, "sha256": sha256, "bytes": len(content)}],
    }
    scripted.encoders[sha] = (record, {FILE: content})
    said = {"preference": KNOWN["support"][0], "chosen": [1.0, 0.5], "rejected": [0.0, 0.2], "weight": 1}
    scripted.taste = {"encoder": sha, "support": [said]}
    scripted.held_out |= scripted.taste
    return sha


def test_ppd_trains_on_people_and_names_their_encoder(make: Make):
    scripted, runner = make(range(2), range(2, 4), recipe=PPD, **KNOWN)
    sha = put_encoder(scripted, 1)
    scripted.held_out["examples"] = [vote(9, scripted.images, **KNOWN)]
    assert runner.run().batches == 2, runner.log
    first, second = published(scripted)
    assert (first["encoder"], second["encoder"]) == (sha, sha)
    assert [file["name"] for file in second["files"]] == ["state.safetensors", "user_attention.safetensors"]
    assert second["gates"][0]["n"] == 1
    assert len([path for path, _ in scripted.asked if path.endswith(FILE)]) == 1


def test_another_encoder_of_the_domain_begins_a_new_attention(make: Make):
    scripted, runner = make(range(2), range(2, 4), recipe=PPD, **KNOWN)
    put_encoder(scripted, 1)
    later, waiting = scripted.batches.pop(), scripted
    runner.run()
    sha = put_encoder(scripted, 2)
    waiting.batches = [later]
    runner.run()
    first, second = published(scripted)
    assert second["encoder"] == sha and second["parent"] == first["sha"]
    assert second["losses"][0] == pytest.approx(math.log(2), abs=1e-6)


@pytest.mark.parametrize("lacks", ["encoder", "weights", "network"])
def test_ppd_without_a_usable_encoder_fails_the_batch_with_the_reason(make: Make, lacks: str):
    scripted, runner = make(range(2), recipe=PPD, **KNOWN)
    sha = put_encoder(scripted, 1)
    said = {"encoder": "has no user encoder", "weights": f"without its {FILE}", "network": "is a mixture"}
    if lacks == "encoder":
        scripted.taste["encoder"] = None
    record, files = scripted.encoders[sha]
    if lacks == "weights":
        record["files"] = [record["files"][0] | {"name": "encoder.onnx"}]
    if lacks == "network":
        shared = {name: record[name] for name in ("sha", "domain", "space", "metrics")}
        basis = {"basis": [{"name": "one", "adapter": "d" * 64}], "featureSize": 1}
        prior = {"prior": {"mean": [0.0], "precision": [[1.0]]}}
        mixture = {"kind": "mixture", "scale": 1, "strength": 1, "maxWeight": 1}
        scripted.encoders[sha] = (shared | basis | prior | mixture, files)
    assert runner.run().failed == 1
    assert said[lacks] in scripted.calls("/fail")[0]["reason"]


def test_votes_of_nobody_are_no_use_to_ppd(make: Make):
    scripted, runner = make(range(2), recipe=PPD)
    put_encoder(scripted, 1)
    runner.run()
    assert [item["reason"] for item in scripted.calls("/dismiss")[0]["notTrainable"]] == ["needsUser"] * 2
