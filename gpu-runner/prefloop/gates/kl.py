"""KL of the adapter from the base on answers the adapter itself wrote, exact at every position.

KL_t = Σ_v π(v|x,y_<t) (log π(v|x,y_<t) - log π_ref(v|x,y_<t)), averaged over the tokens of an answer, then over answers.
Summing over the vocabulary instead of taking log π(y_t) - log π_ref(y_t) at the drawn token has the same mean and a far
smaller variance, and cannot come out negative; two dozen short answers are then enough.

Shapes: S scored rows · V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.contracts import Gate
from prefloop.gates.interval import Measured, mean_interval
from prefloop.gates.samples import Answer
from prefloop.gates.verdict import verdict
from prefloop.text.packing import pack
from prefloop.text.trunk import Trunk

CHUNK = 256


@torch.no_grad()
def measure_kl(trunk: Trunk, adapter: Adapter, answers: Sequence[Answer]) -> Measured | None:
    """Nats per token; None without answers."""
    means = [_mean_kl(trunk, adapter, answer) for answer in answers if answer.completion]
    if not means:
        return None
    measured = mean_interval(means)
    return replace(measured, low=max(0.0, measured.low))


def _mean_kl(trunk: Trunk, adapter: Adapter, answer: Answer) -> float:
    packed = pack([(answer.prompt, [answer.completion])], trunk.device)
    policy_TH = trunk.packed_hidden(packed, [(packed.tokens, adapter)])
    base_TH = trunk.packed_hidden(packed)
    total = sum(
        _kl_sum(trunk.head.logits(policy_TH[rows]), trunk.head.logits(base_TH[rows]))
        for rows in packed.scored_rows_S.split(CHUNK)
    )
    return float(total) / len(answer.completion)


def _kl_sum(policy_SV: Tensor, base_SV: Tensor) -> Tensor:
    policy_SV = torch.log_softmax(policy_SV.float(), 1)
    base_SV = torch.log_softmax(base_SV.float(), 1)
    return torch.nn.functional.kl_div(base_SV, policy_SV, reduction="sum", log_target=True).clamp(min=0)


def check_kl(measured: Measured | None, bound: float | None) -> Gate:
    """Holds when the KL is at most `bound` nats per token."""
    broken = None
    if measured is not None and bound is not None and not measured.value <= bound:
        broken = f"is {measured.value:.3f} nats per token away from the base, at most {bound:g} is allowed"
    return verdict("kl", measured, bound, broken, "no answer could be sampled")
