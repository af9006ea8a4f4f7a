"""The loop against an edge that misbehaves on purpose. What goes right is tested end to end, with the real one."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from random_models import byte_tokenizer, random_trunk
from scripted_edge import FINGERPRINT, ScriptedEdge, refusal

from prefloop.base import Base
from prefloop.edge import Edge
from prefloop.edge_errors import AccessRefused, BaseModelMismatch, EdgeError, EdgeUnreachable
from prefloop.file_cache import FileCache
from prefloop.gates.samples import BaseAnswers
from prefloop.head import check_domains
from prefloop.learner import TextLearner
from prefloop.runner import Totals, Workplace, run
from prefloop.text.encode import TextEncoder
from prefloop.text.reference_cache import ReferenceCache

RECIPE = {"method": "ofs-dpo", "rank": 2, "loraAlpha": 4, "microBatch": 1, "maxLength": 120}


@pytest.fixture(scope="module")
def base() -> Base:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = (
        "{% if 'unspeakable' in messages[0].content %}{{ raise_exception('no') }}{% endif %}"
        + tokenizer.chat_template
    )
    return Base("random", random_trunk(), TextEncoder(tokenizer), FINGERPRINT)


def example(number: int, *completions: str, prompt: str = "this and that") -> dict[str, Any]:
    return {
        "preference": f"h{number:040x}",
        "prompt": {"messages": [{"role": "user", "content": f"{prompt} {number}"}]},
        "completions": list(completions or ("the one", "the other")),
        "pairs": [{"chosen": 0, "rejected": 1, "p": 1, "weight": 1}],
    }


def examples(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [example(number) for number in range(first, first + count)]


class Runner:
    """A workplace over a scripted edge, and what was logged there."""

    def __init__(self, base: Base, scripted: ScriptedEdge, folder: Path, patience: float = math.inf):
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.stop = threading.Event()
        self.edge = Edge(
            "http://edge.test",
            "sk_a_b",
            patience=patience,
            stop=self.stop,
            transport=httpx.MockTransport(scripted),
        )
        learner = TextLearner(base, ReferenceCache("test"), BaseAnswers(folder / "answers", base.fingerprint))
        self.place = Workplace(self.edge, learner, "runner-1", FileCache(folder / "files"), self.note)
        self.on_event: Callable[[str], None] = lambda event: None

    def note(self, event: str, **facts: Any) -> None:
        self.log.append((event, facts))
        self.on_event(event)

    def events(self) -> list[str]:
        return [event for event, _ in self.log]

    def run(self) -> Totals:
        totals = Totals()
        run(self.place, [], totals, until_idle=1e-9, poll=0.01)
        return totals


@pytest.fixture
def make(base: Base, tmp_path: Path) -> Iterator[Callable[..., tuple[ScriptedEdge, Runner]]]:
    made: list[Runner] = []

    def make(*batches: list[dict[str, Any]], patience: float = math.inf) -> tuple[ScriptedEdge, Runner]:
        scripted = ScriptedEdge(list(batches), RECIPE)
        made.append(Runner(base, scripted, tmp_path / str(len(made)), patience))
        return scripted, made[-1]

    yield make
    for runner in made:
        runner.edge.close()


Make = Callable[..., tuple[ScriptedEdge, Runner]]


def test_batch_after_batch_becomes_a_line_of_adapters(make: Make):
    scripted, runner = make(examples(3), examples(2, first=3))
    totals = runner.run()
    first, second = (body["adapter"] for body in scripted.calls("/complete"))
    assert (first["parent"], second["parent"]) == (None, first["sha"]) and scripted.head == second["sha"]
    assert [file["name"] for file in first["files"]] == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "state.safetensors",
    ]
    assert len(first["losses"]) == 3 and first["metrics"]["preferences"] == 3
    assert {gate["name"] for gate in first["gates"]} == {"accuracy", "displacement", "kl", "length"}
    assert (totals.batches, totals.preferences, totals.live, totals.failed) == (2, 5, 0, 0)


def test_another_machine_goes_on_from_the_files_on_the_edge_and_makes_the_same_adapter(
    base: Base, make: Make, tmp_path: Path
):
    scripted, runner = make(examples(3), examples(2, first=3))
    runner.run()
    line = [body["adapter"]["sha"] for body in scripted.calls("/complete")]

    elsewhere = ScriptedEdge([examples(2, first=3)], RECIPE)
    elsewhere.files, elsewhere.adapters, elsewhere.head = scripted.files, scripted.adapters, line[0]
    Runner(base, elsewhere, tmp_path / "elsewhere").run()
    assert len(elsewhere.calls("state.safetensors")) == 1, "it had to fetch the state"
    assert elsewhere.head == line[1]


def test_an_edge_that_is_away_while_the_batch_is_published_gets_the_same_completion_again(make: Make):
    scripted, runner = make(examples(2))
    scripted.faults = {
        "/complete": [refusal(503, "internal"), httpx.ReadTimeout("slow")],
        "state.safetensors": [httpx.ConnectError("refused")],
    }
    totals = runner.run()
    first, second, third = scripted.calls("/complete")
    assert first == second == third and totals.batches == 1
    assert scripted.calls("/fail") == []


def test_a_head_that_moved_is_fetched_and_the_batch_trained_again_on_top_of_it(make: Make):
    scripted, runner = make(examples(3), examples(2, first=3))
    runner.run()
    late, newer = (body["adapter"] for body in scripted.calls("/complete"))
    scripted.batches, scripted.head, scripted.asked = [examples(2, first=9)], late["sha"], []

    runner.on_event = lambda event: setattr(scripted, "head", newer["sha"]) if event == "leased" else None
    runner.run()
    refused, accepted = (body["adapter"] for body in scripted.calls("/complete"))
    assert refused["parent"] == late["sha"] and accepted["parent"] == newer["sha"]
    assert refused["sha"] != accepted["sha"] and scripted.head == accepted["sha"]
    assert "staleParent" in runner.events() and scripted.calls("/fail") == []


@pytest.mark.parametrize("code", ["stale_fence", "lease_expired", "batch_finished", "quarantined"])
def test_a_completion_that_comes_too_late_changes_nothing_and_the_loop_goes_on(make: Make, code: str):
    scripted, runner = make(examples(2), examples(2, first=2))
    scripted.faults = {"/complete": [refusal(409, code)]}
    totals = runner.run()
    assert (totals.lost, totals.batches) == (1, 1) and scripted.calls("/fail") == []
    assert len(scripted.adapters) == 1


def test_a_lease_that_the_heartbeat_finds_lost_ends_the_training_at_the_next_step(make: Make):
    scripted, runner = make(examples(400))
    scripted.lease_ms = 300
    scripted.faults = {"/heartbeat": [refusal(409, "stale_fence")]}
    totals = runner.run()
    assert (totals.lost, totals.batches) == (1, 0)
    assert scripted.calls("/complete") == [] and scripted.calls("/fail") == []


def test_a_batch_that_takes_longer_than_its_lease_is_renewed_by_the_servers_clock(make: Make):
    scripted, runner = make(examples(30))
    scripted.lease_ms = 600
    assert runner.run().batches == 1
    assert len(scripted.calls("/heartbeat")) >= 1 and scripted.calls("/heartbeat")[0] == {"fence": 1}


def test_stopping_gives_the_batch_back_after_the_step(make: Make):
    scripted, runner = make(examples(400), examples(2, first=400))
    threading.Timer(0.5, runner.stop.set).start()
    started = time.monotonic()
    totals = runner.run()
    assert totals.batches == 0 and time.monotonic() - started < 20
    (given_back,) = scripted.calls("/fail")
    assert given_back["reason"] == "the runner was stopped" and given_back["blameless"]
    assert scripted.calls("/complete") == [] and len(scripted.batches) == 1


def test_a_batch_that_cannot_be_trained_is_failed_with_the_reason_and_the_next_one_trained(make: Make):
    scripted, runner = make(examples(2), examples(2, first=2))
    scripted.faults = {"held-out": [refusal(404, "not_found")]}
    totals = runner.run()
    assert (totals.failed, totals.batches) == (1, 1)
    assert [body["reason"] for body in scripted.calls("/fail")] == ["EdgeError: Because of not_found."]


def test_rows_that_cannot_be_trained_on_are_reported_one_by_one(make: Make):
    good = example(1)
    bad = {
        "emptyCompletion": example(2, "", "the other"),
        "equalTexts": example(3, "the one", "the one"),
        "tooLong": example(4, prompt="this and that " * 40),
        "untokenizable": example(5, prompt="unspeakable"),
    }
    scripted, runner = make([good, *bad.values()])
    totals = runner.run()
    completion = scripted.calls("/complete")[0]
    assert {item["preference"]: item["reason"] for item in completion["notTrainable"]} == {
        row["preference"]: reason for reason, row in bad.items()
    }
    assert (totals.preferences, totals.not_trainable) == (1, 4)
    assert completion["adapter"]["metrics"]["steps"] == 1


def test_a_batch_without_a_trainable_row_is_dismissed(make: Make):
    scripted, runner = make([example(1, "", "the other"), example(2, "the one", "the one")])
    totals = runner.run()
    assert [item["reason"] for item in scripted.calls("/dismiss")[0]["notTrainable"]] == [
        "emptyCompletion",
        "equalTexts",
    ]
    assert totals.batches == 0 and scripted.files == {}


def test_a_head_of_another_base_ends_the_runner_and_the_batch_goes_back(make: Make):
    scripted, runner = make(examples(2))
    runner.run()
    assert scripted.head is not None
    scripted.adapters[scripted.head]["baseFingerprint"] = "0" * 64
    scripted.batches = [examples(2, first=2)]
    with pytest.raises(BaseModelMismatch, match="trained on another random"):
        runner.run()
    assert "trained on another random" in scripted.calls("/fail")[0]["reason"]


def test_a_file_that_is_not_what_its_hash_says_fails_the_batch(base: Base, make: Make, tmp_path: Path):
    scripted, runner = make(examples(2))
    runner.run()
    assert scripted.head is not None
    state = next(f for f in scripted.adapters[scripted.head]["files"] if f["name"] == "state.safetensors")
    scripted.files[state["sha256"]] += b"x"
    scripted.batches = [examples(2, first=2)]
    totals = Runner(base, scripted, tmp_path / "fresh").run()
    assert totals.failed == 1
    assert "does not have the hash it is listed under" in scripted.calls("/fail")[0]["reason"]


def test_a_state_too_large_for_the_edge_is_refused_before_training(make: Make):
    scripted, runner = make(examples(2))
    scripted.recipe = RECIPE | {"rank": 512, "targets": "all-linear"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prefloop.publish.PART_BYTES", 200_000)
        totals = runner.run()
    assert totals.failed == 1 and scripted.files == {}
    assert "rank 512 makes a state of" in scripted.calls("/fail")[0]["reason"]


@pytest.mark.parametrize("code", ["unauthorized", "forbidden"])
def test_a_refused_key_ends_the_runner(make: Make, code: str):
    scripted, runner = make(examples(2))
    scripted.faults = {"lease": [refusal(403, code)]}
    with pytest.raises(AccessRefused):
        runner.run()


def test_an_edge_that_stays_away_ends_an_impatient_runner(make: Make):
    scripted, runner = make(patience=0.3)
    scripted.faults = {"lease": [httpx.ConnectError("refused")] * 50}
    with pytest.raises(EdgeUnreachable):
        runner.run()


def test_an_edge_of_another_version_is_said_so(make: Make):
    scripted, runner = make(examples(2))
    scripted.faults = {"lease": [httpx.Response(200, json={"batch": "?"})]}
    with pytest.raises(EdgeError, match="is no Lease .*another version"):
        runner.run()


def test_domains_are_checked_before_the_first_lease(make: Make):
    _, runner = make(examples(2))
    edge = runner.edge
    assert check_domains(edge, "random", FINGERPRINT, []) == ["replies"]
    assert check_domains(edge, "another", FINGERPRINT, []) == []
    with pytest.raises(ValueError, match="no domain nowhere"):
        check_domains(edge, "random", FINGERPRINT, ["nowhere"])
    with pytest.raises(
        BaseModelMismatch, match="belongs to the base model random, this runner holds another"
    ):
        check_domains(edge, "another", FINGERPRINT, ["replies"])
    runner.run()
    with pytest.raises(BaseModelMismatch, match="run with that model and revision"):
        check_domains(edge, "random", "0" * 64, [])
