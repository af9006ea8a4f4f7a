"""What a recipe starts from and what it makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from prefloop.adapters.adapted_linear import AdaptedLinear
from prefloop.adapters.files import read_peft
from prefloop.adapters.lora import Adapter
from prefloop.recipes.kinds import TextRecipe
from prefloop.recipes.state_files import read_state_files

# These put together what they publish from several adapters, or begin anew: the rank of the head is not the recipe's.
OF_ANY_RANK = ("cofs-dpo", "mrdpo", "rebirth")


@dataclass(frozen=True)
class Start:
    """The parent: its published adapter, and the tensors and facts of its state where that can be gone on from."""

    adapter: Adapter
    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Trained:
    """adapter: what is published. tensors, facts: the state to go on from. losses: after every step that counted."""

    adapter: Adapter
    tensors: dict[str, Tensor]
    facts: dict[str, Any]
    losses: list[float]
    metrics: dict[str, float]


def form_of(recipe: TextRecipe) -> dict[str, Any]:
    """What must be the same for a state to be gone on from. Learning rates, beta and the like may change."""
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    return {
        # Flex-DPO goes on from DPO's state and the other way round: a gate may switch between them.
        "method": "dpo" if recipe.method == "flex-dpo" else recipe.method,
        "rank": recipe.rank,
        "alpha": float(recipe.lora_alpha),
        "targets": targets,
    }


def read_start(files: Mapping[str, bytes], layers: Mapping[str, AdaptedLinear], recipe: TextRecipe) -> Start:
    """A state of another method is left aside: training goes on from the published weights, with fresh moments.

    Raises ValueError for broken files, and for an adapter of another rank or scale than the recipe's.
    """
    adapter = read_peft(files, layers)
    if recipe.method not in OF_ANY_RANK and (adapter.r, adapter.alpha) != (recipe.rank, recipe.lora_alpha):
        raise ValueError(
            f"the head has rank {adapter.r} and alpha {adapter.alpha:g}, the recipe asks for {recipe.rank} and "
            f"{recipe.lora_alpha:g}: the form of a line of adapters cannot change"
        )
    state = read_state_files(files)
    if state and state[1].get("form") == form_of(recipe):
        return Start(adapter, *state)
    return Start(adapter, {}, {})
