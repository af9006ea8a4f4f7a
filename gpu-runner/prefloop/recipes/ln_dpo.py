"""LN-DPO (Saeidi et al. 2024, arXiv 2407.15229): DPO on log-ratios per token."""

from collections.abc import Callable, Sequence

from prefloop.contracts import LnDpoRecipe
from prefloop.objectives.ln_dpo import ln_dpo
from prefloop.recipes.preference import plain, train_on_pairs
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk


def train_ln_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: LnDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    objective = plain(
        lambda logps, p_B, weight_B: ln_dpo(logps, recipe.beta, recipe.label_smoothing, p_B, weight_B),
        recipe.sft_weight,
    )
    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective)
