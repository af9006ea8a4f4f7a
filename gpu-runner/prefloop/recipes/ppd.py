"""PPD (Dang et al. 2025, arXiv 2501.06655): one model that is told whose taste it is.

A person is known by some of their other votes: so many as are drawn go through the user encoder, and its tokens through
a cross-attention of their own, as far as they speak of what a caption leaves open (`image.openness`). Only what leads into it
is trained; the reference is the base, told nothing.

Shapes: R rows · V votes of each · F features · N tokens, U their width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from prefloop.contracts import PpdRecipe, SupportVote
from prefloop.image.model import ImageModel
from prefloop.image.openness import PREFIX, OpennessSums, heading, new_openness_sums
from prefloop.image.personalize import Loudness, personalize
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.laplace import new_laplace_policy
from prefloop.recipes.pictures import (
    Learner,
    Method,
    PictureStart,
    TrainedPictures,
    UsersOf,
    train_pictures,
)
from prefloop.taste.set_encoder import SetEncoder, encoder_fingerprint

# Votes whose captions are read at once.
TOGETHER = 256
# One in so many votes counts as of no caption, which leaves open what captions do on the whole.
UNASKED = 10


def train_ppd(
    model: ImageModel,
    reader: PictureReader,
    start: PictureStart | None,
    rows: Sequence[PictureRow],
    recipe: PpdRecipe,
    on_step: Callable[[], None],
    encoder: SetEncoder,
) -> TrainedPictures:
    """Raises ValueError for votes that the encoder cannot read."""
    method = Method(
        pair_objective(recipe.beta, recipe.label_smoothing),
        users=users_by_votes(encoder, recipe.support, recipe.user_dropout),
    )

    def begin(parent: Any) -> Learner:
        projection = parent or personalize(model, encoder.width)
        projection.loudness = Loudness(recipe.strength, recipe.max_loudness)
        policy = new_laplace_policy(projection, recipe.prior_precision)
        sums = new_openness_sums(
            len(projection.matrix_DU), encoder.tokens * encoder.width, projection.flat.device
        )

        def put_back(tensors: Mapping[str, Tensor]) -> None:
            policy.restore("policy", tensors)
            # A state from before captions were heard has none: what they leave open is learned from now on.
            if sums and any(name.startswith(PREFIX) for name in tensors):
                sums.restore(tensors)

        def look(rows: Sequence[PictureRow]) -> None:
            if sums:
                add_votes(sums, reader, encoder, rows)
                projection.openness = sums.settle()

        tensors = lambda: policy.tensors("policy") | (sums.tensors() if sums else {})
        return Learner(projection, policy.learn, tensors, put_back, look)

    trained = train_pictures(model, reader, start, begin, rows, recipe, method, on_step)
    return replace(trained, facts=trained.facts | {"encoder": encoder_fingerprint(encoder)})


def add_votes(
    sums: OpennessSums, reader: PictureReader, encoder: SetEncoder, rows: Sequence[PictureRow]
) -> None:
    """What the rows' own votes speak of, each under its caption: their features stand in the support of the person's other votes."""
    by_vote: dict[str, list[SupportVote]] = {}
    for row in rows:
        # Whoever has a vote as support has all of its pairs.
        for name, pairs in _by_vote(row.support).items():
            by_vote.setdefault(name, pairs)
    known = [(row, by_vote[row.preference]) for row in rows if row.preference in by_vote]
    seen = sums.seen
    for start in range(0, len(known), TOGETHER):
        some = known[start : start + TOGETHER]
        captions = [
            row.caption if place % UNASKED else None for place, (row, _) in enumerate(some, seen + start + 1)
        ]
        tokens_BTD = reader.conditions(captions).tokens_BTD
        said_RE = directions(encoder, [votes for _, votes in some])
        sums.add(heading(tokens_BTD), said_RE.to(tokens_BTD.device))


def directions(encoder: SetEncoder, votes_R: Sequence[Sequence[SupportVote]]) -> Tensor:
    """(R, E), as `SetEncoder.directions`."""
    return encoder.directions(*_as_tensors(encoder, votes_R))


def users_by_votes(encoder: SetEncoder, most: int, dropout: float) -> UsersOf:
    """Each row's person by their other votes, `most` at most, drawn anew every time: who is known better teaches more, and
    somebody of few votes lies between them and nobody. Zeros with the probability `dropout`, so that the model goes on
    drawing for nobody in particular."""

    def users(rows: Sequence[PictureRow], generator: torch.Generator) -> Tensor:
        tokens_RNU = _embed(encoder, [_some(row, most, generator) for row in rows])
        known_R = torch.rand(len(rows), generator=generator) >= dropout
        return tokens_RNU * known_R[:, None, None]

    return users


def users_by_all_votes(encoder: SetEncoder) -> Callable[[Sequence[PictureRow]], Tensor]:
    """Each row's person by all of their other votes, as a server knows them."""
    return lambda rows: _embed(encoder, [row.support for row in rows])


@torch.no_grad()
def _embed(encoder: SetEncoder, votes_R: Sequence[Sequence[SupportVote]]) -> Tensor:
    """(R, N, U)."""
    return encoder.embed(*_as_tensors(encoder, votes_R))[0]


def _as_tensors(
    encoder: SetEncoder, votes_R: Sequence[Sequence[SupportVote]]
) -> tuple[Tensor, Tensor, Tensor]:
    """(chosen (R, V, F), rejected (R, V, F), weight (R, V)). Raises ValueError for features of another length."""
    shape = len(votes_R), max(1, max(len(votes) for votes in votes_R)), encoder.feature_size
    chosen_RVF, rejected_RVF, weight_RV = torch.zeros(shape), torch.zeros(shape), torch.zeros(shape[:2])
    for place, votes in enumerate(votes_R):
        for at, vote in enumerate(votes):
            chosen_RVF[place, at] = _features(vote.chosen, encoder, vote.preference)
            rejected_RVF[place, at] = _features(vote.rejected, encoder, vote.preference)
            weight_RV[place, at] = vote.weight
    return chosen_RVF, rejected_RVF, weight_RV


def _some(row: PictureRow, most: int, generator: torch.Generator) -> list[SupportVote]:
    """At most `most` of the person's other votes; a pick among several is several pairs, which stay together."""
    by_vote = _by_vote(row.support)
    names = list(by_vote)
    order = torch.randperm(len(names), generator=generator)[:most].tolist()
    return [pair for place in order for pair in by_vote[names[place]]]


def _by_vote(pairs: Sequence[SupportVote]) -> dict[str, list[SupportVote]]:
    found: dict[str, list[SupportVote]] = {}
    for pair in pairs:
        found.setdefault(pair.preference, []).append(pair)
    return found


def _features(values: Sequence[float], encoder: SetEncoder, preference: str) -> Tensor:
    if len(values) != encoder.feature_size:
        raise ValueError(
            f"vote {preference} has {len(values)} features, and the user encoder reads {encoder.feature_size}"
        )
    return torch.tensor(values)
