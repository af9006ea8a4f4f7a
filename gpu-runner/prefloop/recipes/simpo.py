"""SimPO (Meng et al. 2024, arXiv 2405.14734): likelihood per token with a target margin; no reference is run."""

from collections.abc import Callable, Sequence

from prefloop.contracts import SimPoRecipe
from prefloop.objectives.simpo import simpo
from prefloop.recipes.preference import plain, train_on_pairs
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk


def train_simpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: SimPoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    objective = plain(
        lambda logps, p_B, weight_B: simpo(
            logps, recipe.beta, recipe.gamma_beta_ratio, recipe.label_smoothing, p_B, weight_B, recipe.loss
        ),
        recipe.sft_weight,
    )
    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective, has_reference=False)
