"""Any causal LM packed: the same numbers as transformers' own forward, or a refusal by name."""

import copy

import pytest
import torch
from device import DEVICE
from random_models import ARCHITECTURES, random_model, random_trunk, strong_adapter
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    CohereConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GraniteConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedModel,
)

from prefloop.adapters.adapted_linear import assigned
from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.text.attention import PackedAttention
from prefloop.text.packing import pack
from prefloop.text.trunk import Trunk, load_trunk

PROMPT, ANSWERS = (
    [5, 6, 7, 8, 200, 11, 30],
    ([9, 10, 2], [11, 2], [12, 13, 14, 15, 250, 40, 41, 42, 43, 44, 2]),
)
# Prompts that are run twice, and three that begin alike.
ROWS = [
    (PROMPT, ANSWERS),
    ([40, 41], ([42], [43, 44])),
    (PROMPT, ([9, 10, 2], [77, 78])),
    (PROMPT * 3, ([9, 2],)),
    ([*PROMPT * 3, 40], ([42], [43, 44])),
]
SHARED = [7, 0, 7, 7, 7]
SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 1,
    "initializer_range": 0.3,
}


def model_of(config) -> PreTrainedModel:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(copy.deepcopy(config)).eval().to(DEVICE)


def logits_one_by_one(model: PreTrainedModel, rows=ROWS) -> list[torch.Tensor]:
    """Logits of every row of every prompt with each of its completions, as transformers runs them."""
    return [model(torch.tensor([[*p, *c]], device=DEVICE)).logits[0].detach() for p, cs in rows for c in cs]


def logits_packed(trunk: Trunk, rows=ROWS, adapters=()) -> list[torch.Tensor]:
    packed = pack(rows, DEVICE, SHARED if rows is ROWS else ())
    logits = trunk.head.logits(trunk.packed_hidden(packed, adapters))
    whole = [torch.cat([logits[part.start : part.stop] for part in s.path]) for s in packed.completions_U]
    return [whole[number] for number in packed.distinct_N.tolist()]


@pytest.mark.parametrize("name", ARCHITECTURES)
@torch.no_grad()
def test_packed_logits_are_those_of_every_text_run_alone(name):
    expected = logits_one_by_one(random_model(name))
    for ours, theirs in zip(logits_packed(random_trunk(name)), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-5)


MORE = {
    "mistral, a window of 5": MistralConfig(**SMALL, sliding_window=5),
    "llama with biases": LlamaConfig(**SMALL, attention_bias=True, mlp_bias=True),
    "llama, heads wider than hidden": LlamaConfig(**SMALL, head_dim=16),
    "llama, stretched positions": LlamaConfig(
        **SMALL, rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}
    ),
    "gemma 3, windows in turn": Gemma3TextConfig(
        **SMALL, head_dim=8, sliding_window=4, query_pre_attn_scalar=8
    ),
    "cohere, scaled logits": CohereConfig(**SMALL, logit_scale=0.5),
    "granite, divided logits": GraniteConfig(**SMALL, logits_scaling=3.0, residual_multiplier=0.5),
}


@pytest.mark.parametrize("name", MORE)
@torch.no_grad()
def test_what_architectures_do_differently_is_kept(name):
    rows = [
        ([5, 6, 7, 8, 20, 11, 30], ([9, 10, 2], [12, 13, 14, 15, 50, 40, 2])),
        ([40, 41], ([42], [43, 44])),
    ]
    expected = logits_one_by_one(model_of(MORE[name]), rows)
    for ours, theirs in zip(logits_packed(Trunk(model_of(MORE[name]), name), rows), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)


@torch.no_grad()
def test_a_text_longer_than_short_attention_takes_gives_the_same_numbers():
    config = LlamaConfig(**SMALL, max_position_embeddings=1024)
    numbers = [(i * i) % 61 + 2 for i in range(700)]
    rows = [(numbers[:300], (numbers[300:], numbers[500:]))]
    expected = logits_one_by_one(model_of(config), rows)
    for ours, theirs in zip(logits_packed(Trunk(model_of(config), "long"), rows), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=5e-5, rtol=1e-4)


TARGETS = [
    "all-linear",
    ["v_proj"],
    ["o_proj", "up_proj"],
    ["down_proj"],
    ["model.layers.1.self_attn.q_proj"],
]


@pytest.mark.parametrize("targets", TARGETS, ids=str)
@pytest.mark.parametrize("name", ["llama", "qwen2"])
def test_fused_layers_and_transformers_layers_agree_in_values_and_gradients(name, targets):
    trunk = random_trunk(name)
    assert trunk.llama is not None
    adapters = [trained(trunk, seed, targets) for seed in (1, 2)]
    packed = pack(ROWS, DEVICE, SHARED)
    layout, twice = PackedAttention(packed.repeated(2).segments), packed.repeated(2)
    rows = [(packed.tokens, adapters[0]), (packed.tokens, adapters[1])]
    runs = {
        "fused": lambda: trunk.packed_hidden(twice, rows),
        "plain": lambda: trunk.hidden(twice.ids_T[None], twice.positions_T[None], layout, rows)[0],
    }
    hidden, gradients = {}, {}
    for run, forward in runs.items():
        hidden[run] = forward()
        weights = torch.linspace(-1, 1, hidden[run].numel(), device=DEVICE).view(hidden[run].shape)
        parameters = [p for a in adapters for p in a.parameters()]
        gradients[run] = torch.autograd.grad((hidden[run] * weights).sum(), parameters)
    torch.testing.assert_close(hidden["fused"], hidden["plain"], atol=1e-5, rtol=1e-5)
    for fused, plain in zip(gradients["fused"], gradients["plain"], strict=True):
        assert (fused - plain).norm() <= 1e-5 * plain.norm().clamp(min=1e-3)


def trained(trunk: Trunk, seed: int, targets="all-linear") -> Adapter:
    adapter = new_adapter(trunk.layers, 4, 8.0, seed, targets)
    adapter.flat.data.copy_(strong_adapter(trunk, seed, 4, targets).flat)
    return adapter


@pytest.mark.skipif(DEVICE != "cpu", reason="the layers that are counted are fused on a CPU only")
def test_nothing_is_differentiated_below_the_lowest_adapter():
    trunk = random_trunk("llama")
    packed = pack(ROWS, DEVICE, SHARED)

    def layers_in_graph(targets) -> int:
        adapter = trained(trunk, 1, targets)
        seen, waiting = set(), [trunk.packed_hidden(packed, [(packed.tokens, adapter)]).grad_fn]
        while waiting:
            node = waiting.pop()
            if node is not None and node not in seen:
                seen.add(node)
                waiting += [n for n, _ in node.next_functions]
        return sum("LlamaLayer" in type(node).__name__ for node in seen)

    assert layers_in_graph("all-linear") == 2
    assert layers_in_graph(["model.layers.1.mlp.down_proj"]) == 1


@pytest.mark.parametrize("name", ARCHITECTURES)
@torch.no_grad()
def test_every_range_of_rows_has_its_own_adapter_or_none(name):
    trunk = random_trunk(name)
    first, second = strong_adapter(trunk, 1), strong_adapter(trunk, 2, r=2)
    packed = pack(ROWS, DEVICE, SHARED)
    together = trunk.packed_hidden(packed.repeated(3), [(packed.tokens, a) for a in (first, None, second)])
    for part, adapter in zip(together.split(packed.tokens), (first, None, second), strict=True):
        alone = trunk.packed_hidden(packed, [(packed.tokens, adapter)])
        torch.testing.assert_close(part, alone, atol=1e-5, rtol=1e-5)
    bare = trunk.packed_hidden(packed)
    assert torch.equal(bare, trunk.packed_hidden(packed, [(packed.tokens, None)]))
    assert (together[: packed.tokens] - bare).abs().max() > 0.1


def test_rows_that_cannot_be_shared_out_are_refused():
    trunk = random_trunk("gpt2")
    packed = pack([([1, 2], [[3, 4, 5]])], DEVICE)
    with pytest.raises(ValueError, match="5 rows cannot be shared"):
        trunk.packed_hidden(packed, [(2, None), (1, strong_adapter(trunk, 1))])


@torch.no_grad()
def test_an_assignment_ends_with_its_block_even_when_it_fails():
    trunk = random_trunk("llama")
    packed = pack(ROWS, DEVICE, SHARED)
    bare = trunk.packed_hidden(packed)
    with pytest.raises(RuntimeError, match="stop"), assigned([(packed.tokens, strong_adapter(trunk, 1))]):
        raise RuntimeError("stop")
    assert torch.equal(bare, trunk.packed_hidden(packed))


def test_no_weight_of_the_model_is_trainable_and_its_state_is_untouched():
    model = random_model("gpt2")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trunk = Trunk(model, "gpt2")
    assert not any(p.requires_grad for p in trunk.model.parameters())
    after = trunk.model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_fp16_is_refused(tmp_path):
    with pytest.raises(ValueError, match="fp16 overflows"):
        load_trunk(str(tmp_path), "fp16")


def test_a_folder_without_a_model_is_one_clear_error(tmp_path):
    with pytest.raises(ValueError, match="cannot load a causal LM"):
        load_trunk(str(tmp_path))


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_a_folder_is_loaded_in_the_dtype_asked_for(dtype, tmp_path):
    random_model("llama").save_pretrained(tmp_path)
    trunk = load_trunk(str(tmp_path), dtype)
    assert {p.dtype for p in trunk.model.parameters()} == {
        torch.float32 if dtype == "fp32" else torch.bfloat16
    }
    assert trunk.context == 256


REFUSED = {
    "attention interface": BloomConfig(vocab_size=64, hidden_size=32, n_layer=2, n_head=4),
    "softcap": Gemma2Config(**SMALL, head_dim=8, attn_logit_softcapping=50.0),
}


@pytest.mark.parametrize("message", REFUSED)
def test_an_architecture_that_cannot_run_packed_is_refused_by_name(message):
    with pytest.raises(ValueError, match=f"(?s)(Bloom|Gemma2).*{message}"):
        Trunk(model_of(REFUSED[message]), "refused")


def test_a_model_whose_logits_are_not_its_heads_is_refused():
    model = random_model("llama")
    model.lm_head.register_forward_hook(lambda module, args, out: out * 2)
    with pytest.raises(ValueError, match="standard deviations"):
        Trunk(model, "doubled")
