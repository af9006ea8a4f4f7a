"""The Bradley-Terry loss of a reward model (Ouyang et al. 2022; with Llama 2's margin).  Shapes: B pairs."""

from torch import Tensor
from torch.nn.functional import logsigmoid

from prefloop.objectives.margins import full, soft_label, weighted


def reward_model(
    chosen_B: Tensor,
    rejected_B: Tensor,
    margin: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> Tensor:
    """-p·log σ(r_w - r_l - margin) - (1 - p)·log σ(r_l - r_w - margin), nats, (B,). Raises ValueError for a margin < 0."""
    if margin < 0:
        raise ValueError(f"margin must not be negative, not {margin}")
    gap_B = full(chosen_B) - full(rejected_B)
    q_B = soft_label(p_B, 0.0, gap_B)
    losses_B = -q_B * logsigmoid(gap_B - margin) - (1 - q_B) * logsigmoid(-gap_B - margin)
    return weighted(losses_B, weight_B)
