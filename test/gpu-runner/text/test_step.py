"""The training step against transformers' own forward, one text at a time, with PEFT-free arithmetic."""

import copy
from dataclasses import replace

import pytest
import torch
from device import DEVICE, to_the_bit
from transformers import AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig, Qwen2Config

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.adapters.update import adamw
from prefloop.contracts import Pair
from prefloop.objectives.dpo import dpo
from prefloop.objectives.ofs_dpo import ofs_dpo
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import (
    Outcome,
    check_start,
    completion_logps,
    pair_batch,
    reference_logps,
    train_step,
)
from prefloop.text.trunk import Trunk

SIZES = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
ARCHITECTURES = {
    "llama": LlamaConfig(**SIZES, intermediate_size=48, num_key_value_heads=2, max_position_embeddings=64),
    "qwen2": Qwen2Config(**SIZES, intermediate_size=48, num_key_value_heads=2, max_position_embeddings=64),
    "gpt2": GPT2Config(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=64),
    "gpt_neox": GPTNeoXConfig(**SIZES, intermediate_size=48, max_position_embeddings=64),
}
BETA = 0.1


def model_of(name: str):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(copy.deepcopy(ARCHITECTURES[name])).eval().to(DEVICE)


def trunk_of(name: str = "llama") -> Trunk:
    return Trunk(model_of(name), name)


def pair(chosen: int = 0, rejected: int = 1, p: float = 1.0, weight: float = 1.0) -> Pair:
    return Pair(chosen=chosen, rejected=rejected, p=p, weight=weight)


def encoded(prompt: list[int], *completions: list[int], pairs: tuple[Pair, ...] = (pair(),)) -> Encoded:
    return Encoded("h" + "0" * 40, tuple(prompt), tuple(map(tuple, completions)), pairs)


ROWS = [
    encoded([5, 6, 7, 8], [9, 10, 2], [11, 2]),
    encoded([5, 6, 7, 8], [12, 13, 14, 2], [9, 10, 2]),
    encoded(
        [20, 21],
        [22, 2],
        [23, 24, 25, 26, 2],
        [27, 28, 2],
        pairs=(pair(0, 1, 0.9, 0.5), pair(1, 2, 0.5, 0.5)),
    ),
]


def fresh(trunk: Trunk, seed: int = 1) -> Adapter:
    return new_adapter(trunk.layers, r=4, alpha=8, seed=seed)


def stirred(trunk: Trunk, seed: int = 1) -> Adapter:
    """An adapter that makes a difference."""
    adapter = fresh(trunk, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, b in adapter.pairs.values():
            b.copy_(torch.randn(b.shape, generator=generator) * 0.2)
    return adapter


def count_tokens(trunk: Trunk) -> list[int]:
    """Grows by the number of tokens of every run: all of them go through the embedding."""
    seen: list[int] = []
    trunk.model.get_input_embeddings().register_forward_hook(
        lambda _, args, out: seen.append(args[0].numel())
    )
    return seen


def dpo_objective(batch, pairs, _) -> Outcome:
    losses = dpo(pairs[0], BETA, p_B=batch.p_B, weight_B=batch.weight_B)
    return Outcome(losses.losses_B, losses, BETA * pairs[0].log_ratio_margin_B.detach())


def ofs_objective(batch, pairs, _) -> Outcome:
    losses = ofs_dpo(pairs[0], pairs[1], BETA, 0.3, p_B=batch.p_B, weight_B=batch.weight_B)
    total = losses.fast.losses_B + losses.slow.losses_B
    return Outcome(total, losses.fast, BETA * pairs[0].log_ratio_margin_B.detach())


def plain_logps(model: torch.nn.Module, adapter: Adapter, transposed: bool) -> torch.Tensor:
    """Log-probability of every completion of ROWS, each text run by itself with the LoRA merged into the weights."""
    state = dict(model.named_parameters())
    merged = dict(state)
    for path, (a, b) in adapter.pairs.items():
        delta = adapter.scale * (b @ a)
        merged[f"{path}.weight"] = state[f"{path}.weight"] + (delta.t() if transposed else delta)
    logps = []
    for row in ROWS:
        for completion in row.completions:
            ids = torch.tensor([[*row.prompt, *completion]], device=DEVICE)
            logits = torch.func.functional_call(model, merged, kwargs={"input_ids": ids}).logits[0]
            scored = torch.log_softmax(logits[len(row.prompt) - 1 : -1].float(), -1)
            logps.append(scored.gather(1, ids[0, len(row.prompt) :, None]).sum())
    return torch.stack(logps)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_log_probs_and_gradients_are_those_of_every_text_run_alone(name):
    trunk, model = trunk_of(name), model_of(name)
    adapter, batch = stirred(trunk), pair_batch(ROWS, DEVICE)
    ours = completion_logps(trunk, batch.packed, [adapter])[0]
    theirs = plain_logps(model, adapter, transposed=name == "gpt2")
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)

    weights = torch.linspace(-1, 1, ours.numel(), device=DEVICE)
    expected = torch.autograd.grad((theirs * weights).sum(), list(adapter.parameters()))
    adapter.flat.grad.zero_()
    (ours * weights).sum().backward()
    for parameter, gradient in zip(adapter.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-5, rtol=1e-4)


def test_a_shared_prompt_runs_once_and_only_scored_rows_reach_the_head():
    trunk, batch = trunk_of(), pair_batch(ROWS, DEVICE)
    tokens_seen, head_rows = count_tokens(trunk), []
    original = type(trunk.head).logits

    def counted(self, hidden_RH, words=slice(None)):
        # the vocabulary is gone through in tiles: a row counts where its first tile does
        head_rows.append(0 if words.start else hidden_RH.shape[0])
        return original(self, hidden_RH, words)

    try:
        type(trunk.head).logits = counted
        completion_logps(trunk, batch.packed, [None])
    finally:
        type(trunk.head).logits = original
    # prompt 4 once, its completions 3 + 2 + 4 ([9, 10, 2] occurs twice); prompt 2, completions 2 + 5 + 3
    assert sum(tokens_seen) == 4 + 9 + 2 + 10
    assert sum(head_rows) == 9 + 10


@to_the_bit
def test_a_shared_beginning_runs_once_and_gives_the_same_bits_whoever_shares_it():
    """Resuming and cached references rest on it: what a batch is made of must not show in a row's numbers."""
    trunk, begin = trunk_of(), list(range(3, 23))
    rows = [replace(encoded([*begin, *rest], [9, 2], [11, 2]), shared=20) for rest in ([], [5], [7, 8, 9])]
    adapter = fresh(trunk)
    together = completion_logps(trunk, pair_batch(rows, DEVICE).packed, [adapter])[0]
    alone = [completion_logps(trunk, pair_batch([row], DEVICE).packed, [adapter])[0] for row in rows]
    assert torch.equal(together, torch.cat(alone))
    packed = pair_batch(rows, DEVICE).packed
    assert packed.tokens == 20 + (0 + 1 + 3) + 3 * 4
    apart = [
        completion_logps(trunk, pair_batch([replace(row, shared=0)], DEVICE).packed, [adapter])[0]
        for row in rows
    ]
    torch.testing.assert_close(together, torch.cat(apart), atol=2e-5, rtol=1e-5)


def test_the_twin_in_one_pass_is_two_passes():
    trunk, batch = trunk_of(), pair_batch(ROWS, DEVICE)
    fast, slow = stirred(trunk, 1), stirred(trunk, 2)
    together = completion_logps(trunk, batch.packed, [fast, slow])
    alone = torch.cat([completion_logps(trunk, batch.packed, [each]) for each in (fast, slow)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-6)
    reference = reference_logps(trunk, batch)
    train_step(
        trunk, batch, [fast, slow], [adamw(fast, 0.0), adamw(slow, 0.0)], ofs_objective, reference, 1e9
    )
    joint = fast.flat.grad.clone()
    pairs = [None, None]

    def fast_only(batch, policies, _) -> Outcome:
        outcome = ofs_dpo(policies[0], pairs[1], BETA, 0.3, p_B=batch.p_B, weight_B=batch.weight_B)
        return Outcome(outcome.fast.losses_B, outcome.fast, policies[0].log_ratio_margin_B.detach())

    from prefloop.text.step import at_pairs

    pairs[1] = at_pairs(batch, alone[1].detach(), reference)
    train_step(trunk, batch, [fast], [adamw(fast, 0.0)], fast_only, reference, 1e9)
    torch.testing.assert_close(fast.flat.grad, joint, atol=1e-6, rtol=1e-4)


def test_fresh_adapters_start_at_margin_exactly_zero():
    trunk = trunk_of()
    check_start(trunk, pair_batch(ROWS, DEVICE), [fresh(trunk, 1), fresh(trunk, 2)])


def test_a_policy_that_is_not_the_reference_at_the_start_is_refused():
    trunk = trunk_of()
    with pytest.raises(ValueError, match="margin at step 0"):
        check_start(trunk, pair_batch(ROWS, DEVICE), [stirred(trunk)])


def test_training_changes_the_adapter_and_nothing_else():
    trunk = trunk_of()
    before = {name: p.clone() for name, p in trunk.model.named_parameters()}
    adapter, batch = fresh(trunk), pair_batch(ROWS, DEVICE)
    reference = reference_logps(trunk, batch)
    optimizer = adamw(adapter, 1e-2)
    losses = [
        train_step(trunk, batch, [adapter], [optimizer], dpo_objective, reference, 1.0).loss
        for _ in range(20)
    ]
    assert losses[-1] < losses[0] - 0.08
    assert all(torch.equal(before[name], p) for name, p in trunk.model.named_parameters())
    assert not any(p.requires_grad for p in trunk.model.parameters())


@to_the_bit
def test_two_runs_are_bit_identical():
    def run() -> tuple[torch.Tensor, list[float]]:
        trunk, batch = trunk_of(), pair_batch(ROWS, DEVICE)
        adapter = fresh(trunk)
        optimizer = adamw(adapter, 1e-2)
        reference = reference_logps(trunk, batch)
        losses = [
            train_step(trunk, batch, [adapter], [optimizer], dpo_objective, reference, 1.0).loss
            for _ in range(5)
        ]
        return adapter.flat.detach().clone(), losses

    (first, losses), (second, again) = run(), run()
    assert losses == again
    assert torch.equal(first, second)


def test_a_step_that_is_not_finite_changes_nothing_and_says_so():
    trunk, batch = trunk_of(), pair_batch(ROWS, DEVICE)
    adapter = stirred(trunk)
    before = adapter.flat.detach().clone()
    reference = torch.full_like(reference_logps(trunk, batch), float("inf"))
    metrics = train_step(trunk, batch, [adapter], [adamw(adapter, 1.0)], dpo_objective, reference, 1.0)
    assert metrics.skipped
    assert torch.equal(adapter.flat, before)


def test_soft_labels_and_weights_reach_the_loss():
    trunk, adapter = trunk_of(), None
    gradients = []
    for p, weight in ((1.0, 1.0), (0.0, 1.0), (0.5, 1.0), (1.0, 0.5)):
        adapter = fresh(trunk)
        batch = pair_batch([encoded([5, 6], [7, 2], [8, 9, 2], pairs=(pair(0, 1, p, weight),))], DEVICE)
        train_step(
            trunk, batch, [adapter], [adamw(adapter, 0.0)], dpo_objective, reference_logps(trunk, batch), 1e9
        )
        gradients.append(adapter.flat.grad.clone())
    certain, against, tie, half = gradients
    torch.testing.assert_close(against, -certain)
    torch.testing.assert_close(half, certain / 2)
    assert tie.abs().max() < 1e-7


def test_metrics_count_what_was_run():
    trunk, batch = trunk_of(), pair_batch(ROWS, DEVICE)
    adapter = fresh(trunk)
    metrics = train_step(
        trunk, batch, [adapter], [adamw(adapter, 0.0)], dpo_objective, reference_logps(trunk, batch), 1.0
    )
    assert (metrics.pairs, metrics.tokens, metrics.head_rows) == (4, 25, 19)
    assert metrics.means["margin"] == 0 and metrics.means["accuracy"] == 0.5 and metrics.means["slope"] == 0.5
    assert metrics.means["lengthChosen"] == (3 + 4 + 2 + 5) / 4


def test_the_reference_is_looked_up_by_content(tmp_path):
    trunk, batch = trunk_of(), pair_batch(ROWS, DEVICE)
    plain = reference_logps(trunk, batch)
    cache = ReferenceCache("base-a", tmp_path / "reference")
    torch.testing.assert_close(reference_logps(trunk, batch, cache), plain, atol=1e-5, rtol=0)
    tokens_seen = count_tokens(trunk)
    torch.testing.assert_close(reference_logps(trunk, batch, cache), plain, atol=1e-5, rtol=0)
    again = ReferenceCache("base-a", tmp_path / "reference")
    torch.testing.assert_close(reference_logps(trunk, batch, again), plain, atol=1e-5, rtol=0)
    assert tokens_seen == []
    other = ReferenceCache("base-b", tmp_path / "reference")
    assert other.get(other.key(ROWS[0].prompt, ROWS[0].completions[0])) is None


def test_a_reference_file_cut_short_by_a_kill_is_read_up_to_there(tmp_path):
    file = tmp_path / "reference"
    cache = ReferenceCache("base", file)
    keys = [cache.key([1], [i]) for i in range(3)]
    cache.put(zip(keys, [0.5, 1.5, 2.5], strict=True))
    file.write_bytes(file.read_bytes()[:-7])
    again = ReferenceCache("base", file)
    assert [again.get(key) for key in keys] == [0.5, 1.5, None]
    again.put([(keys[2], 2.5)])
    assert ReferenceCache("base", file).get(keys[2]) == 2.5


def test_a_reference_cache_is_bounded(tmp_path):
    cache = ReferenceCache("base", capacity=2)
    keys = [cache.key([1], [i]) for i in range(3)]
    cache.put((key, 1.0) for key in keys)
    assert len(cache) == 2 and cache.get(keys[0]) is None


def test_prompt_and_completion_boundaries_are_part_of_the_key():
    cache = ReferenceCache("base")
    assert cache.key([1, 2], [3]) != cache.key([1], [2, 3])


def test_bf16_is_close_to_fp32():
    trunk = trunk_of()
    low = Trunk(model_of("llama").to(torch.bfloat16), "llama")
    batch = pair_batch(ROWS, DEVICE)
    exact = completion_logps(trunk, batch.packed, [stirred(trunk)])
    rough = completion_logps(low, batch.packed, [stirred(low)])
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.3, rtol=0.05)
