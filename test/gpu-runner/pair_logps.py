"""Log-probabilities for tests of objectives, fp64, with gradients."""

from collections.abc import Callable

import torch
from torch import Tensor

from prefloop.objectives.margins import PairLogps

P = torch.tensor([1.0, 0.5, 0.8, 0.0], dtype=torch.float64)
WEIGHT = torch.tensor([1.0, 0.25, 0.5, 2.0], dtype=torch.float64)
LENGTHS = (torch.tensor([5.0, 9.0, 3.0, 7.0]).double(), torch.tensor([4.0, 9.0, 12.0, 2.0]).double())


def chosen_and_rejected(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Summed log-probabilities (4,), between half a nat and three nats a token."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda lengths: -lengths * (0.5 + 2.5 * torch.rand(4, generator=generator, dtype=torch.float64))
    return draw(LENGTHS[0]).requires_grad_(), draw(LENGTHS[1]).requires_grad_()


def pairs(chosen_B: Tensor, rejected_B: Tensor) -> PairLogps:
    reference = [(-1.3 * lengths) for lengths in LENGTHS]
    return PairLogps(chosen_B, rejected_B, reference[0], reference[1], *LENGTHS)


def swapped(logps: PairLogps) -> PairLogps:
    return PairLogps(
        logps.rejected_B,
        logps.chosen_B,
        logps.reference_rejected_B,
        logps.reference_chosen_B,
        logps.rejected_lengths_B,
        logps.chosen_lengths_B,
    )


def gradients_hold(loss: Callable[[PairLogps], Tensor]) -> bool:
    return torch.autograd.gradcheck(lambda c, r: loss(pairs(c, r)), chosen_and_rejected())
