"""What a recipe trains: adapters with their optimisers, and how they are kept between batches.

Everything that the next batch depends on is here and goes into `state.safetensors`; nothing else is remembered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from prefloop.adapters.files import read_state, write_state
from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.contracts import DpoRecipe, OfsDpoRecipe
from prefloop.text.step import adamw
from prefloop.text.trunk import Trunk

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class Policy:
    """One adapter and its AdamW. The optimiser keeps its own learning rate for the whole line of adapters."""

    adapter: Adapter
    optimizer: torch.optim.AdamW


@dataclass
class TrainState:
    """Policies by name, optimiser steps taken so far, and a recipe's own facts (JSON)."""

    policies: dict[str, Policy]
    step: int
    facts: dict[str, Any]

    def to_bytes(self) -> bytes:
        tensors: dict[str, Tensor] = {}
        for name, policy in self.policies.items():
            tensors[f"{name}.lora"] = policy.adapter.flat
            for key in _MOMENTS:
                moment = policy.optimizer.state[policy.adapter.flat].get(key)
                if moment is not None:
                    tensors[f"{name}.{key}"] = moment
        return write_state(tensors, {"step": self.step, **self.facts})


def fresh_policy(trunk: Trunk, recipe: DpoRecipe | OfsDpoRecipe, learning_rate: float, seed: int) -> Policy:
    adapter = new_adapter(trunk.layers, recipe.rank, recipe.lora_alpha, seed, targets_of(recipe))
    return Policy(adapter, adamw(adapter, learning_rate, recipe.weight_decay))


def restore(
    trunk: Trunk, recipe: DpoRecipe | OfsDpoRecipe, rates: Mapping[str, float], content: bytes
) -> TrainState:
    """The state that `to_bytes` wrote, bit for bit, with the recipe's present learning rates by policy name.

    Raises ValueError when the recipe no longer fits it: another method, rank or set of layers needs a line of its own.
    """
    tensors, facts = read_state(content)
    policies = {}
    for name, rate in rates.items():
        policy = fresh_policy(trunk, recipe, rate, seed=0)
        flat = tensors.get(f"{name}.lora")
        if flat is None or flat.shape != policy.adapter.flat.shape:
            raise ValueError(
                f"the head was trained by another recipe: it has no policy {name!r} of rank {recipe.rank} over these "
                "layers; give the changed recipe a domain of its own, or rewind this one to the base"
            )
        with torch.no_grad():
            policy.adapter.flat.copy_(flat)
        moments = {key: tensors[f"{name}.{key}"] for key in _MOMENTS if f"{name}.{key}" in tensors}
        if moments:
            device = policy.adapter.flat.device
            policy.optimizer.state[policy.adapter.flat] = {
                key: tensor.to(device) if key != "step" else tensor for key, tensor in moments.items()
            }
        policies[name] = policy
    return TrainState(policies, int(facts.pop("step")), facts)


def targets_of(recipe: DpoRecipe | OfsDpoRecipe) -> str | list[str]:
    return recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
