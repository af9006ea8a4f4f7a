"""`prefloop-runner train` with a model that draws."""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from pydantic import ValidationError

from prefloop.base import load_image_base
from prefloop.commands.picture_file import PictureFiles, read_pictures
from prefloop.commands.train_texts import held_out_figures
from prefloop.commands.train_work import Files, Work
from prefloop.contracts import NotTrainableItem, PpdRecipe, Recipe, SupportVote
from prefloop.image.accuracy import measure_picture_accuracy, score_pictures
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.learn_images import publish_files, read_published, train_rows
from prefloop.recipes.image_methods import image_recipe
from prefloop.recipes.ppd import users_by_votes
from prefloop.taste.set_encoder import FILE as ENCODER
from prefloop.taste.set_encoder import SetEncoder, read_set_encoder
from prefloop.text.encode import Untrainable


def prepare(args: argparse.Namespace, recipe: Recipe, device: str) -> Work:
    """Raises ValueError for ppd without --encoder."""
    method = image_recipe(recipe)
    base = load_image_base(args.model, args.dtype, device, args.revision)
    encoder = read_encoder(args.encoder)
    if isinstance(method, PpdRecipe) and encoder is None:
        raise ValueError("ppd needs --encoder: the folder of a user encoder")
    files, support = PictureFiles(args.images), read_support(args.support)
    reader = PictureReader(base.model, files.fetch)
    rows, refused = read_rows(args.data, files, reader, support)

    def train_batch(
        parent: Mapping[str, bytes] | None, chosen: Sequence[PictureRow], on_step: Callable[[], None]
    ) -> tuple[Files, dict[str, float]]:
        trained = train_rows(base.model, reader, parent, chosen, method, on_step, encoder)
        return publish_files(base.model, trained), trained.metrics

    def held_out(made: Mapping[str, bytes]) -> dict[str, float]:
        kept, _ = read_rows(args.held_out, files, reader, support)
        users = users_by_votes(encoder, None, 0.0) if encoder else None
        asked = (lambda some: users(some, torch.Generator())) if users else None
        scores = score_pictures(base.model, reader, read_published(made, base.model), kept, asked)
        return held_out_figures(measure_picture_accuracy(scores))

    return Work(rows, refused, train_batch, held_out)


def read_rows(
    path: Path, files: PictureFiles, reader: PictureReader, support: Callable[[str], Sequence[SupportVote]]
) -> tuple[list[PictureRow], list[NotTrainableItem]]:
    rows, refused = [], []
    for example, phi in read_pictures(path, files):
        try:
            rows.append(reader.read(example, support, phi))
        except Untrainable as error:
            refused.append(
                NotTrainableItem.model_validate({"preference": example.preference, "reason": error.reason})
            )
    return rows, refused


def read_encoder(folder: Path | None) -> SetEncoder | None:
    if folder is None:
        return None
    try:
        return read_set_encoder((folder / ENCODER).read_bytes())
    except OSError as error:
        raise ValueError(f"--encoder: {folder} has no {ENCODER}") from error


def read_support(path: Path | None) -> Callable[[str], Sequence[SupportVote]]:
    """The pairs of a vote by its id. Raises ValueError, naming the line, for a row that is no SupportVote."""
    votes: dict[str, list[SupportVote]] = defaultdict(list)
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    for number, line in enumerate(lines, 1):
        try:
            vote = SupportVote.model_validate(json.loads(line))
        except (ValidationError, ValueError) as error:
            raise ValueError(f"{path}:{number}: is no support vote: {error}") from error
        votes[vote.preference].append(vote)
    return lambda preference: votes.get(preference, [])
