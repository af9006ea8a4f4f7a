"""One batch of votes on pictures: from the parent's files to the files of what was trained."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from prefloop.adapters.lora import Adapter
from prefloop.contracts import Example, GateBounds, NotTrainableItem, SupportVote
from prefloop.crash import crash_point
from prefloop.gates.check import HELD_OUT_ROWS
from prefloop.gates.pictures import check_picture_gates
from prefloop.image.accuracy import score_pictures
from prefloop.image.files import (
    USERS,
    WEIGHTS,
    read_lora,
    read_user_attention,
    write_lora,
    write_user_attention,
)
from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserAttention, UserProjection, personalize
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.learn import MAX_LOSSES, Learned, thin
from prefloop.recipes.image_methods import train_image_method
from prefloop.recipes.kinds import ImageRecipe
from prefloop.recipes.pictures import PictureStart, TrainedPictures, form_of
from prefloop.recipes.ppd import users_by_votes
from prefloop.recipes.state_files import read_state_files, write_state_files
from prefloop.taste.set_encoder import SetEncoder
from prefloop.text.encode import Untrainable


def train_rows(
    model: ImageModel,
    reader: PictureReader,
    parent: Mapping[str, bytes] | None,
    rows: Sequence[PictureRow],
    recipe: ImageRecipe,
    on_step: Callable[[], None],
    encoder: SetEncoder | None = None,
) -> TrainedPictures:
    start = read_picture_start(parent, model, recipe) if parent else None
    return train_image_method(model, reader, start, rows, recipe, on_step, encoder)


def publish_files(model: ImageModel, trained: TrainedPictures) -> dict[str, bytes]:
    """What is served, and the state to go on from, by name."""
    if isinstance(trained.trained, Adapter):
        files = write_lora(trained.trained, model)
    else:
        assert isinstance(trained.trained, UserProjection)
        files = write_user_attention(trained.trained.unfolded())
    return files | write_state_files(trained.tensors, trained.facts)


def read_published(files: Mapping[str, bytes], model: ImageModel) -> Adapter | UserAttention:
    """Frozen; the LoRA where there are both. Raises ValueError for broken files."""
    if WEIGHTS in files:
        return read_lora(files, model).freeze()
    return read_user_attention(files, model).freeze()


def read_picture_start(files: Mapping[str, bytes], model: ImageModel, recipe: ImageRecipe) -> PictureStart:
    """A LoRA's state of another method is left aside: training goes on from the published weights, with fresh moments.

    Raises ValueError for broken files, a head of another kind than the recipe trains, and another rank or scale.
    """
    state = read_state_files(files)
    known = state[0] if state and state[1].get("form") == form_of(recipe) else {}
    if recipe.method == "ppd":
        return PictureStart(personalize(model, read_width(files, known, model)), known)
    if WEIGHTS not in files:
        raise ValueError(f"the head has no LoRA, which {recipe.method} goes on from")
    adapter = read_lora(files, model)
    if (adapter.r, adapter.alpha) != (recipe.rank, recipe.lora_alpha):
        raise ValueError(
            f"the head has rank {adapter.r} and alpha {adapter.alpha:g}, the recipe asks for {recipe.rank} and "
            f"{recipe.lora_alpha:g}: the form of a line of adapters cannot change"
        )
    return PictureStart(adapter, known)


def read_width(files: Mapping[str, bytes], known: Mapping[str, object], model: ImageModel) -> int:
    """Of a head's user tokens. What was trained cannot be told from what was published: PPD goes on from its own state."""
    if USERS not in files or not known:
        raise ValueError("the head has no user attention with its state, which ppd goes on from")
    return read_user_attention(files, model).width


def read_votes(
    reader: PictureReader, examples: Sequence[Example], support: Sequence[SupportVote]
) -> tuple[list[PictureRow], list[NotTrainableItem]]:
    """Rows that can be trained on, and the reasons of those that cannot. support: a pick among several is several pairs."""
    by_vote: dict[str, list[SupportVote]] = defaultdict(list)
    for vote in support:
        by_vote[vote.preference].append(vote)
    rows, refused = [], []
    for example in examples:
        try:
            rows.append(reader.read(example, lambda preference: by_vote.get(preference, [])))
        except Untrainable as error:
            item = {"preference": example.preference, "reason": error.reason}
            refused.append(NotTrainableItem.model_validate(item))
    return rows, refused


def learn_pictures(
    model: ImageModel,
    reader: PictureReader,
    parent: Mapping[str, bytes] | None,
    rows: Sequence[PictureRow],
    held_out: Sequence[PictureRow],
    recipe: ImageRecipe,
    bounds: GateBounds,
    lineage: Mapping[str, str | None],
    on_step: Callable[[], None],
    encoder: SetEncoder | None,
    encoder_sha: str | None,
) -> Learned:
    """Train on top of `parent` (its files; None: the base), then measure what is about to be published.

    Raises ValueError for ppd in a domain without a user encoder.
    """
    started = time.perf_counter()

    def step() -> None:
        crash_point("step")
        on_step()

    trained = train_rows(model, reader, parent, rows, recipe, step, encoder)
    trained = replace(trained, facts=trained.facts | {"lineage": dict(lineage)})
    files = publish_files(model, trained)
    train_seconds = time.perf_counter() - started
    crash_point("trained")

    started = time.perf_counter()
    users = users_by_votes(encoder, None, 0.0) if encoder else None
    asked = (lambda some: users(some, torch.Generator())) if users else None
    served = read_published(files, model)
    kept = score_pictures(model, reader, served, held_out[-HELD_OUT_ROWS:], asked)
    seen = kept or score_pictures(model, reader, served, rows[:HELD_OUT_ROWS], asked)
    gates = check_picture_gates(kept, seen, bounds)
    finite = {name: value for name, value in trained.metrics.items() if math.isfinite(value)}
    metrics = finite | {
        "preferences": float(len(rows)),
        "trainSeconds": train_seconds,
        "gateSeconds": time.perf_counter() - started,
    }
    crash_point("gated")
    return Learned(files, thin(trained.losses, MAX_LOSSES), metrics, gates, encoder_sha)
