"""LN-DPO (Saeidi et al. 2024, arXiv 2407.15229): DPO on log-ratios per token."""

from collections.abc import Callable, Sequence

from torch import Tensor

from prefloop.contracts import LnDpoRecipe
from prefloop.objectives.ln_dpo import ln_dpo
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.sft import sft
from prefloop.recipes.preference import train_on_pairs
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Outcome, PairBatch
from prefloop.text.trunk import Trunk


def train_ln_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: LnDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    def objective(batch: PairBatch, logps: Sequence[PairLogps], _: Tensor) -> Outcome:
        losses = ln_dpo(logps[0], recipe.beta, recipe.label_smoothing, batch.p_B, batch.weight_B)
        total_B = losses.losses_B
        if recipe.sft_weight:
            total_B = total_B + recipe.sft_weight * sft(logps[0], batch.p_B, batch.weight_B)
        return Outcome(total_B, losses, losses.chosen_rewards_B - losses.rejected_rewards_B)

    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective)
