"""What basis adapters think of answers: the features of a personal mixture.

Shapes: N answers · K adapters.
"""

from collections.abc import Sequence

import torch

from prefloop.adapters.lora import Adapter
from prefloop.text.packing import pack
from prefloop.text.step import completion_logps
from prefloop.text.trunk import Trunk


@torch.no_grad()
def log_ratios(
    trunk: Trunk, adapters: Sequence[Adapter], prompt: Sequence[int], completions: Sequence[Sequence[int]]
) -> list[list[float]]:
    """(N, K): (log π_k(y|x) − log π_base(y|x)) / |y|, nats a token, the end token included.

    One pass: the prompt is run once for all answers, and the base's products see the rows of all adapters at once.
    Raises ValueError for an empty prompt or answer.
    """
    packed = pack([(prompt, list(completions))], trunk.device)
    logps_PN = completion_logps(trunk, packed, [None, *adapters]).double()
    lengths_N = packed.lengths_U[packed.distinct_N].double()
    return ((logps_PN[1:] - logps_PN[0]) / lengths_N).T.tolist()
