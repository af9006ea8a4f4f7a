"""How an adapter and its base score the same preferences."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from prefloop.adapters.lora import Adapter
from prefloop.contracts import Pair
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import completion_logps, pair_batch, reference_logps
from prefloop.text.trunk import Trunk

# Rows of one pass.
ROWS = 16


@dataclass(frozen=True)
class Scored:
    """One preference. Per completion: its tokens, and log π(y|x) - log π_ref(y|x) in nats, summed over them."""

    prompt: tuple[int, ...]
    pairs: Sequence[Pair]
    lengths: Sequence[int]
    rewards: Sequence[float]


@torch.no_grad()
def score_rows(
    trunk: Trunk, cache: ReferenceCache, adapter: Adapter, rows: Sequence[Encoded]
) -> list[Scored]:
    """In the order of `rows`. The base's side comes from the cache where it is known."""
    scored = []
    for start in range(0, len(rows), ROWS):
        batch = pair_batch(rows[start : start + ROWS], trunk.device)
        policy_N = completion_logps(trunk, batch.packed, [adapter])[0]
        rewards = (policy_N - reference_logps(trunk, batch, cache)).tolist()
        for row in batch.rows:
            own, rewards = rewards[: len(row.completions)], rewards[len(row.completions) :]
            scored.append(Scored(row.prompt, row.pairs, [len(c) for c in row.completions], own))
    return scored
