"""Adapters as files: what PEFT reads is what we run, and equal adapters are equal bytes."""

import copy
import json
from pathlib import Path

import pytest
import torch
from device import DEVICE
from transformers import AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig, Qwen2Config

from prefloop.adapters.files import CONFIG, WEIGHTS, read_peft, read_state, write_peft, write_state
from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.text.packing import pack
from prefloop.text.trunk import Trunk

SIZES = {"vocab_size": 97, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
ARCHITECTURES = {
    "llama": LlamaConfig(**SIZES, intermediate_size=48, num_key_value_heads=2, max_position_embeddings=64),
    "qwen2": Qwen2Config(**SIZES, intermediate_size=48, num_key_value_heads=2, max_position_embeddings=64),
    "gpt2": GPT2Config(vocab_size=97, n_embd=32, n_layer=2, n_head=4, n_positions=64),
    "gpt_neox": GPTNeoXConfig(**SIZES, intermediate_size=48, max_position_embeddings=64),
}


def model_of(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(copy.deepcopy(ARCHITECTURES[name])).to(DEVICE)


def trained(trunk: Trunk, targets: str | list[str] = "all-linear", seed: int = 1) -> Adapter:
    """An adapter that makes a difference."""
    adapter = new_adapter(trunk.layers, r=4, alpha=8, seed=seed, targets=targets)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, b in adapter.pairs.values():
            b.copy_(torch.randn(b.shape, generator=generator) * 0.1)
    return adapter


def save_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_peft_loads_the_folder_and_gives_the_same_logits(name, tmp_path):
    from peft import PeftModel

    trunk = Trunk(model_of(name), name)
    adapter = trained(trunk)
    files = write_peft(adapter, trunk.layers, "a/base", dtype=torch.float32)
    ids = [3, 14, 15, 92, 65, 35, 8]
    packed = pack([(ids[:1], [ids[1:]])], DEVICE)
    ours = trunk.head.logits(trunk.packed_hidden(packed, [(packed.tokens, adapter)]))
    theirs = PeftModel.from_pretrained(model_of(name).eval(), save_folder(tmp_path, files))
    with torch.no_grad():
        expected = theirs(input_ids=torch.tensor([ids], device=DEVICE)).logits[0]
    assert (expected - trunk.head.logits(trunk.packed_hidden(packed))).abs().max() > 1e-2
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_equal_adapters_are_equal_bytes_and_another_is_not():
    trunk = Trunk(model_of("llama"), "llama")
    assert write_peft(trained(trunk), trunk.layers, "b") == write_peft(trained(trunk), trunk.layers, "b")
    assert write_peft(trained(trunk), trunk.layers, "b") != write_peft(
        trained(trunk, seed=2), trunk.layers, "b"
    )


def test_reading_back_gives_the_same_adapter():
    trunk = Trunk(model_of("gpt2"), "gpt2")
    adapter = trained(trunk)
    back = read_peft(write_peft(adapter, trunk.layers, "b", dtype=torch.float32), trunk.layers)
    assert torch.equal(back.flat, adapter.flat)
    assert (back.r, back.alpha) == (4, 8)


def test_serving_files_are_bf16():
    trunk = Trunk(model_of("llama"), "llama")
    header = write_peft(trained(trunk), trunk.layers, "b")[WEIGHTS]
    names = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])
    assert {entry["dtype"] for name, entry in names.items() if name != "__metadata__"} == {"BF16"}


def test_named_targets_are_written_so_that_peft_finds_just_those_layers(tmp_path):
    from peft import PeftModel

    trunk = Trunk(model_of("llama"), "llama")
    adapter = trained(trunk, targets=["layers.0.self_attn.q_proj", "down_proj"])
    files = write_peft(adapter, trunk.layers, "b")
    model = PeftModel.from_pretrained(model_of("llama"), save_folder(tmp_path, files))
    found = {
        n.removeprefix("base_model.model.").split(".lora_A")[0]
        for n, _ in model.named_parameters()
        if "lora_A" in n
    }
    assert found == set(adapter.pairs)


def broken(files: dict[str, bytes], **config) -> dict[str, bytes]:
    return files | {CONFIG: json.dumps(json.loads(files[CONFIG]) | config).encode()}


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: {CONFIG: f[CONFIG]}, "has no adapter_model"),
        (lambda f: {WEIGHTS: f[WEIGHTS]}, "has no adapter_config"),
        (lambda f: f | {WEIGHTS: f[WEIGHTS][:-10]}, "not a safetensors file"),
        (lambda f: f | {WEIGHTS: b"\x80\x04\x95pickle"}, "not a safetensors file"),
        (lambda f: f | {CONFIG: b"{"}, "not JSON"),
        (lambda f: broken(f, peft_type="IA3"), "peft_type"),
        (lambda f: broken(f, use_dora=True), "use_dora"),
        (lambda f: broken(f, modules_to_save=["lm_head"]), "modules_to_save"),
        (lambda f: broken(f, r=8), "shape"),
        (lambda f: broken(f, r=0), "r must be"),
    ],
)
def test_what_is_not_a_plain_lora_of_this_base_is_refused_by_name(break_it, message):
    trunk = Trunk(model_of("llama"), "llama")
    files = write_peft(trained(trunk), trunk.layers, "b")
    with pytest.raises(ValueError, match=message):
        read_peft(break_it(files), trunk.layers)


def test_an_adapter_of_another_base_or_with_nan_is_refused():
    llama, gpt2 = Trunk(model_of("llama"), "llama"), Trunk(model_of("gpt2"), "gpt2")
    adapter = trained(llama)
    with pytest.raises(ValueError, match="does not have"):
        read_peft(write_peft(adapter, llama.layers, "b"), gpt2.layers)
    with torch.no_grad():
        adapter.flat[5] = float("nan")
    with pytest.raises(ValueError, match="finite"):
        read_peft(write_peft(adapter, llama.layers, "b"), llama.layers)


def test_state_comes_back_bit_for_bit_with_its_facts():
    tensors = {"fast": torch.randn(7), "slow.exp_avg": torch.randn(3, 2), "step": torch.tensor(12)}
    content = write_state(tensors, {"role": "fast", "losses": [0.1, 0.7]})
    assert content == write_state(tensors, {"losses": [0.1, 0.7], "role": "fast"})
    back, facts = read_state(content)
    assert facts == {"role": "fast", "losses": [0.1, 0.7]}
    assert all(torch.equal(back[name], tensor) for name, tensor in tensors.items())


def test_a_state_of_somebody_else_is_refused():
    from safetensors.torch import save

    with pytest.raises(ValueError, match="not written by this runner"):
        read_state(save({"a": torch.zeros(1)}))
