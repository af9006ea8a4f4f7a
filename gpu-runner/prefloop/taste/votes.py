"""Votes that a set encoder is trained on: of simulated people of the image world, or of a file.

Shapes: B people · V pairs of each · k pictures of a vote · C creatures · K axes · F features.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from prefloop.taste.features import FeatureEncoder
from prefloop.taste.fit import DrawVotes, Votes
from prefloop.tiny.sprites.draw import every_drawing
from prefloop.tiny.sprites.tastes import AXES, REWARDS
from prefloop.tiny.sprites.voters import (
    VOTE_NOISE,
    axes_of_creatures,
    choose,
    draw_tastes,
    sample_deals,
)

LARGEST = torch.finfo(torch.float32).max


def picked(features_BVkF: Tensor, picked_BV: Tensor, others_BVk: Tensor) -> Votes:
    """A pick of one among k as k - 1 pairs that share its weight, as the edge makes them of one."""
    people, votes, k, size = features_BVkF.shape
    take = lambda places: features_BVkF.gather(2, places[..., None].expand(-1, -1, -1, size))
    chosen = take(picked_BV[..., None]).expand(-1, -1, k - 1, -1)
    weight = torch.full((people, votes * (k - 1)), 1 / (k - 1))
    return Votes(chosen.flatten(1, 2), take(others_BVk).flatten(1, 2), weight, k - 1)


class SpriteVotes:
    """Simulated people pick one of k drawings of one caption. features_CF: of every drawing, in their order."""

    def __init__(self, features_CF: Tensor, k: int, seed: int, noise: float = VOTE_NOISE) -> None:
        self.features_CF, self.noise = features_CF, noise
        self.axes_CK = axes_of_creatures()
        self.deals = sample_deals(20_000, k, seed)

    def of(
        self, tastes_BK: Tensor, votes: int, generator: torch.Generator, noise: float | None = None
    ) -> Votes:
        places_BVk = self.deals.draw(len(tastes_BK), votes, generator)
        noise = self.noise if noise is None else noise
        choice = choose(tastes_BK, self.axes_CK[places_BVk], noise, generator)
        return picked(self.features_CF[places_BVk], *choice)

    def drawer(self, votes: int) -> DrawVotes:
        """People with tastes drawn anew every time."""
        return lambda people, generator: self.of(draw_tastes(people, generator), votes, generator)


def reward_tastes() -> dict[str, Tensor]:
    """(K,) of every built-in reward: they are linear in the axes."""
    names = list(AXES)
    values = {name: {axis: next(iter(places)) for axis, places in AXES.items()} for name in REWARDS}
    found = {}
    for name, reward in REWARDS.items():
        base = values[name]
        slopes = []
        for axis in names:
            low, high = (
                min(AXES[axis], key=AXES[axis].__getitem__),
                max(AXES[axis], key=AXES[axis].__getitem__),
            )
            rise = reward.weigh(base | {axis: high}) - reward.weigh(base | {axis: low})
            slopes.append(rise / (AXES[axis][high] - AXES[axis][low]))
        taste = torch.tensor(slopes)
        found[name] = taste / taste.norm()
    return found


def drawing_features(encoder: FeatureEncoder) -> Tensor:
    """(C, F)."""
    return encoder.features(every_drawing())


def read_votes(path: Path) -> DrawVotes:
    """Of a JSONL file with rows {userKey, chosen: [F numbers], rejected: [F numbers], weight?}; people are drawn evenly.

    Raises ValueError, naming the line, for a row that is not one, and when nobody has two votes.
    """
    people: dict[str, list[tuple[list[float], list[float], float]]] = defaultdict(list)
    size: int | None = None
    for where, row in read_rows(path):
        size = size or len(row["chosen"])
        if not len(row["chosen"]) == len(row["rejected"]) == size:
            raise ValueError(f"{where}: features must all have {size} numbers, as in the first row")
        people[row["userKey"]].append((row["chosen"], row["rejected"], row["weight"]))
    known = [votes for votes in people.values() if len(votes) > 1]
    if not known:
        raise ValueError(f"{path}: nobody has two votes")
    column = lambda at: pad_sequence([torch.tensor([vote[at] for vote in votes]) for votes in known], True)
    everybody = Votes(column(0), column(1), column(2))

    def draw(count: int, generator: torch.Generator) -> Votes:
        return everybody.of(torch.randint(len(known), (count,), generator=generator))

    return draw


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(FILE:LINE, row) of every line that is not blank. Raises ValueError, beginning with the place, for what is no row."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield f"{path}:{number}", read_row(line, f"{path}:{number}")


def read_row(line: str, where: str) -> dict[str, Any]:
    """{userKey, chosen, rejected, weight} of one line; weight is 1 where none is said. Raises ValueError, beginning with
    `where`, for what is none."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where}: is not JSON: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("userKey"), str):
        raise ValueError(f"{where}: has no userKey")
    for name in ("chosen", "rejected"):
        values = row.get(name)
        if not isinstance(values, list) or not values or not all(map(_is_finite, values)):
            raise ValueError(f"{where}: {name} must be a list of finite numbers")
    weight = row.get("weight", 1.0)
    if not _is_finite(weight) or weight <= 0:
        raise ValueError(f"{where}: weight must be a finite number above 0")
    return row | {"weight": float(weight)}


def _is_finite(value: Any) -> bool:
    """In 32 bits, as networks read it."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
