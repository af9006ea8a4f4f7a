"""Every image method by its name in a recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prefloop.contracts import DiffusionDpoRecipe, PpdRecipe, RankDpoRecipe, Recipe, SftRecipe
from prefloop.image.model import ImageModel
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.recipes.diffusion_dpo import train_diffusion_dpo
from prefloop.recipes.kinds import PICTURES_ONLY, ImageRecipe
from prefloop.recipes.pictures import PictureStart, TrainedPictures
from prefloop.recipes.ppd import train_ppd
from prefloop.recipes.rank_dpo import train_rank_dpo
from prefloop.recipes.sft_images import train_sft_images
from prefloop.taste.set_encoder import SetEncoder


def image_recipe(recipe: Recipe) -> ImageRecipe:
    """Raises ValueError for a recipe that trains on texts."""
    if isinstance(recipe, (*PICTURES_ONLY, SftRecipe)):
        return recipe
    raise ValueError(f"{recipe.method} trains on texts, and the model draws pictures")


def train_image_method(
    model: ImageModel,
    reader: PictureReader,
    start: PictureStart | None,
    rows: Sequence[PictureRow],
    recipe: ImageRecipe,
    on_step: Callable[[], None],
    encoder: SetEncoder | None = None,
) -> TrainedPictures:
    """One batch by the recipe's method. Raises ValueError for ppd without a user encoder."""
    if isinstance(recipe, PpdRecipe):
        if encoder is None:
            raise ValueError("ppd needs a user encoder")
        return train_ppd(model, reader, start, rows, recipe, on_step, encoder)
    if isinstance(recipe, RankDpoRecipe):
        return train_rank_dpo(model, reader, start, rows, recipe, on_step)
    if isinstance(recipe, DiffusionDpoRecipe):
        return train_diffusion_dpo(model, reader, start, rows, recipe, on_step)
    return train_sft_images(model, reader, start, rows, recipe, on_step)
