"""A reward model from pairs: the first half of PPO (Ivison et al. 2024, arXiv 2406.09279).

Shapes: B pairs.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from prefloop.adapters.update import update
from prefloop.contracts import PpoRecipe
from prefloop.objectives.reward_model import reward_model
from prefloop.recipes.data_order import microbatches
from prefloop.recipes.preference import fresh
from prefloop.recipes.steps import MAX_SKIPPED
from prefloop.text.encode import Encoded
from prefloop.text.scalar_head import ScalarModel, new_scalar_model
from prefloop.text.step import pair_batch
from prefloop.text.trunk import Trunk


def begin_reward_model(trunk: Trunk, recipe: PpoRecipe, tensors: dict[str, Tensor]) -> ScalarModel:
    """The one of the state, or a fresh one."""
    model = new_scalar_model(trunk, fresh(trunk, recipe, seed=1))
    if "reward.weights" in tensors:
        with torch.no_grad():
            model.adapter.flat.copy_(tensors["reward.weights"])
            model.head.copy_(tensors["reward.head"])
    return model


def train_reward_model(
    trunk: Trunk,
    model: ScalarModel,
    rows: Sequence[Encoded],
    recipe: PpoRecipe,
    on_step: Callable[[], None],
) -> dict[str, float]:
    """In place. rewardLoss, nats, and rewardAccuracy, over the pairs of the last epoch, each before its update.

    Raises ValueError when the numbers stay not finite.
    """
    optimizers = model.optimizers(recipe.reward_learning_rate, recipe.weight_decay)
    batches = list(microbatches(rows, recipe.micro_batch, recipe.reward_epochs, f"{recipe.seed} reward"))
    losses, right, skipped = [], [], 0
    for chosen_rows in batches:
        batch = pair_batch(chosen_rows, trunk.device)
        scores_N = model.of_texts(trunk, batch.packed)
        chosen_B, rejected_B = scores_N[batch.chosen_B], scores_N[batch.rejected_B]
        losses_B = reward_model(chosen_B, rejected_B, recipe.reward_margin, batch.p_B, batch.weight_B)
        loss = losses_B.sum() / batch.preferences
        _, finite = update(loss, [model.adapter.flat, model.head], optimizers, recipe.max_grad_norm)
        skipped += not finite
        if skipped > MAX_SKIPPED:
            raise ValueError(f"the reward model's loss or gradient was not finite in {skipped} steps")
        if finite:
            side_B = torch.sign(batch.p_B - 0.5) * (chosen_B - rejected_B).detach()
            losses.append(loss.item())
            right.append((0.5 + 0.5 * torch.sign(side_B)).mean().item())
        on_step()
    last = max(1, len(losses) // recipe.reward_epochs)
    return {
        "rewardLoss": sum(losses[-last:]) / len(losses[-last:]),
        "rewardAccuracy": sum(right[-last:]) / len(right[-last:]),
    }
