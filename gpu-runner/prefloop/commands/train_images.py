"""`prefloop-runner train` with a model that draws."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from prefloop.base import load_image_base
from prefloop.commands.picture_file import PictureFiles, read_pictures
from prefloop.commands.train_texts import held_out_figures
from prefloop.commands.train_work import Files, Work
from prefloop.contracts import PpdRecipe, Recipe, SupportVote
from prefloop.image.accuracy import measure_picture_accuracy, score_pictures
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.learn_images import publish_files, read_held_out_votes, read_published, read_votes, train_rows
from prefloop.recipes.image_methods import image_recipe
from prefloop.recipes.ppd import users_by_all_votes
from prefloop.taste.set_encoder import FILE as ENCODER
from prefloop.taste.set_encoder import SetEncoder, read_set_encoder


def prepare(args: argparse.Namespace, recipe: Recipe, device: str) -> Work:
    """Raises ValueError for ppd without --encoder."""
    method = image_recipe(recipe)
    base = load_image_base(args.model, args.dtype, device, args.revision)
    encoder = read_encoder(args.encoder)
    if isinstance(method, PpdRecipe) and encoder is None:
        raise ValueError("ppd needs --encoder: the folder of a user encoder")
    files, support = PictureFiles(args.images), read_support(args.support)
    cache = base.reference_cache(args.out / "references")
    reader = PictureReader(base.model, files.fetch, base.tensor_cache(args.out / "latents"))
    rows, refused = read_votes(reader, read_pictures(args.data, files), support, method)

    def train_batch(
        parent: Mapping[str, bytes] | None, chosen: Sequence[PictureRow], on_step: Callable[[], None]
    ) -> tuple[Files, dict[str, float]]:
        trained = train_rows(base.model, reader, parent, chosen, method, on_step, encoder)
        return publish_files(base.model, trained), trained.metrics

    def held_out(made: Mapping[str, bytes]) -> dict[str, float]:
        examples = [example for example, _ in read_pictures(args.held_out, files)]
        kept = read_held_out_votes(reader, examples, support)
        users = users_by_all_votes(encoder) if isinstance(method, PpdRecipe) and encoder else None
        scores = score_pictures(base.model, reader, cache, read_published(made, base.model), kept, users)
        return held_out_figures(measure_picture_accuracy(scores))

    return Work(rows, refused, train_batch, held_out)


def read_encoder(folder: Path | None) -> SetEncoder | None:
    if folder is None:
        return None
    try:
        return read_set_encoder((folder / ENCODER).read_bytes())
    except OSError as error:
        raise ValueError(f"--encoder: {folder} has no {ENCODER}") from error


def read_support(path: Path | None) -> list[SupportVote]:
    """Raises ValueError, naming the line, for a row that is no SupportVote."""
    votes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path else [], 1):
        try:
            votes.append(SupportVote.model_validate_json(line))
        except ValidationError as error:
            raise ValueError(f"{path}:{number}: is no support vote: {error.errors()[0]['msg']}") from error
    return votes
