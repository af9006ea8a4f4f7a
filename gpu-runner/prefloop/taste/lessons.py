"""What a teacher says of people's votes, for a set encoder to learn: from the same votes it must come to say the same.

Shapes: R readings · P people · V votes of each · D numbers of what a teacher says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional as F

from prefloop.taste.fit import Lessons, Votes
from prefloop.taste.teacher import READ_VOTES, Teacher
from prefloop.taste.vote_file import SeenPair, VoteFile

# Of so many people one is kept from the encoder, to see what it has learned.
KEPT_OF = 10


def count_readings(file: VoteFile) -> int:
    return sum(len(_starts(len(seen))) for seen in file.seen_P)


def read_lessons(
    file: VoteFile, teacher: Teacher, share: float, on_reading: Callable[[], None] = lambda: None
) -> tuple[Lessons, Lessons]:
    """(taught, kept): every four votes of a person in file order; of who has fewer, those. Every tenth person is kept.

    Raises ValueError for votes without a caption and pictures, for pictures that cannot be read, and for fewer than two
    readings to teach.
    """
    places = [(person, start) for person, votes in enumerate(file.seen_P) for start in _starts(len(votes))]
    shown = [_shown(file.seen_P[person][start : start + READ_VOTES]) for person, start in places]
    said = []
    for votes in shown:
        said.append(teacher.read(votes))
        on_reading()
    said_RD = torch.stack(said)
    is_kept_R = torch.tensor([person % KEPT_OF == KEPT_OF - 1 for person, _ in places])
    if int((~is_kept_R).sum()) < 2:
        raise ValueError("two readings that are not kept are needed at least")
    center_D = said_RD[~is_kept_R].mean(0)
    spread = (said_RD[~is_kept_R] - center_D).square().mean().sqrt().clamp_min(1e-12)
    read = _votes_at(file.votes, places)
    said_RD = (said_RD - center_D) / spread
    taught, kept = (mask_R.nonzero()[:, 0] for mask_R in (~is_kept_R, is_kept_R))
    return Lessons(read.of(taught), said_RD[taught], share), Lessons(read.of(kept), said_RD[kept], share)


def _starts(votes: int) -> range:
    return range(0, max(votes - READ_VOTES, 0) + 1, READ_VOTES)


def _shown(votes: Sequence[SeenPair | None]) -> list[SeenPair]:
    """Looked at before anything is read, which takes long."""
    seen = [vote for vote in votes if vote is not None]
    if len(seen) < len(votes):
        raise ValueError(
            "a teacher looks at pictures: every vote needs caption, chosenImage and rejectedImage"
        )
    for path in (path for vote in seen for path in (vote.chosen, vote.rejected)):
        if not path.is_file():
            raise ValueError(f"there is no picture {path}")
    return seen


def _votes_at(votes: Votes, places: list[tuple[int, int]]) -> Votes:
    part = lambda x_PV: torch.stack(
        [
            # a person's last votes may be fewer
            F.pad(some, (0, 0) * (some.dim() - 1) + (0, READ_VOTES - len(some)))
            for some in (x_PV[person, start : start + READ_VOTES] for person, start in places)
        ]
    )
    return Votes(part(votes.chosen_BVF), part(votes.rejected_BVF), part(votes.weight_BV))
