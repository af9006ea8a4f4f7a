"""The odds of an answer per token, in logarithms.  Shapes: B answers."""

import math

import torch
from torch import Tensor

# An answer that is certain has infinite odds; it is held this far below, in nats per token.
CERTAIN = -1e-6


def log1mexp(x_B: Tensor) -> Tensor:
    """log(1 - e^x) for x < 0, exact near 0 and far from it."""
    near_B = x_B > -math.log(2)
    # each branch sees only values that it is good for, so that neither gives a gradient of nan
    close_B = torch.log(-torch.expm1(torch.where(near_B, x_B, -math.log(2))))
    far_B = torch.log1p(-torch.exp(torch.where(near_B, -math.log(2), x_B)))
    return torch.where(near_B, close_B, far_B)


def log_odds(mean_B: Tensor) -> Tensor:
    """log p / (1 - p), p = exp(log-probability per token)."""
    mean_B = mean_B.clamp(max=CERTAIN)
    return mean_B - log1mexp(mean_B)
