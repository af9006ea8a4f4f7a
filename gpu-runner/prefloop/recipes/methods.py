"""Every method by its name in a recipe."""

from collections.abc import Callable, Sequence

from prefloop.base import Base
from prefloop.contracts import Recipe
from prefloop.recipes.asft import train_asft
from prefloop.recipes.cofs_dpo import train_cofs_dpo
from prefloop.recipes.curry_dpo import train_curry_dpo
from prefloop.recipes.dpo import train_dpo
from prefloop.recipes.egida import train_egida
from prefloop.recipes.flex_dpo import train_flex_dpo
from prefloop.recipes.ln_dpo import train_ln_dpo
from prefloop.recipes.mrdpo import train_mrdpo
from prefloop.recipes.ofs_dpo import train_ofs_dpo
from prefloop.recipes.orpo import train_orpo
from prefloop.recipes.ppo import train_ppo
from prefloop.recipes.rebirth import train_rebirth
from prefloop.recipes.sft import train_sft
from prefloop.recipes.simpo import train_simpo
from prefloop.recipes.srpo import train_srpo
from prefloop.recipes.step_dpo import train_step_dpo
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache

# Of token ids alone.
ON_VOTES: dict[str, Callable[..., Trained]] = {
    "dpo": train_dpo,
    "ofs-dpo": train_ofs_dpo,
    "cofs-dpo": train_cofs_dpo,
    "curry-dpo": train_curry_dpo,
    "flex-dpo": train_flex_dpo,
    "ln-dpo": train_ln_dpo,
    "simpo": train_simpo,
    "asft": train_asft,
    "orpo": train_orpo,
    "sft": train_sft,
}
# Those that read or write texts as well.
ON_TEXTS: dict[str, Callable[..., Trained]] = {
    "egida": train_egida,
    "mrdpo": train_mrdpo,
    "ppo": train_ppo,
    "rebirth": train_rebirth,
    "srpo": train_srpo,
    "step-dpo": train_step_dpo,
}


def train_method(
    base: Base,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: Recipe,
    on_step: Callable[[], None],
) -> Trained:
    """One batch by the recipe's method."""
    if recipe.method in ON_VOTES:
        return ON_VOTES[recipe.method](base.trunk, cache, start, rows, recipe, on_step)
    return ON_TEXTS[recipe.method](base, cache, start, rows, recipe, on_step)
