"""Credit of single tokens (From r to Q*, Rafailov et al. 2024, arXiv 2404.12358, Eq. 10-11).

A_t = β·(log π(y_t|x,y_<t) - log π_ref(y_t|x,y_<t)): what the policy has learned to think of one token. Their sum is the
answer's implicit reward.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from prefloop.adapters.lora import Adapter
from prefloop.text.packing import pack
from prefloop.text.step import token_logps
from prefloop.text.trunk import Trunk


@dataclass(frozen=True)
class Credit:
    """Of one completion, one number for each token, nats: credits (β in them), and both log-probabilities."""

    credits: list[float]
    logps: list[float]
    reference_logps: list[float]


@torch.no_grad()
def token_credit(
    trunk: Trunk,
    adapter: Adapter | None,
    rows: Sequence[tuple[Sequence[int], Sequence[int]]],
    beta: float = 1.0,
) -> list[Credit]:
    """Of every (prompt ids, completion ids). Both passes are one. Raises ValueError for an empty prompt or completion."""
    packed = pack([(prompt, [completion]) for prompt, completion in rows], trunk.device)
    policy_S, reference_S = token_logps(trunk, packed, [adapter, None])
    ends = packed.lengths_U.cumsum(0).tolist()
    found = []
    for distinct in packed.distinct_N.tolist():
        part = slice(ends[distinct] - int(packed.lengths_U[distinct]), ends[distinct])
        ours, theirs = policy_S[part].double(), reference_S[part].double()
        found.append(Credit((beta * (ours - theirs)).tolist(), ours.tolist(), theirs.tolist()))
    return found
