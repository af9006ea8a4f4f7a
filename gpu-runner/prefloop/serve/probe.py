"""What an adapter does to a fixed prompt, before it answers anybody."""

import torch

from prefloop.adapters.lora import Adapter
from prefloop.serve.errors import ServeError
from prefloop.text.attention import PackedAttention
from prefloop.text.packing import Segment
from prefloop.text.trunk import Trunk

LENGTH = 16


@torch.no_grad()
def probe(trunk: Trunk, adapter: Adapter) -> bool:
    """Whether the adapter changes the prompt's logits. Raises ServeError 422 where they are not finite."""
    vocabulary = trunk.head.weight.shape[0]
    ids_1T = torch.tensor(
        [[(7 * i * i + 3 * i + 1) % vocabulary for i in range(LENGTH)]], device=trunk.device
    )
    positions_1T = torch.arange(LENGTH, device=trunk.device)[None]

    def logits(rows_adapter: Adapter | None) -> torch.Tensor:
        # two runs of one shape: what differs is the adapter, not the order of summation
        layout = PackedAttention([Segment(0, LENGTH)])
        return trunk.head.logits(trunk.hidden(ids_1T, positions_1T, layout, [(LENGTH, rows_adapter)])[0])

    adapted = logits(adapter)
    if not torch.isfinite(adapted).all():
        raise ServeError(422, "probe_failed", "With this adapter the model's output is not finite.")
    return not torch.equal(adapted, logits(None))
