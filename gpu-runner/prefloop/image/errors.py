"""How far off a model is: the mean squared error of what it predicts, for the policies and for the base.

Shapes: P policies · N pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.image.model import Condition, ImageModel


@dataclass(frozen=True)
class Noisy:
    """Pictures as the denoiser sees them: noisy latents (N, C, H, W), times (N,) as indices, and what is right to say."""

    latents: Tensor
    times_N: Tensor
    target: Tensor
    condition: Condition


def add_noise(
    model: ImageModel,
    latents: Tensor,
    condition: Condition,
    groups_N: Tensor,
    generator: torch.Generator,
    own_noise: bool = False,
    shaping: bool = False,
) -> Noisy:
    """One time for each group (the pictures of a prompt), drawn evenly. groups_N: the group of each picture, from 0.

    The pictures of a group share their noise too, as Diffusion-DPO has it; own_noise: each has its own, as RankDPO.
    shaping: only at times at which a picture takes shape, and persons are listened to.
    """
    count = int(groups_N.max()) + 1
    times_N = model.noising.sample_times(count, generator, shaping).to(groups_N.device)[groups_N]
    drawn = len(latents) if own_noise else count
    noise = torch.randn((drawn, *latents.shape[1:]), generator=generator).to(latents)
    noise = noise if own_noise else noise[groups_N]
    return Noisy(
        model.noising.noised(latents, noise, times_N),
        times_N,
        model.noising.target(latents, noise, times_N),
        condition,
    )


def denoising_errors(model: ImageModel, noisy: Noisy, policies: Sequence[Adapter | None]) -> Tensor:
    """(P, N) means over all values of a latent, fp32; None is the bare base. Differentiable in the adapters.

    Of what the model predicts, as it was trained: of the noise, of v or of the flow's velocity. Counted as errors of the
    noise, those at times of much noise, which say most about what a picture shows, would hardly count.
    All policies run in one pass.
    """
    n, p = len(noisy.latents), len(policies)
    repeated = lambda x: x.repeat(p, *[1] * (x.dim() - 1))
    condition = noisy.condition.at(torch.arange(n, device=noisy.latents.device).repeat(p))
    predicted = model.predict(
        repeated(noisy.latents), repeated(noisy.times_N), condition, [(n, policy) for policy in policies]
    )
    apart = (predicted.float() - repeated(noisy.target.float())).square().flatten(1).mean(1)
    return apart.view(p, n)
