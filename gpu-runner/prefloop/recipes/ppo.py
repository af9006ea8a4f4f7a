"""PPO with a reward model, as Unpacking DPO and PPO runs it (Ivison et al. 2024, arXiv 2406.09279).

One batch: its pairs train the reward model further; then the policy answers the batch's prompts, the answers are scored,
and policy and value are updated on them. The value model begins as the reward model; the reference is the base.

Shapes: B answers · L tokens of the longest · S scored tokens of a pack.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.adapters.update import update
from prefloop.base import Base
from prefloop.contracts import PpoRecipe
from prefloop.objectives.ppo import gae, policy_loss, token_rewards, value_loss, whiten
from prefloop.recipes.draw import Drawn, draw_answers
from prefloop.recipes.policy import Policy
from prefloop.recipes.preference import begin
from prefloop.recipes.reward_model import begin_reward_model, train_reward_model
from prefloop.recipes.steps import MAX_SKIPPED
from prefloop.recipes.trained import Start, Trained, form_of
from prefloop.text.encode import Encoded
from prefloop.text.packing import Packed, pack
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.scalar_head import ScalarModel
from prefloop.text.scored_logps import scored_logps
from prefloop.text.step import token_logps
from prefloop.text.trunk import Trunk


@dataclass(frozen=True)
class Rollout:
    """Answers of one update, and what was known of them when they were drawn, each [B, L] under `mask_BL`."""

    packed: Packed
    at_BL: Tensor  # index of the S scored tokens
    mask_BL: Tensor
    logps_BL: Tensor
    values_BL: Tensor
    advantages_BL: Tensor
    returns_BL: Tensor


def train_ppo(
    base: Base,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: PpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Raises ValueError when the numbers stay not finite or no answer can be drawn."""
    trunk = base.trunk
    policy = begin(trunk, start, rows, recipe)
    reward = begin_reward_model(trunk, recipe, dict(start.tensors) if start else {})
    metrics = train_reward_model(trunk, reward, rows, recipe, on_step)
    value = reward.copied()
    value_optimizers = value.optimizers(recipe.learning_rate, recipe.weight_decay)

    prompts = list(dict.fromkeys(row.prompt for row in rows))
    done: list[dict[str, float]] = []
    skipped = steps = 0
    for epoch in range(recipe.epochs):
        for first in range(0, len(prompts), recipe.micro_batch):
            some = prompts[first : first + recipe.micro_batch]
            seed = f"{recipe.seed} rollout {epoch} {first}"
            drawn = draw_answers(base, some, policy.adapter, recipe.rollouts, recipe, seed)
            if not any(drawn):
                continue
            rollout, facts = observe(trunk, policy.adapter, reward, value, some, drawn, recipe)
            for _ in range(recipe.inner_epochs):
                outcome = improve(trunk, policy, value, value_optimizers, rollout, recipe)
                steps += 1
                if outcome is None:
                    skipped += 1
                    if skipped > MAX_SKIPPED:
                        raise ValueError(f"loss or gradient was not finite in {skipped} of {steps} steps")
                else:
                    done.append(facts | outcome)
                on_step()
    if not done:
        raise ValueError(
            "no answer could be learned from: every prompt fills the context, or nothing was finite"
        )
    means = {name: sum(one[name] for one in done) / len(done) for name in done[0]}
    state = policy.tensors("policy") | {
        "reward.weights": reward.adapter.flat.detach(),
        "reward.head": reward.head.detach(),
    }
    counts = {"steps": steps, "skippedSteps": skipped, "pairs": sum(len(row.pairs) for row in rows)}
    return Trained(
        policy.adapter.freeze(),
        state,
        {"form": form_of(recipe)},
        [one["loss"] for one in done],
        metrics | means | counts,
    )


@torch.no_grad()
def observe(
    trunk: Trunk,
    policy: Adapter,
    reward: ScalarModel,
    value: ScalarModel,
    prompts: Sequence[tuple[int, ...]],
    drawn: Sequence[Sequence[Drawn]],
    recipe: PpoRecipe,
) -> tuple[Rollout, dict[str, float]]:
    """Scores, values and log-probabilities of the answers as they were drawn, and what follows from them."""
    rows = [
        (prompt, [one.ids for one in group]) for prompt, group in zip(prompts, drawn, strict=True) if group
    ]
    packed = pack(rows, trunk.device)
    ended_B = torch.tensor([one.ended for group in drawn for one in group], device=trunk.device)
    at_BL, mask_BL = _laid_out(packed)
    old_S, reference_S = token_logps(trunk, packed, [policy, None])
    hidden_TH = trunk.packed_hidden(packed, [(packed.tokens, value.adapter)])
    values_S = value.at(hidden_TH[packed.scored_rows_S])
    logps_BL, reference_BL, values_BL = (x_S[at_BL] * mask_BL for x_S in (old_S, reference_S, values_S))
    scores_B = reward.of_texts(trunk, packed)
    rewards_BL = token_rewards(
        scores_B, logps_BL, reference_BL, mask_BL, ended_B, recipe.kl_coef, recipe.missing_end_reward
    )
    advantages_BL, returns_BL = gae(rewards_BL, values_BL, mask_BL, recipe.gamma, recipe.gae_lambda)
    facts = {
        "rewardMean": scores_B.mean().item(),
        "klReference": ((logps_BL - reference_BL).sum(1)).mean().item(),
        "ended": ended_B.float().mean().item(),
        "lengthDrawn": mask_BL.sum(1).float().mean().item(),
    }
    whitened_BL = whiten(advantages_BL, mask_BL)
    return Rollout(packed, at_BL, mask_BL, logps_BL, values_BL, whitened_BL, returns_BL), facts


def improve(
    trunk: Trunk,
    policy: Policy,
    value: ScalarModel,
    value_optimizers: Sequence[torch.optim.Optimizer],
    rollout: Rollout,
    recipe: PpoRecipe,
) -> dict[str, float] | None:
    """One update of policy and value, both in one pass over the base; None when it was not finite."""
    packed = rollout.packed
    both = packed.repeated(2)
    hidden_TH = trunk.packed_hidden(both, [(packed.tokens, policy.adapter), (packed.tokens, value.adapter)])
    policy_TH, value_TH = hidden_TH.split(packed.tokens)
    new_S = scored_logps(policy_TH, trunk.head, packed.scored_rows_S, packed.targets_S)
    mask_BL = rollout.mask_BL
    new_BL = new_S[rollout.at_BL] * mask_BL
    values_BL = value.at(value_TH[packed.scored_rows_S])[rollout.at_BL] * mask_BL
    on_policy = policy_loss(new_BL, rollout.logps_BL, rollout.advantages_BL, mask_BL, recipe.clip)
    on_value = value_loss(values_BL, rollout.values_BL, rollout.returns_BL, mask_BL, recipe.value_clip)
    loss = on_policy + recipe.value_weight * on_value
    parts = [policy.adapter.flat, value.adapter.flat, value.head]
    _, finite = update(loss, parts, [policy.optimizer, *value_optimizers], recipe.max_grad_norm)
    if not finite:
        return None
    return {"loss": loss.item(), "policyLoss": on_policy.item(), "valueLoss": on_value.item()}


def _laid_out(packed: Packed) -> tuple[Tensor, Tensor]:
    """(index of the S scored tokens, mask), both [B, L], one row per completion asked for."""
    lengths_B = packed.lengths_U[packed.distinct_N]
    starts_B = (packed.lengths_U.cumsum(0) - packed.lengths_U)[packed.distinct_N]
    places_L = torch.arange(int(lengths_B.max()), device=lengths_B.device)
    mask_BL = places_L[None] < lengths_B[:, None]
    return torch.where(mask_BL, starts_B[:, None] + places_L, 0), mask_BL
