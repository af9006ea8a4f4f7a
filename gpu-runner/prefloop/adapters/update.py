"""One update of what is trained from a loss: backward, clip, AdamW. Numbers that are not finite change nothing."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn


class Flat(Protocol):
    """What is trained lies in one buffer: an adapter, a user attention."""

    flat: nn.Parameter


def update(
    loss: Tensor,
    parts: Sequence[nn.Parameter],
    optimizers: Sequence[torch.optim.Optimizer],
    max_grad_norm: float,
    masks: Sequence[Tensor] = (),
) -> tuple[Tensor, bool]:
    """(gradient norm of each part before clipping, whether all was finite and so applied).

    parts: flat buffers of adapters, heads; each is clipped by itself. masks: none, or for each part 1 where it is trained
    and 0 where it is frozen (then without weight decay).
    """
    for part in parts:
        if part.grad is not None:
            part.grad.zero_()
    loss.backward()
    gradients = []
    for part in parts:
        assert part.grad is not None, "the loss does not depend on it"
        gradients.append(part.grad)
    for gradient, mask in zip(gradients, masks, strict=bool(masks)):
        gradient.mul_(mask)
    norms = torch.stack([gradient.norm() for gradient in gradients])
    finite = bool(torch.isfinite(loss)) and bool(torch.isfinite(norms).all())
    if finite:
        for gradient, norm in zip(gradients, norms, strict=True):
            gradient.mul_((max_grad_norm / (norm + 1e-6)).clamp(max=1.0))
        for optimizer in optimizers:
            optimizer.step()
    return norms, finite


def adamw(trained: Flat, learning_rate: float, weight_decay: float = 0.0) -> torch.optim.AdamW:
    """Over its one flat buffer."""
    return torch.optim.AdamW([trained.flat], lr=learning_rate, weight_decay=weight_decay, fused=True)
