"""Trains a set encoder on people's votes: from some of a person's votes it must foretell the others.

A person may be one who votes in a domain, or simulated; nothing but votes is looked at, so a person's taste need not be
known to anybody. How unsure it is is trained beside it: how far the estimate from some votes lies from the one from all
of the person's votes, as a share of how far the prior lies from that.

A teacher may be learned from beside that or instead: what it says of some votes must be told, linearly, from their
embedding.

Shapes: B people · V votes of each · F features · E numbers of an embedding · R readings, D numbers of each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prefloop.taste.set_encoder import SetEncoder, SetEncoderShape


@dataclass(frozen=True)
class Votes:
    """Features of what was chosen and of what was not (B, V, F); weight (B, V), 0 for padding.

    each: so many pairs beside one another are one vote, a pick among each + 1; they share its weight.
    """

    chosen_BVF: Tensor
    rejected_BVF: Tensor
    weight_BV: Tensor
    each: int = 1

    def of(self, rows: Tensor | slice) -> Votes:
        return Votes(self.chosen_BVF[rows], self.rejected_BVF[rows], self.weight_BV[rows], self.each)

    def weighing(self, weight_BV: Tensor) -> Votes:
        return Votes(self.chosen_BVF, self.rejected_BVF, weight_BV, self.each)


@dataclass(frozen=True)
class Lessons:
    """votes: what a teacher read, (R, V, F); said_RD: what it said, in units of its spread over what is taught.

    share: of what it says in the loss; at 1 the encoder learns nothing from votes.
    """

    votes: Votes
    said_RD: Tensor
    share: float = 0.5


# Of the second loss, beside the first.
UNSURE_WEIGHT = 0.1
# The prior alone speaks for one person in so many as there are numbers of votes: at everybody's rate a short fit leaves it where it
# began, and what all like is only found out vote by vote.
PRIOR_RATE = 30.0
# (how many people, generator) → votes of people drawn anew
DrawVotes = Callable[[int, torch.Generator], Votes]


@dataclass(frozen=True)
class FitOptions:
    """support: most votes that an embedding is made from in training; every number up to it is drawn evenly."""

    steps: int = 4000
    people: int = 256
    support: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    seed: int = 0


class Foresight(nn.Module):
    """How an embedding foretells a preference: the product with a linear map of the features' difference."""

    def __init__(self, feature_size: int, size: int) -> None:
        super().__init__()
        self.map = nn.Linear(feature_size, size, bias=False)

    def forward(self, tokens_BNU: Tensor, difference_BVF: Tensor) -> Tensor:
        """(B, V) log-odds that the first is preferred; the difference in units of the features' spread."""
        return (self.map(difference_BVF) * tokens_BNU.flatten(1)[:, None]).sum(2)


class Telling(nn.Module):
    """What a teacher would say of whom an embedding is of: linear, so that the embedding itself holds it."""

    def __init__(self, size: int, said: int) -> None:
        super().__init__()
        self.map = nn.Linear(size, said)

    def forward(self, tokens_BNU: Tensor) -> Tensor:
        """(B, D)."""
        return self.map(tokens_BNU.flatten(1))


@dataclass(frozen=True)
class Fitted:
    """encoder: frozen. foresight, telling: as they were trained with it. losses: nats a vote, of every step."""

    encoder: SetEncoder
    foresight: Foresight
    losses: list[float]
    telling: Telling | None = None


def fit_set_encoder(
    draw: DrawVotes, shape: SetEncoderShape, options: FitOptions, lessons: Lessons | None = None
) -> Fitted:
    """The same seed, votes and lessons give the same encoder. Raises ValueError when people have fewer than two votes."""
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    encoder, foresight = SetEncoder(shape), Foresight(shape.feature_size, shape.tokens * shape.width)
    seen = draw(512, generator)
    if seen.weight_BV.shape[1] // seen.each < 2:
        raise ValueError("people need two votes at least: one to know them by, one to foretell")
    encoder.standardise(torch.cat([seen.chosen_BVF, seen.rejected_BVF])[torch.cat([seen.weight_BV] * 2) > 0])
    size = shape.tokens * shape.width
    telling = Telling(size, lessons.said_RD.shape[1]) if lessons else None
    parameters = [one for part in (encoder, foresight, telling) if part for one in part.parameters()]
    groups = [
        {"params": [encoder.prior_E], "rate": PRIOR_RATE * options.learning_rate, "weight_decay": 0.0},
        {"params": [one for one in parameters if one is not encoder.prior_E], "rate": options.learning_rate},
    ]
    optimizer = torch.optim.AdamW(groups, options.learning_rate, weight_decay=options.weight_decay)
    losses: list[float] = []
    for step in range(options.steps):
        for group in optimizer.param_groups:
            warm = min(1.0, (step + 1) / 100)
            group["lr"] = group["rate"] * warm * 0.5 * (1.01 + math.cos(math.pi * step / options.steps))
        votes = draw(options.people, generator)
        support, asked = split(votes, options.support, generator)
        is_taught_alone = lessons is not None and lessons.share == 1
        foretold, unsure = fit_losses(encoder, foresight, votes, support, asked, is_taught_alone)
        loss = foretold + UNSURE_WEIGHT * unsure
        if lessons and telling:
            some_B = torch.randint(len(lessons.said_RD), (options.people,), generator=generator)
            told = taught_loss(encoder, telling, lessons, some_B)
            # Alone, what foretells votes is only fitted to what the encoder says, to see what that knows of votes.
            loss = loss + told if is_taught_alone else loss + lessons.share * (told - foretold)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(foretold.item())
    normalise(encoder, [foresight, *([telling] if telling else [])], draw(2048, generator))
    for part in (encoder, foresight, telling):
        if part:
            part.eval().requires_grad_(False)
    return Fitted(encoder, foresight, losses, telling)


def split(votes: Votes, most: int, generator: torch.Generator) -> tuple[Votes, Votes]:
    """(what a person is known by, what is to be foretold): the same votes, weighed apart."""
    people, pairs = votes.weight_BV.shape
    count = pairs // votes.each
    known_B = torch.randint(0, min(most, count - 1) + 1, (people,), generator=generator)
    place_BV = torch.rand((people, count), generator=generator).argsort(1).argsort(1)
    is_known_BV = (place_BV < known_B[:, None]).repeat_interleave(votes.each, 1)
    return votes.weighing(votes.weight_BV * is_known_BV), votes.weighing(votes.weight_BV * ~is_known_BV)


def fit_losses(
    encoder: SetEncoder,
    foresight: Foresight,
    votes: Votes,
    support: Votes,
    asked: Votes,
    is_looked_at_only: bool = False,
) -> tuple[Tensor, Tensor]:
    """(mean cross-entropy of the asked votes, nats; how wrong it is about how unsure it is).

    is_looked_at_only: the first changes the foresight and not the encoder.
    """
    tokens_BNU, uncertainty_B = encoder(support.chosen_BVF, support.rejected_BVF, support.weight_BV)
    odds_BV = foresight(tokens_BNU.detach() if is_looked_at_only else tokens_BNU, difference(encoder, asked))
    foretold = -(asked.weight_BV * F.logsigmoid(odds_BV)).sum() / asked.weight_BV.sum().clamp_min(1e-6)
    with torch.no_grad():
        known_BNU, _ = encoder(votes.chosen_BVF, votes.rejected_BVF, votes.weight_BV)
        far = (encoder.prior - known_BNU).square().sum((1, 2)).mean().clamp_min(1e-12)
        share_B = (tokens_BNU - known_BNU).square().sum((1, 2)) / far
    return foretold, F.smooth_l1_loss(uncertainty_B.square(), share_B)


def taught_loss(encoder: SetEncoder, telling: Telling, lessons: Lessons, rows: Tensor | slice) -> Tensor:
    """Mean squared error, as a share of the variance of what is taught: 1 for who says the mean of everybody."""
    read = lessons.votes.of(rows)
    tokens_BNU, _ = encoder(read.chosen_BVF, read.rejected_BVF, read.weight_BV)
    return (telling(tokens_BNU) - lessons.said_RD[rows]).square().mean()


@torch.no_grad()
def normalise(encoder: SetEncoder, readers: Sequence[Foresight | Telling], votes: Votes) -> None:
    """Embeddings of people who are well known vary by one: what they are put into need not know this encoder's units."""
    tokens_BNU, _ = encoder(votes.chosen_BVF, votes.rejected_BVF, votes.weight_BV)
    spread = tokens_BNU.std(0).square().mean().sqrt().clamp_min(1e-12)
    encoder.scale.div_(spread)
    for reader in readers:
        reader.map.weight.mul_(spread)


def difference(encoder: SetEncoder, votes: Votes) -> Tensor:
    """(B, V, F) in units of the features' spread."""
    return (votes.chosen_BVF - votes.rejected_BVF) / encoder.spread_F


@torch.no_grad()
def accuracy(fitted: Fitted, votes: Votes, known: int) -> tuple[float, int]:
    """Share of a person's later votes that are foretold from the first `known`, ties half; and how many those were."""
    is_known_V = torch.arange(votes.weight_BV.shape[1]) < known * votes.each
    tokens, _ = fitted.encoder(votes.chosen_BVF, votes.rejected_BVF, votes.weight_BV * is_known_V)
    odds_BV = fitted.foresight(tokens, difference(fitted.encoder, votes))
    asked_BV = (votes.weight_BV > 0) & ~is_known_V
    right = 0.5 + 0.5 * torch.sign(odds_BV[asked_BV])
    return float(right.mean()), int(asked_BV.sum())
