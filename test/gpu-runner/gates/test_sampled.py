"""KL and length on sampled answers, and all gates together, over a small random model."""

from pathlib import Path

import pytest
import torch
from device import DEVICE
from random_models import byte_tokenizer, random_trunk, strong_adapter

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.base import Base
from prefloop.contracts import DpoRecipe, Example, Gate, GateBounds
from prefloop.gates.check import FEWEST_PROMPTS, SAMPLED_PROMPTS, check_gates, choose_prompts
from prefloop.gates.kl import measure_kl
from prefloop.gates.length import check_length, measure_length
from prefloop.gates.samples import Answer, BaseAnswers, sample_answers
from prefloop.learn import encode_rows
from prefloop.text.decode import Decoder
from prefloop.text.encode import Encoded, TextEncoder
from prefloop.text.packing import pack
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import completion_logps


@pytest.fixture(scope="module")
def base() -> Base:
    return Base("random", random_trunk(), TextEncoder(byte_tokenizer()), "f" * 64)


@pytest.fixture(scope="module")
def changed(base: Base) -> Adapter:
    return strong_adapter(base.trunk, seed=1)


@pytest.fixture(scope="module")
def unchanged(base: Base) -> Adapter:
    return new_adapter(base.trunk.layers, 4, 8.0, seed=1).freeze()


def rows_of(base: Base, count: int, first: int = 0) -> list[Encoded]:
    examples = [
        Example.model_validate(
            {
                "preference": f"h{number:040x}",
                "prompt": {"messages": [{"role": "user", "content": f"this and that {number}"}]},
                "completions": [f"the one {number}", f"the other {number}, and that"],
                "pairs": [{"chosen": 0, "rejected": 1, "p": 1.0, "weight": 1.0}],
            }
        )
        for number in range(first, first + count)
    ]
    rows, refused = encode_rows(base, examples, DpoRecipe(method="dpo", max_length=200))
    assert not refused
    return rows


def decoder_of(base: Base) -> Decoder:
    return Decoder(base.trunk, base.encoder.end_ids, slots=8, context=128)


def test_kl_is_the_sum_over_the_vocabulary_at_every_position(base: Base, changed: Adapter):
    answer = Answer((5, 6, 7), (30, 40, 0))
    vocabulary = base.trunk.head.weight.shape[0]
    expected = 0.0
    for position in range(len(answer.completion)):
        before = [*answer.prompt, *answer.completion[:position]]
        packed = pack([(before, [[token] for token in range(vocabulary)])], DEVICE)
        with torch.no_grad():
            policy_V, base_V = completion_logps(base.trunk, packed, [changed, None])
        expected += float((policy_V.exp() * (policy_V - base_V)).sum())
    measured = measure_kl(base.trunk, changed, [answer, answer])
    assert measured is not None and measured.n == 2
    assert measured.value == pytest.approx(expected / 3, rel=1e-4) and expected > 0.1


def test_kl_of_an_adapter_that_changes_nothing_is_zero(base: Base, unchanged: Adapter):
    answers = sample_answers(decoder_of(base), [(5, 6, 7), (8, 9)], unchanged, max_tokens=12)
    measured = measure_kl(base.trunk, unchanged, answers)
    assert measured is not None and measured.value == 0 and measured.high == 0


def test_answers_depend_on_their_own_prompt_and_adapter_alone(base: Base, changed: Adapter):
    prompts = [(5, 6, 7), (8, 9), (10, 11, 12, 13)]
    together = sample_answers(decoder_of(base), prompts, changed, max_tokens=12)
    alone = [sample_answers(decoder_of(base), [prompt], changed, max_tokens=12)[0] for prompt in prompts]
    assert together == alone
    assert together != sample_answers(decoder_of(base), prompts, None, max_tokens=12)
    assert all(1 <= len(answer.completion) <= 12 for answer in together)


def test_the_base_is_asked_once_and_again_when_its_answer_was_cut_short(base: Base, tmp_path: Path):
    prompts = [(5, 6, 7), (8, 9)]
    answers = BaseAnswers(tmp_path, base.fingerprint)
    first = answers.sample(decoder_of(base), prompts, 12)
    deaf = decoder_of(base)
    deaf.submit = None  # type: ignore[method-assign,assignment]
    assert BaseAnswers(tmp_path, base.fingerprint).sample(deaf, prompts, 12) == first

    torn = next(tmp_path.rglob("*.json"))
    torn.write_text(torn.read_text()[:-2])
    assert BaseAnswers(tmp_path, base.fingerprint).sample(decoder_of(base), prompts, 12) == first
    other = BaseAnswers(tmp_path, "0" * 64)
    with pytest.raises(TypeError):
        other.sample(deaf, prompts, 12)


def test_length_is_a_ratio_of_means_with_an_interval():
    measured = measure_length([10, 20, 30], [20, 20, 20, 20])
    assert measured is not None and measured.value == 1.0 and measured.n == 3
    # delta method: the base has no spread; relative standard error sqrt(100 / 3) / 20
    assert measured.high == pytest.approx(2.7182818 ** (1.959964 * (100 / 3) ** 0.5 / 20), rel=1e-4)
    assert measure_length([], [3]) is None


@pytest.mark.parametrize(("lengths", "passed"), [([40], True), ([41], False), ([10], True), ([9], False)])
def test_the_length_bound_holds_in_either_direction(lengths: list[int], passed: bool):
    gate = check_length(measure_length(lengths, [20]), 2.0)
    assert gate.passed is passed and (gate.reason is None) is passed


def test_prompts_are_held_out_ones_first_topped_up_while_there_are_few(base: Base):
    held_out, rows = rows_of(base, 40), rows_of(base, 40, first=100)
    many = choose_prompts(held_out, rows, context=200)
    assert len(many) == SAMPLED_PROMPTS and set(many) <= {row.prompt for row in held_out}
    assert many == choose_prompts(held_out[::-1], rows, context=200), "the order of arrival does not matter"
    few = choose_prompts(held_out[:3], rows, context=200)
    assert len(few) == FEWEST_PROMPTS and set(few[:3]) == {row.prompt for row in held_out[:3]}
    assert choose_prompts(held_out, rows, context=100) == [], "what does not fit with its answer is left out"


def measure(
    base: Base, folder: Path, adapter: Adapter, bounds: GateBounds, held_out: int = 12
) -> dict[str, Gate]:
    gates = check_gates(
        base,
        ReferenceCache("test"),
        BaseAnswers(folder, base.fingerprint),
        adapter,
        rows_of(base, held_out),
        rows_of(base, 4, first=100),
        bounds,
    )
    assert [gate.name for gate in gates] == ["accuracy", "displacement", "kl", "length"]
    return {gate.name: gate for gate in gates}


STRICT = GateBounds(min_accuracy=0.5, max_displacement=0.05, max_kl=0.05, max_length_ratio=1.05)


def test_an_adapter_that_changes_nothing_passes_every_gate(base: Base, unchanged: Adapter, tmp_path: Path):
    gates = measure(base, tmp_path, unchanged, STRICT)
    values = {name: gate.value for name, gate in gates.items()}
    assert values == pytest.approx({"accuracy": 0.5, "displacement": 0.0, "kl": 0.0, "length": 1.0}, abs=1e-4)
    assert all(gate.passed and gate.reason is None for gate in gates.values())


def test_an_adapter_that_wrecks_the_model_fails_with_reasons(base: Base, changed: Adapter, tmp_path: Path):
    gates = measure(base, tmp_path, changed, STRICT)
    assert not gates["displacement"].passed and not gates["kl"].passed
    assert "nats per token away from the base, at most 0.05 is allowed" in (gates["kl"].reason or "")
    assert all(gate.low <= gate.value <= gate.high for gate in gates.values())  # type: ignore[operator]
    unbound = measure(base, tmp_path, changed, GateBounds())
    assert all(gate.passed and gate.bound is None for gate in unbound.values())
    assert {name: gate.value for name, gate in unbound.items()} == {
        name: gate.value for name, gate in gates.items()
    }


def test_before_the_first_held_out_vote_accuracy_is_unknown_and_the_rest_is_measured(
    base: Base, changed: Adapter, tmp_path: Path
):
    gates = measure(base, tmp_path, changed, STRICT, held_out=0)
    assert gates["accuracy"].value is None and not gates["accuracy"].passed
    assert gates["displacement"].n == 4 and gates["kl"].n == 4
