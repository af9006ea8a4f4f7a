"""How often what was trained agrees with people: the implicit reward of a picture is how much less far off it is than the base.

Averaged over fixed times and noises, the same for all pictures of a prompt: what is compared is the model, not the draw.
Shapes: N pictures · S times and noises of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.gates.interval import Measured, mean_interval, share_interval
from prefloop.image.errors import add_noise
from prefloop.image.model import ImageModel
from prefloop.image.personalize import Users
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.image.step import PictureBatch, policy_errors, reference_errors

SAMPLES, ROWS = 8, 8


@dataclass(frozen=True)
class PictureScore:
    """gains_k: base's error minus the model's, of each picture; shares_k: the same over the base's error."""

    row: PictureRow
    gains_k: list[float]
    shares_k: list[float]


@torch.no_grad()
def score_pictures(
    model: ImageModel,
    reader: PictureReader,
    trained: Adapter | Users,
    rows: Sequence[PictureRow],
    users_of: Callable[[Sequence[PictureRow]], Tensor] | None = None,
) -> list[PictureScore]:
    """In the order of `rows`. users_of: whom rows are drawn for, (rows, tokens, width), for a user attention."""
    scores: list[PictureScore] = []
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        sizes = torch.tensor([len(row.latents_kCHW) for row in some])
        groups_N = torch.arange(len(some)).repeat_interleave(sizes)
        condition = reader.conditions([row.caption for row in some]).at(groups_N.to(model.device))
        latents = torch.cat([row.latents_kCHW for row in some]).to(model.device, model.dtype)
        users = users_of(some)[groups_N].to(model.device) if users_of else None
        none = groups_N.new_zeros(0)
        batch = PictureBatch(
            latents,
            condition,
            groups_N.to(model.device),
            none,
            none,
            none.float(),
            none.float(),
            len(some),
            users,
        )
        theirs_SN, ours_SN = [], []
        for sample in range(SAMPLES):
            generator = torch.Generator().manual_seed(sample)
            noisy = add_noise(model, latents, condition, batch.groups_N, generator)
            ours_SN.append(policy_errors(model, noisy, batch, trained))
            theirs_SN.append(reference_errors(model, noisy))
        theirs_N = torch.stack(theirs_SN).mean(0)
        gains_N = theirs_N - torch.stack(ours_SN).mean(0)
        shares = (gains_N / theirs_N).split(sizes.tolist())
        for row, gains_k, shares_k in zip(some, gains_N.split(sizes.tolist()), shares, strict=True):
            scores.append(PictureScore(row, gains_k.tolist(), shares_k.tolist()))
    return scores


def measure_picture_accuracy(scores: Sequence[PictureScore]) -> Measured | None:
    """Share of preferences that the gains agree with, a tie ½; None when none takes a side. The interval counts captions."""
    agreements: list[float] = []
    captions: set[str] = set()
    for score in scores:
        sided = [pair for pair in score.row.pairs if pair.p != 0.5 and pair.weight > 0]
        total = sum(pair.weight for pair in sided)
        if not total:
            continue
        margins = [
            (score.gains_k[p.chosen] - score.gains_k[p.rejected]) * (1 if p.p > 0.5 else -1) for p in sided
        ]
        agreed = [0.5 + 0.5 * ((margin > 0) - (margin < 0)) for margin in margins]
        agreements.append(sum(p.weight * a for p, a in zip(sided, agreed, strict=True)) / total)
        captions.add(score.row.caption)
    return share_interval(agreements, len(captions)) if agreements else None


def measure_picture_displacement(scores: Sequence[PictureScore]) -> Measured | None:
    """Mean rise of the error on chosen pictures, as a share of the base's; positive = they became less likely."""
    rises = []
    for score in scores:
        chosen = {p.chosen if p.p > 0.5 else p.rejected for p in score.row.pairs if p.p != 0.5}
        rises += [-score.shares_k[place] for place in sorted(chosen)]
    return mean_interval(rises) if rises else None
