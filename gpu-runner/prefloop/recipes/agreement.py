"""How often the model already preferred what people did, before it was trained on these votes."""

from collections.abc import Sequence

import torch

from prefloop.adapters.lora import Adapter
from prefloop.recipes.reference import Reference
from prefloop.text.encode import Encoded
from prefloop.text.step import at_pairs, completion_logps, pair_batch
from prefloop.text.trunk import Trunk

ROWS = 32


@torch.no_grad()
def measure_agreement(
    trunk: Trunk, adapter: Adapter, rows: Sequence[Encoded], reference: Reference
) -> dict[str, float]:
    """accuracyBefore: implicit-reward accuracy over the pairs that take a side, a tie of the model counts ½;
    accuracyBeforeCount: how many there were. Empty without any. Without a reference it is that of the log-probabilities.

    Every batch is new to the adapter, so the series of these is an honest learning curve that costs no held-out vote.
    """
    agreed: list[float] = []
    for start in range(0, len(rows), ROWS):
        batch = pair_batch(rows[start : start + ROWS], trunk.device)
        logps_N = completion_logps(trunk, batch.packed, [adapter])[0]
        side_B = torch.sign(batch.p_B - 0.5)
        margin_B = at_pairs(batch, logps_N, reference(batch)).log_ratio_margin_B
        agreed += (0.5 + 0.5 * torch.sign(margin_B * side_B))[side_B != 0].tolist()
    if not agreed:
        return {}
    return {"accuracyBefore": sum(agreed) / len(agreed), "accuracyBeforeCount": float(len(agreed))}
