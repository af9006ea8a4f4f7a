"""The optimiser steps over one batch of votes on pictures: what every image recipe shares.

Shapes: N pictures of a microbatch · B pairs among them · G prompts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.adapters.update import update
from prefloop.contracts import PpdRecipe
from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserProjection
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.image.step import Learn, PictureBatch, PictureObjective, check_start, picture_step
from prefloop.recipes.data_order import microbatches
from prefloop.recipes.kinds import ImageRecipe, PictureLoraRecipe
from prefloop.recipes.policy import new_policy, restore
from prefloop.recipes.steps import MAX_SKIPPED

# (rows of a microbatch, random numbers of this step) → the tokens of whom each row is drawn for, (rows, tokens, width)
UsersOf = Callable[[Sequence[PictureRow], torch.Generator], Tensor]
# Share of prompts that SFT trains without their caption: its recipe, made for texts, says nothing of it.
CAPTION_DROPOUT = 0.1


@dataclass(frozen=True)
class PictureStart:
    """The parent: what it published, and its state where that can be gone on from."""

    trained: Adapter | UserProjection
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class TrainedPictures:
    """trained: what is published. tensors, facts: the state to go on from. losses: after every step that counted."""

    trained: Adapter | UserProjection
    tensors: dict[str, Tensor]
    facts: dict[str, Any]
    losses: list[float]
    metrics: dict[str, float]


@dataclass(frozen=True)
class Learner:
    """What is trained and how: tensors, restore: its state, to go on from. look: at all rows of the batch, before it is trained on."""

    trained: Adapter | UserProjection
    learn: Learn
    tensors: Callable[[], dict[str, Tensor]]
    restore: Callable[[Mapping[str, Tensor]], None]
    look: Callable[[Sequence[PictureRow]], None] = lambda _: None


@dataclass(frozen=True)
class Method:
    """What tells the image methods apart. own_noise: as in `image.errors.add_noise`. users: PPD's alone.

    has_reference: whether the bare base is asked as well.
    """

    objective: PictureObjective
    own_noise: bool = False
    has_reference: bool = True
    users: UsersOf | None = None


def train_pictures(
    model: ImageModel,
    reader: PictureReader,
    start: PictureStart | None,
    begin: Callable[[Adapter | UserProjection | None], Learner],
    rows: Sequence[PictureRow],
    recipe: ImageRecipe,
    method: Method,
    on_step: Callable[[], None],
) -> TrainedPictures:
    """One batch. The same parent, rows and recipe give the same weights, bit for bit on a CPU.

    begin: with what the parent published, or with nothing. Raises ValueError when what is fresh is not the reference, or when the numbers stay not finite.
    """
    learner = begin(start.trained if start else None)
    if start and start.tensors:
        learner.restore(start.tensors)
    learner.look(rows)
    done: list[tuple[dict[str, float], int]] = []
    for some in microbatches(rows, recipe.micro_batch, recipe.epochs, recipe.seed):
        generator = _generator(recipe.seed, len(done), some)
        batch = picture_batch(model, reader, some, recipe, method, generator)
        if start is None and not done:
            check_start(model, batch, learner.trained, _generator(recipe.seed, -1, some))
        metrics = train_step(model, batch, learner, method, generator)
        done.append((metrics, len(batch.chosen_B)))
        _check_finite(done)
        on_step()
    counted = [(metrics, pairs) for metrics, pairs in done if not metrics["skipped"]]
    if not counted:
        raise ValueError(f"loss or gradient was not finite in any of {len(done)} steps")
    losses = [metrics["loss"] for metrics, _ in counted]
    facts = {"form": form_of(recipe)}
    return TrainedPictures(
        learner.trained.freeze(), learner.tensors(), facts, losses, _summary(done, counted)
    )


def train_step(
    model: ImageModel, batch: PictureBatch, learner: Learner, method: Method, generator: torch.Generator
) -> dict[str, float]:
    """As `picture_step` says."""
    return picture_step(
        model,
        batch,
        learner.trained,
        learner.learn,
        method.objective,
        generator,
        method.own_noise,
        method.has_reference,
    )


def lora_learner(model: ImageModel, recipe: PictureLoraRecipe) -> Callable[[Any], Learner]:
    """A LoRA by AdamW."""

    def begin(trained: Adapter | None) -> Learner:
        adapter = trained or fresh_adapter(model, recipe)
        policy = new_policy(adapter, recipe.learning_rate, recipe.weight_decay)
        learn = lambda loss, _: update(loss, [adapter.flat], [policy.optimizer], recipe.max_grad_norm)
        put_back = lambda tensors: restore(policy, "policy", tensors)
        return Learner(adapter, learn, lambda: policy.tensors("policy"), put_back)

    return begin


def fresh_adapter(model: ImageModel, recipe: PictureLoraRecipe) -> Adapter:
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    return new_adapter(model.layers, recipe.rank, recipe.lora_alpha, recipe.seed, targets)


def picture_batch(
    model: ImageModel,
    reader: PictureReader,
    rows: Sequence[PictureRow],
    recipe: ImageRecipe,
    method: Method,
    generator: torch.Generator,
) -> PictureBatch:
    """All pictures of the rows, each as often as the recipe asks for noise samples."""
    dropout = getattr(recipe, "caption_dropout", CAPTION_DROPOUT)
    samples = getattr(recipe, "noise_samples", 1)
    asked = torch.rand(len(rows), generator=generator) >= dropout
    captions = [row.caption if keep else None for row, keep in zip(rows, asked.tolist(), strict=True)]
    users = method.users(rows, generator) if method.users else None
    rows, captions = [*rows] * samples, captions * samples
    sizes = torch.tensor([len(row.images) for row in rows])
    groups_N = torch.arange(len(rows)).repeat_interleave(sizes)
    first = (sizes.cumsum(0) - sizes).tolist()
    pairs = [(at, pair) for at, row in zip(first, rows, strict=True) for pair in row.pairs]
    index = lambda values: torch.tensor(values, dtype=torch.long, device=model.device)
    number = lambda values: torch.tensor(values, dtype=torch.float32, device=model.device)
    return PictureBatch(
        reader.latents(rows),
        reader.conditions(captions).at(groups_N.to(model.device)),
        groups_N.to(model.device),
        index([at + pair.chosen for at, pair in pairs]),
        index([at + pair.rejected for at, pair in pairs]),
        number([pair.p for _, pair in pairs]),
        number([pair.weight / samples for _, pair in pairs]),
        len(rows) // samples,
        None if users is None else users.to(model.device),
        number([phi for row in rows for phi in row.phi_k]),
        number([row.weight for row in rows]),
    )


def vote_weights(batch: PictureBatch) -> Tensor:
    """(G,): what each preference counts, which its pairs share; one without pairs counts as its vote says. Samples of its
    noise share it."""
    groups = int(batch.groups_N.max()) + 1
    group_B = batch.groups_N[batch.chosen_B]
    weight_G = batch.weight_B.new_zeros(groups).index_add(0, group_B, batch.weight_B)
    pairs_G = torch.bincount(group_B, minlength=groups)
    alone_G = torch.ones_like(weight_G) if batch.alone_G is None else batch.alone_G
    return torch.where(pairs_G > 0, weight_G, alone_G * (batch.preferences / groups))


def form_of(recipe: ImageRecipe) -> dict[str, Any]:
    """What must be the same for a state to be gone on from. Rank and the like are nothing to a user attention."""
    if isinstance(recipe, PpdRecipe):
        return {"method": recipe.method}
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    return {
        "method": recipe.method,
        "rank": recipe.rank,
        "alpha": float(recipe.lora_alpha),
        "targets": targets,
    }


def _generator(seed: int, step: int, rows: Sequence[PictureRow]) -> torch.Generator:
    """Of a step alone: a training that goes on draws what it would have drawn."""
    named = f"{seed} {step} {' '.join(row.preference for row in rows)}"
    return torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(named.encode()).digest()[:7]))


def _check_finite(done: Sequence[tuple[dict[str, float], int]]) -> None:
    skipped = sum(metrics["skipped"] for metrics, _ in done)
    if skipped > MAX_SKIPPED:
        raise ValueError(f"loss or gradient was not finite in {skipped:.0f} of {len(done)} steps")


def _summary(
    done: Sequence[tuple[dict[str, float], int]], counted: Sequence[tuple[dict[str, float], int]]
) -> dict[str, float]:
    """Means over the pairs of the steps that counted."""
    total = sum(pairs or 1 for _, pairs in counted)
    names = [name for name in counted[0][0] if name != "skipped"]
    means = {name: sum(m[name] * (pairs or 1) for m, pairs in counted) / total for name in names}
    return means | {
        "steps": len(done),
        "skippedSteps": len(done) - len(counted),
        "pairs": sum(pairs for _, pairs in done),
    }
