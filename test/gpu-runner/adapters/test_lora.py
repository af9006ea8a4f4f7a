"""Adapters on frozen layers: what is trained, what a fresh one changes (nothing), and PEFT as the oracle of gradients."""

import copy
import math

import pytest
import torch
from device import DEVICE
from peft import LoraConfig, get_peft_model
from random_models import ARCHITECTURES, random_model, random_trunk

from prefloop.adapters.adapted_linear import assigned
from prefloop.adapters.lora import moved, new_adapter, target_paths
from prefloop.text.trunk import Trunk

IDS = torch.tensor([[5, 6, 7, 200, 9, 10], [30, 31, 32, 33, 34, 35], [1, 2, 3, 4, 5, 6]], device=DEVICE)


def peft_twin(model, adapter):
    """The same model under PEFT with the same A and B."""
    config = LoraConfig(r=adapter.r, lora_alpha=adapter.alpha, target_modules="all-linear", lora_dropout=0.0)
    twin = get_peft_model(copy.deepcopy(model), config).eval()
    for path, (a, b) in adapter.pairs.items():
        layer = twin.base_model.model.get_submodule(path)
        layer.lora_A["default"].weight.data.copy_(a)
        layer.lora_B["default"].weight.data.copy_(b)
    return twin


@pytest.mark.filterwarnings("ignore:.*fan_in_fan_out")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_values_and_gradients_are_pefts(name):
    model = random_model(name)
    trunk = Trunk(copy.deepcopy(model), name)
    adapter = new_adapter(trunk.layers, r=4, alpha=8, seed=0)
    generator = torch.Generator().manual_seed(3)
    for _, b in adapter.pairs.values():
        b.data.copy_(torch.empty(b.shape).normal_(0, 0.2, generator=generator))
    twin = peft_twin(model, adapter)
    assert {p for p, m in twin.base_model.model.named_modules() if hasattr(m, "lora_A")} == set(adapter.pairs)

    trunk.model.set_attn_implementation("sdpa")
    with assigned([(1, adapter)]):
        ours = trunk.model(IDS).logits
    theirs = twin(IDS).logits
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-5)

    weights = torch.linspace(-1, 1, ours.numel(), device=DEVICE).view(ours.shape)
    (ours * weights).sum().backward()
    (theirs * weights).sum().backward()
    for path, (a, b) in adapter.pairs.items():
        layer = twin.base_model.model.get_submodule(path)
        for mine, other in ((a, layer.lora_A["default"].weight), (b, layer.lora_B["default"].weight)):
            assert (mine.grad - other.grad).norm() <= 2e-5 * other.grad.norm().clamp(min=1e-2), path


@torch.no_grad()
def test_a_fresh_adapter_changes_no_bit():
    trunk = random_trunk("llama")
    trunk.model.set_attn_implementation("sdpa")
    bare = trunk.model(IDS).logits
    with assigned([(3, new_adapter(trunk.layers, r=4, alpha=8, seed=1))]):
        assert torch.equal(trunk.model(IDS).logits, bare)


def test_a_fresh_adapter_is_drawn_as_peft_draws_it_and_by_its_seed_alone():
    layers = random_trunk("llama").layers
    adapter, again, other = (new_adapter(layers, r=16, alpha=32, seed=s) for s in (7, 7, 8))
    assert torch.equal(adapter.flat, again.flat)
    assert not torch.equal(adapter.flat, other.flat)
    for a, b in adapter.pairs.values():
        bound = 1 / math.sqrt(a.shape[1])
        assert a.abs().max() <= bound and a.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)
        assert not b.any()


def test_parameters_and_gradients_are_views_of_two_flat_buffers():
    trunk = random_trunk("llama")
    adapter = new_adapter(trunk.layers, r=4, alpha=8, seed=0)
    assert sum(p.numel() for p in adapter.parameters()) == adapter.flat.numel()
    with torch.no_grad():
        adapter.flat.copy_(torch.arange(adapter.flat.numel()))
    assert torch.equal(torch.cat([p.detach().flatten() for p in adapter.parameters()]), adapter.flat.detach())
    trunk.model.set_attn_implementation("sdpa")
    adapter.flat.data.mul_(1e-6)
    with assigned([(3, adapter)]):
        trunk.model(IDS).logits.square().sum().backward()
    gradients = torch.cat([p.grad.flatten() for p in adapter.parameters()])
    assert gradients.abs().min() > 0
    assert torch.equal(gradients, adapter.flat.grad)


def test_a_bf16_run_sees_the_fp32_weights_as_they_are_now():
    trunk = random_trunk("llama", dtype=torch.bfloat16)
    adapter = new_adapter(trunk.layers, r=4, alpha=8, seed=0)
    assert {p.dtype for p in adapter.parameters()} == {torch.float32}
    path = next(iter(adapter.pairs))
    optimizer = torch.optim.AdamW([adapter.flat], lr=0.1, fused=True)
    for _ in range(2):
        adapter.flat.grad.fill_(1.0)
        optimizer.step()
        a, b = adapter.pair(path, torch.bfloat16)
        assert a.dtype == torch.bfloat16
        assert torch.equal(a, adapter.pairs[path][0].bfloat16()) and torch.equal(
            b, adapter.pairs[path][1].bfloat16()
        )


def test_a_copy_is_its_own():
    adapter = new_adapter(random_trunk("llama").layers, r=4, alpha=8, seed=0)
    copied = moved(adapter, DEVICE)
    assert torch.equal(copied.flat, adapter.flat)
    copied.flat.data.zero_()
    assert adapter.flat.any()


def test_a_frozen_adapter_gets_no_gradient():
    trunk = random_trunk("llama")
    adapter = new_adapter(trunk.layers, r=4, alpha=8, seed=0).freeze()
    trunk.model.set_attn_implementation("sdpa")
    with assigned([(3, adapter)]):
        assert not trunk.model(IDS).logits.requires_grad


def test_targets_are_all_linear_layers_or_those_whose_path_ends_so():
    layers = random_trunk("gpt2").layers
    assert target_paths(layers) == list(layers)
    assert not any("lm_head" in path for path in layers)
    assert target_paths(layers, "attn.c_proj") == [
        "transformer.h.0.attn.c_proj",
        "transformer.h.1.attn.c_proj",
    ]
    assert target_paths(layers, ["transformer.h.1.mlp.c_fc"]) == ["transformer.h.1.mlp.c_fc"]
    with pytest.raises(ValueError, match="no linear layer is called 'proj'"):
        target_paths(layers, ["c_fc", "proj"])
