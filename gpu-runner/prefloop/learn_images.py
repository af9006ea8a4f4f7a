"""One batch of votes on pictures: from the parent's files to the files of what was trained, and its gates."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

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
from prefloop.recipes.needs import check_needs
from prefloop.recipes.pictures import PictureStart, TrainedPictures, form_of
from prefloop.recipes.ppd import users_by_all_votes
from prefloop.recipes.state_files import read_state_files, write_state_files
from prefloop.taste.set_encoder import SetEncoder, encoder_fingerprint
from prefloop.text.encode import Untrainable
from prefloop.text.reference_cache import ReferenceCache

# A vote, and φ of its pictures where that is known better than from the vote.
Ranked = tuple[Example, Sequence[float] | None]


def read_votes(
    reader: PictureReader,
    votes: Iterable[Ranked],
    support: Iterable[SupportVote],
    recipe: ImageRecipe,
    on_row: Callable[[], None] = lambda: None,
) -> tuple[list[PictureRow], list[NotTrainableItem]]:
    """Rows that the recipe can train on, and the reasons of those that it cannot. support: a pick among several is several
    pairs."""
    by_vote = _by_vote(support)
    rows, refused = [], []
    for example, phi in votes:
        on_row()
        try:
            row = reader.read(example, by_vote, phi)
            check_needs(example, recipe)
            rows.append(row)
        except Untrainable as error:
            item = {"preference": example.preference, "reason": error.reason}
            refused.append(NotTrainableItem.model_validate(item))
    return rows, refused


def read_held_out_votes(
    reader: PictureReader, examples: Iterable[Example], support: Iterable[SupportVote]
) -> list[PictureRow]:
    """What gates look at: pairs, whatever the recipe is."""
    by_vote = _by_vote(support)
    rows = []
    for example in examples:
        try:
            row = reader.read(example, by_vote)
        except Untrainable:
            continue
        if row.pairs:
            rows.append(row)
    return rows


def _by_vote(support: Iterable[SupportVote]) -> Callable[[str], Sequence[SupportVote]]:
    by_vote: dict[str, list[SupportVote]] = defaultdict(list)
    for vote in support:
        by_vote[vote.preference].append(vote)
    return lambda preference: by_vote.get(preference, [])


def learn_pictures(
    model: ImageModel,
    reader: PictureReader,
    cache: ReferenceCache,
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
    """Train on top of `parent` (its files; None: the base), then measure what is about to be published. cache: what the base
    is off by.

    Raises ValueError for ppd in a domain without a user encoder.
    """
    started = time.perf_counter()
    trained = train_rows(model, reader, parent, rows, recipe, on_step, encoder)
    files = publish_files(model, trained, {"lineage": dict(lineage)})
    train_seconds = time.perf_counter() - started
    crash_point("trained")

    # What is judged is what is served: the published weights, not those behind them.
    started = time.perf_counter()
    users = users_by_all_votes(encoder) if encoder else None
    served = read_published(files, model)
    kept = score_pictures(model, reader, cache, served, held_out[-HELD_OUT_ROWS:], users)
    seen = kept or score_pictures(model, reader, cache, served, rows[:HELD_OUT_ROWS], users)
    gates = check_picture_gates(kept, seen, bounds)
    finite = {name: value for name, value in trained.metrics.items() if math.isfinite(value)}
    metrics = finite | {
        "preferences": float(len(rows)),
        "trainSeconds": train_seconds,
        "gateSeconds": time.perf_counter() - started,
    }
    crash_point("gated")
    return Learned(files, thin(trained.losses, MAX_LOSSES), metrics, gates, encoder_sha)


def train_rows(
    model: ImageModel,
    reader: PictureReader,
    parent: Mapping[str, bytes] | None,
    rows: Sequence[PictureRow],
    recipe: ImageRecipe,
    on_step: Callable[[], None],
    encoder: SetEncoder | None = None,
) -> TrainedPictures:
    start = read_picture_start(parent, model, recipe, encoder) if parent else None

    def step() -> None:
        crash_point("step")
        on_step()

    return train_image_method(model, reader, start, rows, recipe, step, encoder)


def publish_files(
    model: ImageModel, trained: TrainedPictures, facts: Mapping[str, object] | None = None
) -> dict[str, bytes]:
    """What is served, and the state to go on from, by name. facts: more to keep in the state."""
    made = trained.trained
    if isinstance(made, Adapter):
        files = write_lora(made, model)
    else:
        files = write_user_attention(made.unfolded() if isinstance(made, UserProjection) else made)
    return files | write_state_files(trained.tensors, trained.facts | dict(facts or {}))


def read_published(files: Mapping[str, bytes], model: ImageModel) -> Adapter | UserAttention:
    """Frozen; the LoRA where there are both. Raises ValueError for broken files."""
    if WEIGHTS in files:
        return read_lora(files, model).freeze()
    return read_user_attention(files, model).freeze()


def read_picture_start(
    files: Mapping[str, bytes], model: ImageModel, recipe: ImageRecipe, encoder: SetEncoder | None = None
) -> PictureStart | None:
    """A LoRA's state of another method is left aside: training goes on from the published weights, with fresh moments.

    None: a user attention of another user encoder understands nothing of this one's tokens; a new one begins. What was
    trained of one cannot be told from what was published: PPD goes on from its own state.
    Raises ValueError for broken files, a head of another kind than the recipe trains, and another rank or scale.
    """
    state = read_state_files(files)
    known = state if state and state[1].get("form") == form_of(recipe) else None
    if recipe.method == "ppd":
        if USERS not in files or known is None:
            raise ValueError("the head has no user attention with its state, which ppd goes on from")
        if encoder is None or known[1].get("encoder") != encoder_fingerprint(encoder):
            return None
        return PictureStart(personalize(model, encoder.width), known[0])
    if WEIGHTS not in files:
        raise ValueError(f"the head has no LoRA, which {recipe.method} goes on from")
    adapter = read_lora(files, model)
    if (adapter.r, adapter.alpha) != (recipe.rank, recipe.lora_alpha):
        raise ValueError(
            f"the head has rank {adapter.r} and alpha {adapter.alpha:g}, the recipe asks for {recipe.rank} and "
            f"{recipe.lora_alpha:g}: the form of a line of adapters cannot change"
        )
    return PictureStart(adapter, known[0] if known else {})
