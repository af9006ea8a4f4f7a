"""Which recipes train on texts, and which on pictures; `sft` takes either."""

from prefloop.contracts import DiffusionDpoRecipe, PpdRecipe, RankDpoRecipe, Recipe, SftRecipe

PICTURES_ONLY = (DiffusionDpoRecipe, RankDpoRecipe, PpdRecipe)
ImageRecipe = DiffusionDpoRecipe | RankDpoRecipe | PpdRecipe | SftRecipe


def longest_row(recipe: Recipe, context: int) -> int:
    """Tokens of prompt and completion. Raises ValueError for a recipe that trains on pictures."""
    if isinstance(recipe, PICTURES_ONLY):
        raise ValueError(f"{recipe.method} trains on pictures: it needs a text-to-image model")
    return min(recipe.max_length, context)
