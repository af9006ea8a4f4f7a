"""Which recipes train on texts, and which on pictures; `sft` takes either."""

from prefloop.contracts import (
    AsftRecipe,
    CofsDpoRecipe,
    CurryDpoRecipe,
    DiffusionDpoRecipe,
    DpoRecipe,
    EgidaRecipe,
    FlexDpoRecipe,
    LnDpoRecipe,
    MrDpoRecipe,
    OfsDpoRecipe,
    OrpoRecipe,
    PpdRecipe,
    PpoRecipe,
    RankDpoRecipe,
    RebirthRecipe,
    Recipe,
    SftRecipe,
    SimPoRecipe,
    SrpoRecipe,
    StepDpoRecipe,
)

PICTURES_ONLY = (DiffusionDpoRecipe, RankDpoRecipe, PpdRecipe)
TextRecipe = (
    AsftRecipe
    | CofsDpoRecipe
    | CurryDpoRecipe
    | DpoRecipe
    | EgidaRecipe
    | FlexDpoRecipe
    | LnDpoRecipe
    | MrDpoRecipe
    | OfsDpoRecipe
    | OrpoRecipe
    | PpoRecipe
    | RebirthRecipe
    | SftRecipe
    | SimPoRecipe
    | SrpoRecipe
    | StepDpoRecipe
)
# Of those on pictures, the ones that train a LoRA.
PictureLoraRecipe = DiffusionDpoRecipe | RankDpoRecipe | SftRecipe
ImageRecipe = PictureLoraRecipe | PpdRecipe
LoraRecipe = TextRecipe | PictureLoraRecipe


def text_recipe(recipe: Recipe) -> TextRecipe:
    """Raises ValueError for a recipe that trains on pictures."""
    if isinstance(recipe, PICTURES_ONLY):
        raise ValueError(f"{recipe.method} trains on pictures: it needs a text-to-image model")
    return recipe


def longest_row(recipe: Recipe, context: int) -> int:
    """Tokens of prompt and completion. Raises ValueError for a recipe that trains on pictures."""
    return min(text_recipe(recipe).max_length, context)
