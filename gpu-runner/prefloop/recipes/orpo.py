"""ORPO (Hong et al. 2024, arXiv 2403.07691): SFT with an odds ratio beside it; no reference is run."""

from collections.abc import Callable, Sequence

from prefloop.contracts import OrpoRecipe
from prefloop.objectives.orpo import orpo
from prefloop.recipes.preference import plain, train_on_pairs
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk


def train_orpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: OrpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    objective = plain(lambda logps, p_B, weight_B: orpo(logps, recipe.lambda_, p_B, weight_B))
    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective, has_reference=False)
