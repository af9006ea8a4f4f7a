"""A file of votes as features, what encoders and mixtures are fitted to; with what was seen, for a teacher.

    {userKey, chosen: [F numbers], rejected: [F numbers], weight?, caption?, chosenImage?: FILE, rejectedImage?: FILE}

one JSON object a line; a FILE is a path beside it.
Shapes: P people · V votes of each · F features.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from prefloop.taste.fit import Votes

LARGEST = torch.finfo(torch.float32).max
_SEEN = ("caption", "chosenImage", "rejectedImage")


@dataclass(frozen=True)
class SeenPair:
    """What a person was shown, and chose."""

    caption: str
    chosen: Path
    rejected: Path


@dataclass(frozen=True)
class VoteFile:
    """votes: of all people who have two, padded. seen_P: of each, vote by vote; None where a row does not say it."""

    votes: Votes
    seen_P: list[list[SeenPair | None]]

    def draw(self, count: int, generator: torch.Generator) -> Votes:
        """So many people, evenly."""
        return self.votes.of(torch.randint(len(self.seen_P), (count,), generator=generator))


def read_votes(path: Path) -> VoteFile:
    """Raises ValueError, naming the line, for a row that is no vote, and when nobody has two votes."""
    people: dict[str, list[dict[str, Any]]] = defaultdict(list)
    size: int | None = None
    for where, row in read_rows(path):
        size = size or len(row["chosen"])
        if not len(row["chosen"]) == len(row["rejected"]) == size:
            raise ValueError(f"{where}: features must all have {size} numbers, as in the first row")
        people[row["userKey"]].append(row | {"seen": _seen(row, path.parent, where)})
    known = [votes for votes in people.values() if len(votes) > 1]
    if not known:
        raise ValueError(f"{path}: nobody has two votes")
    column = lambda name: pad_sequence(
        [torch.tensor([vote[name] for vote in votes], dtype=torch.float32) for votes in known], True
    )
    votes = Votes(column("chosen"), column("rejected"), column("weight"))
    return VoteFile(votes, [[vote["seen"] for vote in votes] for votes in known])


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(FILE:LINE, row) of every line that is not blank. Raises ValueError, beginning with the place, for what is no row."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield f"{path}:{number}", read_row(line, f"{path}:{number}")


def read_row(line: str, where: str) -> dict[str, Any]:
    """One line, its weight 1 where none is said. Raises ValueError, beginning with `where`, for what is no vote."""
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


def _seen(row: dict[str, Any], folder: Path, where: str) -> SeenPair | None:
    said = [row.get(name) for name in _SEEN]
    if all(one is None for one in said):
        return None
    if not all(isinstance(one, str) for one in said):
        raise ValueError(f"{where}: {', '.join(_SEEN)} go together, each a text")
    caption, chosen, rejected = map(str, said)
    return SeenPair(caption, folder / chosen, folder / rejected)


def _is_finite(value: Any) -> bool:
    """In 32 bits, as networks read it."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
