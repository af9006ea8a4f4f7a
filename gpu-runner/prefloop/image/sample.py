"""Pictures from captions, each through its own adapter and for its own person, in one pass of the denoiser.

Shapes: B pictures · C, H, W of a latent · N tokens of a user, U their width.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.image.model import Condition, ImageModel
from prefloop.image.personalize import UserAttention, UserProjection, as_asked, seen_by

# The tiny model follows captions a little better at 5 than at 3, also when it is told of a person.
STEPS, GUIDANCE = 20, 5.0


@dataclass(frozen=True)
class Audience:
    """Whom pictures are drawn for: users_BNU are one a picture, zeros for nobody in particular; as loud as the attention has it."""

    attention: UserAttention | UserProjection
    users_BNU: Tensor


def sample_pictures(
    model: ImageModel,
    captions: Sequence[str],
    seeds: Sequence[int],
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    adapters: Sequence[Adapter | None] | None = None,
    audience: Audience | None = None,
) -> NDArray[np.uint8]:
    """(B, H, W, 3), as `sample_latents` draws them. Raises ValueError also for what is not finite."""
    latents = sample_latents(model, captions, seeds, steps, guidance, adapters, audience)
    if not bool(torch.isfinite(latents).all()):
        raise ValueError("what the model draws is not finite")
    return model.pictures(latents) if captions else np.zeros((0, model.size, model.size, 3), np.uint8)


@torch.no_grad()
def sample_latents(
    model: ImageModel,
    captions: Sequence[str],
    seeds: Sequence[int],
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    adapters: Sequence[Adapter | None] | None = None,
    audience: Audience | None = None,
    on_step: Callable[[], None] = lambda: None,
) -> Tensor:
    """(B, C, H, W), one to each caption and seed; adapters: one to each, None for the bare base.

    The same seed begins from the same noise in any company. With guidance above 1 each step also runs without the
    caption, and then without the person too: what is strengthened is both. The schedule is the folder's own.
    on_step: called before each step; what it raises ends the drawing.
    Raises ValueError for other numbers of seeds, adapters or users than of captions.
    """
    _check_counts(captions, seeds, adapters, audience)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    latents = _noise(model, generators)
    if not captions:
        return latents
    guided = guidance > 1
    asked = _condition(model, captions)
    condition = model.nothing_asked(len(captions)).followed_by(asked) if guided else asked
    rows = _rows([*(adapters or [None] * len(captions))] * (2 if guided else 1))
    scheduler = schedule(model, steps)
    latents = latents * getattr(scheduler, "init_noise_sigma", 1.0)
    extra = {"generator": generators} if "generator" in inspect.signature(scheduler.step).parameters else {}
    with _seen(audience, asked, guided):
        for time in scheduler.timesteps:
            on_step()
            doubled = torch.cat([latents, latents]) if guided else latents
            if hasattr(scheduler, "scale_model_input"):
                doubled = scheduler.scale_model_input(doubled, time)
            told_B = time.to(model.device).expand(len(doubled))
            predicted = model.denoise(doubled, told_B, condition, rows).float()
            if guided:
                without, with_all = predicted.chunk(2)
                predicted = without + guidance * (with_all - without)
            latents = scheduler.step(predicted, time, latents, **extra).prev_sample
    return latents


def _rows(adapters: Sequence[Adapter | None]) -> list[tuple[int, Adapter | None]]:
    """How many pictures go through which adapter, neighbours of one adapter together."""
    rows: list[tuple[int, Adapter | None]] = []
    for adapter in adapters:
        if rows and rows[-1][1] is adapter:
            rows[-1] = (rows[-1][0] + 1, adapter)
        else:
            rows.append((1, adapter))
    return rows


def _noise(model: ImageModel, generators: Sequence[torch.Generator]) -> Tensor:
    channels = int(model.pipeline.vae.config.latent_channels)
    side = int(model.denoiser.config.sample_size)
    drawn = [torch.randn((channels, side, side), generator=generator) for generator in generators]
    return torch.stack(drawn or [torch.zeros(channels, side, side)])[: len(drawn)].to(model.device)


def _condition(model: ImageModel, captions: Sequence[str]) -> Condition:
    """A caption that comes several times is read once."""
    distinct = list(dict.fromkeys(captions))
    return model.condition(distinct).at(torch.tensor([distinct.index(one) for one in captions]))


def schedule(model: ImageModel, steps: int) -> Any:
    """A scheduler of the folder's kind, at its start. Raises ValueError for one that cannot be followed here."""
    kept = model.pipeline.scheduler
    if kept.config.get("use_dynamic_shifting"):
        raise ValueError(f"{model.name!r}: a schedule that shifts with the picture's size is not supported")
    scheduler = type(kept).from_config(kept.config)
    scheduler.set_timesteps(steps, device=model.device)
    return scheduler


def _seen(audience: Audience | None, asked: Condition, guided: bool) -> Any:
    if audience is None:
        return nullcontext()
    said_BNU = as_asked(audience.attention, audience.users_BNU, asked)
    users_BNU = audience.attention.loudness.of(said_BNU)
    nobody = [torch.zeros_like(users_BNU)] if guided else []
    return seen_by(audience.attention, torch.cat([*nobody, users_BNU]))


def _check_counts(
    captions: Sequence[str],
    seeds: Sequence[int],
    adapters: Sequence[Adapter | None] | None,
    audience: Audience | None,
) -> None:
    given = {"seeds": len(seeds)}
    if adapters is not None:
        given["adapters"] = len(adapters)
    if audience is not None:
        given["users"] = len(audience.users_BNU)
    for name, count in given.items():
        if count != len(captions):
            raise ValueError(f"{len(captions)} captions need as many {name}, not {count}")
