"""What a policy is held to: the base, an adapter that was frozen on the way, or nothing at all.

Shapes: N completions of a microbatch.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import PairBatch, pair_batch, reference_logps
from prefloop.text.trunk import Trunk

# (N,) summed log-probabilities of a microbatch's completions
Reference = Callable[[PairBatch], Tensor]


def base_reference(trunk: Trunk, cache: ReferenceCache, rows: Sequence[Encoded]) -> Reference:
    """The base, `rows` looked up or computed beforehand.

    On a CPU each row is run by itself, so that its number does not depend on which others were known already: a runner
    with a warm cache and one with a cold cache must make the same bits.
    """
    _remember(trunk, cache, rows, None)
    return lambda batch: reference_logps(trunk, batch, cache)


def adapter_reference(trunk: Trunk, adapter: Adapter, rows: Sequence[Encoded]) -> Reference:
    """A frozen adapter: `adapter` must not be trained on from here."""
    cache = ReferenceCache("adapter")
    _remember(trunk, cache, rows, adapter)
    return lambda batch: reference_logps(trunk, batch, cache, adapter)


def no_reference(batch: PairBatch) -> Tensor:
    """Zeros: nothing is run."""
    return torch.zeros(batch.packed.distinct_N.numel(), device=batch.packed.ids_T.device)


def _remember(trunk: Trunk, cache: ReferenceCache, rows: Sequence[Encoded], adapter: Adapter | None) -> None:
    if trunk.device.type == "cpu":
        for row in rows:
            reference_logps(trunk, pair_batch([row]), cache, adapter)
