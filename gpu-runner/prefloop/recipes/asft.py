"""ASFT (arXiv 2409.10571): absolute likelihoods of both answers; no reference is run."""

from collections.abc import Callable, Sequence

from prefloop.contracts import AsftRecipe
from prefloop.objectives.asft import asft
from prefloop.recipes.preference import plain, train_on_pairs
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk


def train_asft(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: AsftRecipe,
    on_step: Callable[[], None],
) -> Trained:
    objective = plain(lambda logps, p_B, weight_B: asft(logps, recipe.lambda_, recipe.beta, p_B, weight_B))
    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective, has_reference=False)
