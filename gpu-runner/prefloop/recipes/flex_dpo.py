"""Flex-DPO (Yan et al. 2024, arXiv 2406.07327): the rejected answer is pushed down more gently than the chosen one is raised."""

from collections.abc import Callable, Sequence

from prefloop.contracts import FlexDpoRecipe
from prefloop.objectives.flex_dpo import flex_dpo
from prefloop.recipes.preference import plain, train_on_pairs
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk


def train_flex_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: FlexDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    objective = plain(
        lambda logps, p_B, weight_B: flex_dpo(
            logps, recipe.beta_chosen, recipe.beta_rejected, recipe.label_smoothing, p_B, weight_B
        ),
        recipe.sft_weight,
    )
    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective)
