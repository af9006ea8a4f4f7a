"""SimPO (Meng et al. 2024, arXiv 2405.14734): likelihood per token with a target margin; no reference is run."""

from collections.abc import Callable, Sequence

from torch import Tensor

from prefloop.contracts import SimPoRecipe
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.sft import sft
from prefloop.objectives.simpo import simpo
from prefloop.recipes.preference import train_on_pairs
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Outcome, PairBatch
from prefloop.text.trunk import Trunk


def train_simpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: SimPoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    def objective(batch: PairBatch, logps: Sequence[PairLogps], _: Tensor) -> Outcome:
        losses = simpo(
            logps[0],
            recipe.beta,
            recipe.gamma_beta_ratio,
            recipe.label_smoothing,
            batch.p_B,
            batch.weight_B,
            recipe.loss,
        )
        total_B = losses.losses_B
        if recipe.sft_weight:
            total_B = total_B + recipe.sft_weight * sft(logps[0], batch.p_B, batch.weight_B)
        return Outcome(total_B, losses, losses.chosen_rewards_B - losses.rejected_rewards_B)

    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective, has_reference=False)
