"""KL of the adapter from the base on answers the adapter itself wrote, exact at every position.

KL_t = Σ_v π(v|x,y_<t) (log π(v|x,y_<t) - log π_ref(v|x,y_<t)), averaged over the tokens of an answer, then over answers.
Summing over the vocabulary instead of taking log π(y_t) - log π_ref(y_t) at the drawn token has the same mean and a far
smaller variance, and cannot come out negative; two dozen short answers are then enough.

Shapes: T packed tokens · S scored rows, C of one chunk · V vocabulary.
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

# Scored rows whose logits exist at a time, and answers of one pass.
CHUNK = 256
ANSWERS = 8


@torch.no_grad()
def measure_kl(trunk: Trunk, adapter: Adapter, answers: Sequence[Answer]) -> Measured | None:
    """Nats per token; None without answers."""
    means: list[float] = []
    for start in range(0, len(answers), ANSWERS):
        rows = [(answer.prompt, [answer.completion]) for answer in answers[start : start + ANSWERS]]
        packed = pack(rows, trunk.device)
        policy_TH = trunk.packed_hidden(packed, [(packed.tokens, adapter)])
        base_TH = trunk.packed_hidden(packed)
        kl_S = torch.cat(
            [
                _kl(trunk.head.logits(policy_TH[rows_C]), trunk.head.logits(base_TH[rows_C]))
                for rows_C in packed.scored_rows_S.split(CHUNK)
            ]
        )
        means += (packed.sum_by_completion(kl_S) / packed.lengths_U[packed.distinct_N]).tolist()
    if not means:
        return None
    measured = mean_interval(means)
    return replace(measured, low=max(0.0, measured.low))


def _kl(policy_CV: Tensor, base_CV: Tensor) -> Tensor:
    """(C,), at least 0: rounding may leave a little less where the two agree."""
    policy_CV = torch.log_softmax(policy_CV.float(), 1)
    base_CV = torch.log_softmax(base_CV.float(), 1)
    return (policy_CV.exp() * (policy_CV - base_CV)).sum(1).clamp(min=0)


def check_kl(measured: Measured | None, bound: float | None) -> Gate:
    """Holds when the KL is at most `bound` nats per token."""
    broken = None
    if measured is not None and bound is not None and not measured.value <= bound:
        broken = f"is {measured.value:.3f} nats per token away from the base, at most {bound:g} is allowed"
    return verdict("kl", measured, bound, broken, "no answer could be sampled")
