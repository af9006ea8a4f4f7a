"""How much better or worse what was trained knows pictures than the base does: the implicit reward of a picture is how much
less far off it is.

Averaged over fixed times, spread evenly, and fixed noises, the same for all pictures of a caption: what is compared is the
model, not the draw. What the base is off by is remembered.

Shapes: k pictures of one row · N of several rows · R rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.gates.interval import Measured, mean_interval, share_interval
from prefloop.image.errors import Noisy
from prefloop.image.model import Condition, ImageModel
from prefloop.image.personalize import Users, as_asked
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.image.step import policy_errors, reference_errors
from prefloop.text.reference_cache import ReferenceCache

# Times and noises of each picture; rows of one pass.
SAMPLES, ROWS = 8, 8
# A remembered error differs from a computed one by rounding: nearer than this share of it, neither picture is ahead.
TIE = 1e-5

# rows → whom each is drawn for, (R, tokens, width)
AudienceOf = Callable[[Sequence[PictureRow]], Tensor]


@dataclass(frozen=True)
class PictureScore:
    """base_k: what the base is off by, of each picture; gains_k: how much less the model is."""

    row: PictureRow
    base_k: tuple[float, ...]
    gains_k: tuple[float, ...]


@torch.no_grad()
def score_pictures(
    model: ImageModel,
    reader: PictureReader,
    cache: ReferenceCache,
    trained: Adapter | Users,
    rows: Sequence[PictureRow],
    users_of: AudienceOf | None = None,
) -> list[PictureScore]:
    """In the order of `rows`. users_of: for a user attention."""
    scores: list[PictureScore] = []
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        sizes = [len(row.images) for row in some]
        groups_N = torch.arange(len(some)).repeat_interleave(torch.tensor(sizes)).to(model.device)
        latents = reader.latents(some)
        condition = reader.conditions([row.caption for row in some]).at(groups_N)
        users = users_of(some)[groups_N.cpu()].to(model.device) if users_of else None
        if users is not None and not isinstance(trained, Adapter):
            users = as_asked(trained, users, condition)
        off, base_off = [], []
        for sample in range(SAMPLES):
            noisy = _noisy(model, some, sizes, latents, condition, sample)
            off.append(policy_errors(model, noisy, users, trained).cpu())
            base_off.append(_base_errors(model, noisy, some, cache, sample))
        base_N = torch.stack(base_off).mean(0)
        gains_N = base_N - torch.stack(off).mean(0)
        for row, base_k, gains_k in zip(some, base_N.split(sizes), gains_N.split(sizes), strict=True):
            scores.append(PictureScore(row, tuple(base_k.tolist()), tuple(gains_k.tolist())))
    return scores


def measure_picture_accuracy(scores: Sequence[PictureScore]) -> Measured | None:
    """Share of preferences that the gains agree with, a tie ½; None when none takes a side. The interval counts captions."""
    agreements: list[float] = []
    captions: set[str] = set()
    for score in scores:
        sided = [pair for pair in score.row.pairs if pair.p != 0.5 and pair.weight > 0]
        if not sided:
            continue
        agreed = 0.0
        for pair in sided:
            margin = score.gains_k[pair.chosen] - score.gains_k[pair.rejected]
            if abs(margin) <= TIE * (score.base_k[pair.chosen] + score.base_k[pair.rejected]):
                agreed += 0.5 * pair.weight
            elif (margin > 0) == (pair.p > 0.5):
                agreed += pair.weight
        agreements.append(agreed / sum(pair.weight for pair in sided))
        captions.add(score.row.caption)
    return share_interval(agreements, len(captions)) if agreements else None


def measure_picture_displacement(scores: Sequence[PictureScore]) -> Measured | None:
    """Mean rise of the error on chosen pictures, as a share of the base's; positive = they became less likely."""
    rises = []
    for score in scores:
        chosen = {pair.chosen if pair.p > 0.5 else pair.rejected for pair in score.row.pairs if pair.p != 0.5}
        rises += [-score.gains_k[place] / score.base_k[place] for place in sorted(chosen)]
    return mean_interval(rises) if rises else None


def _noisy(
    model: ImageModel,
    rows: Sequence[PictureRow],
    sizes: Sequence[int],
    latents: Tensor,
    condition: Condition,
    sample: int,
) -> Noisy:
    time = (2 * sample + 1) * model.noising.times // (2 * SAMPLES)
    times_N = torch.full((len(latents),), time, device=model.device)
    drawn = [
        torch.randn(latents.shape[1:], generator=_generator(row.caption, sample)).expand(size, -1, -1, -1)
        for row, size in zip(rows, sizes, strict=True)
    ]
    noise = torch.cat(drawn).to(latents)
    noised, target = (at(latents, noise, times_N) for at in (model.noising.noised, model.noising.target))
    return Noisy(noised, times_N, target, condition)


def _base_errors(
    model: ImageModel, noisy: Noisy, rows: Sequence[PictureRow], cache: ReferenceCache, sample: int
) -> Tensor:
    """(N,), on the CPU."""
    keys = [
        cache.key(list(row.caption.encode()), [*bytes.fromhex(sha256), sample, SAMPLES])
        for row in rows
        for sha256 in row.images
    ]
    if any(cache.get(key) is None for key in keys):
        cache.put(zip(keys, reference_errors(model, noisy).tolist(), strict=True))
    return torch.tensor([cache.get(key) for key in keys])


def _generator(caption: str, sample: int) -> torch.Generator:
    digest = hashlib.sha256(f"{sample} {caption}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7]))
